; Never ends, exits all the time.
    bits    16
here:
    in      al, 0x80
    jmp     here
    times   510 - ($ - $$) db 0
    dw      0xaa55
