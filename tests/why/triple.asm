; format: bin
; A triple fault: the interrupt table ends before its first entry, so neither INT3 nor what comes of it
; can be delivered.

    bits    16
    org     0x7c00

    lidt    [none]
    int3

none:   dw      0
        dd      0
