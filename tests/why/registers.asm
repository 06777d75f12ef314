; format: elf32
; Control, debug and model-specific registers and the descriptor-table registers, to and from them, in
; 64-bit mode; the way there from `long.inc` is part of it.

%include "long.inc"
%include "paging.inc"

%define PAT 0x277

main:
    cr_set  cr0, 8                  ; TS
    clts
    mov     eax, 0x0b
    lmsw    ax
    clts
    lmsw    [word_pe]
    cr_set  cr4, CR4_PGE
    mov     rax, cr3
    mov     cr3, rax
    mov     r9, cr8
    mov     r9d, 5
    mov     cr8, r9
    mov     eax, msrs
    mov     dr0, rax
    mov     rcx, dr7
    mov     ecx, PAT
    rdmsr
    wrmsr
    mov     ecx, 0x40000000         ; neither in the bitmaps nor in this CPU
    try     "rdmsr", rdmsr
    mov     ecx, EFER
    xor     edx, edx
    mov     eax, 2                  ; reserved
    try     "wrmsr", wrmsr
msrs:
    mov     ebx, table
    sgdt    [rbx]
    lgdt    [rbx]
    sidt    [rbx + 16]
    lidt    [table + 16]
    sldt    ax
    lldt    ax
    str     [rbx]
    mov     eax, SEL_SPARE
    try     "ltr", ltr ax
    leave_with 1

section .data
word_pe: dw 1
table:  times 4 dq 0
