; format: elf32
; Gates and far transfers in long mode (SDM vol. 3, 6.8.3.1, 7.14): the stack of 64-bit gates at the
; same and at more privilege, IST, 32-bit gates that are no more, a call gate of 16 bytes, conforming
; code, IRETQ and RETF to compatibility mode and back, code segments that are conforming or absent.

%include "long.inc"

%define CALL_GATE SEL_SPARE
%define V 0x40
%define GATE (idt + V * 16)

main:
    mov     [main_stack], rsp
    call    frames
    call    bad_gates
    call    call_gate
    call    segments
    call    compatibility
    call    returns
    leave_with 0x11

; A 64-bit gate at ADDRESS: entry, selector, IST and type
%macro gate64 4
    mov     eax, %2
    mov     [%1], ax
    mov     word [%1 + 2], %3
    mov     word [%1 + 4], %4
    shr     eax, 16
    mov     [%1 + 6], ax
    mov     dword [%1 + 8], 0
    mov     dword [%1 + 12], 0
%endmacro

; How much lies below the caller's RSP (R8) or on which stack, and the frame's SS
tell_frame:
    mov     rax, r8
    sub     rax, rsp
    mov     r9, rax
    mov     eax, stack_top_ist1
    sub     rax, rsp
    cmp     rax, 0x100
    jae     .same
    mov     r9, rax
    or      r9, 0x1000
.same:
    mov     r10, [rsp + 24]
    sub     r10, r8
    mov     r11, [rsp + 32]
    iretq

%macro frame 2
    mov     r8, rsp
    gate64  GATE, tell_frame, SEL_CODE, %2
    %if %1
    sub     rsp, %1
    %endif
    int     V
    mov     rsp, r8
    print   "frame "
    hex16   r9
    print   " rsp "
    hex16   r10
    print   " ss "
    hex16   r11
    print   10
%endmacro

frames:
    and     rsp, ~15
    frame   0, 0x8e00
    frame   1, 0x8e00
    frame   8, 0x8e00
    frame   15, 0x8e00
    frame   0, 0x8e01
    frame   3, 0x8e01
    mov     rsp, [main_stack]
    sub     rsp, 8
    ret

%macro through 3
    gate64  GATE, nothing, %2, %3
    try     %1, int V
%endmacro

nothing:
    iretq

bad_gates:
    mov     dword [error_mask], -1
    through "good", SEL_CODE, 0x8e00
    through "trap gate", SEL_CODE, 0x8f00
    through "to 32-bit code", SEL_CODE32, 0x8e00
    through "to data", SEL_DATA, 0x8e00
    through "to null", 0, 0x8e00
    through "to ring 3", SEL_USER_CODE, 0x8e00
    through "beyond", SEL_BEYOND, 0x8e00
    mov     dword [error_mask], 7   ; QEMU counts 16 bytes a vector in the error code, the SDM 8
    through "not present", SEL_CODE, 0x0e00
    through "task gate", SEL_CODE, 0x8500
    through "16-bit gate", SEL_CODE, 0x8600
    through "call gate", SEL_CODE, 0x8c00
    gate64  GATE, nothing, SEL_CODE, 0x8e00
    mov     dword [GATE + 8], 0x8000
    try     "entry not canonical", int V
    mov     dword [error_mask], -1
    ret

%macro far_call 2
    xor     ebx, ebx
    try     %1, call dword far [%2]
    print   "  cs "
    hex16   rbx
    print   10
%endmacro

tell_cs:
    mov     ebx, cs
    o64 retf

; The same for a far CALL that is no gate: this operand size pushes dwords.
tell_cs_32:
    mov     ebx, cs
    retf

