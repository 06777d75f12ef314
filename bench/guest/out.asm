; format: bin
; RDI times OUT to a port where nothing is. 64-bit code for any address; it runs on behind its end.
    bits    64
round:
    xor     eax, eax
    out     0x80, al
    dec     rdi
    jnz     round
