; format: elf32
; A page directory where no memory is: the CPU cannot walk the guest's tables to the end.

%include "long.inc"

%define NOWHERE 0x20000000          ; behind the 16 MiB of the machine

main:
    mov     dword [page_tables + 0x1000 + 8], NOWHERE + 7
    mov     rax, cr3
    mov     cr3, rax
    mov     eax, [0x40001234]
    leave_with 1
