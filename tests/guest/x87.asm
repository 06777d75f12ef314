; format: elf32
; x87: the stack and its tags, conditions of FCOM, FXAM and FPREM, results at the ends of the range,
; conversions, rounding, an unmasked exception as #MF at the next waiting instruction with CR0.NE (SDM
; vol. 1, 8). Left out: overflow and underflow of the stack, and that an unmasked exception leaves the
; operands, which QEMU's TCG has not; the quotient bits of FPREM1, which it has wrong. The exception
; flags and FPREM are in x87_flags.

%include "prot.inc"
%include "paging.inc"

%macro status 1
    fnstsw  ax
    movzx   eax, ax
    and     eax, ~0x3b              ; of the exceptions ZE alone
    show    4, %1, eax
%endmacro

%macro tags 1
    fnstenv [area]
    movzx   eax, word [area + 8]
    show    4, %1, eax
    fldenv  [area]
%endmacro

; The top of the stack as ten bytes, popped
%macro top 1
    fstp    tword [area]
    movzx   eax, word [area + 8]
    show    8, %1, eax, " ", [area + 4], " ", [area]
%endmacro

main:
    cr_set  cr0, 0x22               ; MP, NE
    cr_clear cr0, 0x0c
    call    stack
    call    compare
    call    classes
    call    special
    call    conversions
    call    rounding
    call    remainder
    call    unmasked
    leave_with 0x6a

stack:
    fninit
    status  "fninit "
    tags    "tags "
    fld1
    fldz
    fld     dword [infinity]
    tags    "1, 0, inf: tags "
    status  "status "
    ffree   st1
    tags    "ffree st1: tags "
    fincstp
    fincstp
    fincstp
    fincstp
    fincstp
    fincstp
    fincstp
    fincstp
    status  "fincstp 8 times "
    fdecstp
    status  "fdecstp "
    fninit
    ret

%macro compared 3                   ; name, ST0, the other
    fninit
    fld     qword [%3]
    fld     qword [%2]
    fcom    st1
    fnstsw  ax
    and     eax, 0x4501
    mov     ebx, eax
    fnclex
    fucom   st1
    fnstsw  ax
    and     eax, 0x4501
    mov     ecx, eax
    fnclex
    xor     edx, edx
    fcomi   st1
    pushf
    pop     edx
    and     edx, 0x45
    show    4, %1, ebx, " ", ecx, " ", edx
%endmacro

compare:
    compared "1, 2: ", one, two
    compared "2, 1: ", two, one
    compared "1, 1: ", one, one
    compared "0, -0: ", zero, minus_zero
    compared "inf, inf: ", inf64, inf64
    fninit
    ret

%macro class 2
    fld     %2
    fxam
    fnstsw  ax
    and     eax, 0x4700
    show    4, %1, eax
    fstp    st0
%endmacro

classes:
    fninit
    class   "1 ", qword [one]
    class   "-0 ", qword [minus_zero]
    class   "inf ", qword [inf64]
    class   "nan ", qword [quiet]
    class   "denormal ", tword [denormal]
    fxam
    fnstsw  ax
    and     eax, 0x4500
    show    4, "empty ", eax
    ret

special:
    fninit
    fld1
    fdiv    qword [zero]
    status  "1 / 0 "
    top     "= "
    fninit
    fld     tword [huge]
    fmul    st0
    status  "huge * huge "
    top     "= "
    fninit
    fld     tword [tiny]
    fmul    st0
    status  "tiny * tiny "
    top     "= "
    fninit
    fldpi
    top     "pi "
    fldl2e
    top     "l2e "
    fldl2t
    top     "l2t "
    fldlg2
    top     "lg2 "
    fldln2
    top     "ln2 "
    fld     qword [two]
    fld     qword [three]
    fchs
    fabs
    fscale
    top     "3 * 2 ^ 2 "
    fninit
    ret

conversions:
    fninit
    fld     qword [large_]
    fistp   dword [area]
    status  "1e18 to int32 "
    show    8, "= ", [area]
    fnclex
    fld     qword [large_]
    fistp   qword [area]
    show    8, "1e18 to int64 ", [area + 4], " ", [area]
    fld     qword [quiet]
    fistp   word [area]
    status  "nan to int16 "
    movzx   eax, word [area]
    show    4, "= ", eax
    fnclex
    fld     qword [digits]
    fbstp   [area]
    movzx   eax, word [area + 8]
    show    8, "bcd ", eax, " ", [area + 4], " ", [area]
    fbld    [area]
    top     "back "
    fld     tword [huge]
    fstp    qword [area]
    status  "huge to double "
    show    8, "= ", [area + 4], " ", [area]
    fnclex
    fild    qword [int64]
    top     "fild "
    fninit
    ret

; 2.5 and -2.5 in the four directions
rounding:
    mov     ebx, 0x037f
.next:
    mov     [area], ebx
    fldcw   [area]
    fld     qword [half5]
    frndint
    fistp   dword [area + 4]
    fld     qword [half5]
    fchs
    fistp   dword [area + 8]
    fld     qword [half5]
    fisttp  dword [area + 12]
    show    8, "", [area + 4], " ", [area + 8], " ", [area + 12]
    add     ebx, 0x400
    cmp     ebx, 0x0f7f
    jbe     .next
    mov     dword [area], 0x007f    ; 24 bits of precision
    fldcw   [area]
    fld1
    fdiv    qword [three]
    top     "1 / 3, single "
    mov     dword [area], 0x027f
    fldcw   [area]
    fld1
    fdiv    qword [three]
    top     "1 / 3, double "
    fninit
    fld1
    fdiv    qword [three]
    top     "1 / 3, extended "
    ret

remainder:
    fninit
    fld     qword [three]
    fld     qword [half5]
    fprem1
    top     "fprem1 "
    fninit
    fld     qword [half5]
    fxtract
    top     "significand "
    top     "exponent "
    ret

; What is not masked waits for the next instruction that does.
unmasked:
    fninit
    mov     dword [area], 0x0340
    fldcw   [area]
    fld1
    try     "1 / 0 unmasked", fdiv qword [zero]
    try     "fnop waits", fnop
    try     "fnstsw does not", fnstsw ax
    and     eax, 0x80df
    show    4, "status ", eax
    try     "fwait", fwait
    fnclex
    try     "fwait after fnclex", fwait
    fninit
    cr_set  cr0, 0x08               ; TS
    try     "TS: fld1", fld1
    try     "TS, MP: fwait", fwait
    cr_clear cr0, 0x02
    try     "TS: fwait", fwait
    clts
    cr_set  cr0, 0x04               ; EM
    try     "EM: fld1", fld1
    try     "EM: fwait", fwait
    cr_clear cr0, 0x04
    cr_set  cr0, 0x02
    fninit
    ret

section .data
align 8
one:    dq 1.0
two:    dq 2.0
three:  dq 3.0
half5:  dq 2.5
zero:   dq 0.0
minus_zero: dq -0.0
minus_one: dq -1.0
large_: dq 1.0e18
digits: dq -123456789012345.0
inf64:  dq 0x7ff0000000000000
quiet:  dq 0x7ff8000000000123
int64:  dq 0x8000000000000001
infinity: dd 0x7f800000
denormal: dq 1
    dw      0
huge:   dq 0x8000000000000000
    dw      0x7ffe
tiny:   dq 0x8000000000000000
    dw      0x0001

section .bss
area:   resb    128
