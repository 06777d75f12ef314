; format: elf32
; TF (SDM vol. 3, 18.3.1.4, 7.8.3): where the trap comes and what DR6 says behind INT, IRET, POPF,
; MOV SS, POP SS, STI, REP, a fault, a branch, CPUID, IN. A line lists the offsets from the
; first instruction that each #DB saved, with DR6's low bits and BS.

%include "prot.inc"

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
    call    plain
    call    shadows
    call    transfers
    call    repeats
    leave_with 0x08

%include "traps.inc"


%macro two 2
    %1
    %2
%endmacro

%macro reload_cr3 0
    mov     eax, cr3
    mov     cr3, eax
%endmacro

%macro write_msr 0
    mov     ecx, 0x174
    rdmsr
    wrmsr
%endmacro

plain:
    steps   "nop", nop
    steps   "cpuid", cpuid
    steps   "in", in al, 0x80
    steps   "jmp", jmp short $ + 3
    steps   "rdtsc", rdtsc
    steps   "mov cr0", mov eax, cr0
    steps   "mov cr3", reload_cr3
    steps   "mov dr6", mov eax, dr6
    steps   "wrmsr", write_msr
    steps   "out", out 0x80, al
    steps   "lock", lock inc dword [value]
    ret

; MOV SS and POP SS hold the trap back; STI and LSS do not.
shadows:
    mov     ax, ss
%macro mov_ss 0
    mov     ss, ax
    nop
    nop
%endmacro
%macro pop_ss 0
    push    ss
    pop     ss
    nop
    nop
%endmacro
%macro load_ss 0
    lss     ebx, [far_ss]
    nop
%endmacro
%macro sti_cli 0
    sti
    nop
    cli
%endmacro
    steps   "mov ss", mov_ss
    steps   "pop ss", pop_ss
    steps   "lss", load_ss
    steps   "sti", sti_cli
    ret

%macro near_call 0
    call    %%there
    jmp     short %%back
%%there:
    ret
%%back:
%endmacro
%macro far_call 0
    call    SEL_CODE:%%there
    jmp     short %%back
%%there:
    retf
%%back:
%endmacro

; INT clears TF: no trap inside; IRET brings it back, the trap comes behind the next instruction.
transfers:
    mov     eax, .service
    mov     ecx, 0x40
    mov     bl, 0x8e
    call    set_gate
    steps   "int", int 0x40
    mov     bl, 0x8f
    mov     eax, .service
    mov     ecx, 0x40
    call    set_gate
    steps   "int, trap gate", int 0x40
    mov     eax, .service
    mov     ecx, 3
    mov     bl, 0x8e
    call    set_gate
    steps   "int3", int3
    steps   "pushf popf", two pushf, popf
    mov     eax, .step_over
    mov     ecx, 6
    mov     bl, 0x8e
    call    set_gate
    steps   "ud2", ud2
    steps   "call ret", near_call
    steps   "far call", far_call
    ret
.service:
    nop
    iret
.step_over:
    add     dword [esp], 2
    iret

repeats:
    cld
    mov     esi, value
    mov     edi, value
    mov     ecx, 3
    steps   "rep movsb, 3", rep movsb
    xor     ecx, ecx
    steps   "rep movsb, 0", rep movsb
    mov     ecx, 5
    mov     al, [value + 1]
    mov     edi, value
    steps   "repne scasb", repne scasb
    mov     ecx, 2
    steps   "loop", loop $
    ret

section .data
align 4
traps:  dd 0
step_from: dd 0
step_to: dd 0
value:  dd 0x04030201, 0
far_ss: dd 0
    dw  SEL_DATA

section .bss
trap_at: resd MAX_TRAPS
trap_dr6: resd MAX_TRAPS
