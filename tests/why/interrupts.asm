; format: bin
; Two ticks of the timer: one while interrupts are off, so that the hypervisor has to wait for a
; window, and one while they are on.

    bits    16
    org     0x7c00

%macro tick 0
    mov     al, 0x30                ; counter 0 once, both bytes
    out     0x43, al
    mov     al, 10                  ; 8.4 us, as many thousand instructions
    out     0x40, al
    mov     al, 0
    out     0x40, al
%endmacro

    cli
    xor     ax, ax
    mov     ds, ax
    mov     ss, ax
    mov     sp, 0x7c00
    mov     word [8 * 4], handler
    mov     word [8 * 4 + 2], 0
    mov     al, 0xfe
    out     0x21, al
    tick
    mov     cx, 20000
    loop    $                       ; it comes meanwhile
    sti
    nop                             ; the window opens behind the shadow of STI
    nop
    tick
.on:
    cmp     word [ticks], 2
    jne     .on
    out     0xf4, al

handler:
    inc     word [ticks]
    mov     al, 0x20
    out     0x20, al
    iret

ticks:  dw      0
