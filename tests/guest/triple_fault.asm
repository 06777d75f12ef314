; format: elf32
; A #DF that cannot be delivered shuts the CPU down (SDM vol. 3, 7.15, interrupt 8): the run ends
; without a status.

%include "prot.inc"

main:
    print   "before", 10
    mov     byte [idt + 8 * 8 + 5], 0x0e
    mov     byte [idt + 13 * 8 + 5], 0x0e
    mov     ax, SEL_BEYOND
    mov     ds, ax
    print   "behind", 10
    leave_with UNEXPECTED
