; format: bin
; I/O instructions of each form (SDM vol. 3, Table 28-5), in real mode: immediate and DX, 1, 2 and 4
; bytes, strings with and without REP, a port of the second bitmap, and around the end of the ports.

    bits    16
    org     0x7c00

    cld
    mov     al, "A"
    out     0xe9, al
    mov     dx, 0x3fd
    in      al, dx
    in      al, 0x61
    mov     dx, 0x80
    out     dx, ax
    mov     dx, 0xcf8
    in      eax, dx
    mov     dx, 0x8100
    in      al, dx
    mov     dx, 0xffff
    in      ax, dx
    mov     si, text
    mov     dx, 0xe9
    outsb
    mov     cx, 2
    rep outsb
    mov     di, buffer
    mov     dx, 0x60
    insb
    mov     al, 0
    out     0xf4, al

text:   db      "BCD"
buffer: db      0
