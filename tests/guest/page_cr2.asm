; format: elf32
; What a #PF leaves behind: CR2, the saved EIP, and the registers of the instruction, for accesses
; that cross into or out of a missing page, pushes, calls, strings in both directions and fetches
; (SDM vol. 3, 4.7 and 6.15; vol. 2, REP).
; Left out: PUSHA, whose order of stores is not told; RETF, whose reads from CPL 3 QEMU takes for
; supervisor ones (error 0 in place of 4).
;
;   TEST + 0, 2, 4 pages     there
;   TEST + 1, 3, 5 pages     missing

%include "prot.inc"
%include "paging.inc"
%include "cpl3.inc"

%define TEST 0x400000
%define GONE (TEST + 0x1000)        ; a missing page
%define THERE (TEST + 0x2000)       ; the page behind it

main:
    mov     edi, table0
    mov     eax, P | W | U
    mov     ecx, 1024
.identity:
    stosd
    add     eax, 4096
    loop    .identity
    mov     dword [directory], table0 + (P | W | U)
    mov     dword [directory + 4], table1 + (P | W | U)
    mov     dword [table1], frame0 + (P | W | U)
    mov     dword [table1 + 8], frame1 + (P | W | U)
    mov     dword [table1 + 16], frame2 + (P | W | U)
    mov     eax, directory
    mov     cr3, eax
    cr_set  cr4, 0x600              ; OSFXSR, OSXMMEXCPT
    cr_set  cr0, CR0_PG | CR0_WP
    fninit
    call    operands
    call    strings
    call    fetches
    ring3
    call    stack
    ring0
    leave_with 0x57

operands:
    try     "word, high byte missing", mov ax, [GONE - 1]
    try     "word, low byte missing", mov ax, [THERE - 1]
    try     "dword, high byte missing", mov eax, [GONE - 3]
    try     "dword, low bytes missing", mov eax, [THERE - 3]
    try     "dword store, high byte missing", mov [GONE - 3], eax
    try     "dword store, low bytes missing", mov [THERE - 3], eax
    try     "qword load, high", fld qword [GONE - 7]
    try     "qword load, low", fld qword [THERE - 1]
    fldz
    try     "qword store, high", fst qword [GONE - 1]
    try     "qword store, low", fst qword [THERE - 7]
    try     "16 bytes load, high", movups xmm0, [GONE - 15]
    try     "16 bytes load, low", movups xmm0, [THERE - 1]
    try     "16 bytes store, high", movups [GONE - 1], xmm0
    try     "16 bytes store, low", movups [THERE - 15], xmm0
    try     "add, source high", add eax, [GONE - 2]
    try     "push, source low", push dword [THERE - 2]
    try     "jump through, high", jmp [GONE - 2]
    try     "far pointer, selector", les eax, [GONE - 4]
    try     "far pointer, offset low", les eax, [THERE - 2]
    mov     ecx, -8
    try     "bt, a bit in the page before", bt [THERE], ecx
    mov     ebx, TEST
    mov     ecx, 0x400
    try     "scaled index", mov eax, [ebx + ecx * 4 + 8]
    mov     ebx, GONE - 0xf0
    mov     al, 0xff
    try     "xlatb", xlatb
    fninit
    ret

; string "name", INSTRUCTION: the fault, and the registers it leaves
%macro string 2+
    try     %1, %2
    show    8, "  esi ", esi, " edi ", edi, " ecx ", ecx
%endmacro

