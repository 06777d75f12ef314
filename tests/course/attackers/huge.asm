; A gigabyte of zeros.
    bits    16
    times   1000000000 db 0
    dw      0xaa55
