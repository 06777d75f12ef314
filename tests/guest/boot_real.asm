; format: bin
; Real mode from a boot sector: INT and IRET, the vectors 0, 1, 3, 4 and 6, string instructions.
; Each test prints a letter and what it saw; the expected text is in boot_real.expected.

%include "report.inc"
%include "real.inc"

    xor     ecx, ecx                ; its upper half comes into addresses below
    mov     cx, 8                   ; vectors 0 to 7 to handlers of 4 bytes each
    xor     di, di
    mov     ax, handlers
.fill:
    stosw
    mov     word [di], 0
    add     di, 2
    add     ax, 4
    loop    .fill

    ; A: divide error is a fault in real mode too: IP of the DIV itself.
    mov     si, .a
    xor     bl, bl
.a: div     bl
    call    tell

    ; B: #UD
    mov     si, .b
.b: ud2
    call    tell

    ; C: INT 3 is a trap: IP behind it.
    mov     si, .c
.c: int3
    nop
    call    tell

    ; D: INTO with OF set
    mov     si, .d
    mov     al, 0x7f
    inc     al
.d: into
    nop
    call    tell

    ; E: INT n with flags: IF and TF are cleared inside, restored by IRET; CF is kept.
    mov     si, .e
    stc
    int     7
.e: nop
    setc    al
    add     al, '0'
    out     DEBUG_PORT, al
    call    tell

    ; F: single step: the trap comes behind the instruction that follows POPF.
    mov     si, .f
    pushf
    pop     ax
    or      ah, 1
    push    ax
    popf
.f: nop
    nop
    call    tell

    ; G: REP MOVSB backwards, SCASB, 32-bit operands and addresses in 16-bit code
    std
    mov     si, text_end - 1
    mov     di, 0x1000 + text_end - text - 1
    mov     cx, text_end - text
    rep     movsb
    cld
    mov     di, 0x1000
    mov     cx, 0xff
    mov     al, 'k'
    repne   scasb
    mov     ax, di
    call    put
    mov     ebx, 0x1000
    mov     eax, 0x12345678
    mov     [ebx + ecx * 2], eax
    mov     eax, [ebx + ecx * 2 - 2]
    shr     eax, 16
    call    put

    ; H: segment bases: the same byte through DS and through a far pointer in GS
    mov     ax, 0x00f0
    mov     ds, ax
    mov     ax, [0x1000 - 0xf00 + 12]
    lgs     bx, [cs:pointer]
    cmp     ax, [gs:bx]
    sete    bl
    xor     cx, cx
    mov     ds, cx
    call    put
    mov     al, bl
    call    put

    leave_with 0x15

; One handler a vector: which one it was, in AL of the frame's code.
handlers:
%assign vector 0
%rep 8
    mov     dl, vector
    jmp     short caught
  %assign vector vector + 1
%endrep

; Print vector, IP relative to SI, the flags IF and TF inside; step over faults.
caught:
    push    bp
    mov     bp, sp
    mov     al, dl
    or      al, '0'
    out     DEBUG_PORT, al
    mov     ax, [bp + 2]
    sub     ax, si
    add     al, '0'
    out     DEBUG_PORT, al
    pushf
    pop     ax
    shr     ah, 1
    and     ah, 1
    mov     al, ah
    add     al, '0'
    out     DEBUG_PORT, al
    and     byte [bp + 7], ~1       ; TF of the frame
    cmp     dl, 0
    je      .fault
    cmp     dl, 6
    jne     .done
.fault:
    add     word [bp + 2], 2        ; DIV BL and UD2 have two bytes
.done:
    pop     bp
    iret

; End of a test's line.
tell:
    mov     al, 10
    out     DEBUG_PORT, al
    ret

; Print AX as four hexadecimal digits and a line end.
put:
    mov     cx, 4
.next:
    rol     ax, 4
    push    ax
    and     al, 15
    cmp     al, 10
    sbb     al, 0x69
    das
    out     DEBUG_PORT, al
    pop     ax
    loop    .next
    jmp     tell

    report_routines

pointer: dw 0x000c, 0x0100
text: db "back in the backroom"
text_end:

    boot_end
