; Leaves at once.
    bits    16
    mov     al, 0
    out     0xf4, al
    times   510 - ($ - $$) db 0
    dw      0xaa55
