; Sends bytes for ever with a string instruction.
    bits    16
    mov     dx, 0x3f8
here:
    mov     cx, 0xffff
    rep     outsb
    jmp     here
    times   510 - ($ - $$) db 0
    dw      0xaa55
