; format: elf32
; x87: the exception flags and the masked answers (SDM vol. 1, 8.5): invalid operations, overflow and
; underflow, integers that do not fit, NaNs of both kinds, formats that are not supported; the condition
; codes of FPREM.

%include "prot.inc"
%include "paging.inc"

%macro status 1
    fnstsw  ax
    movzx   eax, ax
    and     eax, ~0x3820            ; TOP, PE
    show    4, %1, eax
%endmacro

; The top of the stack as ten bytes, popped
%macro top 0
    fstp    tword [area]
    movzx   eax, word [area + 8]
    show    8, "= ", eax, " ", [area + 4], " ", [area]
    fninit
%endmacro

%macro compared 2                   ; name, the other
    print   %1, 10
    fld     qword [%2]
    fld1
    fcom    st1
    status  "fcom "
    fnclex
    fucom   st1
    status  "fucom "
    fnclex
    fcomi   st1
    status  "fcomi "
    fnclex
    fucomi  st1
    status  "fucomi "
    fninit
%endmacro

main:
    cr_set  cr0, 0x22               ; MP, NE
    cr_clear cr0, 0x0c
    fninit
    fldz
    fdiv    qword [zero]
    status  "0 / 0 "
    top
    fld     qword [infinity]
    fsub    qword [infinity]
    status  "inf - inf "
    top
    fld     qword [infinity]
    fmul    qword [zero]
    status  "inf * 0 "
    top
    fld1
    fchs
    fsqrt
    status  "sqrt -1 "
    top
    fld     qword [signal]
    status  "load snan "
    top
    fld     tword [signal80]
    status  "load snan, 80 bits "
    fadd    qword [zero]
    status  "+ 0 "
    top
    fld     tword [unnormal]
    fxam
    status  "unsupported, fxam "
    fadd    qword [zero]
    status  "+ 0 "
    top
    compared "qnan", quiet
    compared "snan", signal
    fld1
    ftst
    status  "ftst "
    fninit
    fld     qword [quiet]
    ftst
    status  "ftst qnan "
    fistp   dword [area]
    status  "qnan to int "
    fninit
    fld     qword [quiet]
    fadd    qword [zero]
    status  "qnan + 0 "
    top
    fld     tword [huge]
    fmul    st0
    status  "huge * huge "
    top
    fld     tword [tiny]
    fmul    st0
    status  "tiny * tiny "
    top
    fld     tword [huge]
    fstp    qword [area]
    status  "huge to double "
    fninit
    fld     qword [large]
    fist    dword [area]
    status  "1e18 to int32 "
    fnclex
    fist    word [area]
    status  "1e18 to int16 "
    fninit
    fld     qword [three]
    fld     qword [large]
    fprem
    status  "1e18 fprem 3 "
    top
    leave_with 0x6c

section .data
align 8
zero:   dq 0.0
infinity: dq 0x7ff0000000000000
quiet:  dq 0x7ff8000000000123
signal: dq 0x7ff0000000000123
signal80: dq 0x8000000000000123
    dw      0x7fff
unnormal: dq 1
    dw      0x4000

huge:   dq 0x8000000000000000
    dw      0x7ffe
tiny:   dq 0x8000000000000000
    dw      0x0001
large:  dq 1.0e18
three:  dq 3.0

section .bss
area:   resb    128
