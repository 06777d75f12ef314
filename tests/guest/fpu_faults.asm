; format: elf32
; #NM, #MF and #XM (SDM vol. 1, 8.7, 11.5.1; vol. 3, 2.5, table 10-3): EM, MP and TS against x87, WAIT,
; MMX and SSE; unmasked x87 exceptions at the next waiting instruction; SSE exceptions by
; CR4.OSXMMEXCPT; OSFXSR.

%include "prot.inc"

%define MP 2
%define EM 4
%define TS 8
%define NE 0x20

main:
    mov     eax, cr0
    and     eax, ~(MP | EM | TS)
    or      eax, NE
    mov     [cr0_base], eax
    call    matrix
    call    pending
    call    sse
    leave_with 0x0c

%macro with_cr0 1
    mov     eax, [cr0_base]
    or      eax, %1
    mov     cr0, eax
%endmacro

%macro row 2
    with_cr0 %2
    try     {%1, ": fld1"}, fld1
    try     {%1, ": wait"}, wait
    try     {%1, ": fnstsw"}, fnstsw ax
    try     {%1, ": fnclex"}, fnclex
    try     {%1, ": movd mmx"}, movd mm0, ecx
    try     {%1, ": emms"}, emms
    try     {%1, ": movaps"}, movaps xmm0, xmm1
    try     {%1, ": ldmxcsr"}, ldmxcsr [mxcsr]
    try     {%1, ": fxsave"}, fxsave [image]
    try     {%1, ": prefetch"}, prefetchnta [image]
    try     {%1, ": sfence"}, sfence
    try     {%1, ": movnti"}, movnti [image], ecx
    try     {%1, ": popcnt"}, popcnt ecx, ecx
    clts
%endmacro

matrix:
    with_cr0 0
    fninit
    mov     eax, cr4
    or      eax, 0x600              ; OSFXSR, OSXMMEXCPT
    mov     cr4, eax
    row     "none", 0
    row     "ts", TS
    row     "mp", MP
    row     "mp ts", MP | TS
    row     "em", EM
    row     "em ts mp", EM | MP | TS
    with_cr0 0
    ret

; x87 exceptions wait for the next instruction that looks.
%macro divide_x87 0
    fninit
    fldcw   [unmasked]
    fld1
    fldz
    fdivp   st1, st0
%endmacro

pending:
    divide_x87
    try     "pending: fnop", fnop
    divide_x87
    try     "pending: wait", wait
    divide_x87
    try     "pending: fnstsw", fnstsw ax
    and     eax, 0x80ff
    print   "  status "
    hex16   eax
    print   10
    divide_x87
    try     "pending: fnclex", fnclex
    try     "cleared: fnop", fnop
    divide_x87
    try     "pending: fninit", fninit
    divide_x87
    try     "pending: emms", emms
    divide_x87
    try     "pending: movaps", movaps xmm0, xmm1
    divide_x87
    try     "pending: fld of no memory", fld dword [-4]
    fninit
    with_cr0 TS
    try     "ts over all", fnop
    clts
    fninit
    fldcw   [unmasked]
    try     "stack underflow", fstp st0
    try     "  at fnop", fnop
    fninit
    fldcw   [unmasked]
    fld1
    fchs
    try     "root of -1", fsqrt
    try     "  at fnop", fnop
    fninit
    ret

sse:
    ldmxcsr [mxcsr_unmasked]
    xorps   xmm0, xmm0
    movss   xmm1, [one]
    try     "divss by 0", divss xmm1, xmm0
    stmxcsr [mxcsr_now]
    print   "  mxcsr "
    hex16   [mxcsr_now]
    print   10
    ldmxcsr [mxcsr_unmasked]
    try     "0 / 0", divss xmm0, xmm0
    mov     eax, cr4
    and     eax, ~0x400
    mov     cr4, eax
    movss   xmm1, [one]
    try     "no OSXMMEXCPT", divss xmm1, xmm0
    mov     eax, cr4
    and     eax, ~0x200
    mov     cr4, eax
    try     "no OSFXSR: movaps", movaps xmm0, xmm1
    try     "no OSFXSR: ldmxcsr", ldmxcsr [mxcsr]
    try     "no OSFXSR: fxsave", fxsave [image]
    try     "no OSFXSR: movd mmx", movd mm0, ecx
    mov     eax, cr4
    or      eax, 0x600
    mov     cr4, eax
    try     "ldmxcsr, reserved bit", ldmxcsr [mxcsr_bad]
    try     "movaps + 4", movaps xmm0, [image + 4]
    try     "movups + 4", movups xmm0, [image + 4]
    try     "fxsave + 8", fxsave [image + 8]
    ret

section .data.image progbits alloc write align=16
image:  times 528 db 0

section .data
align 4
cr0_base: dd 0
mxcsr:  dd 0x1f80
mxcsr_unmasked: dd 0
mxcsr_bad: dd 0x10000
mxcsr_now: dd 0
one:    dd 1.0
unmasked: dw 0x0340
