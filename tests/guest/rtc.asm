; format: elf32
; The clock, an MC146818: its registers, BCD and binary, 12 and 24 hours, the carry from the last second
; of a leap year's February into March, the update-ended interrupt and the alarm flag, RAM (MC146818A
; data sheet). The divider is reset, so that the first second is half a one.

%include "prot.inc"
%include "irq.inc"

%define REG_A 10
%define REG_B 11
%define REG_C 12
%define REG_D 13

main:
    call    pic_start
    call    registers
    call    set_and_get
    call    carry
    call    ram
    leave_with 0x5f

; AL = register AL
rtc_get:
    out     0x70, al
    in      al, 0x71
    ret

; rtc_put REGISTER, VALUE
%macro rtc_put 2
    put     0x70, %1
    put     0x71, %2
%endmacro

%macro rtc_read 1
    mov     eax, %1
    call    rtc_get
    movzx   eax, al
%endmacro

registers:
    rtc_put REG_A, 0x26
    rtc_read REG_A
    and     eax, 0x7f               ; without UIP
    show    2, "a ", eax
    rtc_put REG_B, 0x82
    rtc_read REG_B
    show    2, "b ", eax
    rtc_read REG_C
    rtc_put REG_C, 0xff
    rtc_read REG_C
    show    2, "c after a read ", eax
    rtc_read REG_D
    show    2, "d ", eax
    ret

; Ten registers from TABLE
%macro put_time 1
    mov     esi, %1
    call    write_time
%endmacro

write_time:
    xor     ebx, ebx
.next:
    mov     al, bl
    out     0x70, al
    lodsb
    out     0x71, al
    inc     ebx
    cmp     ebx, 10
    jb      .next
    ret

show_time:
    xor     ebx, ebx
.next:
    print   " "
    mov     eax, ebx
    call    rtc_get
    movzx   eax, al
    hex8    eax
    inc     ebx
    cmp     ebx, 10
    jb      .next
    print   10
    ret

; With SET nothing counts: what was written is read.
set_and_get:
    rtc_put REG_B, 0x82             ; SET, BCD, 24 hours
    put_time bcd_time
    print   "BCD:"
    call    show_time
    rtc_put REG_B, 0x86             ; binary
    put_time binary_time
    print   "binary:"
    call    show_time
    rtc_put REG_B, 0x80             ; BCD, 12 hours
    put_time noon
    print   "12 hours:"
    call    show_time
    ret

; The update-ended interrupt wakes; the flag of the alarm comes with it.
carry:
    pic_mask 0xfb, 0xfe
    rtc_put REG_B, 0x82
    rtc_put REG_A, 0x76             ; the divider is held in reset
    put_time leap
    rtc_put REG_A, 0x26
    rtc_read REG_C
    rtc_put REG_B, 0x12             ; UIE, BCD, 24 hours
    sti
    hlt
    cli
    rtc_read REG_C
    and     eax, 0xb0               ; PF comes whatever PIE says, in QEMU with PIE alone
    show    2, "flags ", eax
    rtc_put REG_B, 0x82
    print   "next second:"
    call    show_time
    call    show_irqs
    rtc_put REG_B, 2
    ret

; RAM behind the registers; bit 7 of the index is not part of it.
ram:
    put     0x70, 0x7a
    in      al, 0x71
    mov     bl, al
    put     0x70, 0x7a
    put     0x71, 0x5a
    put     0x70, 0xfa
    in      al, 0x71
    movzx   eax, al
    show    2, "ram ", eax
    put     0x70, 0x7a
    mov     al, bl
    out     0x71, al
    ret

    irq_routines

section .data
; seconds, alarm, minutes, alarm, hours, alarm, weekday, day, month, year
bcd_time: db 0x58, 0x10, 0x59, 0x20, 0x23, 0x12, 0x06, 0x31, 0x12, 0x99
binary_time: db 58, 10, 59, 20, 23, 12, 6, 31, 12, 99
noon:   db 0x01, 0xc0, 0x02, 0xc1, 0x92, 0xff, 0x03, 0x15, 0x06, 0x24
leap:   db 0x59, 0x00, 0x59, 0x00, 0x23, 0x00, 0x05, 0x29, 0x02, 0x24   ; alarm at midnight
