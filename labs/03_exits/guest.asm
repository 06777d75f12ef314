; format: elf32
; Lab 03: a guest that leaves for its hypervisor in the ways that a hypervisor has to answer:
;
;   CPUID                        always an exit
;   OUT, IN, REP OUTSB, INSW     I/O exits: the qualification has port, size, direction, string, REP
;   RDMSR, WRMSR                 one that there is, one that there is not: #GP
;   VMCALL                       a hypercall
;   MOV to CR0, CLTS             bits that the hypervisor owns, and bits that it does not
;   HLT                          the timer wakes it: an interrupt is injected, at once or at the window

%include "prot.inc"
%include "irq.inc"

%define STRING_PORT 0x80
%define STAR 0xc0000081

main:
    call    pic_start
    call    cpuids
    call    ports
    call    msrs
    call    hypercall
    call    control
    call    interrupts
    leave_with 0x03

cpuids:
    mov     eax, 1
    cpuid
    shr     ecx, 31
    show    1, "a hypervisor is here: ", ecx
    ret

ports:
    mov     eax, 0x11223344
    out     STRING_PORT, al
    out     STRING_PORT, ax
    in      al, STRING_PORT
    print   "strings", 10
    mov     esi, text
    mov     ecx, 4
    mov     edx, STRING_PORT
    cld
    rep outsb
    std
    mov     edi, buffer + 2
    insw
    cld
    ret

msrs:
    mov     ecx, STAR
    mov     eax, 0x1234
    mov     edx, 0x5678
    wrmsr
    xor     eax, eax
    rdmsr
    show    4, "IA32_STAR ", edx, " ", eax
    mov     ecx, 0x12345678
    try     "an MSR that is not there", rdmsr
    ret

hypercall:
    mov     eax, 1
    vmcall
    show    8, "the hypervisor answers ", eax
    ret

; TS and NE of CR0 are the hypervisor's here, MP is not; PGE of CR4 is.
control:
    mov     eax, cr0
    or      al, 2                   ; MP: no exit
    mov     cr0, eax
    or      al, 8                   ; TS: an exit
    mov     cr0, eax
    clts
    mov     eax, cr4
    or      al, 0x80
    mov     cr4, eax
    mov     eax, cr4
    show    4, "cr4 ", eax
    ret

; The timer while interrupts are off, and while the guest waits.
interrupts:
    pic_mask 0xfe, 0xff
    call    start_shot
    mov     ecx, 100000             ; longer than the timer
    loop    $
    print   "it waits", 10
    sti
    nop
    cli
    show    1, "irqs ", [irq_count]
    call    start_shot
    sti
    hlt
    cli
    show    1, "irqs ", [irq_count]
    ret

; One interrupt, 60 clocks of the timer from now: 50 us.
start_shot:
    put     PIT_MODE, 0x30
    put     PIT0, 60
    put     PIT0, 0
    ret

    irq_routines

section .data
text: db "exit"

section .bss
buffer: resb 4
