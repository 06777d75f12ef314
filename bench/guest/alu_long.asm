; format: bin
; A loop of 62 instructions without memory in one basic block, RDI rounds: the cost of the
; instructions themselves shows. 64-bit code for any address; it runs on behind its end.
    bits    64
round:
%rep 12
    add     rax, rbx
    xor     rdx, rax
    lea     rcx, [rcx + rax + 1]
    rol     rdx, 7
    sub     rbx, rcx
%endrep
    dec     rdi
    jnz     round
