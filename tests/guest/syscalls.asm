; format: elf32
; SYSCALL and SYSRET: what becomes of each flag and selector, FMASK, RCX and R11, CPL 0 as the caller,
; what is #GP and #UD (SDM vol. 2). Left out: CF to OF and DF inside, which QEMU's TCG always clears, the
; manual only by FMASK; SYSENTER, which makers differ about in long mode.

%include "long.inc"
%include "paging.inc"
%include "cpl3.inc"

%define STAR 0xc0000081
%define LSTAR 0xc0000082
%define FMASK 0xc0000084
%define ARITHMETIC 0xcd5            ; CF, PF, AF, ZF, SF, DF, OF

%macro wrmsr_to 3
    mov     ecx, %1
    mov     eax, %2
    mov     edx, %3
    wrmsr
%endmacro

main:
    mov     al, 0xff                ; IF is set below: no interrupt may come
    out     0x21, al
    out     0xa1, al
    or      dword [page_tables + 0x2000], U
    flush_tlb
    wrmsr_to STAR, 0, (SEL_USER_CODE32 - 3) << 16 | SEL_CODE
    wrmsr_to LSTAR, on_syscall, 0
    mov     [kept], rsp
    mov     esi, masks
.next:
    lodsd
    mov     [mask], eax
    cmp     eax, -1
    je      .end
    mov     edx, 0
    mov     ecx, FMASK
    wrmsr
    call    with_flags
    jmp     .next
.end:
    call    from_ring0
    call    privilege
    call    disabled
    leave_with 0x7c

; From ring 3 with many flags set, and with none
with_flags:
    mov     eax, [mask]
    show    8, "FMASK ", rax
    ring3
    push    0x247ed7
    popf
    syscall
    pushf
    pop     rbx
    push    0x3002
    popf
    show    8, "  set: inside ", rdx, " r11 ", r11, " after ", rbx
    push    0x3002
    popf
    syscall
    pushf
    pop     rbx
    show    8, "  clear: inside ", rdx, " r11 ", r11, " after ", rbx
    mov     eax, [seen_cs]
    mov     ebx, [seen_ss]
    mov     ecx, cs
    mov     edx, ss
    show    4, "  inside cs ", rax, " ss ", rbx, " after ", rcx, " ", rdx
    ring0
    ret

; RDX = the flags; no stack of its own: pushes go to the caller's.
on_syscall:
    mov     [seen_rsp], rsp
    mov     esp, stack_here
    pushf
    pop     rdx
    and     edx, ~ARITHMETIC
    push    2
    popf
    xor     ebx, ebx
    mov     ebx, cs
    mov     [seen_cs], ebx
    mov     ebx, ss
    mov     [seen_ss], ebx
    mov     rsp, [seen_rsp]
    o64 sysret

; SYSCALL is allowed at CPL 0; the way back is a jump.
from_ring0:
    wrmsr_to LSTAR, .inside, 0
    wrmsr_to FMASK, 0, 0
    mov     rbx, rsp
    push    0x0cd5
    popf
    syscall
.behind:
    leave_with UNEXPECTED
.inside:
    pushf
    pop     rdx
    and     edx, ~ARITHMETIC
    push    2
    popf
    sub     ecx, .behind
    sub     rbx, rsp
    show    8, "CPL 0: flags ", rdx, " r11 ", r11, " rcx +", rcx, " rsp -", rbx
    wrmsr_to LSTAR, on_syscall, 0
    ret

privilege:
    ring3
    try     "sysret", o64 sysret
    ring0
    ret

; EFER.SCE 0: #UD
disabled:
    efer_clear 1
    try     "syscall without SCE", syscall
    try     "sysret without SCE", o64 sysret
    ring3
    try     "syscall without SCE", syscall
    ring0
    efer_set 1
    ret

    ring3_routines

section .data
align 4
masks:  dd 0, 0x7fffffff, 0x700, 0x47700, 0x3000, 0x8d5, -1

section .bss
kept:   resq    1
mask:   resq    1
seen_cs: resd   1
seen_ss: resd   1
seen_rsp: resq  1

section .bss.stack nobits align=16
    resb    1024
stack_here:
