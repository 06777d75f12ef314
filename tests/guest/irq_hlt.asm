; format: elf32
; Interrupts and HLT, STI, CLI, POPF and IRET (SDM vol. 2, STI; vol. 3, 6.8): where the interrupt that
; waits comes in, how often, and what HLT wakes from. The source is the timer, a single shot each time.

%include "prot.inc"
%include "irq.inc"
%include "cpl3.inc"

main:
    call    pic_start
    pic_mask 0xfe, 0xff
    call    halts
    call    windows
    call    gates
    call    by_ring
    call    periodic
    leave_with 0x5e

; A single shot that comes later: start it and go on.
start_shot:
    put     PIT_MODE, 0x30
    put     PIT0, 0x00
    put     PIT0, 0x04              ; 1024 clocks, 0.86 ms
    ret

; window "name", CODE: with an interrupt waiting and IF = 0, run CODE; print whether the interrupt came
; and at which offset from the code's start.
%macro window 2+
    call    one_tick
    mov     dword [irq_count], 0
    mov     dword [irq_eip], %%at - 1
%%at:
    %2
    cli
    mov     eax, [irq_eip]
    sub     eax, %%at
    mov     ebx, [irq_count]
    show    2, %1, ebx, " at +", eax
    call    drain
%endmacro

; Take the interrupt if it still waits.
drain:
    sti
    nop
    cli
    ret

halts:
    mov     esi, 5
.next:
    call    start_shot
    sti
    hlt
.behind:
    cli
    mov     eax, [irq_eip]
    sub     eax, .behind
    show    2, "hlt, irqs ", [irq_count], " at +", eax
    mov     dword [irq_count], 0
    dec     esi
    jnz     .next
    ret

%macro sti_nop_nop 0
    sti
    nop
    nop
%endmacro

%macro sti_cli 0
    sti
    cli
    nop
%endmacro

%macro sti_hlt 0
    sti
    hlt
    nop
%endmacro

%macro popf_nop 0
    push    dword 0x202
    popf
    nop
    nop
%endmacro

%macro iret_nop 0
    push    dword 0x202
    push    dword SEL_CODE
    push    dword %%next
    iret
%%next:
    nop
    nop
%endmacro

%macro sti_jmp 0
    sti
    jmp     %%next
    nop
    nop
%%next:
    nop
    nop
%endmacro

%macro sti_call 0
    sti
    call    %%next
    jmp     %%end
%%next:
    ret
%%end:
    nop
%endmacro

; A second STI does not prolong the shadow.
%macro sti_sti 0
    sti
    sti
    nop
    nop
%endmacro

windows:
    window  "nothing: ", nop
    window  "sti, nop: ", sti_nop_nop
    window  "sti, cli: ", sti_cli
    window  "sti, hlt: ", sti_hlt
    window  "popf: ", popf_nop
    window  "iret: ", iret_nop
    window  "sti, jmp: ", sti_jmp
    window  "sti, call: ", sti_call
    window  "sti, sti: ", sti_sti
    ret

; An interrupt gate clears IF, a trap gate does not, IRET brings it back.
gates:
    mov     eax, flags_handler
    mov     ecx, 0x50
    mov     bl, 0x8e
    call    set_gate
    inc     ecx
    mov     bl, 0x8f
    call    set_gate
    sti
    int     0x50
    pushf
    pop     eax
    cli
    and     eax, 0x200
    show    4, "interrupt gate, if ", [flags_seen], " after ", eax
    sti
    int     0x51
    pushf
    pop     eax
    cli
    and     eax, 0x200
    show    4, "trap gate, if ", [flags_seen], " after ", eax
    int     0x51
    show    4, "trap gate, if 0: ", [flags_seen]
    ret

flags_handler:
    push    eax
    pushf
    pop     eax
    and     eax, 0x200
    mov     [flags_seen], eax
    pop     eax
    iret

; CPL 3: with IOPL 0 POPF cannot set IF and STI is #GP; IRET to ring 3 with IF set takes it at once.
by_ring:
    call    one_tick
    mov     dword [irq_count], 0
    ring3
    push    dword 0x202             ; IOPL 3 here
    popf
.here:
    push    dword 2
    popf
    ring0
    mov     eax, [irq_eip]
    sub     eax, .here
    show    2, "CPL 3, IOPL 3, popf: ", [irq_count], " at +", eax
    call    one_tick
    mov     dword [irq_count], 0
    ring3
    push    dword 2                 ; IOPL stays 3, only CPL 0 may change it
    popf
    try     "CPL 3, IOPL 3, sti", sti
    nop
    cli
    ring0
    show    2, "irqs ", [irq_count]
    call    one_tick
    mov     dword [irq_count], 0
    mov     [stack], esp
    mov     eax, back
    mov     ecx, 0x52
    mov     bl, 0xee
    call    set_gate
    push    dword SEL_USER_DATA
    push    dword ring3_stack_top
    push    dword 0x0002            ; IOPL 0, IF 0
    push    dword SEL_USER_CODE
    push    dword user
    iret
user:
    push    dword 0x3202
    popf
    pushf
    pop     ebx
    int     0x52
back:
    mov     esp, [stack]
    show    4, "CPL 3, IOPL 0, popf of 3202: ", ebx, " irqs ", [irq_count]
    call    drain
    show    2, "drained ", [irq_count]
    ret

; Mode 2: it comes again without being told. How many came while one was counted is not printed.
periodic:
    mov     dword [irq_count], 0
    put     PIT_MODE, 0x34
    put     PIT0, 0x00
    put     PIT0, 0x04
.next:
    sti
    hlt
    cli
    cmp     dword [irq_count], 5
    jb      .next
    put     PIT_MODE, 0x30          ; stop
    print   "periodic: 5 or more", 10
    ret

    irq_routines
    ring3_routines

section .bss
flags_seen: resd 1
stack:  resd    1
