; Never ends, with no exit.
    bits    16
here:
    jmp     here
    times   510 - ($ - $$) db 0
    dw      0xaa55
