; format: bin
; Reads a word at each of R8 bytes from R9 on, RSI bytes apart, RDI rounds: what the TLB misses shows.
; 64-bit code for any address; it runs on into whatever comes behind it.
    bits    64
round:
    mov     rcx, r9
    lea     rbx, [r9 + r8]
next:
    add     rdx, [rcx]
    add     rcx, rsi
    cmp     rcx, rbx
    jb      next
    dec     rdi
    jnz     round
