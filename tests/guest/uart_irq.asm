; format: elf32
; IRQ 4: the interrupt of the empty transmitter is an edge when it is enabled, gone when IIR is read or
; it is disabled, and comes once (PC16550D data sheet, "Interrupt identification register").

%include "prot.inc"
%include "irq.inc"

%define RBR 0x3f8
%define IER 0x3f9
%define IIR 0x3fa
%define LCR 0x3fb
%define MCR 0x3fc
%define LSR 0x3fd

main:
    call    pic_start
    put     LCR, 3
    put     IER, 0
    put     IIR, 0
    put     MCR, 8                  ; OUT2
    get     IIR
    get     LSR
    get     RBR
    pic_mask 0xef, 0xff
    call    window
    mov     dword [irq_count], 0
    call    once
    call    identified
    call    gone
    call    hlt_wakes
    leave_with 0x62

window:
    sti
    nop
    nop
    cli
    ret

once:
    put     IER, 2
    call    window
    call    show_irqs
    call    window                  ; the line is still up: no edge
    call    show_irqs
    put     IER, 0
    call    window
    call    show_irqs
    put     IER, 2
    call    window
    call    show_irqs
    put     IER, 0
    ret

identify:
    get     IIR
    movzx   eax, al
    mov     [identity], eax
    ret

; Each enabling interrupts once; IIR says why and takes the request away.
identified:
    mov     dword [irq_hook], identify
    mov     esi, 3
.next:
    put     IER, 2
    call    window
    get     IIR
    movzx   eax, al
    show    2, "iir ", [identity], " then ", eax
    put     IER, 0
    dec     esi
    jnz     .next
    call    show_irqs
    mov     dword [irq_hook], 0
    ret

; Enabled without an end: ISR holds the next one back, not lost.
gone:
    mov     byte [irq_eoi], 0
    put     IER, 2
    call    window
    put     IER, 0
    put     IER, 2
    call    window
    call    show_irqs
    pic_command EOI
    call    window
    call    show_irqs
    pic_command EOI
    mov     byte [irq_eoi], 1
    put     IER, 0
    ret

hlt_wakes:
    put     IER, 2
    sti
    hlt
.behind:
    cli
    mov     eax, [irq_eip]
    sub     eax, .behind
    show    2, "hlt at +", eax
    call    show_irqs
    put     IER, 0
    ret

    irq_routines

section .bss
identity: resd  1
