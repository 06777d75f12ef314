; format: elf32
; Interrupt and trap gates (SDM vol. 3, 7.12): which clear IF, TF, NT; DPL against INT n, INT3 and
; exceptions; 16-bit gates; a gate's bad code segment; beyond the IDT.

%define SPARES 6
%include "prot.inc"
%include "ring3.inc"

%define CONFORM0 SEL_SPARE
%define ABSENT (SEL_SPARE + 8)
%define CODE16 (SEL_SPARE + 24)     ; base at low16
%define V 0x40                      ; the vector under test
%define GATE (idt + V * 8)

main:
    mov     al, 0xff                ; no interrupt from outside
    out     0x21, al
    out     0xa1, al
    descriptor CONFORM0, 0, 0xfffff, 0xc09e
    descriptor ABSENT, 0, 0xfffff, 0xc01a
    descriptor CODE16, low16, 0xffff, 0x009a
    print   "ring 0", 10
    call    each
    call    flags
    call    bits16
    call    beyond
    mov     esi, user
    mov     edi, 0x3002
    call    in_ring3
    leave_with 0x06

; through NAME, SELECTOR, TYPE
%macro through 3
    gate    GATE, handler, %2, %3
    xor     ebx, ebx
    try     %1, int V
    call    tell
%endmacro

tell:
    test    ebx, ebx
    jz      .end
    print   "  cs "
    hex16   ebx
    print   " flags "
    and     edi, 0x4300             ; NT, IF, TF
    hex16   edi
    print   10
.end:
    ret

handler:
    pushf
    pop     edi
    mov     ebx, cs
    iret

each:
    through "interrupt gate", SEL_CODE, 0x8e00
    through "trap gate", SEL_CODE, 0x8f00
    through "interrupt gate, dpl 3", SEL_CODE, 0xee00
    through "conforming", CONFORM0, 0xee00
    through "not present", SEL_CODE, 0x6e00
    through "to null", 0, 0xee00
    through "to data", SEL_DATA, 0xee00
    through "to ring 3 code", SEL_USER_CODE, 0xee00
    through "to absent code", ABSENT, 0xee00
    through "beyond the GDT", SEL_BEYOND, 0xee00
    through "in no LDT", 12, 0xee00
    through "a call gate", SEL_CODE, 0xec00
    through "a TSS", SEL_CODE, 0xe900
    through "task gate to data", SEL_DATA, 0xe500
    through "task gate to null", 0, 0xe500
    through "task gate to a busy TSS", SEL_TSS, 0xe500
    ret

; IF and what IRET gives back
flags:
%macro with_flags 3
    gate    GATE, handler, SEL_CODE, %2
    push    dword %3
    popf
    int     V
    pushf
    pop     ecx
    push    dword 2
    popf
    print   %1
    call    tell
    and     ecx, 0x4300
    print   "  after "
    hex16   ecx
    print   10
%endmacro
    with_flags "interrupt gate, IF", 0x8e00, 0x202
    with_flags "trap gate, IF", 0x8f00, 0x202
    with_flags "trap gate, NT", 0x8f00, 0x4002
    ret

; 16-bit gates push words: IP, CS, FLAGS.
bits16:
    gate    GATE, handler16 - low16, CODE16, 0x8600
    jmp     CODE16:caller16 - low16
    bits    16
low16:
caller16:
    mov     edx, esp
    int     V
    jmp     dword SEL_CODE:bits16_back
handler16:
    mov     bp, sp
    sub     edx, esp
    mov     cx, [ss:esp]
    sub     cx, handler16 - low16
    iret
    bits    32
bits16_back:
    print   "16-bit gate: frame "
    hex8    edx
    print   " ip -"
    neg     ecx
    hex8    ecx
    print   10
    ret

; The IDT's limit
beyond:
    mov     word [idtr], 0x40 * 8 + 6       ; one byte is missing
    lidt    [idtr]
    try     "int 0x40, cut off", int 0x40
    try     "int 0xff, beyond", int 0xff
    mov     word [idtr], 256 * 8 - 1
    lidt    [idtr]
    ret

user:
    print   "ring 3", 10
    call    each
    through "trap gate, dpl 3", SEL_CODE, 0xef00
    try     "int3, dpl 0", int3
    mov     al, 0x7f
    inc     al
    try     "into, dpl 0", into
    mov     eax, 10
    try     "bound, dpl 0", bound eax, [limits]
    try     "#UD, dpl 0", ud2
    user_end

section .data
align 4
limits: dd 1, 2