call_gate:
    gate64  gdt + CALL_GATE, tell_cs, SEL_CODE, 0x8c00
    far_call "call gate", to_gate
    gate64  gdt + CALL_GATE, tell_cs, SEL_CODE32, 0x8c00
    far_call "call gate to 32-bit code", to_gate
    gate64  gdt + CALL_GATE, tell_cs, SEL_CODE, 0x0c00
    far_call "call gate not present", to_gate
    gate64  gdt + CALL_GATE, tell_cs, SEL_CODE, 0x8400
    far_call "16-bit call gate", to_gate
    gate64  gdt + CALL_GATE, tell_cs, SEL_CODE, 0x8500
    far_call "task gate", to_gate
    gate64  gdt + CALL_GATE, tell_cs, SEL_CODE, 0x8c00
    mov     dword [gdt + CALL_GATE + 12], 0x0c00
    far_call "upper type not 0", to_gate
    gate64  gdt + CALL_GATE, tell_cs, SEL_CODE, 0x8c00
    mov     dword [gdt + CALL_GATE + 8], 0x8000
    far_call "entry not canonical", to_gate
    gate64  gdt + CALL_GATE, tell_cs, 0, 0x8c00
    far_call "to null", to_gate
    gate64  gdt + CALL_GATE, tell_cs, SEL_DATA, 0x8c00
    far_call "to data", to_gate
    far_call "a TSS", to_tss
    far_call "null", to_null
    ret

; Conforming 64-bit code, and what is absent
segments:
    mov     rax, 0x00af9f000000ffff
    mov     [gdt + SEL_SPARE], rax
    far_call "conforming", to_code
    mov     rax, 0x00af1b000000ffff
    mov     [gdt + SEL_SPARE], rax
    far_call "absent", to_code
    ; A data segment's limit and type are not looked at in 64-bit mode.
    mov     rax, 0x0040910000000000
    mov     [gdt + SEL_SPARE], rax
    mov     eax, SEL_SPARE
    mov     fs, ax
    try     "write read-only data beyond its limit", mov [fs:value], al
    xor     eax, eax
    mov     fs, ax
    try     "write through null", mov [fs:value], al
    ret

; To 32-bit code and back, interrupted there
compatibility:
    push    qword SEL_CODE32
    push    qword .code32
    mov     r8, rsp
    o64 retf
    bits    32
.code32:
    mov     ebx, cs
    dec     eax
    jmp     SEL_CODE:.back
    bits    64
.back:
    print   "compatibility, cs "
    hex16   rbx
    print   10
    ret

%macro iret_to 3
    mov     r8, rsp
    push    %3
    push    r8
    push    2
    push    %2
    push    rbx
    try     %1, iretq
    mov     rsp, r8
%endmacro

returns:
    mov     ebx, returns
    iret_to "iretq to data", SEL_DATA, SEL_DATA
    iret_to "iretq to null", 0, SEL_DATA
    iret_to "iretq, ss null, ring 3", SEL_USER_CODE, 0
    iret_to "iretq, ss of ring 3", SEL_CODE, SEL_USER_DATA
    iret_to "iretq, ss code", SEL_CODE, SEL_CODE
    mov     ebx, returns
    ; A null SS is fine for 64-bit code below ring 3.
    mov     r8, rsp
    push    0
    push    r8
    push    2
    push    SEL_CODE
    push    .null_ss
    iretq
.null_ss:
    mov     ebx, ss
    mov     eax, SEL_DATA
    mov     ss, ax
    print   "ss "
    hex16   rbx
    print   10
    pushf
    or      qword [rsp], 0x4000
    popf
    try     "iretq with NT", iretq
    pushf
    and     qword [rsp], ~0x4000
    popf
    try     "far jump, immediate", db 0xea, 0, 0, 0, 0, 8, 0
    try     "push cs", db 0x0e
    try     "lds", db 0xc5, 0x00
    try     "into", db 0xce
    try     "pusha", db 0x60
    try     "daa", db 0x27
    try     "arpl is movsxd", db 0x63, 0xc0
    ret

section .data
align 8
main_stack: dq 0
to_gate: dd     tell_cs
    dw          CALL_GATE
to_code: dd     tell_cs_32
    dw          SEL_SPARE
to_tss: dd      0
    dw          SEL_TSS
to_null: dd     0
    dw          0
value:  db      1
