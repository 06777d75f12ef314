; format: elf32
; 16-bit and 32-bit stacks and operands mixed (SDM vol. 3, chapter 22): which of SP and ESP counts by
; SS.B, what PUSH, CALL, ENTER, LEAVE and POP leave in the upper half, the wrap of SP; 16-bit code
; on a 32-bit stack.

%define SPARES 2
%include "prot.inc"
%include "ring3.inc"

%define STACK16 SEL_SPARE           ; base at area, B = 0
%define CODE16 (SEL_SPARE + 8)      ; base at low16

main:
    descriptor STACK16, area, 0xffff, 0x0093
    descriptor CODE16, low16, 0xffff, 0x009a
    mov     bx, SEL_DATA
    mov     cx, STACK16
    call    pushes
    call    code16
    leave_with 0x1d

; on NAME, ESP, { instructions }: on the 16-bit stack; tells ESP and two words of the area
%macro on 3+
    mov     [old_esp], esp
    mov     ebp, 0xabcd0100
    mov     ss, cx
    mov     esp, %2
    %3
    mov     eax, esp
    mov     ss, bx
    mov     esp, [old_esp]
    mov     [new_esp], eax
    print   %1, ": esp "
    hex32   [new_esp]
    print   " ebp "
    hex32   ebp
    print   " at fffc "
    hex32   [area + 0xfffc]
    print   " 0 "
    hex32   [area]
    print   10
%endmacro

%macro call_ret 0
    call    %%there
    jmp     short %%back
%%there:
    ret     4
%%back:
%endmacro

pushes:
    mov     edx, 0x11223344
    on      "push dword", 0x77770004, push edx
    on      "push word", 0x77770004, push dx
    on      "push at 0 wraps", 0x77770000, push edx
    on      "push word at 0", 0x77770000, push dx
    on      "pop dword", 0x77770004, pop eax
    on      "pop at fffc wraps", 0x7777fffc, pop eax
    on      "pushf", 0x77770010, pushf
    on      "pusha", 0x77770040, pusha
    on      "enter", 0x77770020, enter 8, 0
    on      "leave", 0x77770020, leave
    on      "push esp", 0x77770004, push esp
    on      "add esp", 0x7777fff0, add esp, 0x20
    on      "push [esp]", 0x77770004, push dword [ss:0xfffc]
    on      "ret wraps", 0x77770020, call_ret
    ret

; 16-bit code on a 32-bit stack: words are pushed, ESP counts whole.
code16:
    descriptor CODE16, low16, 0xffff, 0x009a
    mov     edx, esp
    jmp     CODE16:0
    bits    16
low16:
    push    dx
    sub     edx, esp
    pop     ax
    call    .near
    jmp     dword SEL_CODE:code16_back
.near:
    mov     ecx, esp
    ret
    bits    32
code16_back:
    print   "16-bit push on a 32-bit stack: "
    hex8    edx
    mov     eax, esp
    sub     eax, ecx
    print   " call "
    hex8    eax
    print   10
    ret

section .data
align 4
old_esp: dd     0
new_esp: dd     0

section .bss
area:   resb    0x10010
