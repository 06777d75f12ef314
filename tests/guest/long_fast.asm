; format: elf32
; SYSCALL, SYSRET, SYSENTER and SYSEXIT in long mode (SDM vol. 2; vol. 3, 6.8.7, 6.8.8): the selectors
; they load, RCX and R11, SFMASK, what they refuse; SWAPGS and FSGSBASE; CR8.

%include "long.inc"

%define STAR 0xc0000081
%define LSTAR 0xc0000082
%define FMASK 0xc0000084
%define FS_BASE 0xc0000100
%define GS_BASE 0xc0000101
%define KERNEL_GS_BASE 0xc0000102

main:
    mov     [kernel_stack], rsp
    or      dword [page_tables + 0x2000], 4     ; the first 2 MiB: ring 3, too
    mov     rax, cr3
    mov     cr3, rax
    call    ring0
    call    bases
    call    priority
    call    user_mode
    leave_with 0x14

%macro wrmsr_to 3
    mov     ecx, %1
    mov     eax, %2
    mov     edx, %3
    wrmsr
%endmacro

; SYSCALL from ring 0 works as well.
ring0:
    wrmsr_to STAR, 0, (SEL_USER_CODE32 - 3) << 16 | SEL_CODE
    wrmsr_to LSTAR, entry64, 0
    wrmsr_to FMASK, 0x40, 0         ; ZF
    xor     eax, eax                ; ZF set
    stc
    syscall
.after:
    mov     ecx, EFER
    rdmsr
    and     eax, ~1
    wrmsr
    try     "syscall, no SCE", syscall
    try     "sysret, no SCE", o64 sysret
    mov     ecx, EFER
    rdmsr
    or      eax, 1
    wrmsr
    wrmsr_to 0x174, 0, 0
    try     "sysenter, CS 0", sysenter
    try     "sysexit, CS 0", sysexit
    mov     rcx, 0x800000000000
    try     "sysret, RCX not canonical", o64 sysret
    ret

entry64:
    pushf
    pop     rdx
    and     edx, 0x41
    and     r11d, 0x41
    sub     ecx, ring0.after
    mov     ebx, cs
    mov     r8d, ss
    print   "syscall cs "
    hex16   rbx
    print   " ss "
    hex16   r8
    print   " rcx "
    hex8    rcx
    print   " r11 "
    hex8    r11
    print   " flags "
    hex8    rdx
    print   10
    jmp     ring0.after

; FSGSBASE needs CR4; SWAPGS exchanges all 64 bits; MOV FS sets the base to the descriptor's.
bases:
    try     "rdfsbase, no FSGSBASE", rdfsbase rax
    mov     rax, cr4
    or      eax, 0x10000
    mov     cr4, rax
    mov     rax, 0x123456789abc
    try     "wrfsbase", wrfsbase rax
    mov     ecx, FS_BASE
    rdmsr
    shl     rdx, 32
    or      rax, rdx
    print   "  msr "
    hex64   rax
    mov     rax, -1
    wrfsbase eax
    rdfsbase rax
    print   " 32 bit "
    hex64   rax
    print   10
    mov     rax, 0x800000000000
    try     "wrgsbase, not canonical", wrgsbase rax
    wrmsr_to GS_BASE, 0x1111, 0x7f
    wrmsr_to KERNEL_GS_BASE, 0x2222, 0xffff8000
    swapgs
    rdgsbase rax
    print   "gs "
    hex64   rax
    mov     ecx, KERNEL_GS_BASE
    rdmsr
    shl     rdx, 32
    or      rax, rdx
    print   " kernel "
    hex64   rax
    print   10
    mov     ax, SEL_DATA
    mov     gs, ax
    rdgsbase rax
    print   "gs loaded "
    hex64   rax
    print   10
    mov     rax, cr4
    and     rax, ~0x10000
    mov     cr4, rax
    try     "wrgsbase, no FSGSBASE", wrgsbase rax
    ret

priority:
    mov     eax, 5
    try     "mov cr8, 5", mov cr8, rax
    mov     rbx, cr8
    print   "  cr8 "
    hex8    rbx
    print   10
    mov     eax, 16
    try     "mov cr8, 16", mov cr8, rax
    xor     eax, eax
    mov     cr8, rax
    ret

user_mode:
    mov     eax, leave_user
    mov     ecx, 0x81
    mov     bl, 0xee
    call    set_gate
    mov     [kernel_stack], rsp
    mov     ecx, user64
    mov     r11d, 0x3002
    mov     esp, user_stack
    o64 sysret

user64:
    mov     ebx, cs
    mov     r8d, ss
    print   "sysret cs "
    hex16   rbx
    print   " ss "
    hex16   r8
    print   10
    try     "swapgs", swapgs
    try     "mov cr8", mov rax, cr8
    try     "sysret", o64 sysret
    try     "sysexit", sysexit
    int     0x81

leave_user:
    mov     rsp, [kernel_stack]
    mov     eax, SEL_DATA
    mov     ss, ax
    ret

section .data
align 8
kernel_stack: dq 0

section .bss
    resb    4096
user_stack:
