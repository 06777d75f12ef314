; format: elf32
; Real-mode edges in 16-bit code: relative jumps that wrap at 64 KiB, PUSH SP, a stack that wraps, INT and
; IRET on it, string addresses that wrap, operands and addresses of 32 bits, the frame of #DE, #UD, #BP,
; #BR and INTO, far pointers, the vector table moved by LIDT (SDM vol. 3, 21.1).
;
; Runs from a copy at LOW, where every offset fits 16 bits.

%include "prot.inc"

%define LOW 0x8000
%define LOW_STACK 0x7c00
%define DATA 0x6000                 ; words for results

%define low(label) (LOW + (label) - low_start)

main:
    mov     esi, low_start
    mov     edi, LOW
    mov     ecx, low_end - low_start
    rep     movsb
    jmp     SEL_CODE16:low(leave_protected)

low_start:
    bits    16

; A far jump loads CS, then the segments get limits of 64 KiB.
leave_protected:
    mov     ax, SEL_DATA16
    mov     ds, ax
    mov     es, ax
    mov     fs, ax
    mov     ss, ax
    lidt    [low(vectors)]
    mov     eax, cr0
    and     al, 0xfe
    mov     cr0, eax
    jmp     0:low(real)

real:
    xor     ax, ax
    mov     ds, ax
    mov     es, ax
    mov     fs, ax
    mov     ss, ax
    mov     sp, LOW_STACK
    call    make_vectors
    call    jumps
    call    stack
    call    faults
    call    wide
    call    strings
    call    pointers
    call    moved
    leave_with 0x4a

make_vectors:
    xor     di, di
    mov     ax, low(stubs)
    mov     cx, 32
.next:
    mov     [di], ax
    mov     word [di + 2], 0
    add     di, 4
    add     ax, 4
    loop    .next
    mov     word [0x40 * 4], low(on_int)
    mov     word [0x40 * 4 + 2], 0
    ret

stubs:
%assign vector 0
%rep 32
    push    byte vector
    jmp     short caught16
  %assign vector vector + 1
%endrep

; Prints vector, and IP from what BX has, and goes on at DX.
caught16:
    push    bp
    mov     bp, sp
    mov     eax, [bp + 2]
    print   "#"
    hex8    eax
    mov     eax, [bp + 4]
    sub     ax, bx
    print   " at +"
    hex8    eax
    mov     eax, [bp + 8]
    and     eax, 0x0cd5
    print   " flags "
    hex16   eax
    print   10
    mov     [bp + 4], dx
    pop     bp
    add     sp, 2
    iret

; try16 INSTRUCTION
%macro try16 1+
    mov     bx, low(%%at)
    mov     dx, low(%%next)
%%at:
    %1
%%next:
%endmacro

; Code at the end of segment 1000 and at its start; no instruction lies across.
jumps:
    mov     ax, 0x1000
    mov     es, ax
    mov     word [es:0xfff0], 0x10eb        ; jmp short: fff2 + 10 = 0002
    mov     byte [es:0x0002], 0xe8          ; call near fff8: 0005 - d
    mov     word [es:0x0003], 0xfff3
    mov     byte [es:0x0005], 0xcb          ; retf
    mov     word [es:0xfff8], 0xc340        ; inc ax; ret
    mov     ax, 0x10
    call    0x1000:0xfff0
    show    4, "jumps round the end: ", eax
    xor     ax, ax
    mov     es, ax
    ret

stack:
    mov     bp, sp
    xor     di, di
    mov     sp, 0x5000
    push    sp
    pop     ax
    mov     cx, sp
    mov     sp, bp
    show    4, "push sp ", eax, " sp ", ecx
    xor     ebx, ebx
    mov     sp, 0                   ; below 0 comes fffe
    push    word 0x1234
    mov     cx, sp
    push    dword 0x56789abc
    mov     dx, sp
    pop     eax
    pop     bx
    mov     si, sp
    mov     sp, bp
    show    8, "wrap: ", ecx, " ", edx, " ", eax, " ", ebx, " ", esi
    mov     ax, 0x2000              ; not over the vectors
    mov     ss, ax
    mov     sp, 4                   ; two words above, one below
    int     0x40
    mov     cx, sp
    mov     ss, di
    mov     sp, bp
    show    4, "int on the wrap: sp ", ecx, " inside ", [DATA]
    mov     sp, 0x5000
    pusha
    mov     ax, [0x5000 - 10]       ; the SP that was pushed
    popa
    mov     cx, sp
    mov     sp, bp
    movzx   eax, word [0x5000 - 10]
    show    4, "pusha: pushed sp ", eax, " sp ", ecx
    mov     esp, 0x00015000         ; SS has 16 bits: the upper half stays
    push    ax
    mov     ecx, esp
    movzx   esp, bp
    show    8, "esp ", ecx
    ret

