; format: elf32
; Exceptions of 32-bit protected mode, one by one; and one that comes while another event is
; delivered. Each goes on behind `try`.

%define SPARES 4
%include "prot.inc"

main:
    xor     ecx, ecx
    mov     eax, 1
    try     "#DE", div ecx
    try     "#BP", int3
    mov     al, 0x7f
    add     al, 1
    try     "#OF", into
    mov     eax, 5
    try     "#BR", bound eax, [bounds]
    try     "#UD", ud2
    mov     eax, cr0
    or      eax, 0x0c               ; TS and EM
    mov     cr0, eax
    try     "#NM", fnop
    and     eax, ~0x0c
    or      eax, 0x20               ; NE
    mov     cr0, eax
    call    debug
    call    segments
    call    fpu
    call    delivery
    leave_with 1

%macro step 0
    popfd
    nop
%endmacro

debug:
    pushfd
    or      dword [esp], 0x100      ; TF: #DB behind the NOP
    try     "#DB, single step", step
    mov     eax, .target
    mov     dr0, eax
    mov     eax, 1
    mov     dr7, eax
    try     "#DB, breakpoint", jmp .target
    xor     eax, eax
    mov     dr7, eax
    mov     eax, 0x2400             ; GD
    mov     dr7, eax
    try     "#DB, general detect", mov eax, dr6
    try     "INT1", db 0xf1
    ret
.target:
    nop

; IRET with NT set returns to the task of the back link, and that is none.
%macro back_link 0
    pushfd
    or      dword [esp], 0x4000
    popfd
    iretd
%endmacro

segments:
    mov     eax, SEL_ABSENT
    try     "#NP", mov ds, ax
    try     "#SS", mov ss, ax
    mov     eax, SEL_BEYOND
    try     "#GP, selector", mov ds, ax
    try     "#GP", db 0x0f, 0x22, 0xe0  ; mov cr4, eax: reserved bits
    try     "#GP, IDT", int 0x80
    try     "#TS", back_link
    pushfd
    and     dword [esp], ~0x4000
    popfd
    ret

; An x87 division by zero, unmasked.
fpu:
    fninit
    push    dword 0x37b
    fldcw   [esp]
    pop     eax
    fld1
    fldz
    fdivp
    try     "#MF", fwait
    fnclex
    fninit
    ret

; The gate of #UD is not present: #NP comes while #UD is delivered, and both make #DF.
delivery:
    mov     byte [idt + 6 * 8 + 5], 0x0e
    try     "#NP on the way to #UD", ud2
    ret

section .data
bounds: dd      0, 4
