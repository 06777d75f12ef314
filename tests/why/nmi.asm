; format: bin
; A handler of NMIs that takes its time: one that comes meanwhile waits for its IRET.

    bits    16
    org     0x7c00

    cli
    xor     ax, ax
    mov     ds, ax
    mov     ss, ax
    mov     sp, 0x7c00
    mov     word [2 * 4], handler
    mov     word [2 * 4 + 2], 0
.wait:
    cmp     word [count], 2
    jne     .wait
    out     0xf4, al

handler:
    mov     cx, 100
    loop    $
    inc     word [count]
    iret

count:  dw      0