on_int:
    mov     [DATA], sp
    mov     word [DATA + 2], 0
    iret

faults:
    xor     ax, ax
    mov     cx, 0
    push    word 2
    popf
    try16   div cx
    mov     ax, 0x8000
    mov     cl, -1
    push    word 2
    popf
    try16   idiv cl
    try16   ud2
    try16   int3
    mov     al, 0x7f
    inc     al
    try16   into
    mov     word [DATA], 1
    mov     word [DATA + 2], 5
    mov     ax, 6
    push    word 2
    popf
    try16   bound ax, [DATA]
    mov     ax, 5
    try16   bound ax, [DATA]
    push    word 2
    popf
    try16   mov eax, cr1
    try16   lldt ax
    try16   ltr ax
    try16   lar ax, ax
    try16   verr ax
    try16   sldt ax
    try16   arpl ax, ax
    push    word 0x0cd7
    popf
    try16   int 6
    cld
    ret

wide:
    mov     ebx, 0x5000
    mov     ecx, 4
    mov     dword [ebx + ecx * 4], 0xcafe1234
    mov     eax, [0x5010]
    show    8, "32-bit address ", eax
    call    dword .far32
    jmp     .behind
.far32:
    o32 ret
.behind:
    mov     eax, 0x12345678
    push    eax
    pop     cx
    pop     dx
    show    4, "push eax ", ecx, " ", edx
    o32 pushf
    pop     ax
    pop     cx
    and     ecx, 0xffff
    show    4, "pushfd, upper half ", ecx
    mov     eax, 0xffffffff
    mov     ax, 1
    cwde
    show    8, "cwde ", eax
    mov     ecx, 0x10002
    xor     eax, eax
.loop:
    inc     eax
    loop    .loop
    show    8, "loop ", ecx, " ", eax
    mov     eax, cr0
    and     eax, 1
    show    2, "pe ", eax
    smsw    ax
    and     eax, 1
    show    2, "smsw ", eax
    ret

strings:
    mov     ax, 0x1000
    mov     es, ax
    mov     di, 0xfffd
    mov     cx, 6
    mov     al, 0x5a
    rep     stosb
    movzx   eax, byte [es:0xffff]
    movzx   ebx, byte [es:2]
    movzx   ecx, byte [es:3]
    movzx   edi, di
    show    4, "stosb round the end: ", edi, " ", eax, " ", ebx
    xor     ax, ax
    mov     es, ax
    ret

pointers:
    mov     word [DATA - 2], 0
    mov     dword [DATA], 0x12345678
    les     di, [DATA]
    mov     ax, es
    show    4, "les ", eax, " ", edi
    o32 lfs edi, [DATA - 2]
    mov     ax, fs
    show    8, "lfs edi ", edi
    mov     ax, 0xffff              ; A20 is open: 10fff0
    mov     es, ax
    mov     dword [es:0x1000], 0x13572468
    mov     eax, [es:0x1000]
    show    8, "ffff:1000 ", eax
    mov     word [DATA], low(.target)
    mov     word [DATA + 2], 0
    call    far [DATA]
    xor     ax, ax
    mov     es, ax
    mov     fs, ax
    push    word 0x11               ; RETF 2 takes it away
    push    word 0
    push    word low(.behind)
    retf    2
.target:
    print   "far call", 10
    retf
.behind:
    ret

; The table at 4000: another handler
moved:
    pop     bp
    mov     word [0x4000 + 0x40 * 4], low(.here)
    mov     word [0x4000 + 0x40 * 4 + 2], 0
    lidt    [low(vectors_moved)]
    int     0x40
    lidt    [low(vectors)]
    int     0x40
    push    bp
    ret
.here:
    print   "moved", 10
    iret

    report_routines

vectors: dw     0x3ff
    dd      0
vectors_moved: dw 0x3ff
    dd      0x4000
low_end:
    bits    32
