; format: elf32
; EXT in error codes (SDM vol. 3, 7.13): set when an exception's own delivery fails, clear for INT n,
; INT3 and INTO; with IDT set and without; a task gate to an LDT selector.

%define SPARES 2
%include "prot.inc"
%include "ring3.inc"

%define ABSENT SEL_SPARE

main:
    descriptor ABSENT, 0, 0xfffff, 0xc01a
    call    exceptions
    gate    idt + 0x40 * 8, 0, 12, 0x8500
    try     "int, task gate to an LDT", int 0x40
    leave_with 0x19

; What goes wrong on the way to the handler of #UD, and of software interrupts
exceptions:
    mov     byte [idt + 6 * 8 + 5], 0x0e
    try     "#UD, gate not present", ud2
    try     "int 6, gate not present", int 6
    mov     byte [idt + 6 * 8 + 5], 0x8e
    mov     word [idt + 6 * 8 + 2], ABSENT
    try     "#UD, code absent", ud2
    try     "int 6, code absent", int 6
    mov     word [idt + 6 * 8 + 2], SEL_DATA
    try     "#UD, to data", ud2
    mov     word [idt + 6 * 8 + 2], 0
    try     "#UD, to null", ud2
    mov     word [idt + 6 * 8 + 2], SEL_CODE
    mov     byte [idt + 3 * 8 + 5], 0x0e
    try     "int3, gate not present", int3
    try     "int 3, gate not present", db 0xcd, 3
    mov     byte [idt + 3 * 8 + 5], 0x8e
    mov     byte [idt + 4 * 8 + 5], 0x0e
    mov     al, 0x7f
    inc     al
    try     "into, gate not present", into
    mov     byte [idt + 4 * 8 + 5], 0x8e
    ret
