; format: elf32
; The 8259: masks, request and in-service register, priorities and nesting, the ends of interrupt
; (8259A data sheet, "Operation control words"). IRQ 0 comes from the timer, IRQ 4 from the UART, whose
; transmitter is empty, IRQ 8 from the clock.

%include "prot.inc"
%include "irq.inc"

%define IER 0x3f9
%define MCR 0x3fc

main:
    call    pic_start
    put     IER, 0
    put     MCR, 8                  ; OUT2 opens the way of IRQ 4
    call    registers
    call    masked
    call    in_service
    call    nesting
    call    specific
    call    cascade
    leave_with 0x5b

; IRQ 4 goes up when the empty transmitter may interrupt, down when it may not.
irq4_up:
    push    eax
    push    edx
    put     IER, 0
    put     IER, 2
    pop     edx
    pop     eax
    ret

; Let interrupts come.
window:
    sti
    nop
    nop
    nop
    cli
    ret

; Print IRR, ISR and the mask of the first controller.
state:
    pushad
    pic_get IRR
    movzx   ebx, al
    pic_get ISR
    movzx   ecx, al
    in      al, PIC1 + 1
    movzx   edx, al
    show    2, "irr ", ebx, " isr ", ecx, " mask ", edx
    popad
    ret

registers:
    print   "started: "
    call    state
    pic_mask 0xa5, 0x5a
    in      al, PIC1 + 1
    movzx   ebx, al
    in      al, PIC2 + 1
    movzx   ecx, al
    show    2, "masks ", ebx, " ", ecx
    pic_mask 0xff, 0xff
    pic_command ISR                 ; what is read stays chosen
    in      al, PIC1
    in      al, PIC1
    movzx   eax, al
    show    2, "isr twice ", eax
    ret

masked:
    call    irq4_up
    print   "IRQ 4 masked: "
    call    state
    call    window
    call    show_irqs
    pic_mask 0xef, 0xff
    call    window
    call    show_irqs
    print   "after EOI: "
    call    state
    ret

; Without EOI the same request waits.
in_service:
    mov     byte [irq_eoi], 0
    call    irq4_up
    call    window
    call    show_irqs
    print   "in service: "
    call    state
    call    irq4_up
    call    window
    call    show_irqs
    print   "waiting: "
    call    state
    pic_command EOI
    print   "EOI: "
    call    state
    call    window
    call    show_irqs
    pic_command EOI
    print   "EOI: "
    call    state
    ret

nesting:
    pic_mask 0xee, 0xff
    call    irq4_up
    call    window                  ; 4 in service
    call    one_tick
    print   "0 over 4: "
    call    state
    call    window
    call    show_irqs
    call    state
    pic_command EOI                 ; the highest: 0
    call    state
    pic_command EOI
    call    state
    call    one_tick
    call    window                  ; 0 in service
    call    irq4_up
    call    window
    call    show_irqs
    print   "4 under 0: "
    call    state
    pic_command EOI
    call    window
    call    show_irqs
    pic_command EOI
    call    one_tick                ; both at once
    call    irq4_up
    print   "both: "
    call    state
    mov     byte [irq_eoi], 1
    call    window
    call    show_irqs
    call    state
    ret

specific:
    mov     byte [irq_eoi], 0
    call    irq4_up
    call    window
    call    one_tick
    call    window
    call    show_irqs
    pic_command 0x64                ; specific EOI of 4
    print   "specific EOI of 4: "
    call    state
    pic_command 0x63                ; of what is not in service
    print   "of 3: "
    call    state
    pic_command 0x60
    print   "of 0: "
    call    state
    ret

; IRQ 8 comes through IRQ 2, between 0 and 4.
cascade:
    pic_mask 0xea, 0xfe
    put     0x70, 0x8a
    put     0x71, 0x23              ; 8192 Hz
    put     0x70, 0x8c
    in      al, 0x71                ; forget what was
    put     0x70, 0x8b
    in      al, 0x71
    and     al, 7
    or      al, 0x40                ; periodic interrupt
    out     0x71, al
    mov     ecx, 10000000
.wait:
    put     PIC2, IRR
    in      al, PIC2
    test    al, 1
    loopz   .wait
    put     0x70, 0x8b
    in      al, 0x71
    and     al, 7
    out     0x71, al
    put     0x70, 0x8c
    in      al, 0x71
    print   "IRQ 8: "
    call    state
    call    irq4_up
    call    window
    call    show_irqs
    call    both_states
    call    one_tick
    call    window
    call    show_irqs
    pic_command EOI                 ; 0
    put     PIC2, EOI
    print   "EOI of the second: "
    call    both_states
    pic_command EOI                 ; 2
    print   "EOI of the first: "
    call    both_states
    call    window
    call    show_irqs
    ret

both_states:
    put     PIC2, ISR
    in      al, PIC2
    movzx   eax, al
    print   "second isr "
    hex8    eax
    print   ", first "
    call    state
    ret

    irq_routines
