; format: bin
; Characters that come in over COM1, taken in its interrupt (IRQ 4, FIFO with trigger 14, so by
; time-out, too) while the CPU sleeps in HLT; echoed in capitals to the debug port until a full stop
; ends the run. Run by tests/guest/test_input.sh, which feeds it.

%define DEBUG_PORT 0xe9
%define DEBUG_EXIT 0xf4
%define COM1 0x3f8
%define PIC 0x20
%define VECTORS 0x20                ; of IRQ 0-7

%include "real.inc"

%macro put 2
    mov     dx, %1
    mov     al, %2
    out     dx, al
%endmacro

    mov     word [(VECTORS + 4) * 4], received
    mov     word [(VECTORS + 4) * 4 + 2], 0

    put     PIC, 0x11               ; ICW1: edges, cascade, ICW4
    put     PIC + 1, VECTORS
    put     PIC + 1, 0x04
    put     PIC + 1, 0x01
    put     PIC + 1, 0xef           ; IRQ 4 alone

    put     COM1 + 3, 0x83
    put     COM1, 1                 ; 115200 baud
    put     COM1 + 1, 0
    put     COM1 + 3, 0x03          ; 8 bits, no parity
    put     COM1 + 2, 0xc7
    put     COM1 + 4, 0x0b          ; DTR, RTS, OUT2
    put     COM1 + 1, 0x01          ; received data
    sti
.sleep:
    hlt
    jmp     .sleep

received:
    mov     dx, COM1 + 5
    in      al, dx
    test    al, 1
    jz      .done
    mov     dx, COM1
    in      al, dx
    cmp     al, 'a'
    jb      .echo
    cmp     al, 'z'
    ja      .echo
    sub     al, 'a' - 'A'
.echo:
    out     DEBUG_PORT, al
    cmp     al, '.'
    jne     received
    mov     al, 0x2a
    out     DEBUG_EXIT, al
.done:
    put     PIC, 0x20               ; EOI
    iret

    boot_end
