; format: elf32
; The 16550 at 3f8, polled: registers, divisor latch, scratch, FIFOs and their resets, overrun, and the
; loop-back of data and modem lines (PC16550D data sheet). Nothing leaves the UART: it loops back first.

%include "prot.inc"
%include "irq.inc"

%define RBR 0x3f8
%define THR 0x3f8
%define IER 0x3f9
%define IIR 0x3fa
%define FCR 0x3fa
%define LCR 0x3fb
%define MCR 0x3fc
%define LSR 0x3fd
%define MSR_ 0x3fe
%define SCR 0x3ff

%macro row 2
    get     %2
    movzx   eax, al
    show    2, %1, eax
%endmacro

main:
    put     MCR, 0x10
    put     LCR, 0x80
    put     RBR, 1                  ; divisor 1: 115200 baud
    put     IER, 0
    put     LCR, 3
    put     IER, 0
    put     FCR, 0
    call    drain
    call    registers
    call    loopback
    call    overrun
    call    identify
    call    fifo
    call    modem
    put     MCR, 0
    put     FCR, 0
    leave_with 0x61

drain:
    mov     ecx, 64
.next:
    get     RBR
    get     LSR
    test    al, 1
    loopnz  .next
    ret

registers:
    put     SCR, 0x5a
    row     "scratch ", SCR
    put     SCR, 0xa5
    row     "scratch ", SCR
    put     LCR, 0x1b
    row     "lcr ", LCR
    put     LCR, 0x83
    put     RBR, 0x34
    put     IER, 0x12
    row     "dll ", RBR
    row     "dlm ", IER
    put     RBR, 1
    put     IER, 0
    put     LCR, 3
    put     IER, 0xff
    row     "ier ", IER
    put     IER, 0
    put     MCR, 0xff
    row     "mcr ", MCR
    put     MCR, 0x10
    row     "lsr ", LSR
    row     "iir ", IIR
    ret

; Wait until DR is set, then until the transmitter is empty.
received:
    mov     ecx, 10000000
.wait:
    get     LSR
    and     al, 0x61
    cmp     al, 0x61
    loopne  .wait
    ret

loopback:
    put     THR, 0x5a
    call    received
    row     "lsr ", LSR
    row     "rbr ", RBR
    row     "lsr ", LSR
    put     THR, 0xff
    call    received
    row     "rbr ", RBR
    ret

; A second byte without a FIFO: the first is lost, LSR says so once.
overrun:
    put     THR, 0x11
    call    received
    put     THR, 0x22
    mov     ecx, 10000000
.wait:
    get     LSR
    mov     ah, al
    and     al, 0x62
    cmp     al, 0x62
    loopne  .wait
    movzx   eax, ah
    show    2, "overrun, lsr ", eax
    row     "again ", LSR
    row     "rbr ", RBR
    row     "lsr ", LSR
    ret

; IIR by priority: line status over data over empty transmitter.
identify:
    put     IER, 2
    row     "THRE: ", IIR
    row     "read: ", IIR
    put     IER, 0
    put     IER, 2
    row     "enabled again: ", IIR
    put     IER, 7
    put     THR, 0x33
    call    received
    row     "data: ", IIR
    row     "data again: ", IIR
    row     "rbr ", RBR
    row     "THRE: ", IIR
    row     "none: ", IIR
    put     THR, 0x44
    call    received
    put     THR, 0x55
    mov     ecx, 10000000
.wait:
    get     IIR
    cmp     al, 6
    loopne  .wait
    movzx   eax, al
    show    2, "overrun: ", eax
    row     "lsr ", LSR
    row     "data: ", IIR
    row     "rbr ", RBR
    put     IER, 0
    row     "none: ", IIR
    ret

fifo:
    put     FCR, 0x07
    row     "fifo, iir ", IIR
    put     FCR, 0x47               ; trigger at 4
    put     IER, 1
    mov     ebx, 0x61
.next:
    mov     al, bl
    mov     dx, THR
    out     dx, al
    inc     ebx
    cmp     ebx, 0x64
    jb      .next
    mov     ecx, 10000000
.timeout:                           ; three bytes lie below the trigger
    get     IIR
    cmp     al, 0xcc
    loopne  .timeout
    movzx   eax, al
    show    2, "timeout, iir ", eax
    row     "rbr ", RBR
    put     THR, 0x64
    put     THR, 0x65
    mov     ecx, 10000000
.trigger:
    get     IIR
    and     al, 0xc7                ; without the bit of the timeout, which may come first
    cmp     al, 0xc4
    loopne  .trigger
    movzx   eax, al
    show    2, "trigger, iir ", eax
    row     "rbr ", RBR
    row     "rbr ", RBR
    row     "rbr ", RBR
    row     "rbr ", RBR
    row     "lsr ", LSR
    put     THR, 0x66
    call    received
    put     FCR, 0x03               ; empties the receiver
    row     "receiver reset, lsr ", LSR
    put     IER, 0
    put     FCR, 0
    row     "no fifo, iir ", IIR
    ret

; OUT2, OUT1, RTS, DTR of MCR come back as DCD, RI, CTS, DSR. The delta bits are not printed: QEMU has
; none in loop-back.
modem:
    mov     ebx, 0x10
.next:
    mov     al, bl
    mov     dx, MCR
    out     dx, al
    get     MSR_
    movzx   eax, al
    and     eax, 0xf0
    show    2, "mcr ", ebx, " msr ", eax
    inc     ebx
    cmp     ebx, 0x20
    jb      .next
    ret
