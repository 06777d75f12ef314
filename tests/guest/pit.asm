; format: elf32
; The 8254 without interrupts: modes and access modes as read back, latches, the flip-flop of low and
; high byte, OUT of modes 0 and 3, the gate of channel 2 (8254 data sheet; port 61: bit 0 gate,
; bit 1 speaker, bit 5 OUT). Counts run with time, so only what holds for any speed is printed.
; Not here, because QEMU has them otherwise: the null-count bit, OUT of modes 1, 2, 4 and 5, a gate that
; stops the count, counting in BCD.

%include "prot.inc"
%include "irq.inc"

main:
    call    pic_start
    call    modes
    call    latches
    call    widths
    call    mode0
    call    mode3
    call    port61
    leave_with 0x5d

; EAX = status of channel CL (0-2) without OUT and null count
status:
    mov     al, 2
    shl     al, cl
    or      al, 0xe0
    out     PIT_MODE, al
    lea     edx, [ecx + PIT0]
    in      al, dx
    and     eax, 0x3f
    ret

modes:
    print   "channel 2:"
    mov     ebx, 0xb0               ; modes 0-5, both bytes
    mov     ecx, 2
.next:
    mov     al, bl
    out     PIT_MODE, al
    put     PIT2, 0x34
    put     PIT2, 0x12
    call    status
    print   " "
    hex8    eax
    add     ebx, 2
    cmp     ebx, 0xba
    jbe     .next
    print   10
    put     PIT_MODE, 0x90          ; low byte only
    call    status
    show    2, "low byte only ", eax
    put     PIT_MODE, 0xa5          ; high byte only, mode 2, BCD
    call    status
    show    2, "high byte only, BCD ", eax
    put     PIT_MODE, 0x36
    put     PIT0, 0
    put     PIT0, 0
    mov     ecx, 0
    call    status
    show    2, "channel 0 ", eax
    ret

; EAX = what channel 2 reads as, both bytes
read2:
    in      al, PIT2
    mov     ah, al
    in      al, PIT2
    xchg    al, ah
    movzx   eax, ax
    ret

; CL = 1 if two of many reads of channel 2, latched each time, differ.
moves:
    mov     edx, 1000000
    put     PIT_MODE, 0x80
    call    read2
    mov     ebx, eax
.next:
    put     PIT_MODE, 0x80
    call    read2
    cmp     eax, ebx
    setne   cl
    jne     .end
    dec     edx
    jnz     .next
.end:
    ret

spin:
    push    ecx
    mov     ecx, 200
.next:
    in      al, 0x61                ; takes its time on any machine
    loop    .next
    pop     ecx
    ret

latches:
    put     0x61, 1                 ; gate of channel 2 open, speaker off
    put     PIT_MODE, 0xb4
    put     PIT2, 0xff
    put     PIT2, 0xff
    call    moves
    movzx   ecx, cl
    show    2, "counts ", ecx
    put     PIT_MODE, 0xc8          ; status and count of channel 2
    in      al, PIT2
    and     eax, 0x3f
    show    2, "read back: status ", eax
    call    read2
    put     PIT_MODE, 0xd8          ; the count alone
    call    read2
    put     PIT_MODE, 0xe8          ; the status alone, twice latched, once read
    put     PIT_MODE, 0xe8
    in      al, PIT2
    and     eax, 0x3f
    show    2, "status ", eax
    ret

; One byte counts: the other is 0.
widths:
    put     PIT_MODE, 0x94          ; low byte, mode 2
    put     PIT2, 0x10
    mov     ecx, 1000
    xor     ebx, ebx
.low:
    in      al, PIT2
    movzx   eax, al
    or      ebx, eax
    cmp     eax, 0x10
    ja      .bad
    loop    .low
    print   "low byte: at most 10", 10
    put     PIT_MODE, 0xa4          ; high byte, mode 2
    put     PIT2, 3
    mov     ecx, 1000
.high:
    in      al, PIT2
    cmp     al, 3
    ja      .bad
    loop    .high
    print   "high byte: at most 3", 10
    put     PIT_MODE, 0xb4
    put     PIT2, 0x00
    put     PIT2, 0x01              ; 100
    mov     ecx, 1000
.both:
    put     PIT_MODE, 0x80
    call    read2
    cmp     eax, 0x100
    ja      .bad
    loop    .both
    print   "both bytes: at most 100", 10
    ret
.bad:
    hex32   eax
    print   " is too much", 10
    ret

; EAX = OUT of channel 2: by read-back in bit 0, by port 61 in bit 4
out2:
    put     PIT_MODE, 0xe8
    in      al, PIT2
    shr     al, 7
    mov     ah, al
    in      al, 0x61
    shr     al, 1
    and     al, 0x10
    or      al, ah
    movzx   eax, al
    ret

; Low from the control word on, high when the count is over, and then for good.
mode0:
    put     PIT_MODE, 0xb0
    put     PIT2, 0xff
    put     PIT2, 0xff              ; 55 ms
    call    out2
    show    2, "mode 0, out ", eax
    put     PIT_MODE, 0xb0
    put     PIT2, 100
    put     PIT2, 0
    mov     ecx, 10000000
.wait:
    in      al, 0x61
    test    al, 0x20
    loopz   .wait
    call    out2
    show    2, "at the end ", eax
    call    spin
    call    out2
    show    2, "later ", eax
    put     PIT2, 0xff
    put     PIT2, 0xff              ; a new count begins anew
    call    out2
    show    2, "new count ", eax
    ret

; A square wave: both levels come again and again.
mode3:
    put     PIT_MODE, 0xb6
    put     PIT2, 0x00
    put     PIT2, 0x02
    xor     esi, esi
    mov     edi, 6
    mov     ecx, 10000000
.next:
    in      al, 0x61
    shr     al, 5
    and     eax, 1
    cmp     eax, esi
    loope   .next
    jecxz   .end
    mov     esi, eax
    dec     edi
    jnz     .next
.end:
    show    2, "mode 3, edges to come ", edi
    ret

port61:
    put     0x61, 3
    in      al, 0x61
    and     eax, 3
    show    2, "port 61 ", eax
    put     0x61, 0
    in      al, 0x61
    and     eax, 3
    show    2, "port 61 ", eax
    ret

    irq_routines
