; format: elf32
; The segments of virtual-8086 mode end at 64 KiB (SDM vol. 3, 6.3, 21.2): #GP for data, #SS for the
; stack, error code 0, nothing written, SP as it was. And ICEBP, which no
; gate's DPL and no IOPL stops. For the lines see v86.asm.

%include "prot.inc"
%include "ring3.inc"

%define CODE 0x10000                ; the snippets: CS = 1000
%define DATA_SEG 0x2000
%define STACK_SEG 0x3000

main:
    mov     al, 0xff                ; no interrupt from outside
    out     0x21, al
    out     0xa1, al
    call    entries
    call    limits
    leave_with 0x15

%include "v86.inc"


%macro over_64k 0
    mov     bx, 0xffff
    mov     ax, [bx]
%endmacro
%macro over_64k_32 0
    mov     ebx, 0x10000
    mov     al, [ebx]
%endmacro
%macro over_stack 0
    mov     sp, 1
    push    ax
%endmacro
limits:
    v86     "word at ffff", 0, over_64k
    v86     "byte at 10000", 0, over_64k_32
    v86     "push at 1", 0, over_stack
    v86     "icebp", 0, db 0xf1
    ret

section .data
align 4
kernel_esp: dd 0
seen_ax: dd 0
depth:  dd 0

section .bss
frame:  resd    16
