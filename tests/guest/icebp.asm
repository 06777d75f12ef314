; format: elf32
; ICEBP, F1 (SDM vol. 2, INT1): a trap that is no software interrupt; DR6 stays; with TF; EXT is set in
; the error code of what goes wrong on the way.

%include "prot.inc"
%include "ring3.inc"

%define MAX_TRAPS 24

%macro gate1 1
    mov     eax, %1
    mov     ecx, 1
    mov     bl, 0x8e
    call    set_gate
%endmacro

main:
    mov     al, 0xff                ; no interrupt from outside
    out     0x21, al
    out     0xa1, al
    gate1   step
    call    others
    gate1   stub_1
    mov     esi, user
    mov     edi, 0x3002
    call    in_ring3
    mov     byte [idt + 1 * 8 + 5], 0x0e
    try     "icebp, gate not present", db 0xf1
    leave_with 0x16

user:
    try     "icebp, dpl 0", db 0xf1
    user_end

%include "traps.inc"


; ICEBP: a #DB without BS, TF or not; no DPL check, DR6 unchanged.
others:
    gate1   stub_1
    xor     eax, eax
    mov     dr6, eax
    try     "icebp", db 0xf1
    mov     eax, dr6
    print   "  dr6 "
    hex32   eax
    print   10
    try     "int 1", int 1
    mov     eax, dr6
    print   "  dr6 "
    hex32   eax
    print   10
    gate1   step
    steps   "icebp, TF", db 0xf1
    ret

section .data
align 4
traps:  dd 0
step_from: dd 0
step_to: dd 0

section .bss
trap_at: resd MAX_TRAPS
trap_dr6: resd MAX_TRAPS
