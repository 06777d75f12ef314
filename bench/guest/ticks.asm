; format: bin
; Counts in 64 KiB, in real mode, while a timer interrupts it every 10,000 instructions or so (of a
; nanosecond each); leaves by debug-exit at the tick after the 1,000th, 10 million instructions later.
%include "rom.inc"

%define TICKS 1000
%define VECTOR 0x20

%macro port 2
    mov     al, %2
    out     %1, al
%endmacro

    org     ROM
    bits    16
reset:
    xor     ax, ax
    mov     ds, ax
    mov     ss, ax
    mov     sp, 0x7000
    mov     word [VECTOR * 4], tick - $$
    mov     word [VECTOR * 4 + 2], ROM >> 4
    mov     word [PARAMETERS], TICKS
    port    0x20, 0x11              ; PIC: vector 20h, IRQ 0 alone
    port    0x21, VECTOR
    port    0x21, 4
    port    0x21, 1
    port    0x21, 0xfe
    port    0x43, 0x34              ; PIT: 12 of 1,193,182 Hz
    port    0x40, 12
    port    0x40, 0
    mov     ax, 0x1000
    mov     ds, ax
    xor     di, di
    sti
count:
    inc     word [di]
    add     di, 0x102
    jmp     count

tick:
    push    ax
    port    0x20, 0x20              ; end of interrupt
    dec     word [ss:PARAMETERS]
    js      leave_guest
    pop     ax
    iret
leave_guest:
    port    0xf4, 0
    jmp     leave_guest
    rom_end
