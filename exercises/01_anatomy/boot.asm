; Exercise 01: a boot sector that answers. README.md says what it has to do.
;
; As it stands it builds, sends one byte without looking at the UART, and stops with status 0.

    bits    16
    org     0x7c00

    mov     al, '?'                 ; yours: the data is at physical 500
    mov     dx, 0x3f8
    out     dx, al

    mov     al, 0                   ; yours: n
    out     0xf4, al

stay:
    hlt
    jmp     stay

    times   510 - ($ - $$) db 0
    dw      0xaa55
