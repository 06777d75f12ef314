; format: elf32
; Code segments as data and their limits (SDM vol. 3, 6.3, 6.8): a target beyond the limit is #GP(0) at
; the instruction that goes there, whatever it is; execute-only code cannot be read, no code can be
; written.

%define SPARES 6
%include "prot.inc"
%include "ring3.inc"

%define SHORT SEL_SPARE             ; of 16 bytes
%define EXECUTE (SEL_SPARE + 8)     ; cannot be read
%define CONFORM3 (SEL_SPARE + 16)
%define GATE (SEL_SPARE + 24)

main:
    descriptor SHORT, 0, 15, 0x409a
    descriptor EXECUTE, 0, 0xfffff, 0xc098
    descriptor CONFORM3, 0, 0xfffff, 0xc0fe
    try     "jmp", jmp SHORT:0x10
    try     "call", call SHORT:0x100000
    push    dword SHORT
    push    dword 0x10
    try     "retf", retf
    add     esp, 8
    pushf
    push    dword SHORT
    push    dword 0x10
    try     "iret", iret
    add     esp, 12
    gate    gdt + GATE, 0x100000, SHORT, 0x8c00
    try     "call gate", call GATE:0
    gate    idt + 0x40 * 8, 0x100000, SHORT, 0x8e00
    try     "int", int 0x40
    mov     ax, EXECUTE
    try     "load execute-only code", mov es, ax
    jmp     EXECUTE:.there
.there:
    mov     dword [try_resume], .resumed
    mov     dword [caught_count], 0
    mov     dword [try_at], .at
.at:
    mov     al, [cs:gdt]
.resumed:
    jmp     SEL_CODE:.readable      ; text is read through CS
.readable:
    mov     dword [try_resume], 0
    print   "read execute-only code"
    call    put_caught
    mov     ax, CONFORM3
    try     "load conforming code", mov es, ax
    try     "read it", mov al, [es:gdt]
    try     "write it", mov [es:gdt], al
    try     "write through cs", mov [cs:gdt], al
    mov     esi, user
    mov     edi, 0x3002
    call    in_ring3
    leave_with 0x18

user:
    gate    gdt + GATE, 0x100000, SHORT, 0xec00
    try     "ring 3: call gate", call GATE:0
    gate    idt + 0x40 * 8, 0x100000, SHORT, 0xee00
    try     "ring 3: int", int 0x40
    user_end
