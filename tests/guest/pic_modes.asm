; format: elf32
; The 8259: rotation, set priority, automatic end of interrupt, special mask mode, poll, and what ICW1
; resets (8259A data sheet). IRQ 0 comes from the timer, IRQ 4 from the UART, as in pic.

%include "prot.inc"
%include "irq.inc"

%define IER 0x3f9
%define MCR 0x3fc

main:
    call    pic_start
    put     IER, 0
    put     MCR, 8
    pic_mask 0xee, 0xff
    call    rotation
    call    set_priority
    call    special_mask
    call    poll
    call    automatic
    call    initialisation
    leave_with 0x5c

irq4_up:
    push    eax
    push    edx
    put     IER, 0
    put     IER, 2
    pop     edx
    pop     eax
    ret

window:
    sti
    nop
    nop
    nop
    cli
    ret

both:
    call    one_tick
    jmp     irq4_up

state:
    pushad
    pic_get IRR
    movzx   ebx, al
    pic_get ISR
    movzx   ecx, al
    show    2, "irr ", ebx, " isr ", ecx
    popad
    ret

rotation:
    call    both
    call    window
    print   "fixed: "
    call    show_irqs
    mov     byte [irq_eoi], 0
    call    one_tick
    call    window
    pic_command 0xa0                ; rotate on non-specific EOI: 0 becomes the lowest
    print   "rotated, "
    call    state
    mov     dword [irq_count], 0
    mov     byte [irq_eoi], 1
    call    both
    call    window
    print   "0 lowest: "
    call    show_irqs
    mov     byte [irq_eoi], 0
    call    irq4_up
    call    window
    pic_command 0xe4                ; rotate on specific EOI: 4 becomes the lowest
    print   "rotated, "
    call    state
    mov     dword [irq_count], 0
    mov     byte [irq_eoi], 1
    call    both
    call    window
    print   "4 lowest: "
    call    show_irqs
    ret

set_priority:
    pic_command 0xc3                ; 3 the lowest, so 4 the highest
    call    both
    call    window
    print   "3 lowest: "
    call    show_irqs
    mov     byte [irq_eoi], 0
    call    one_tick                ; nested: 4 comes over 0
    call    window
    call    irq4_up
    call    window
    print   "nested: "
    call    show_irqs
    call    state
    pic_command EOI                 ; the highest in service is 4 now
    call    state
    pic_command EOI
    pic_command 0xc7                ; as at the start
    mov     byte [irq_eoi], 1
    call    both
    call    window
    print   "7 lowest: "
    call    show_irqs
    ret

; In special mask mode an interrupt in service that is masked holds back none.
special_mask:
    mov     byte [irq_eoi], 0
    call    one_tick
    call    window
    call    irq4_up
    put     PIC1 + 1, 0xef          ; 0 is masked, still in service
    call    window
    print   "normal: "
    call    show_irqs
    pic_command 0x68
    put     PIC1 + 1, 0xef          ; QEMU looks again only now
    call    window
    print   "special: "
    call    show_irqs
    call    state
    pic_command 0x64
    pic_command 0x60
    pic_command 0x48
    call    one_tick
    call    window                  ; masked
    print   "normal again: "
    call    show_irqs
    put     PIC1 + 1, 0xee
    mov     byte [irq_eoi], 1
    call    window
    call    show_irqs
    ret

; A poll acknowledges: bit 7 and the number, or 0.
poll:
    call    both
    pic_command 0x0c
    in      al, PIC1
    and     eax, 0x87
    show    2, "poll ", eax
    call    state
    pic_command 0x0c                ; 4 waits under 0
    in      al, PIC1
    and     eax, 0x80
    show    2, "poll under 0 ", eax
    pic_command EOI
    pic_command 0x0c
    in      al, PIC1
    and     eax, 0x87
    show    2, "poll ", eax
    pic_command EOI
    call    state
    call    window
    call    show_irqs
    ret

automatic:
    call    pic_start
    put     PIC1, 0x11
    put     PIC1 + 1, IRQ_VECTOR
    put     PIC1 + 1, 4
    put     PIC1 + 1, 3             ; automatic EOI
    put     PIC1 + 1, 0xee
    mov     byte [irq_eoi], 0
    mov     dword [irq_hook], state
    call    both
    call    window
    print   "automatic: "
    call    show_irqs
    call    state
    mov     dword [irq_hook], 0
    call    pic_start
    ret

; ICW1 clears the mask, the special mask and the choice of ISR; other vectors count at once.
initialisation:
    pic_command 0xc3
    pic_command 0x68
    pic_command ISR
    put     PIC1, 0x11
    put     PIC1 + 1, 0x40
    put     PIC1 + 1, 4
    put     PIC1 + 1, 1
    in      al, PIC1 + 1
    movzx   eax, al
    show    2, "mask after ICW1 ", eax
    put     PIC1 + 1, 0xee
    mov     eax, moved
    mov     ecx, 0x40
    mov     bl, 0x8e
    call    set_gate
    call    both
    in      al, PIC1                ; IRR again
    movzx   eax, al
    show    2, "irr ", eax
    mov     dword [on_0x40], 0
    mov     eax, moved4
    mov     ecx, 0x44
    call    set_gate
    call    window
    show    2, "on 40, 44 ", [on_0x40]
    call    pic_start
    ret

moved:
    shl     dword [on_0x40], 4
    or      byte [on_0x40], 1
    push    eax
    pic_command EOI
    pop     eax
    iret

moved4:
    shl     dword [on_0x40], 4
    or      byte [on_0x40], 4
    push    eax
    pic_command EOI
    pop     eax
    iret

    irq_routines

section .bss
on_0x40: resd   1
