; format: elf32
; Control registers in long mode: those that do not exist, LMSW, SMSW, CLTS, MOV with prefixes and with
; the MOD field ignored (SDM vol. 2, MOV control registers; vol. 3, 2.5). Illegal values are in
; control_values.

%include "long.inc"
%include "paging.inc"

main:
    try     "cr1", db 0x0f, 0x20, 0xc8
    try     "mov to cr5", db 0x0f, 0x22, 0xe8
    try     "cr7", db 0x0f, 0x20, 0xf8
    try     "cr9", db 0x44, 0x0f, 0x20, 0xc8
    try     "cr15", db 0x44, 0x0f, 0x20, 0xf8
    try     "lock mov from cr1", db 0xf0, 0x0f, 0x20, 0xc8
    call    prefixes
    call    status_word
    leave_with 0x71

prefixes:
    mov     rax, -1
    db      0x66, 0x0f, 0x20, 0xd8  ; the operand size is 64 bits whatever the prefix
    mov     rcx, cr3
    cmp     rax, rcx
    sete    cl
    movzx   ecx, cl
    show    2, "66 mov rax, cr3: the same ", rcx
    mov     rax, -1
    db      0x0f, 0x20, 0x18        ; MOD 0: still RAX
    mov     rcx, cr3
    cmp     rax, rcx
    sete    cl
    movzx   ecx, cl
    show    2, "mod 0: the same ", rcx
    mov     r9, -1
    db      0x49, 0x0f, 0x20, 0xd9  ; REX.B: R9
    cmp     r9, rax
    sete    cl
    movzx   ecx, cl
    show    2, "r9: the same ", rcx
    ret

status_word:
    smsw    rax
    mov     rcx, cr0
    cmp     rax, rcx
    sete    cl
    movzx   ecx, cl
    show    2, "smsw rax is cr0 ", rcx
    mov     rax, -1
    smsw    ax
    mov     rcx, cr0
    not     eax
    not     ecx
    cmp     ax, cx
    sete    cl
    movzx   ecx, cl
    shr     rax, 16
    show    16, "smsw ax: the same ", rcx, " above ", rax
    mov     dword [word_], -1
    smsw    [word_]
    movzx   eax, word [word_ + 2]
    show    4, "smsw to memory: above ", rax
    smsw    eax
    or      eax, 8
    lmsw    ax
    mov     rax, cr0
    and     eax, 0xf
    show    2, "lmsw with TS ", rax
    clts
    mov     rax, cr0
    and     eax, 0xf
    show    2, "clts ", rax
    xor     eax, eax
    lmsw    ax                      ; cannot clear PE
    mov     rax, cr0
    mov     rcx, rax
    and     eax, 0xf
    shr     ecx, 16
    show    4, "lmsw 0: ", rax, " upper half ", rcx
    mov     eax, 0xfff2
    lmsw    ax                      ; the other bits are not written
    mov     rax, cr0
    and     eax, 0xfff0003f
    show    8, "lmsw fff2: ", rax
    lmsw    [three]
    mov     rax, cr0
    and     eax, 0xf
    show    2, "lmsw from memory ", rax
    ret

section .data
three:  dw 3

section .bss
word_:  resd    1
