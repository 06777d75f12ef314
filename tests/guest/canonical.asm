; format: elf32
; Addresses that are not canonical (SDM vol. 1, 3.3.7.1; vol. 3, 7.15, interrupts 12 and 13): #SS through
; RSP and RBP, #GP otherwise; a dword over the edge; jumps, calls and returns there; what registers
; take; FS and GS bases.

%include "long.inc"

%define BAD 0x800000000000
%define FS_BASE 0xc0000100

main:
    mov     r14, rsp
    mov     rbx, BAD
    mov     rbp, BAD
    call    accesses
    call    stack
    call    branches
    call    registers
    leave_with 0x12

accesses:
    try     "[rbx]", mov al, [rbx]
    try     "[rbp]", mov al, [rbp]
    try     "[rbx + rbp]", mov al, [rbx + rbp]
    try     "[rbp + rbx * 1]", mov al, [rbp + rbx * 1]
    try     "[rbx - 1]", mov al, [rbx - 1]
    try     "[rbx - 4], qword", mov rax, [rbx - 4]
    try     "[rbp - 4], qword", mov rax, [rbp - 4]
    try     "write [rbp]", mov [rbp], al
    try     "fs: [rbp]", mov al, [fs:rbp]
    try     "lea", lea rax, [rbx]
    try     "prefetch", prefetchnta [rbx]
    try     "invlpg", invlpg [rbx]
    mov     rdi, rbx
    mov     esi, value
    mov     ecx, 1
    try     "movsb to it", movsb
    mov     rsi, rbx
    mov     edi, value
    try     "movsb from it", movsb
    xor     ecx, ecx
    try     "rep movsb, 0", rep movsb
    mov     rax, -1
    try     "[rax], qword around 0", mov rcx, [rax]
    ret

; The exception needs RSP itself: IST 1 for #SS and #GP.
stack:
    mov     byte [idt + 12 * 16 + 4], 1
    mov     byte [idt + 13 * 16 + 4], 1
    mov     r15, rsp
%macro on_bad_stack 2+
    mov     dword [try_resume], %%next
    mov     dword [caught_count], 0
    mov     dword [try_at], %%at
    mov     rsp, BAD + 0x1000       ; a push stays out of the lower half
%%at:
    %2
%%next:
    mov     rsp, r15
    mov     dword [try_resume], 0
    print   %1
    call    put_caught
%endmacro
    on_bad_stack "push", push rax
    on_bad_stack "pop", pop rax
    on_bad_stack "pushf", pushf
    on_bad_stack "mov [rsp]", mov al, [rsp]
    on_bad_stack "call", call $ + 5
    on_bad_stack "ret", ret
    on_bad_stack "retf", o64 retf
    on_bad_stack "iretq", iretq
    on_bad_stack "enter", enter 0, 0
    mov     rbp, BAD + 0x1000
    on_bad_stack "leave", leave
    mov     rbp, BAD + 0x1000
    on_bad_stack "push [rbx]", push qword [rbx]
    ret

; Near branches are refused before they are taken: RIP is that of the branch.
branches:
    try     "jmp rbx", jmp rbx
    try     "call rbx", call rbx
    push    rbx
    try     "ret", ret
    pop     rax
    push    qword SEL_CODE
    push    rbx
    try     "retf", o64 retf
    add     rsp, 16
    mov     rax, rbx
    neg     rax
    dec     rax
    try     "jmp to a hole from above", jmp rax
    ret

%macro wrmsr_bad 2
    mov     ecx, %2
    mov     rax, rbx
    mov     rdx, rbx
    shr     rdx, 32
    try     %1, wrmsr
%endmacro

registers:
    wrmsr_bad "FS base", FS_BASE
    wrmsr_bad "GS base", FS_BASE + 1
    wrmsr_bad "kernel GS base", FS_BASE + 2
    wrmsr_bad "LSTAR", 0xc0000082
    wrmsr_bad "CSTAR", 0xc0000083
    wrmsr_bad "SYSENTER_EIP", 0x176
    wrmsr_bad "SYSENTER_ESP", 0x175
    mov     [table_base], rbx
    try     "lgdt", lgdt [table]
    try     "lidt", lidt [table]
    mov     rax, rbx
    try     "mov cr2", mov cr2, rax
    mov     rcx, cr2
    cmp     rax, rcx
    sete    al
    print   "  cr2 takes it "
    hex8    rax
    print   10
    ret

section .data
align 8
value:  dq 0
table:  dw 0xff
table_base: dq 0
