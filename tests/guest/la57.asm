; format: elf32
; 5-level paging (SDM vol. 3, 4.5, "5-level paging"): entered through 32-bit code without paging, since
; CR4.LA57 cannot change in long mode; addresses of 57 bits, the walk through the PML5, and back.
; Not here: MSRs that hold an address, and jumps, both to addresses that are not canonical; QEMU checks
; neither as the manual says (WRMSR; vol. 2, JMP).

%include "long.inc"
%include "paging.inc"

%define CR4_LA57 0x1000
%define HIGH 0x00ff000000000000     ; the PML5 entry 255
%define SECOND 0x0001000000000000   ; the PML5 entry 1

; 64-bit code, with the other kind of tables behind CR3
%macro change_levels 2              ; or / and, value
    mov     [kept], rsp
    jmp     dword far [%%to_32]
%%to_32:
    dd      %%low
    dw      SEL_CODE32
    bits    32
%%low:
    mov     eax, cr0
    and     eax, ~CR0_PG
    mov     cr0, eax
    mov     eax, cr4
    %1      eax, %2
    mov     cr4, eax
    mov     eax, [new_cr3]
    mov     cr3, eax
    mov     eax, cr0
    or      eax, CR0_PG
    mov     cr0, eax
    jmp     SEL_CODE:%%long
    bits    64
%%long:
    mov     rsp, [kept]
%endmacro

main:
    mov     eax, 7
    xor     ecx, ecx
    cpuid
    bt      ecx, 16
    jnc     .absent
    mov     dword [pml5], page_tables + (P | W)
    mov     dword [pml5 + 8], page_tables + (P | W)
    mov     dword [pml5 + 255 * 8], page_tables + (P | W)
    mov     rax, cr4
    or      rax, CR4_LA57
    try     "LA57 in long mode", mov cr4, rax
    print   "four levels", 10
    call    addresses
    mov     dword [new_cr3], pml5
    change_levels or, CR4_LA57
    print   "five levels", 10
    call    addresses
    mov     rax, cr4
    and     rax, ~CR4_LA57
    try     "LA57 off in long mode", mov cr4, rax
    call    walk
    mov     dword [new_cr3], page_tables
    change_levels and, ~CR4_LA57
    print   "four levels", 10
    call    addresses
    leave_with 0x67
.absent:
    print   "no LA57", 10
    leave_with 0x67

%macro row 1
    mov     rbx, %1
    show    16, "", rbx
    try     "  read", mov al, [rbx]
%endmacro

addresses:
    row     0x00007fffffffffff
    row     0x0000800000000000
    row     0x0000ffffffffffff
    row     0x00fffffffffff000
    row     0x0100000000000000
    row     0x7fffffffffffffff
    row     0xfeffffffffffffff
    row     0xff00000000000000
    row     0xffff7fffffffffff
    row     0xffff800000000000
    row     0xffffffffffffffff
    mov     rbx, 0x00ff000000000000
    try     "invlpg", invlpg [rbx]
    ret

walk:
    mov     dword [word_], 0x5a5a
    mov     eax, word_
    mov     rbx, HIGH
    add     rbx, rax
    show    8, "entry 255 ", [rbx]
    mov     rbx, SECOND
    add     rbx, rax
    show    8, "entry 1 ", [rbx]
    mov     rax, [pml5 + 8]
    and     eax, 0xfff
    show    4, "pml5e ", rax
    mov     dword [pml5 + 8], page_tables + P
    flush_tlb
    access  "read-only pml5e", mov [rbx], al
    print   10
    mov     dword [pml5 + 12], XD
    flush_tlb
    mov     rax, SECOND
    mov     ecx, return
    add     rax, rcx
    access  "XD pml5e, fetch", call rax
    print   10
    mov     rsp, [kept]
    sub     rsp, 8
    mov     dword [error_mask], ~1
    mov     dword [pml5 + 12], 0
    or      dword [pml5 + 8], PS
    flush_tlb
    access  "PS in pml5e", mov al, [rbx]
    print   10
    mov     dword [error_mask], -1
    ret

return:
    ret

    paging_routines

section .bss
kept:   resq    1
new_cr3: resq   1
word_:  resq    1

section .bss.pages
pml5:   resb    4096
