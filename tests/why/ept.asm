; format: bin
; Touches four pages in real mode, for runs in which one of them may not be: 9000h is read, a000h is
; written, b000h is executed, and c000h holds the stack of an event.

    bits    16
    org     0x7c00

    xor     ax, ax
    mov     ds, ax
    mov     ss, ax
    mov     sp, 0xcffe
    mov     byte [0xb000], 0xc3     ; ret
    mov     word [0x80 * 4], 0xb000
    mov     word [0x80 * 4 + 2], ax
    mov     ax, [0x9010]
    mov     [0xa020], ax
    mov     sp, 0x7c00
    mov     ax, 0xb000
    call    ax
    mov     sp, 0xcffe
    int     0x80
    hlt
