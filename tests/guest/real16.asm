; format: elf32
; Down and up again: from 32-bit protected mode into a 16-bit protected segment with 16-bit gates,
; into real mode with its own vector table, "unreal" mode with 4 GiB limits, and back.
;
; The 16-bit part runs from a copy at LOW, where every offset fits 16 bits.

%include "prot.inc"

%define LOW 0x8000
%define LOW_STACK 0x7c00
%define LOW_IDT 0x1000              ; 16-bit gates, 8 bytes each, vectors 0-31

%define low(label) (LOW + (label) - low_start)

main:
    mov     esi, low_start
    mov     edi, LOW
    mov     ecx, low_end - low_start
    rep     movsb
    mov     [low(saved_stack)], esp
    jmp     SEL_CODE16:low(segment16)

; Behind the way back: 32-bit code at its linked address
home:
    mov     esp, [low(saved_stack)]
    lidt    [idtr]
    print   "32-bit again", 10
    try     "ud2", ud2
    leave_with 0x16

low_start:
    bits    16

; 16-bit protected mode: offsets and pushes have 16 bits, gates too (SDM vol. 3, 22.3).
segment16:
    mov     ax, SEL_DATA16
    mov     ss, ax
    mov     ds, ax
    mov     es, ax
    mov     esp, 0x12340000 | LOW_STACK     ; the upper half does not count: SS.B is 0
    call    make_gates
    lidt    [low(idtr16)]
    print   "protected, 16 bit", 10
    int     5
    mov     ax, SEL_BEYOND
    mov     fs, ax                  ; #GP, two bytes: stepped over
    ud2
    mov     cx, 0
    div     cx
    push    eax
    pop     ax
    pop     ax
    hex32   esp
    print   10
    lidt    [low(idtr_real)]
    mov     eax, cr0                ; PE off, then a far jump loads CS (SDM vol. 3, 10.9.2)
    and     al, 0xfe
    mov     cr0, eax
    jmp     0:low(real)

; 16-bit interrupt gates for vectors 0-31 to the stubs
make_gates:
    mov     di, LOW_IDT
    mov     ax, low(stubs)
    mov     cx, 32
.next:
    mov     [di], ax
    mov     word [di + 2], SEL_CODE16
    mov     word [di + 4], 0x8600
    mov     word [di + 6], 0
    add     di, 8
    add     ax, 4
    loop    .next
    ret

; Stack: vector, error code for #GP, IP, CS, FLAGS; all words
stubs:
%assign vector 0
%rep 32
    push    byte vector
    jmp     short caught16
  %assign vector vector + 1
%endrep

caught16:
    mov     [low(saved_ax)], ax
    pop     ax
    print   "#"
    hex8    eax
    cmp     al, 13
    jne     .frame
    pop     ax
    print   " error "
    hex16   eax
    mov     al, 13
.frame:
    push    bp
    mov     bp, sp
    print   " cs "
    push    eax
    mov     ax, [bp + 4]
    hex16   eax
    print   " sp "
    mov     ax, bp
    hex16   eax
    pop     eax
    print   10
    cmp     al, 5
    je      .done                   ; a trap: IP is behind it
    add     word [bp + 2], 2
.done:
    pop     bp
    mov     ax, [low(saved_ax)]
    iret

; Real mode, from protected mode: the limits stay what they were until a segment is loaded.
real:
    xor     ax, ax
    mov     ss, ax
    mov     ds, ax
    mov     es, ax
    mov     sp, LOW_STACK
    mov     word [0x60 * 4], low(service)
    mov     word [0x60 * 4 + 2], 0
    mov     word [6 * 4], low(service)
    mov     word [6 * 4 + 2], 0
    mov     eax, cr0
    print   "real mode, cr0.pe "
    and     eax, 1
    hex8    eax
    print   10
    mov     ax, 0x1234
    stc
    int     0x60
    pushf
    pop     bx
    print   "int 0x60 gave "
    hex16   eax
    print   " cf "
    and     bx, 1
    hex8    ebx
    print   10
    mov     dx, cs                  ; another CS with the same bytes: what a far call pushes
    call    LOW >> 4:.far - segment16
    print   "far call "
    hex16   eax
    print   10
    jmp     unreal
.far:
    mov     ax, cs
    retf

; DS with a limit of 4 GiB in real mode: load it in protected mode, leave again (SDM does not
; promise it, every CPU does it).
unreal:
    lgdt    [low(gdtr16)]
    mov     eax, cr0
    or      al, 1
    mov     cr0, eax
    mov     bx, SEL_DATA
    mov     ds, bx
    and     al, 0xfe
    mov     cr0, eax
    mov     eax, 0x110000
    mov     dword [eax], 0xfeedf00d
    mov     ax, 0xffff              ; the same through a real-mode segment: 1 MiB + 64 KiB - 16
    mov     es, ax
    mov     dword [es:0x10], 0x0badcafe
    mov     ebx, 0x100000
    mov     eax, [ebx + 0x10000]
    print   "unreal "
    hex32   eax
    mov     eax, [ebx]
    print   " hma "
    hex32   eax
    print   10
    mov     eax, cr0
    or      al, 1
    mov     cr0, eax
    jmp     dword SEL_CODE:into32

    bits    32
into32:
    mov     ax, SEL_DATA
    mov     ds, ax
    mov     es, ax
    mov     fs, ax
    mov     ss, ax
    mov     eax, home
    jmp     eax

    bits    16
service:
    xchg    al, ah
    push    bp
    mov     bp, sp
    xor     byte [bp + 6], 1        ; CF of the caller
    pop     bp
    iret

    report_routines

saved_ax: dw 0
saved_stack: dd 0
idtr16: dw      32 * 8 - 1
    dd      LOW_IDT
idtr_real: dw   0x3ff
    dd      0
gdtr16: dw      GDT_SIZE - 1
    dd      gdt
low_end:
    bits    32
