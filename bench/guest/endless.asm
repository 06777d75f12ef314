; format: bin
; Leaves the guest without end, by OUT to a port where nothing is: each exit has a qualification, so
; that what the screen shows of it is of one kind. 16-bit code for any address.
    bits    16
round:
    inc     ax
    out     0x80, al
    jmp     round
