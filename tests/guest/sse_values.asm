; format: elf32
; SSE to SSE4.2 on special values: MIN and MAX with NaN and zeros, compares, conversions that do not fit,
; rounding by MXCSR and by ROUNDSD, saturation, shuffles, string compares (SDM vol. 1, 4.8; vol. 2).
; MXCSR's flags are not printed: the core does not set all of them.

%include "long.inc"


; op "name", INSTRUCTION on XMM0 with XMM1; XMM0 afterwards
%macro op 2+
    movdqa  xmm0, [first]
    movdqa  xmm1, [second]
    %2
    movdqa  [result], xmm0
    show    16, %1, [result + 8], " ", [result]
%endmacro

; operands A, B: both vectors
%macro operands 2
    movdqa  xmm0, [%1]
    movdqa  [first], xmm0
    movdqa  xmm0, [%2]
    movdqa  [second], xmm0
%endmacro

main:
    call    singles
    call    doubles
    call    conversions
    call    rounding
    call    integers
    call    sse4
    call    strings
    leave_with 0x7d

singles:
    operands mixed, other
    op      "minps ", minps xmm0, xmm1
    op      "maxps ", maxps xmm0, xmm1
    op      "minps, the other way ", minps xmm1, xmm0
    op      "addps ", addps xmm0, xmm1
    op      "mulps ", mulps xmm0, xmm1
    op      "divps ", divps xmm0, xmm1
    op      "sqrtps ", sqrtps xmm0, xmm1
    op      "cmpeqps ", cmpeqps xmm0, xmm1
    op      "cmpltps ", cmpltps xmm0, xmm1
    op      "cmpunordps ", cmpunordps xmm0, xmm1
    op      "cmpneqps ", cmpneqps xmm0, xmm1
    op      "cmpnleps ", cmpnleps xmm0, xmm1
    op      "haddps ", haddps xmm0, xmm1
    op      "addsubps ", addsubps xmm0, xmm1
    op      "unpckhps ", unpckhps xmm0, xmm1
    op      "shufps ", shufps xmm0, xmm1, 0x1b
    op      "movmskps ", call mask
    ret

mask:
    movmskps eax, xmm0
    movd    xmm0, eax
    ret

%macro compared 3
    movsd   xmm0, [%2]
    movsd   xmm1, [%3]
    comisd  xmm0, xmm1
    pushf
    pop     rax
    ucomisd xmm1, xmm0
    pushf
    pop     rcx
    and     eax, 0x8d5
    and     ecx, 0x8d5
    show    4, %1, rax, " ", rcx
%endmacro

doubles:
    compared "comisd 1, 2: ", one, two
    compared "comisd 0, -0: ", zero, minus_zero
    compared "comisd nan: ", nan, one
    operands pair_a, pair_b
    op      "addpd ", addpd xmm0, xmm1
    op      "subpd ", subpd xmm0, xmm1
    op      "divpd ", divpd xmm0, xmm1
    op      "maxpd ", maxpd xmm0, xmm1
    op      "sqrtsd ", sqrtsd xmm0, xmm1
    op      "cmpordsd ", cmpordsd xmm0, xmm1
    op      "movddup ", movddup xmm0, xmm1
    ret

%macro number 3                     ; name, instruction, operand
    mov     rax, -1
    %2      rax, [%3]
    mov     rbx, rax
    mov     rax, -1
    %2      eax, [%3]
    show    16, %1, rbx, " ", rax
%endmacro

conversions:
    number  "cvtsd2si 2.5 ", cvtsd2si, half5
    number  "cvttsd2si -2.5 ", cvttsd2si, minus_half5
    number  "cvtsd2si nan ", cvtsd2si, nan
    number  "cvtsd2si 1e18 ", cvtsd2si, large
    number  "cvttsd2si 1e300 ", cvttsd2si, huge
    operands pair_a, pair_b
    op      "cvtpd2ps ", cvtpd2ps xmm0, xmm1
    op      "cvtpd2dq ", cvtpd2dq xmm0, xmm1
    operands mixed, other
    op      "cvtps2dq ", cvtps2dq xmm0, xmm1
    op      "cvttps2dq ", cvttps2dq xmm0, xmm0
    op      "cvtps2pd ", cvtps2pd xmm0, xmm1
    op      "cvtdq2ps ", cvtdq2ps xmm0, xmm1
    mov     rax, 0x7fffffffffffffff
    cvtsi2sd xmm0, rax
    movq    rax, xmm0
    show    16, "cvtsi2sd ", rax
    mov     eax, -1
    cvtsi2ss xmm0, eax
    movd    eax, xmm0
    show    16, "cvtsi2ss ", rax
    ret

; The four directions, then by the instruction
rounding:
    mov     ebx, 0x1f80
.next:
    mov     [word_], ebx
    ldmxcsr [word_]
    cvtsd2si eax, [half5]
    cvtsd2si ecx, [minus_half5]
    movsd   xmm0, [one]
    divsd   xmm0, [three]
    movq    rdx, xmm0
    show    16, "rc: ", rax, " ", rcx, " ", rdx
    add     ebx, 0x2000
    cmp     ebx, 0x7f80
    jbe     .next
    mov     dword [word_], 0x1f80
    ldmxcsr [word_]
    operands minus_half5, half5
    op      "roundsd near ", roundsd xmm0, xmm1, 0
    op      "roundsd down ", roundsd xmm0, xmm0, 1
    op      "roundsd up ", roundsd xmm0, xmm0, 2
    op      "roundsd to 0 ", roundsd xmm0, xmm0, 3
    ret

