; format: elf32
; Ring 3 in long mode: SYSCALL and SYSRET, SWAPGS, the switch to RSP0 and to an IST stack, what
; ring 3 may not do, the user bit of pages, 32-bit code in ring 3.

%include "long.inc"

%define P 1
%define W 2
%define U 4
%define TEST 0x40000000             ; linear: the page table `pages`

%define STAR 0xc0000081
%define LSTAR 0xc0000082
%define FMASK 0xc0000084
%define GS_BASE 0xc0000101
%define KERNEL_GS_BASE 0xc0000102

main:
    mov     dword [page_tables + 0x1008], directory + 7
    mov     dword [directory], pages + 7
    or      dword [page_tables + 0x2000], U     ; the first 2 MiB: this program
    mov     dword [pages], frame0 + (P | W)
    mov     dword [pages + 8], frame0 + (P | U)
    mov     rax, cr3
    mov     cr3, rax
    call    set_msrs
    mov     eax, leave_user
    mov     ecx, 0x81
    mov     bl, 0xee
    call    set_gate
    mov     eax, tell_frame
    inc     ecx
    call    set_gate
    mov     byte [idt + 13 * 16 + 4], 1         ; #GP on IST 1
    mov     [kernel_stack], rsp
    push    SEL_USER_DATA
    push    user_stack_top
    push    0x3002                  ; IOPL 3: it prints
    push    SEL_USER_CODE
    push    user
    iretq

; wrmsr_to MSR, LOW, HIGH
%macro wrmsr_to 3
    mov     ecx, %1
    mov     eax, %2
    mov     edx, %3
    wrmsr
%endmacro

set_msrs:
    wrmsr_to STAR, 0, (SEL_USER_CODE32 - 3) << 16 | SEL_CODE
    wrmsr_to LSTAR, system_call, 0
    wrmsr_to FMASK, 0x400, 0        ; DF
    wrmsr_to GS_BASE, user_gs, 0
    wrmsr_to KERNEL_GS_BASE, kernel_gs, 0
    ret

; IOPL 3 lets ring 3 do both.
%macro cli_sti 0
    cli
    sti
%endmacro

user:
    xor     eax, eax
    mov     ax, cs
    print   "cs "
    hex16   rax
    mov     ax, ss
    print   " ss "
    hex16   rax
    print   " gs "
    hex8    [gs:0]
    print   10
    std
    stc
    mov     edi, 0x11
    syscall
.returned:
    pushf
    pop     rdx
    cld
    print   "syscall gave "
    hex8    rax
    print   " df cf "
    and     edx, 0x401
    hex16   rdx
    sub     ecx, .returned
    print   " rcx +"
    hex8    rcx
    mov     rdx, r11
    and     edx, 0x401
    print   " r11 "
    hex16   rdx
    mov     ax, ss
    print   " ss "
    hex16   rax
    print   10
    lea     rsp, [rsp - 5]          ; the CPU aligns its frame
    int     0x82
    lea     rsp, [rsp + 5]
    mov     dword [error_mask], 7   ; QEMU counts 16 bytes a vector in the error code, the SDM 8
    try     "int 0x0d, DPL 0", int 13
    mov     dword [error_mask], -1
    try     "ud2", ud2
    try     "cli", cli_sti
    try     "hlt", hlt
    try     "mov cr3", mov rax, cr3
    try     "rdmsr", rdmsr
    try     "swapgs", swapgs
    try     "invlpg", invlpg [user]
    try     "lidt", lidt [idtr]
    try     "sysret", o64 sysret
    try     "ltr", ltr ax
    try     "read supervisor", mov al, [TEST]
    try     "write supervisor", mov [TEST], al
    try     "read user", mov al, [TEST + 0x1000]
    try     "write user read-only", mov [TEST + 0x1000], al
    try     "write no page", mov [TEST + 0x2000], al
    try     "fetch supervisor", jmp TEST
    try     "read the identity map above", mov al, [0x200000]
    mov     rbx, 0x8000000000000000
    try     "read, not canonical", mov al, [rbx]
    push    SEL_USER_CODE32
    push    code32
    o64 retf

    bits    32
code32:
    mov     ecx, 5
    dec     ecx                     ; no REX in this mode
    mov     eax, cs
    shl     eax, 8
    add     eax, ecx
    jmp     SEL_USER_CODE:.back
    bits    64
.back:
    print   "ring 3, 32 bit "
    hex32   rax
    print   10
    int     0x81

system_call:
    swapgs
    mov     al, [gs:0]
    swapgs
    add     al, dil
    o64 sysret

; Which stack, and what lies on it
tell_frame:
    cli
    mov     rax, rsp
    sub     rax, stack_top_ring0
    neg     rax
    print   "frame "
    hex8    rax
    mov     rax, [rsp + 24]
    sub     rax, user_stack_top
    neg     rax
    print   " rsp -"
    hex8    rax
    mov     rax, [rsp + 32]
    print   " ss "
    hex16   rax
    xor     eax, eax
    mov     ax, ss
    print   " now ss "
    hex16   rax
    print   10
    iretq

leave_user:
    mov     rsp, [kernel_stack]
    leave_with 0x41

section .data
align 8
user_gs: db     0x33
kernel_gs: db   0x50

section .bss
kernel_stack: resq 1
    resb    4088
user_stack_top:

section .bss.pages
directory: resb 4096
pages:  resb    4096
frame0: resb    4096
