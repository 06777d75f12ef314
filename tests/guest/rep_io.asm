; format: elf32
; INS and OUTS with REP: text through the debug port, both directions, a count of 0, a source or a
; destination that ends at a missing page, what a restart goes on with (SDM vol. 2, INS, OUTS). INS
; reads port 80, where nothing answers; what it reads is not printed.

%include "prot.inc"
%include "paging.inc"

%define TEST 0x400000
%define GONE (TEST + 0x1000)

main:
    mov     edi, table0
    mov     eax, P | W
    mov     ecx, 1024
.identity:
    stosd
    add     eax, 4096
    loop    .identity
    mov     dword [directory], table0 + (P | W)
    mov     dword [directory + 4], table1 + (P | W)
    mov     dword [table1], frame0 + (P | W)
    mov     eax, directory
    mov     cr3, eax
    cr_set  cr0, CR0_PG
    mov     edx, DEBUG_PORT
    call    out_text
    call    out_faults
    call    in_faults
    leave_with 0x65

%macro registers 0
    show    8, "  esi ", esi, " edi ", edi, " ecx ", ecx
%endmacro

out_text:
    mov     esi, text
    mov     ecx, text_end - text
    rep     outsb
    std
    mov     esi, back_end - 1
    mov     ecx, back_end - back
    rep     outsb
    cld
    mov     esi, text
    mov     ecx, 0
    rep     outsb
    print   "nothing", 10
    mov     esi, 0x12340000 + low_text
    mov     edi, low_text
    mov     eax, [edi]
    mov     dword [edi], 0x0a363161         ; "a16\n"
    mov     ecx, 0x56780004
    a16 rep outsb
    mov     [edi], eax
    show    8, "a16: esi ", esi, " ecx ", ecx
    ret
low_text equ 0x500

; The bytes before the missing page are printed once.
out_faults:
    mov     dword [TEST + 0xffc], "abcd"
    mov     esi, TEST + 0xffc
    mov     ecx, 6
    try     " rep outsb", rep outsb
    registers
    mov     dword [table1 + 4], frame1 + (P | W)
    mov     word [frame1], "ef"
    rep     outsb
    print   10
    registers
    mov     dword [table1 + 4], 0
    invlpg  [GONE]
    mov     esi, GONE
    try     "outsb", outsb
    registers
    mov     esi, TEST + 0xfff
    mov     ecx, 1
    rep     outsb
    print   10
    registers
    ret

in_faults:
    mov     dx, 0x80
    mov     dword [TEST + 0xffc], 0
    mov     edi, TEST + 0xffc
    mov     ecx, 6
    try     "rep insb", rep insb
    registers
    mov     edi, GONE
    try     "insd", insd
    mov     ecx, 0
    try     "rep insd, 0", rep insd
    registers
    mov     edi, TEST + 0xffe
    try     "insd across", insd
    registers
    mov     dword [table1], frame0 + P
    cr_set  cr0, CR0_WP
    invlpg  [TEST]
    mov     edi, TEST
    mov     ecx, 2
    try     "rep insw, read-only", rep insw
    registers
    mov     dword [table1], frame0 + (P | W)
    invlpg  [TEST]
    std
    mov     dword [table1 + 4], frame1 + (P | W)
    mov     dword [table1], 0
    invlpg  [TEST]
    mov     edi, GONE + 4
    mov     ecx, 9
    try     "down, rep insd", rep insd
    registers
    cld
    ret

section .data
text:   db "forward", 10
text_end:
back:   db 10, "drawkcab"
back_end:

section .bss.pages nobits align=4096
directory: resb 4096
table0: resb    4096
table1: resb    4096
frame0: resb    4096
frame1: resb    4096
