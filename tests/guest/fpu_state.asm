; format: elf32
; x87 and SSE state: FXSAVE and FXRSTOR in both layouts of long mode, FSAVE and FRSTOR, and that the state outlives CPUID, port accesses, #PF, #UD, INT and CR writes (SDM vol. 1, 8.1,
; 10.5; vol. 2, FXSAVE).
; Not here, because QEMU's TCG lets them pass: reserved bits of MXCSR, which are #GP.

%include "long.inc"
%include "paging.inc"

main:
    call    fill
    call    image
    call    restore
    call    mxcsr
    call    survives
    call    old_image
    leave_with 0x69

; ST0 = pi, ST1 = 1, ST2 = 0, the others empty; XMM n = n in each byte; other control words.
fill:
    fninit
    fldz
    fld1
    fldpi
    fldcw   [control]
    ldmxcsr [control_sse]
    mov     rax, 0x0101010101010101
    xor     ecx, ecx
%assign n 0
%rep 16
    mov     rdx, rax
    imul    rdx, rcx
    movq    xmm %+ n, rdx
    punpcklqdq xmm %+ n, xmm %+ n
    inc     ecx
  %assign n n + 1
%endrep
    ret

; TOP is 5: FTW has bits 7, 6 and 5.
image:
    mov     edi, area
    mov     ecx, 64
    mov     rax, 0x7777777777777777
    rep     stosq
    fxsave64 [area]
    call    show_image
    fninit
    mov     edi, area
    mov     ecx, 64
    rep     stosq
    fxsave  [area]
    call    show_image
    ret

show_image:
    show    16, "words ", [area]
    show    16, "mxcsr ", [area + 24]
    show    16, "st0 ", [area + 32], " ", [area + 40]
    show    16, "st1 ", [area + 48], " ", [area + 56]
    show    16, "st7 ", [area + 144], " ", [area + 152]
    show    16, "xmm1 ", [area + 176], " xmm15 ", [area + 400], " ", [area + 408]
    show    16, "behind ", [area + 464], " ", [area + 504]
    ret

restore:
    call    fill
    fxsave64 [area]
    fninit
    mov     dword [word_], 0x1f80
    ldmxcsr [word_]
    pxor    xmm1, xmm1
    pxor    xmm15, xmm15
    fxrstor64 [area]
    fnstcw  [word_]
    fnstsw  ax
    mov     rcx, [word_]
    and     ecx, 0xffff
    stmxcsr [word_]
    mov     edx, [word_]
    show    4, "restored: fcw ", rcx, " fsw ", rax, " mxcsr ", rdx
    movq    rax, xmm1
    movhlps xmm15, xmm15
    movq    rcx, xmm15
    show    16, "xmm1 ", rax, " xmm15 ", rcx
    fstp    qword [area2]
    fstp    qword [area2 + 8]
    fstp    qword [area2 + 16]
    show    16, "st ", [area2], " ", [area2 + 8], " ", [area2 + 16]
    fnstsw  ax
    and     eax, 0xffdf             ; the inexact flag is not set everywhere
    show    4, "fsw ", rax
    mov     byte [area + 4], 0x0f   ; FTW: 3 to 0 are valid; TOP stays 5
    fxrstor64 [area]
    fxam                            ; ST0 is register 5: empty
    fnstsw  ax
    and     eax, 0x4500
    show    4, "empty: ", rax
    fninit
    ret

mxcsr:
    mov     dword [word_], 0x9f80
    try     "ldmxcsr, FTZ", ldmxcsr [word_]
    stmxcsr [word_]
    mov     eax, [word_]
    show    8, "mxcsr ", rax
    fxsave64 [area]
    mov     eax, [area + 28]        ; MXCSR_MASK: those bits at least
    and     eax, 0xffbf
    show    8, "mask ", rax
    ret

%macro many 0
    xor     eax, eax
    cpuid
    in      al, 0x80
    mov     rax, cr3
    mov     cr3, rax
    mov     rax, cr4
    mov     cr4, rax
    mov     ecx, EFER
    rdmsr
    wrmsr
    mov     dx, DEBUG_PORT
    mov     al, '.'
    out     dx, al
%endmacro

survives:
    mov     edi, area
    mov     ecx, 1024 / 8
    xor     eax, eax
    rep     stosq
    call    fill
    fxsave64 [area]
    many
    try     " #UD", ud2
    mov     edi, 0x40000000
    try     "#PF", mov al, [rdi]
    try     "int3", int3
    try     "#PF of SSE", movups xmm3, [rdi]
    try     "#PF of x87", fld qword [rdi]
    fxsave64 [area2]
    mov     eax, [area]
    xor     eax, [area2]
    mov     esi, area + 24          ; behind FOP, FIP, FDP: the last instruction is another
    mov     edi, area2 + 24
    mov     ecx, 416 - 24
    xor     edx, edx                ; ZF
    repe    cmpsb
    setne   dl
    show    8, "fcw and fsw differ by ", rax, ", the others ", rdx
    ret

old_image:
    call    fill
    fnsave  [area]                  ; 16-bit words in 32-bit places; ends with FNINIT
    mov     rax, [area]
    mov     ecx, [area + 8]
    show    16, "fnsave ", rax, " tags ", rcx
    show    16, "st0 ", [area + 28]
    fnstcw  [word_]
    mov     rax, [word_]
    and     eax, 0xffff
    show    4, "fcw after ", rax
    frstor  [area]
    fnstcw  [word_]
    mov     rax, [word_]
    and     eax, 0xffff
    fnstsw  [word_]
    mov     rcx, [word_]
    and     ecx, 0xffff
    show    4, "frstor: fcw ", rax, " fsw ", rcx
    fnstenv [area]
    mov     ecx, [area + 8]
    show    4, "tags ", rcx
    fnstcw  [word_]
    mov     rax, [word_]
    and     eax, 0x3f
    show    4, "fnstenv masks all: ", rax
    fninit
    ret

section .data
align 4
control: dw 0x0f7f, 0
control_sse: dd 0x3f80

section .bss
word_:  resq    1

section .bss.fpu nobits align=64
area:   resb    512
area2:  resb    512
