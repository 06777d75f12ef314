; format: elf32
; A 16-bit stack under 32-bit code (SDM vol. 1, 6.2.3; vol. 3, 6.14): SP wraps at 64 KiB, the upper half
; of ESP stays, PUSH, POP, CALL, RET, ENTER, LEAVE, PUSHA and an exception on it; LSS back.

%include "prot.inc"

%define BASE 0x200000               ; of the stack segment
%define SEL_STACK SEL_SPARE

main:
    mov     dword [gdt + SEL_SPARE], 0x0000ffff
    mov     dword [gdt + SEL_SPARE + 4], 0x00009320 ; base 200000, 64 KiB, 16 bits
    mov     edi, BASE
    xor     eax, eax
    mov     ecx, 0x20000 / 4
    rep     stosd
    mov     [flat], esp
    call    basics
    call    frames
    call    exceptions
    call    operand16
    leave_with 0x68

; On the small stack with ESP = VALUE; back, with EDX = the ESP it had come to.
%macro small 1
    mov     [flat], esp
    mov     esi, %1
    mov     ax, SEL_STACK
    mov     ss, ax
    mov     esp, esi
%endmacro

%macro large 0
    mov     edx, esp
    lss     esp, [flat]
%endmacro

basics:
    small   0x12340004
    push    dword 0x11111111
    push    dword 0x22222222        ; at fffc
    push    dword 0x33333333
    large
    show    8, "push: esp ", edx, " ", [BASE], " ", [BASE + 0xfffc], " ", [BASE + 0xfff8]
    small   0x1234fff8
    pop     eax
    pop     ebx
    pop     ecx
    large
    show    8, "pop: esp ", edx, " ", eax, " ", ebx, " ", ecx
    small   0xabcd0000
    push    esp
    large
    show    8, "push esp: esp ", edx, " ", [BASE + 0xfffc]
    small   0xabcd0000
    push    dword [BASE]
    pop     dword [BASE + 0x100]
    large
    show    8, "push and pop memory: esp ", edx, " ", [BASE + 0x100]
    small   0x00018000
    add     esp, 0x10               ; arithmetic has 32 bits
    large
    show    8, "add: esp ", edx
    small   0x5555fffc
    pop     esp                     ; reads 22222222 or what lies there now
    large
    show    8, "pop esp: esp ", edx
    small   0x00000000
    pushf
    popf
    large
    show    8, "pushf: esp ", edx
    ret

frames:
    small   0x77770008
    mov     eax, 0xaaaaaaaa
    mov     ecx, 0xcccccccc
    mov     edi, 0xdddddddd
    pusha
    large
    show    8, "pusha: esp ", edx, " eax ", [BASE + 4], " esp ", [BASE + 0xfff4], " edi ", [BASE + 0xffe8]
    small   0x7777ffe8
    xor     eax, eax
    xor     edi, edi
    popa
    mov     [saved], eax
    large
    show    8, "popa: esp ", edx, " eax ", [saved], " edi ", edi
    mov     ebp, 0x99990010
    small   0x66660004
    enter   0x20, 0
    movzx   eax, bp                 ; whether EBP or BP is written is not asked
    large
    show    8, "enter: esp ", edx, " bp ", eax
    mov     ebp, 0x88880000
    small   0x44440100
    leave                           ; the stack pointer is BP, the upper half stays
    large
    show    8, "leave: esp ", edx, " ebp ", ebp
    small   0x33330000
    call    .routine
    large
    show    8, "call, ret 8: esp ", edx
    small   0x33330000
    push    dword SEL_CODE
    push    dword .far
    retf
.far:
    large
    show    8, "retf: esp ", edx
    ret
.routine:
    ret     8

; The frame of #UD lies on the small stack; in the second case it wraps in the middle.
exceptions:
    mov     eax, step_over
    mov     ecx, 6
    mov     bl, 0x8e
    call    set_gate
    small   0x2222ff00
    ud2
    large
    show    8, "#UD: esp ", edx, " in the handler ", eax, " cs ", [BASE + 0xfef8]
    small   0x22220008
    ud2
    large
    show    8, "#UD, wrapped: esp ", edx, " in the handler ", eax, " cs ", [BASE]
    ret

; EAX = ESP; the caller goes on behind its UD2.
step_over:
    mov     eax, esp
    pop     ebx
    add     ebx, 2
    push    ebx
    iret

operand16:
    small   0x11110002
    push    word 0x1234
    push    word 0x5678
    large
    show    8, "words: esp ", edx, " ", [BASE], " ", [BASE + 0xfffe]
    small   0x1111fffe
    pop     ax
    large
    movzx   eax, ax
    show    8, "pop ax: esp ", edx, " ", eax
    small   0x11110000
    push    fs
    push    ds
    pop     es
    large
    show    8, "push fs: esp ", edx
    ret

section .data
align 4
flat:   dd 0
    dw      SEL_DATA

section .bss
saved:  resd    1
