; format: elf32
; IRQ 8: the periodic interrupt of the clock, held until register C is read; the cascade (MC146818A
; data sheet). Not here: PF without PIE, which QEMU does not set.

%include "prot.inc"
%include "irq.inc"

%define REG_A 10
%define REG_B 11
%define REG_C 12

%macro rtc_put 2
    put     0x70, %1
    put     0x71, %2
%endmacro

%macro rtc_read 1
    put     0x70, %1
    in      al, 0x71
    movzx   eax, al
%endmacro

main:
    call    pic_start
    rtc_put REG_B, 0x02
    rtc_read REG_C
    rtc_put REG_A, 0x23             ; 8192 Hz
    call    interrupts
    call    held
    call    off
    leave_with 0x60

; Takes away what is left of the request: on a slow host the next period ends before PIE is off, and
; QEMU's 8259 remembers its edge when the line has fallen (a real one would not).
drain:
    rtc_read REG_C
    sti
    nop
    cli
    ret

; Reads register C, which takes the request away.
acknowledge:
    rtc_read REG_C
    and     eax, 0xc0
    or      [register_c], eax       ; a second one may be there before the CLI behind HLT
    ret

interrupts:
    mov     dword [irq_hook], acknowledge
    pic_mask 0xfb, 0xfe
    mov     esi, 4
.next:
    call    drain
    mov     dword [irq_count], 0
    mov     dword [register_c], 0
    rtc_put REG_B, 0x42             ; PIE
    sti
    hlt
    cli
    rtc_put REG_B, 0x02
    movzx   eax, byte [irq_log]
    show    2, "irq ", eax, " c ", [register_c]
    dec     esi
    jnz     .next
    ret

; Register C is not read: the line stays up, no second edge comes.
held:
    mov     dword [irq_hook], 0
    call    drain
    mov     dword [irq_count], 0
    rtc_put REG_B, 0x42
    sti
    hlt
    cli
    pic_mask 0xfa, 0xfe             ; some ticks of 1 ms: ten times the period
    mov     esi, 3
.ticks:
    put     PIT_MODE, 0x30
    put     PIT0, 0x00
    put     PIT0, 0x04
    sti
    hlt
    cli
    dec     esi
    jnz     .ticks
    call    show_irqs
    rtc_read REG_C
    and     eax, 0xc0
    show    2, "c ", eax
    ret

off:
    rtc_put REG_B, 0x02
    rtc_read REG_C
    rtc_read REG_C
    and     eax, 0x80
    show    2, "off, c ", eax
    rtc_put REG_A, 0x26
    ret

    irq_routines

section .bss
register_c: resd 1
