; format: bin
; Leaves the guest without end, by CPUID and by OUT in turn. 16-bit code for any address.
    bits    16
round:
    xor     eax, eax
    cpuid
    out     0x80, al
    jmp     round