integers:
    operands bytes_a, bytes_b
    op      "paddsb ", paddsb xmm0, xmm1
    op      "paddusw ", paddusw xmm0, xmm1
    op      "psubusb ", psubusb xmm0, xmm1
    op      "psubsw ", psubsw xmm0, xmm1
    op      "packsswb ", packsswb xmm0, xmm1
    op      "packuswb ", packuswb xmm0, xmm1
    op      "packssdw ", packssdw xmm0, xmm1
    op      "pmulhw ", pmulhw xmm0, xmm1
    op      "pmulhuw ", pmulhuw xmm0, xmm1
    op      "pmaddwd ", pmaddwd xmm0, xmm1
    op      "pmuludq ", pmuludq xmm0, xmm1
    op      "psadbw ", psadbw xmm0, xmm1
    op      "pavgb ", pavgb xmm0, xmm1
    op      "psrad 40 ", psrad xmm0, 40
    op      "psllq 64 ", psllq xmm0, 64
    op      "pslldq 3 ", pslldq xmm0, 3
    op      "psrldq 16 ", psrldq xmm0, 16
    op      "pshufd ", pshufd xmm0, xmm1, 0x4e
    op      "pshuflw ", pshuflw xmm0, xmm1, 0x1b
    op      "pshufb ", pshufb xmm0, xmm1
    op      "palignr ", palignr xmm0, xmm1, 5
    op      "psignb ", psignb xmm0, xmm1
    op      "pmulhrsw ", pmulhrsw xmm0, xmm1
    op      "phaddsw ", phaddsw xmm0, xmm1
    op      "pabsb ", pabsb xmm0, xmm1
    ret

sse4:
    op      "pmulld ", pmulld xmm0, xmm1
    op      "pminsd ", pminsd xmm0, xmm1
    op      "pmovsxbd ", pmovsxbd xmm0, xmm1
    op      "pmovzxwq ", pmovzxwq xmm0, xmm1
    op      "phminposuw ", phminposuw xmm0, xmm1
    op      "mpsadbw ", mpsadbw xmm0, xmm1, 5
    op      "pcmpgtq ", pcmpgtq xmm0, xmm1
    op      "packusdw ", packusdw xmm0, xmm1
    op      "insertps ", insertps xmm0, xmm1, 0x92
    op      "blendps ", blendps xmm0, xmm1, 5
    op      "dpps ", call dot
    movdqa  xmm0, [bytes_a]
    pextrb  eax, xmm0, 15
    pextrq  rcx, xmm0, 1
    pinsrd  xmm0, eax, 2
    movdqa  [result], xmm0
    show    16, "pextr ", rax, " ", rcx, " pinsrd ", [result + 8]
    movdqa  xmm0, [bytes_a]
    ptest   xmm0, [bytes_b]
    pushf
    pop     rax
    and     eax, 0x8d5
    show    4, "ptest ", rax
    ret

dot:
    movaps  xmm0, [ones]
    dpps    xmm0, [ones], 0x71
    ret

%macro found 2                      ; name, control
    movdqa  xmm0, [needle]
    pcmpistri xmm0, [hay], %2
    pushf
    pop     rax
    and     eax, 0x8d5
    show    4, %1, rcx, " flags ", rax
%endmacro

strings:
    xor     ecx, ecx
    found   "any of ", 0x00
    found   "ranges ", 0x04
    found   "equal each ", 0x08
    found   "ordered ", 0x0c
    found   "not any, last ", 0x50
    movdqa  xmm1, [needle]
    pcmpistrm xmm1, [hay], 0x40
    movdqa  [result], xmm0
    show    16, "mask ", [result + 8], " ", [result]
    mov     eax, 3
    mov     edx, 9
    movdqa  xmm1, [needle]
    pcmpestri xmm1, [hay], 0x0c
    show    4, "explicit ", rcx
    ret

section .data
align 16
mixed:  dd 0x7fc00001, 0x80000000, 0x7f800000, 0xc0400000   ; nan, -0, inf, -3
other:  dd 0x3f800000, 0x00000000, 0x7f800000, 0x4f800000   ; 1, 0, inf, 2^32
ones:   dd 0x3f800000, 0x40000000, 0x40400000, 0x40800000
pair_a: dq 0x7ff8000000000042, 1.0e308
pair_b: dq -1.0, -1.0e308
bytes_a: dq 0x807f00ff01fe7f80, 0x123480007fff8001
bytes_b: dq 0x8001ff0180027f7f, 0xffff7fff80000102
needle: db "lo w", 0, "xyzabcdefgh"
hay:    db "hello world", 0, "!!!!"
half5:  dq 2.5, 0
minus_half5: dq -2.5, 0
one:    dq 1.0
two:    dq 2.0
three:  dq 3.0
zero:   dq 0.0
minus_zero: dq -0.0
nan:    dq 0x7ff8000000000000
large:  dq 1.0e18
huge:   dq 1.0e300

section .bss
word_:  resd    1
section .bss.vectors nobits align=16
first:  resb    16
second: resb    16
result: resb    16
