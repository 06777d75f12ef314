; format: elf32
; Where no memory is, in 64-bit mode: data is a device's (MMIO), and code is the end.

%include "long.inc"

%define NOWHERE 0x20000000          ; behind the 16 MiB of the machine, mapped to itself

main:
    mov     ebx, NOWHERE
    mov     eax, [rbx + 0x10]
    mov     [rbx + 0x18], eax
    jmp     rbx