strings:
    mov     esi, GONE
    mov     edi, THERE
    mov     ecx, 9
    string  "movsb from", movsb
    mov     esi, THERE
    mov     edi, GONE + 3
    string  "movsb to", movsb
    mov     esi, THERE
    mov     edi, GONE - 10
    string  "rep movsb, up to it", rep movsb
    mov     ecx, 20
    string  "rep movsb, the destination ends", rep movsb
    mov     esi, GONE - 8
    mov     edi, THERE
    mov     ecx, 20
    string  "rep movsd, the source ends", rep movsd
    mov     esi, GONE - 6
    mov     edi, THERE
    mov     ecx, 20
    string  "rep movsd, the source crosses", rep movsd
    mov     edi, GONE - 10
    mov     ecx, 20
    string  "rep stosd crosses", rep stosd
    mov     edi, GONE - 5
    string  "rep stosw crosses", rep stosw
    std
    mov     edi, THERE + 4
    mov     ecx, 20
    string  "down, rep stosd", rep stosd
    mov     edi, THERE + 6
    mov     ecx, 20
    string  "down, rep stosd crosses", rep stosd
    mov     esi, THERE + 2
    mov     edi, TEST + 0x4800
    mov     ecx, 20
    string  "down, rep movsb, the source ends", rep movsb
    cld
    mov     esi, GONE - 3
    mov     ecx, 20
    string  "rep lodsb", rep lodsb
    mov     edi, GONE - 8
    mov     ecx, 20
    mov     eax, 0x12345678
    string  "repne scasd", repne scasd
    xor     eax, eax
    mov     edi, frame1
    mov     ecx, 2 * 4096 / 4
    rep     stosd
    mov     esi, THERE + 0xff0
    mov     edi, TEST + 0x4000
    mov     ecx, 0x2000
    string  "repe cmpsb, the first ends", repe cmpsb
    xor     ecx, ecx
    mov     esi, GONE
    mov     edi, GONE
    string  "rep movsd, count 0", rep movsd
    string  "repne scasb, count 0", repne scasb
    ret

; fetch "name", ADDRESS: jump there; CR2 and the saved EIP
%macro fetch 2
    mov     eax, %2
    access  %1, jmp eax
    show    8, " cr2 ", [caught_cr2], " eip ", [caught_eip]
%endmacro

fetches:
    fetch   "the page", GONE
    fetch   "in the page", GONE + 0x123
    mov     byte [GONE - 2], 0xb8           ; mov eax, imm32
    fetch   "5 bytes, 2 are there", GONE - 2
    mov     byte [GONE - 1], 0x0f           ; a two-byte opcode
    fetch   "2 bytes, 1 is there", GONE - 1
    mov     byte [GONE - 4], 0x90
    mov     byte [GONE - 3], 0xb3           ; mov bl, 0x42
    mov     byte [GONE - 2], 0x42
    mov     byte [GONE - 1], 0x90
    mov     bl, 0
    fetch   "runs up to the end", GONE - 4
    show    2, "  bl ", ebx
    mov     byte [GONE - 1], 0xf3           ; a prefix alone
    fetch   "a prefix is there", GONE - 1
    mov     word [GONE - 2], 0xc0ff         ; inc eax, and nothing behind it
    fetch   "the last instruction", GONE - 2
    ret

; Ring 3: the exception has another stack. What faults leaves ESP alone.
%macro stacked 3+                   ; name, ESP, INSTRUCTION
    mov     ebp, esp
    mov     esp, %2
    mov     dword [try_resume], %%next
    mov     dword [try_at], %%at
    mov     dword [caught_count], 0
%%at:
    %3
%%next:
    xchg    ebp, esp
    mov     dword [try_resume], 0
    print   %1
    call    put_caught
    show    8, "  esp ", ebp
%endmacro

stack:
    mov     dword [frame1], stack
    stacked "push", THERE, push eax
    stacked "push crosses", THERE + 2, push eax
    stacked "push word", THERE + 1, push ax
    stacked "pushf", THERE + 3, pushf
    stacked "call", THERE, call stack
    stacked "call through a register", THERE, call eax
    stacked "pop", THERE - 4, pop eax
    stacked "pop crosses, low", THERE - 2, pop eax
    stacked "pop crosses, high", GONE - 2, pop eax
    stacked "popf", GONE, popf
    stacked "ret", GONE + 8, ret
    stacked "ret 8", GONE - 1, ret 8
    stacked "popa in the middle", GONE - 8, popa
    stacked "enter", THERE, enter 8, 0
    ret

    paging_routines
    ring3_routines

section .bss.pages nobits align=4096
directory: resb 4096
table0: resb    4096
table1: resb    4096
frame0: resb    4096
frame1: resb    4096
frame2: resb    4096
