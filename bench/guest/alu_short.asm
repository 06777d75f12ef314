; format: bin
; A loop of six instructions without memory, RDI rounds: the cost of entering a basic block shows.
; 64-bit code for any address; it runs on into whatever comes behind it.
    bits    64
round:
    add     rax, rbx
    xor     rdx, rax
    lea     rcx, [rcx + rax + 1]
    rol     rdx, 7
    dec     rdi
    jnz     round
