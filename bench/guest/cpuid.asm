; format: bin
; RDI times CPUID, each of which leaves the guest. 64-bit code for any address; it runs on behind
; its end.
    bits    64
round:
    xor     eax, eax
    cpuid
    dec     rdi
    jnz     round
