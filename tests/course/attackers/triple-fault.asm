; Shuts the machine down: no interrupt table, then an exception in protected mode.
    bits    16
    org     0x7c00
    xor     ax, ax
    mov     ds, ax
    lidt    [none]
    mov     eax, cr0
    or      al, 1
    mov     cr0, eax
    ud2
none:
    dw      0
    dd      0
    times   510 - ($ - $$) db 0
    dw      0xaa55
