; format: elf32
; A 16-bit TSS (SDM vol. 3, 8.6, figure 8-10): what is saved and loaded, that the upper halves and FS
; and GS are not, its limit, types 1 and 3, IRET through its back link, a task gate, LTR.

%define SPARES 8
%include "prot.inc"
%include "ring3.inc"

%define TASK SEL_SPARE
%define CODE_LOW (SEL_SPARE + 8)    ; base 100000: offsets fit 16 bits
%define DATA_LOW (SEL_SPARE + 16)   ; base 100000
%define FS_SEL (SEL_SPARE + 24)

main:
    descriptor CODE_LOW, 0x100000, 0xfffff, 0xc09a
    descriptor DATA_LOW, other_stack - 64, 0xffff, 0x4092
    descriptor FS_SEL, 0, 0xfffff, 0xc092
    call    fresh
    print   "to the task", 10
    call    TASK:0
    clts
    print   "back, type "
    hex8    [gdt + TASK + 5]
    print   " saved ip "
    movzx   eax, word [other + 14]
    sub     eax, task_end - 0x100000
    hex8    eax
    print   " ax "
    movzx   eax, word [other + 18]
    hex16   eax
    print   " sp "
    movzx   eax, word [other + 26]
    hex16   eax
    print   10
    call    fresh
    mov     word [gdt + TASK], 42
    try     "limit 42", call TASK:0
    call    fresh
    mov     byte [gdt + TASK + 5], 0x83
    try     "busy", call TASK:0
    call    fresh
    mov     byte [gdt + TASK + 5], 0x01
    try     "not present", jmp TASK:0
    call    fresh
    print   "by gate", 10
    mov     dword [gdt + FS_SEL], TASK << 16
    mov     dword [gdt + FS_SEL + 4], 0x00008500
    call    FS_SEL:0
    clts
    call    fresh
    mov     ax, TASK
    ltr     ax
    print   "tr type "
    hex8    [gdt + TASK + 5]
    print   10
    mov     byte [gdt + SEL_TSS + 5], 0x89
    mov     ax, SEL_TSS
    ltr     ax
    leave_with 0x1e

fresh:
    pushad
    descriptor TASK, other, 43, 0x0081
    mov     edi, other
    xor     eax, eax
    mov     ecx, 11
    cld
    rep     stosd
    mov     eax, task - 0x100000
    mov     [other + 14], ax
    mov     word [other + 16], 2
    mov     word [other + 18], 0x1234
    mov     word [other + 26], 64
    mov     word [other + 34], SEL_DATA
    mov     word [other + 36], CODE_LOW
    mov     word [other + 38], DATA_LOW
    mov     word [other + 40], SEL_DATA
    mov     byte [gdt + SEL_TSS + 5], 0x8b
    popad
    ret

; FS and GS are null here: a 16-bit TSS has none. Text is read through CS.
task:
    movzx   esp, sp                 ; the upper half is undefined
    push    eax
    mov     ecx, fs
    mov     edx, gs
    pushf
    pop     ebx
    str     esi
    and     eax, 0xffff             ; above: undefined
    print   "  ax "
    hex16   eax
    print   " fs "
    hex16   ecx
    print   " gs "
    hex16   edx
    print   " task "
    hex16   esi
    and     ebx, 0x4000
    print   " nt "
    hex16   ebx
    movzx   ebx, word [other]
    print   " link "
    hex16   ebx
    print   10
    pop     eax
    inc     eax
    iret
task_end:

section .bss
other:  resb    48
    resb    1024
other_stack:
