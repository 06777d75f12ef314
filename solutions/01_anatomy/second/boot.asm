; Exercise 01, another solution: two passes. The first transforms the data in place from the end,
; through ES and an index register; the second sends it, with no subroutine and no stack.

    bits    16
    org     0x7c00

    mov     ax, 0x50                ; ES:0 is physical 500
    mov     es, ax
    mov     bx, [es:0]
transform:
    dec     bx
    mov     al, [es:bx + 2]
    mov     ah, al                  ; rotate by hand: left by 3 is right by 5
    shl     al, 3
    shr     ah, 5
    or      al, ah
    xor     al, bl
    mov     [es:bx + 2], al
    test    bx, bx
    jnz     transform

send:
    mov     dx, 0x3fd
    in      al, dx
    bt      ax, 5
    jnc     send
    mov     dl, 0xf8                ; 3f8
    mov     al, [es:bx + 2]
    out     dx, al
    inc     bx
    cmp     bx, [es:0]
    jb      send

    mov     ax, bx
    out     0xf4, al
    cli
    hlt

    times   510 - ($ - $$) db 0
    dw      0xaa55
