; format: elf32
; A multiboot kernel that asks for modules on pages and for memory: what it was given, see
; mb_info.inc.

%include "report.inc"

section .multiboot align=4
    dd      0x1badb002, 3, -(0x1badb002 + 3)

section .text
    bits    32
    global  guest_entry
guest_entry:
    mov     esp, stack_top
    jmp     mb_info

%include "mb_info.inc"

section .data
answer: db 0

section .bss align=16
    resb    4096
stack_top:
    resb    8192                    ; a loader that forgets .bss puts a module here
    global  kernel_end
kernel_end:
