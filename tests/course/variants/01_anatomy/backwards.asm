; rejected-by: order
; The right bytes, from the last to the first.
    bits    16
    org     0x7c00

    xor     ax, ax
    mov     ds, ax                  ; nobody promised what DS holds
    mov     ss, ax
    mov     sp, 0x7c00
    cld

    mov     cx, [0x500]
    mov     si, 0x501
    add     si, cx
    mov     bl, cl
    dec     bl
next:
    std
    lodsb
    rol     al, 3
    xor     al, bl
    call    send
    dec     bl
    loop    next

    mov     al, [0x500]             ; n fits a byte
    out     0xf4, al
stay:
    hlt
    jmp     stay

; Send AL when the UART is ready for it. Clobbers AH and DX.
send:
    mov     ah, al
    mov     dx, 0x3fd
.wait:
    in      al, dx
    test    al, 0x20                ; transmit holding register empty
    jz      .wait
    mov     al, ah
    mov     dx, 0x3f8
    out     dx, al
    ret

    times   510 - ($ - $$) db 0
    dw      0xaa55
