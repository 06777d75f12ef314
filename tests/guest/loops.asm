; format: elf32
; LOOP, LOOPE, JCXZ and JECXZ by address size, ENTER with nesting and LEAVE, XLAT, PUSH and POP of all
; kinds, prefixes 66 and 67 in 32-bit code, segment overrides, BOUND (SDM vol. 2).

%include "prot.inc"

; NOP behind this many prefixes; 15 bytes are the most (SDM vol. 2, 2.3.11).
%macro long_nop 1
    times   %1 db 0x66
    nop
%endmacro

main:
    call    loops
    call    nested
    call    prefixes
    call    overrides
    leave_with 0x78

loops:
    xor     eax, eax
    mov     ecx, 5
.a:
    inc     eax
    loop    .a
    show    8, "loop ", eax, " ecx ", ecx
    xor     eax, eax
    mov     ecx, 0x12340003
.b:
    inc     eax
    loop    .b, cx
    show    8, "loop cx ", eax, " ecx ", ecx
    xor     eax, eax
    mov     ecx, 0x56780000         ; CX = 0: 64 Ki times
.c:
    inc     eax
    loop    .c, cx
    show    8, "loop cx 0 ", eax, " ecx ", ecx
    xor     eax, eax
    mov     ecx, 10
.d:
    inc     eax
    cmp     eax, 4
    loopne  .d
    show    8, "loopne ", eax, " ecx ", ecx
    mov     ecx, 10
.e:
    cmp     ecx, 7
    loope   .e                      ; not equal: left at once
    show    8, "loope ", ecx
    mov     ecx, 0x00010000
    xor     eax, eax
    jecxz   .f
    inc     eax
.f:
    jcxz    .g
    inc     eax
.g:
    show    8, "jecxz, jcxz ", eax
    std
    stc
    mov     ecx, 1
    loop    .h
.h:
    pushf
    pop     eax
    cld
    and     eax, 0xcd5
    show    8, "loop keeps flags ", eax
    ret

; Frames of three levels: the display has the frame pointers of the outer ones.
nested:
    mov     ebp, 0x11111111
    mov     [outer], esp
    enter   8, 0
    mov     eax, [outer]
    sub     eax, ebp
    mov     ebx, ebp
    sub     ebx, esp
    show    8, "enter 8, 0: ebp -", eax, " esp -", ebx, " saved ", [ebp]
    mov     [frame], ebp
    enter   4, 1
    mov     eax, [ebp - 4]          ; itself
    sub     eax, ebp
    mov     ebx, ebp
    sub     ebx, esp
    show    8, "enter 4, 1: display ", eax, " esp -", ebx
    mov     [frame + 4], ebp
    enter   16, 2
    mov     eax, [ebp - 4]          ; of level 1
    sub     eax, [frame + 4]
    mov     ecx, [ebp - 8]          ; of this one
    sub     ecx, ebp
    mov     ebx, ebp
    sub     ebx, esp
    show    8, "enter 16, 2: display ", eax, " ", ecx, " esp -", ebx
    enter   0, 3
    mov     ebx, ebp
    sub     ebx, esp
    mov     eax, [ebp - 4]
    sub     eax, [frame + 4]
    show    8, "enter 0, 3: display ", eax, " esp -", ebx
    leave
    leave
    leave
    mov     eax, ebp
    sub     eax, [frame]
    show    8, "leave: ebp +", eax
    leave
    sub     [outer], esp
    show    8, "leave: ebp ", ebp, " esp +", [outer]
    mov     esi, esp
    db      0x66
    enter   4, 0                    ; 16 bits: BP is pushed
    mov     eax, esi
    sub     eax, esp
    show    8, "enter with 66: esp -", eax
    mov     esp, esi
    ret

prefixes:
    mov     esi, esp
    mov     eax, 0xffffffff
    mov     ax, 0x1234
    show    8, "mov ax ", eax
    push    word 0x55
    push    ax
    mov     eax, [esp]
    mov     ebx, esi
    sub     ebx, esp
    mov     esp, esi
    show    8, "push words ", eax, " by ", ebx
    push    byte -1
    pop     eax
    show    8, "push byte -1 ", eax
    push    word -1
    push    word 0x7f
    pop     eax
    show    8, "push word ", eax
    push    ds
    push    dword 0x12345678
    add     esp, 4
    pop     eax
    movzx   eax, ax
    show    8, "push ds ", eax
    o16 push ds
    mov     eax, esi
    sub     eax, esp
    mov     esp, esi
    show    8, "66 push ds by ", eax
    mov     dword [0x9010], 0xcafef00d
    mov     ebx, 0xffff9000
    mov     esi, 0xffff0010
    mov     eax, [bx + si]
    show    8, "67 [bx + si] ", eax
    lea     eax, [bx + si]
    show    8, "67 lea ", eax
    lea     ax, [ebx + esi]
    show    8, "66 lea ", eax
    mov     bp, 0x9000
    mov     eax, [bp + 0x10]
    show    8, "67 [bp + 10] ", eax
    mov     ebx, 0x9008
    mov     eax, 0xff08
    xlatb
    show    8, "xlat ", eax
    mov     bx, 0x9008
    or      ebx, 0xffff0000
    mov     eax, 8
    a16 xlatb
    show    8, "67 xlat ", eax
    mov     eax, 0xdeadbeef
    cwde
    show    8, "cwde ", eax
    cdq
    show    8, "cdq ", edx
    mov     eax, 0x00008000
    cwd
    show    8, "cwd ", edx
    mov     eax, 5
    bound   ax, [limits16]
    show    8, "66 bound ", eax
    mov     eax, 0x10000
    try     "bound", bound eax, [limits]
    mov     eax, -6
    try     "bound below", bound eax, [limits]
    db      0x66, 0x66, 0x3e, 0x67, 0x90    ; many prefixes, one NOP
    try     "15 bytes", long_nop 14
    try     "16 bytes", long_nop 15
    ret

overrides:
    mov     dword [gdt + SEL_SPARE], 0x9000ffff     ; base 9000
    mov     dword [gdt + SEL_SPARE + 4], 0x00cf9300
    mov     eax, SEL_SPARE
    mov     fs, ax
    mov     gs, ax
    show    8, "fs ", [fs:0x10]
    mov     ebx, 0x10
    mov     ebp, 0x10
    mov     eax, [gs:ebp]
    show    8, "gs ebp ", eax
    mov     eax, [fs:bx]
    show    8, "fs bx ", eax
    fs lea  eax, [ebx]              ; no segment in LEA
    show    8, "fs lea ", eax
    mov     eax, 0x10
    mov     ebx, 0
    fs xlatb
    show    8, "fs xlat ", eax
    db      0x26                    ; ES, then FS: the last one counts
    mov     eax, [fs:0x10]
    show    8, "es fs ", eax
    mov     dword [fs:0x14], 0x600df00d
    push    dword [fs:0x14]
    pop     dword [gs:0x18]
    show    8, "push, pop ", [0x9018]
    mov     eax, SEL_DATA
    mov     fs, ax
    mov     gs, ax
    ret

section .data
align 4
limits16: dw -5, 5
limits: dd -5, 5

section .bss
outer:  resd    1
frame:  resd    4
