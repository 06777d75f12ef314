; The firmware: a BIOS of the IBM PC AT's kind, as far as a boot sector and what it loads need one.
; It is what the PC AT Technical Reference, Ralf Brown's Interrupt List, the Phoenix Enhanced Disk
; Drive Specification 1.1 and ACPI (E820h) say of the services below.
;
;   INT 08  IRQ 0: counts ticks, calls 1Ch    INT 14  COM1
;   INT 10  text, to COM1                     INT 15  memory, A20, block move, wait
;   INT 11  equipment                         INT 16  keys, from COM1
;   INT 12  conventional memory               INT 18  no system: says so, stops
;   INT 13  disk 80h                          INT 19  starts sector 0 of the disk
;                                             INT 1A  ticks, clock and date
;
; The console is COM1: there is no display and no keyboard. The disk and the memory map come from
; the machine through a private port (emu/device/firmware_disk.h). Interrupt controller, timer and
; clock are programmed as a PC has them; each may be absent, its ports then read ffh.
;
; Left out: a screen memory and colours, diskettes, printers, PCI and APM, setting the clock, and a
; tick count that begins with the time of day: it begins at 0, so that runs repeat.
;
; CPU exceptions that a PC's BIOS returns from for ever (divide error, invalid opcode, faults in the
; vectors of an IRQ that is not in service) say where they were, and stop.
;
; The ROM is 64 KiB, in f0000-fffff and below 4 GiB; code and data lie in its last 8 KiB.

    bits    16
    cpu     386
    org     0

%include "bios_layout.inc"

; ---- for the loader ----------------------------------------------------------------------------
; The loader does what POST does when it starts a boot sector directly (emu/loader/firmware.c).

    dw      low_memory, low_memory_end - low_memory
    dw      post_ports, (post_ports_end - post_ports) / 3

    times   0xe000 - ($ - $$) db 0xff

; ---- entry and exit of a service ---------------------------------------------------------------
; The caller's registers, from SS:BP up.

struc frame
.edi:   resd    1
.esi:   resd    1
.ebp:   resd    1
.esp:   resd    1
.ebx:   resd    1
.edx:   resd    1
.ecx:   resd    1
.eax:   resd    1
.es:    resw    1
.ds:    resw    1
.ip:    resw    1
.cs:    resw    1
.flags: resw    1
endstruc

%define CALLER(field) [bp + frame. %+ field]
%define FLAG_CARRY 0x01
%define FLAG_ZERO 0x40

%macro service_enter 0
    push    ds
    push    es
    pushad
    mov     bp, sp
    cld
    push    BDA
    pop     ds
%endmacro

%macro service_leave 0
    popad
    pop     es
    pop     ds
    iret
%endmacro

; service TABLE: the whole of a service whose functions are in a table.
%macro service 1
    service_enter
    mov     si, %1
    call    dispatch
    service_leave
%endmacro

; A table: how many functions, AH and address of each, and what to do with any other AH.
%macro functions 2-*
    db      (%0 - 1) / 2
  %rep (%0 - 1) / 2
    db      %1
    dw      %2
    %rotate 2
  %endrep
    dw      %1
%endmacro

; Go to the function AH of the table CS:SI. It may use every register but BP and SP; AX, BX and DX
; are the caller's.
dispatch:
    movzx   cx, byte [cs:si]
    inc     si
.next:
    jcxz    .other
    cmp     ah, [cs:si]
    je      .found
    add     si, 3
    dec     cx
    jmp     .next
.found:
    inc     si
.other:
    jmp     [cs:si]

carry_set:
    or      byte CALLER(flags), FLAG_CARRY
    ret

carry_clear:
    and     byte CALLER(flags), ~FLAG_CARRY
nothing:
    ret

unsupported:
    mov     byte CALLER(eax + 1), 0x86
    jmp     carry_set

; ---- the machine's private port ----------------------------------------------------------------

; Command AL. AL: its status. Clobbers DX.
machine_command:
    mov     dx, FW_COMMAND
    out     dx, al
    in      al, dx
    ret

; Command AL; EAX: the number that it leaves. Clobbers DX.
machine_ask:
    call    machine_command
    mov     dx, FW_COUNT
    in      eax, dx
    ret

; EAX = 16 * ES + DI
linear:
    push    edx
    xor     eax, eax
    mov     ax, es
    shl     eax, 4
    movzx   edx, di
    add     eax, edx
    pop     edx
    ret

; ---- the console: COM1 -------------------------------------------------------------------------

; Send AL.
serial_put:
    push    ax
    push    cx
    push    dx
    mov     ah, al
    mov     dx, COM1 + 5
    xor     cx, cx
.wait:
    in      al, dx
    test    al, 0x20                ; the transmitter takes a byte
    loopz   .wait
    mov     dx, COM1
    mov     al, ah
    out     dx, al
    pop     dx
    pop     cx
    pop     ax
    ret

; Carry: a byte came, in AL.
serial_get:
    push    dx
    mov     dx, COM1 + 5
    in      al, dx
    cmp     al, 0xff                ; no UART
    je      .none
    test    al, 1
    jz      .none
    mov     dx, COM1
    in      al, dx
    stc
    jmp     .end
.none:
    clc
.end:
    pop     dx
    ret

; The text CS:SI, to its NUL.
print_text:
    cs lodsb
    test    al, al
    jz      .end
    call    serial_put
    jmp     print_text
.end:
    ret

; AX as four digits.
print_word:
    mov     cx, 4
.next:
    rol     ax, 4
    push    ax
    and     al, 15
    cmp     al, 10
    sbb     al, 0x69
    das
    or      al, 0x20                ; digits have this bit already
    call    serial_put
    pop     ax
    loop    .next
    ret

; ---- INT 10h: text -----------------------------------------------------------------------------
; A stream of text has no places. So the cursor is kept as if there were a screen of 80 by 25; moving
; it to another row begins a new line, moving it back in its row goes to the row's start.

int_10:
    service table_10

table_10:
    functions 0x00, video_mode, 0x01, video_shape, 0x02, video_move, 0x03, video_where, \
              0x08, video_read, 0x09, video_repeat, 0x0a, video_repeat, 0x0e, video_teletype, \
              0x0f, video_tell_mode, 0x13, video_string, nothing

video_mode:
    and     al, 0x7f
    mov     [BDA_VIDEO_MODE], al
    mov     word [BDA_CURSOR], 0
    ret

video_shape:
    mov     cx, CALLER(ecx)
    mov     [BDA_CURSOR_SHAPE], cx
    ret

video_where:
    mov     ax, [BDA_CURSOR]
    mov     CALLER(edx), ax
    mov     ax, [BDA_CURSOR_SHAPE]
    mov     CALLER(ecx), ax
    ret

; To row DH, column DL.
video_move:
    mov     cx, [BDA_CURSOR]
    mov     [BDA_CURSOR], dx
    mov     al, 13
    cmp     ch, dh
    jne     .row
    cmp     dl, cl
    jae     .end
    jmp     serial_put
.row:
    call    serial_put
    mov     al, 10
    call    serial_put
    movzx   cx, dl
    jcxz    .end
    mov     al, ' '
.indent:
    call    serial_put
    loop    .indent
.end:
    ret

; The character at the cursor: there is no memory of it.
video_read:
    mov     word CALLER(eax), 0x0720
    ret

; AL, CX times, at most to the end of the row; the cursor stays.
video_repeat:
    mov     cx, 80
    sub     cl, [BDA_CURSOR]
    cmp     cx, CALLER(ecx)
    jbe     .start
    mov     cx, CALLER(ecx)
.start:
    jcxz    .end
.next:
    call    serial_put
    loop    .next
.end:
    ret

video_teletype:
    call    serial_put
    mov     dx, [BDA_CURSOR]
    cmp     al, 7
    je      .end
    cmp     al, 8
    je      .back
    cmp     al, 10
    je      .line
    cmp     al, 13
    je      .return
    inc     dl
    cmp     dl, 80
    jb      .store
    mov     dl, 0
.line:
    cmp     dh, 24
    adc     dh, 0                   ; the last row scrolls
    jmp     .store
.back:
    sub     dl, 1
    adc     dl, 0
    jmp     .store
.return:
    mov     dl, 0
.store:
    mov     [BDA_CURSOR], dx
.end:
    ret

video_tell_mode:
    mov     al, [BDA_VIDEO_MODE]
    mov     ah, 80
    mov     CALLER(eax), ax
    mov     byte CALLER(ebx + 1), 0
    ret

; CX characters at ES:BP from row DH, column DL. AL bit 0: the cursor goes along; bit 1: each has an
; attribute behind it.
video_string:
    mov     bl, al
    mov     cx, CALLER(ecx)
    mov     si, CALLER(ebp)
    push    word [BDA_CURSOR]
    call    video_move_string
    jcxz    .end
.next:
    es lodsb
    test    bl, 2
    jz      .put
    inc     si
.put:
    call    video_teletype
    loop    .next
.end:
    pop     dx
    test    bl, 1
    jnz     .moved
    mov     [BDA_CURSOR], dx
.moved:
    ret

video_move_string:
    push    cx
    call    video_move
    pop     cx
    ret

; ---- INT 11h, 12h ------------------------------------------------------------------------------

int_11:
    push    ds
    push    BDA
    pop     ds
    mov     ax, [BDA_EQUIPMENT]
    pop     ds
    iret

int_12:
    push    ds
    push    BDA
    pop     ds
    mov     ax, [BDA_MEMORY]
    pop     ds
    iret

; ---- INT 13h: the disk -------------------------------------------------------------------------

%define DISK_OK 0x00
%define DISK_BAD_PARAMETER 0x01
%define DISK_NOT_FOUND 0x04
%define DISK_BAD_ADDRESS 0x09
%define SECTORS_PER_TRACK 63

int_13:
    service_enter
    mov     si, table_13
    cmp     dl, DISK
    je      .go
    mov     si, table_13_no_drive
.go:
    call    dispatch
    service_leave

table_13:
    functions 0x00, disk_ok, 0x01, disk_last, 0x02, disk_read, 0x03, disk_write, \
              0x04, disk_verify, 0x08, disk_geometry, 0x0c, disk_ok, 0x0d, disk_ok, \
              0x10, disk_ok, 0x11, disk_ok, 0x15, disk_kind, 0x41, disk_extensions, \
              0x42, disk_read_long, 0x43, disk_write_long, 0x44, disk_verify_long, \
              0x47, disk_verify_long, 0x48, disk_parameters, disk_bad

table_13_no_drive:
    functions 0x15, disk_no_kind, disk_bad

disk_bad:
    mov     ah, DISK_BAD_PARAMETER
    jmp     disk_end
disk_ok:
    mov     ah, DISK_OK
; The function ends with status AH.
disk_end:
    mov     [BDA_DISK_STATUS], ah
disk_tell:
    mov     CALLER(eax + 1), ah
    test    ah, ah
    jz      carry_clear
    jmp     carry_set

disk_last:
    mov     ah, [BDA_DISK_STATUS]
    jmp     disk_tell

; EAX: sectors of the disk; DI: heads; CX: cylinders, 0 without a disk. Heads double until there are at most 1024
; cylinders. Clobbers EDX, ESI.
geometry:
    mov     al, FW_DISK_SIZE
    call    machine_ask
    push    eax
    xor     edx, edx
    add     eax, 16 * SECTORS_PER_TRACK - 1
    adc     edx, edx
    mov     esi, 16 * SECTORS_PER_TRACK
    div     esi
    mov     di, 16
.fold:
    cmp     eax, 1024
    jbe     .end
    cmp     di, 128
    je      .most
    shl     di, 1
    inc     eax
    shr     eax, 1
    jmp     .fold
.most:
    mov     ax, 1024
.end:
    mov     cx, ax
    pop     eax
    ret

disk_verify:
    mov     bl, FW_VERIFY
    jmp     transfer_chs
disk_write:
    mov     bl, FW_WRITE
    jmp     transfer_chs
disk_read:
    mov     bl, FW_READ
; AL sectors from cylinder CH and CL bits 7:6, head DH, sector CL bits 5:0, at ES:BX.
transfer_chs:
    call    geometry
    mov     dx, CALLER(ecx)
    xchg    dl, dh
    shr     dh, 6                   ; DX: cylinder
    cmp     dx, cx
    jae     .bad
    movzx   eax, dx
    movzx   esi, di
    mul     esi
    movzx   edx, byte CALLER(edx + 1)
    cmp     dx, di
    jae     .bad
    add     eax, edx
    imul    eax, eax, SECTORS_PER_TRACK
    mov     dl, CALLER(ecx)
    and     edx, 0x3f
    jz      .bad
    lea     esi, [eax + edx - 1]
    movzx   ecx, byte CALLER(eax)
    dec     cx
    cmp     cx, 127                 ; 1 to 128
    ja      .bad
    inc     cx
    mov     es, CALLER(es)
    mov     di, CALLER(ebx)
    call    linear
    call    transfer
    jz      disk_end
    mov     byte CALLER(eax), 0     ; sectors done
    jmp     disk_end
.bad:
    mov     byte CALLER(eax), 0
    jmp     disk_bad

; Command BL: ECX sectors from ESI on, at the linear address EAX. AH: status; Z: it is DISK_OK.
transfer:
    mov     dx, FW_ADDRESS
    out     dx, eax
    mov     eax, esi
    mov     dx, FW_SECTOR
    out     dx, eax
    mov     eax, ecx
    mov     dx, FW_COUNT
    out     dx, eax
    mov     al, bl
    call    machine_command
    mov     bx, .status
    cs xlatb
    mov     ah, al
    test    ah, ah
    ret
.status:
    db      DISK_OK, DISK_BAD_PARAMETER, DISK_NOT_FOUND, DISK_BAD_ADDRESS

disk_geometry:
    call    geometry
    test    cx, cx
    jz      disk_bad
    dec     cx
    xchg    cl, ch
    shl     cl, 6
    or      cl, SECTORS_PER_TRACK
    mov     CALLER(ecx), cx
    mov     ax, di
    dec     ax
    mov     ah, al
    mov     al, 1                   ; how many disks
    mov     CALLER(edx), ax
    mov     byte CALLER(eax), 0
    jmp     disk_ok

; A hard disk of CX:DX sectors
disk_kind:
    call    geometry
    jcxz    disk_no_kind
    mov     CALLER(edx), ax
    shr     eax, 16
    mov     CALLER(ecx), ax
    mov     byte CALLER(eax + 1), 3
    jmp     carry_clear

disk_no_kind:
    mov     byte CALLER(eax + 1), 0
    jmp     carry_clear

; EDD 1.1, the functions that read, write, verify and tell
disk_extensions:
    cmp     bx, 0x55aa
    jne     disk_bad
    mov     word CALLER(ebx), 0xaa55
    mov     byte CALLER(eax + 1), 0x21
    mov     word CALLER(ecx), 1
    jmp     carry_clear

disk_verify_long:
    mov     bl, FW_VERIFY
    jmp     transfer_long
disk_write_long:
    mov     bl, FW_WRITE
    jmp     transfer_long
disk_read_long:
    mov     bl, FW_READ
; The packet at DS:SI: 0 its size, 2 sectors, 4 offset and segment of the buffer, 8 first sector (8
; bytes); with ffff:ffff as the buffer, and 24 bytes long, 16 the buffer's linear address.
transfer_long:
    mov     es, CALLER(ds)
    mov     si, CALLER(esi)
    cmp     byte [es:si], 16
    jb      disk_bad
    push    si
    mov     ah, DISK_NOT_FOUND
    cmp     dword [es:si + 12], 0
    jne     .end
    movzx   ecx, word [es:si + 2]
    mov     edx, [es:si + 4]
    mov     eax, [es:si + 16]
    cmp     edx, 0xffffffff
    jne     .segment
    cmp     byte [es:si], 24
    jb      .segment
    cmp     dword [es:si + 20], 0
    mov     esi, [es:si + 8]
    je      .go
    mov     ah, DISK_BAD_ADDRESS
    jmp     .end
.segment:
    mov     esi, [es:si + 8]
    push    es
    mov     di, dx
    shr     edx, 16
    mov     es, dx
    call    linear
    pop     es
.go:
    call    transfer
.end:
    pop     si
    test    ah, ah
    jz      disk_end
    mov     word [es:si + 2], 0     ; sectors done
    jmp     disk_end

; The buffer at DS:SI: 0 its size, 2 flags, 4 cylinders, 8 heads, 12 sectors of a track, 16 sectors
; (8 bytes), 24 bytes of a sector.
disk_parameters:
    mov     es, CALLER(ds)
    mov     di, CALLER(esi)
    cmp     word [es:di], 26
    jb      disk_bad
    push    di
    call    geometry
    movzx   edx, di
    pop     di
    test    cx, cx
    jz      disk_bad
    mov     word [es:di], 26
    mov     word [es:di + 2], 2     ; cylinders, heads and sectors are valid
    movzx   ecx, cx
    mov     [es:di + 4], ecx
    mov     [es:di + 8], edx
    mov     dword [es:di + 12], SECTORS_PER_TRACK
    mov     [es:di + 16], eax
    mov     dword [es:di + 20], 0
    mov     word [es:di + 24], 512
    jmp     disk_ok

; ---- INT 14h: COM1 -----------------------------------------------------------------------------

int_14:
    service_enter
    test    dx, dx                  ; the first port is the only one
    jnz     .end
    mov     si, table_14
    call    dispatch
.end:
    service_leave

table_14:
    functions 0, line_init, 1, line_send, 2, line_receive, 3, line_status, nothing

; AL: bits 7:5 speed, 4:3 parity, 2 stop bits, 1:0 length
line_init:
    mov     cl, al
    movzx   bx, al
    shr     bx, 5
    shl     bx, 1
    mov     dx, COM1 + 3
    mov     al, 0x80                ; DLAB
    out     dx, al
    mov     ax, [cs:.divisors + bx]
    mov     dx, COM1
    out     dx, al
    inc     dx
    mov     al, ah
    out     dx, al
    mov     al, cl
    and     al, 0x1f
    mov     dx, COM1 + 3
    out     dx, al
    jmp     line_status
.divisors:
    dw      1047, 768, 384, 192, 96, 48, 24, 12 ; 110 to 9600 baud

line_send:
    call    serial_put
    mov     dx, COM1 + 5
    in      al, dx
    and     al, 0x7f
    mov     CALLER(eax + 1), al
    ret

; Waits a moment; AH bit 7: nothing came.
line_receive:
    xor     cx, cx
.wait:
    call    serial_get
    jc      .came
    loop    .wait
    mov     byte CALLER(eax + 1), 0x80
    ret
.came:
    mov     ah, 0
    mov     CALLER(eax), ax
    ret

line_status:
    mov     dx, COM1 + 5
    in      al, dx
    mov     ah, al
    inc     dx
    in      al, dx
    mov     CALLER(eax), ax
    ret

; ---- INT 15h: the system -----------------------------------------------------------------------

int_15:
    service table_15

table_15:
    functions 0x24, a20, 0x4f, carry_set, 0x86, wait_time, 0x87, move_block, \
              0x88, extended_memory, 0x90, device_wait, 0x91, device_wait, \
              0xc0, configuration, 0xc1, ebda_segment, 0xe8, memory_size, unsupported

device_wait:
    mov     byte CALLER(eax + 1), 0
    jmp     carry_clear

; AL = 0 off, 1 on, 2 tell, 3 tell how. Where port 92h is absent, A20 is always on.
a20:
    mov     dl, al
    cmp     dl, 3
    ja      unsupported
    in      al, 0x92
    mov     ah, al                  ; all ones when absent
    shr     al, 1
    and     al, 1                   ; as it is
    cmp     dl, 2
    je      .told
    ja      .how
    mov     al, ah
    inc     ah
    jz      .absent
    and     al, 0xfc                ; bit 0 would reset the machine
    shl     dl, 1
    or      al, dl
    out     0x92, al
    jmp     .done
.absent:
    test    dl, dl
    jz      unsupported             ; it cannot be switched off
    jmp     .done
.told:
    mov     CALLER(eax), al
.done:
    mov     byte CALLER(eax + 1), 0
    jmp     carry_clear
.how:
    mov     word CALLER(ebx), 0
    inc     ah
    jz      .done
    mov     word CALLER(ebx), 2     ; by port 92h
    jmp     .done

; Wait CX:DX microseconds by counter 0 of the timer, which counts 1193182 in a second. Half a count
; in a microsecond is 0.596591.
wait_time:
    call    timer_count
    mov     bx, ax
    xor     cx, cx
.look:
    call    timer_count
    cmp     ax, bx
    loope   .look
    je      unsupported             ; a timer that stands still is none
    mov     ax, CALLER(ecx)
    shl     eax, 16
    mov     ax, CALLER(edx)
    mov     edx, 596591
    mul     edx
    mov     ecx, 1000000
    div     ecx
    mov     esi, eax                ; counts / 2 to go
    call    timer_count
    mov     bx, ax
    xor     edi, edi                ; counts that went by
    xor     ecx, ecx
.next:
    call    timer_count
    xchg    ax, bx
    sub     ax, bx                  ; it counts down
    movzx   eax, ax
    add     ecx, eax
    mov     eax, ecx
    shr     eax, 1
    add     edi, eax
    and     ecx, 1
    cmp     edi, esi
    jb      .next
    jmp     carry_clear

; AX: counter 0, latched
timer_count:
    mov     al, 0
    out     0x43, al
    in      al, 0x40
    mov     ah, al
    in      al, 0x40
    xchg    al, ah
    ret

; CX words through the descriptors at ES:SI: 10h source, 18h destination; 08h, 20h and 28h are ours.
move_block:
    mov     cx, CALLER(ecx)
    cmp     cx, 0x8000
    ja      .refuse
    smsw    ax
    test    al, 1                   ; already in protected mode
    jnz     .refuse
    mov     es, CALLER(es)
    mov     si, CALLER(esi)
    mov     di, si
    call    linear
    push    eax
    push    word 0x2f
    mov     edi, esp                ; GDTR's 6 bytes
    movzx   edi, di
    mov     dword [es:si + 0x20], 0x0000ffff
    mov     dword [es:si + 0x24], 0x00009b0f    ; code, f0000
    mov     dword [es:si + 0x28], 0x0000ffff
    mov     dword [es:si + 0x2c], 0x00009300    ; data of 64 KiB, for real mode's limits
    lgdt    [ss:di]
    add     sp, 6
    mov     eax, cr0
    or      al, 1
    mov     cr0, eax
    jmp     0x20:.protected
.protected:
    mov     ax, 0x10
    mov     ds, ax
    mov     ax, 0x18
    mov     es, ax
    xor     si, si
    xor     di, di
    rep     movsw
    mov     ax, 0x28
    mov     ds, ax
    mov     es, ax
    mov     eax, cr0
    and     al, ~1
    mov     cr0, eax
    jmp     SEGMENT:.real
.real:
    mov     byte CALLER(eax + 1), 0
    jmp     carry_clear
.refuse:
    mov     byte CALLER(eax + 1), 2
    jmp     carry_set

; AX: KiB above 1 MiB, at most 63 MiB
extended_memory:
    mov     al, FW_EXTENDED
    call    machine_ask
    cmp     eax, 63 * 1024
    jbe     .tell
    mov     eax, 63 * 1024
.tell:
    mov     CALLER(eax), ax
    jmp     carry_clear

configuration:
    mov     word CALLER(ebx), .table
    mov     word CALLER(es), SEGMENT
    mov     byte CALLER(eax + 1), 0
    jmp     carry_clear
.table:
    dw      8
    db      0xfc, 0, 1              ; PC AT, model, revision
    db      0x74                    ; second interrupt controller, clock, EBDA, INT 15h/4Fh
    db      0x40, 0, 0, 0

ebda_segment:
    mov     word CALLER(es), EBDA
    jmp     carry_clear

memory_size:
    cmp     al, 0x01
    je      .sizes
    cmp     al, 0x20
    jne     unsupported
; E820h: entry EBX of the map at ES:DI
    cmp     edx, "PAMS"             ; "SMAP" in the register's order
    jne     unsupported
    cmp     dword CALLER(ecx), 20
    jb      unsupported
    mov     es, CALLER(es)
    mov     di, CALLER(edi)
    call    linear
    mov     dx, FW_ADDRESS
    out     dx, eax
    mov     eax, ebx
    mov     dx, FW_COUNT
    out     dx, eax
    mov     al, FW_MAP
    call    machine_command
    test    al, al
    jnz     unsupported
    mov     dx, FW_COUNT
    in      eax, dx
    mov     CALLER(ebx), eax        ; the next one, 0: there is none
    mov     dword CALLER(eax), "PAMS"
    mov     dword CALLER(ecx), 20
    jmp     carry_clear
; E801h: KiB from 1 to 16 MiB in AX and CX, 64 KiB above in BX and DX
.sizes:
    mov     al, FW_EXTENDED
    call    machine_ask
    xor     ebx, ebx
    cmp     eax, 15 * 1024
    jbe     .tell
    lea     ebx, [eax - 15 * 1024]
    shr     ebx, 6
    mov     ax, 15 * 1024
.tell:
    mov     CALLER(eax), ax
    mov     CALLER(ecx), ax
    mov     CALLER(ebx), bx
    mov     CALLER(edx), bx
    jmp     carry_clear

; ---- INT 16h: keys -----------------------------------------------------------------------------

int_16:
    service table_16

table_16:
    functions 0x00, key_wait, 0x01, key_look, 0x02, key_shift, 0x05, key_push, \
              0x10, key_wait, 0x11, key_look, 0x12, key_shifts, nothing

; BX: where the key behind BX in the buffer lies
key_next:
    inc     bx
    inc     bx
    cmp     bx, [BDA_KEYS_END]
    jb      .end
    mov     bx, [BDA_KEYS_BEGIN]
.end:
    ret

; Put AX into the buffer. Carry: it is full.
key_store:
    mov     bx, [BDA_KEYS_TAIL]
    mov     si, bx
    call    key_next
    cmp     bx, [BDA_KEYS_HEAD]
    je      .full
    mov     [si], ax
    mov     [BDA_KEYS_TAIL], bx
    clc
    ret
.full:
    stc
    ret

; The characters that came become keys: a line's end is Enter, DEL is Backspace.
key_fill:
    mov     bx, [BDA_KEYS_TAIL]
    call    key_next
    cmp     bx, [BDA_KEYS_HEAD]
    je      .end                    ; full: what came waits in the UART
    call    serial_get
    jnc     .end
    cmp     al, 10
    jne     .delete
    mov     al, 13
.delete:
    cmp     al, 127
    jne     .scan
    mov     al, 8
.scan:
    mov     ah, 0
    test    al, al
    js      .store
    mov     bx, scan_codes
    mov     ah, al
    cs xlatb
    xchg    al, ah
.store:
    call    key_store
    jmp     key_fill
.end:
    ret

key_wait:
    call    key_fill
    mov     bx, [BDA_KEYS_HEAD]
    cmp     bx, [BDA_KEYS_TAIL]
    jne     .take
    sti
    hlt                             ; the timer looks again
    cli
    jmp     key_wait
.take:
    mov     ax, [bx]
    mov     CALLER(eax), ax
    call    key_next
    mov     [BDA_KEYS_HEAD], bx
    ret

; Zero flag: there is none.
key_look:
    call    key_fill
    or      byte CALLER(flags), FLAG_ZERO
    mov     bx, [BDA_KEYS_HEAD]
    cmp     bx, [BDA_KEYS_TAIL]
    je      .end
    mov     ax, [bx]
    mov     CALLER(eax), ax
    and     byte CALLER(flags), ~FLAG_ZERO
.end:
    ret

key_shift:
    mov     al, [BDA_SHIFT]
    mov     CALLER(eax), al
    ret

key_shifts:
    mov     ax, [BDA_SHIFT]
    mov     CALLER(eax), ax
    ret

key_push:
    mov     ax, CALLER(ecx)
    call    key_store
    setc    CALLER(eax)
    ret

; By character: the key that makes it on a US keyboard (scan code set 1), with Shift or Ctrl or not.
scan_codes:
    db      0x03, 0x1e, 0x30, 0x2e, 0x20, 0x12, 0x21, 0x22  ; ^@ ^A ... ^G
    db      0x0e, 0x0f, 0x24, 0x25, 0x26, 0x1c, 0x31, 0x18  ; BS Tab ^J ^K ^L Enter ^N ^O
    db      0x19, 0x10, 0x13, 0x1f, 0x14, 0x16, 0x2f, 0x11  ; ^P ... ^W
    db      0x2d, 0x15, 0x2c, 0x01, 0x2b, 0x1b, 0x07, 0x0c  ; ^X ^Y ^Z Esc ^\ ^] ^^ ^_
    db      0x39, 0x02, 0x28, 0x04, 0x05, 0x06, 0x08, 0x28  ; space ! " # $ % & '
    db      0x0a, 0x0b, 0x09, 0x0d, 0x33, 0x0c, 0x34, 0x35  ; ( ) * + , - . /
    db      0x0b, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08  ; 0 ... 7
    db      0x09, 0x0a, 0x27, 0x27, 0x33, 0x0d, 0x34, 0x35  ; 8 9 : ; < = > ?
    db      0x03, 0x1e, 0x30, 0x2e, 0x20, 0x12, 0x21, 0x22  ; @ A ... G
    db      0x23, 0x17, 0x24, 0x25, 0x26, 0x32, 0x31, 0x18  ; H ... O
    db      0x19, 0x10, 0x13, 0x1f, 0x14, 0x16, 0x2f, 0x11  ; P ... W
    db      0x2d, 0x15, 0x2c, 0x1a, 0x2b, 0x1b, 0x07, 0x0c  ; X Y Z [ \ ] ^ _
    db      0x29, 0x1e, 0x30, 0x2e, 0x20, 0x12, 0x21, 0x22  ; ` a ... g
    db      0x23, 0x17, 0x24, 0x25, 0x26, 0x32, 0x31, 0x18  ; h ... o
    db      0x19, 0x10, 0x13, 0x1f, 0x14, 0x16, 0x2f, 0x11  ; p ... w
    db      0x2d, 0x15, 0x2c, 0x1a, 0x2b, 0x1b, 0x29, 0x0e  ; x y z { | } ~ DEL

; ---- INT 18h, 19h: the start of a system -------------------------------------------------------

int_18:
    mov     si, .text
    call    print_text
    jmp     stop
.text:
    db      "No bootable disk.", 13, 10, 0

int_19:
    xor     ax, ax
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     sp, 0x7c00
    sti
    mov     ax, 0x0201
    mov     cx, 1
    mov     dx, DISK
    mov     bx, 0x7c00
    int     0x13
    jc      .none
    cmp     word [0x7dfe], 0xaa55
    jne     .none
    jmp     0:0x7c00                ; DL: the disk
.none:
    int     0x18

stop:
    cli
    hlt
    jmp     stop

; ---- INT 1Ah: time -----------------------------------------------------------------------------

int_1a:
    service table_1a

table_1a:
    functions 0x00, ticks_get, 0x01, ticks_set, 0x02, clock_time, 0x04, clock_date, carry_set

ticks_get:
    mov     ax, [BDA_TICKS]
    mov     CALLER(edx), ax
    mov     ax, [BDA_TICKS + 2]
    mov     CALLER(ecx), ax
    xor     ax, ax
    xchg    al, [BDA_MIDNIGHT]
    mov     CALLER(eax), ax
    jmp     carry_clear

ticks_set:
    mov     [BDA_TICKS], dx
    mov     cx, CALLER(ecx)
    mov     [BDA_TICKS + 2], cx
    mov     byte [BDA_MIDNIGHT], 0
    jmp     carry_clear

; AL: register AL of the clock
clock_read:
    out     0x70, al
    in      al, 0x71
    ret

; Wait until the clock is not just counting. Carry: it never ends, or there is none.
clock_wait:
    mov     al, 0x0d                ; only bit 7 is there
    call    clock_read
    cmp     al, 0xff
    je      .none
    xor     cx, cx
.wait:
    mov     al, 0x0a
    call    clock_read
    test    al, 0x80
    loopnz  .wait
    jnz     .none
    clc
    ret
.none:
    stc
    ret

; CH, CL, DH: hours, minutes, seconds, decimal digits; DL: 1 in daylight saving time
clock_time:
    call    clock_wait
    jc      carry_set
    mov     al, 0
    call    clock_read
    mov     CALLER(edx + 1), al
    mov     al, 2
    call    clock_read
    mov     CALLER(ecx), al
    mov     al, 4
    call    clock_read
    mov     CALLER(ecx + 1), al
    mov     al, 0x0b
    call    clock_read
    and     al, 1
    mov     CALLER(edx), al
    jmp     carry_clear

; CH, CL: century and year; DH, DL: month and day
clock_date:
    call    clock_wait
    jc      carry_set
    mov     al, 7
    call    clock_read
    mov     CALLER(edx), al
    mov     al, 8
    call    clock_read
    mov     CALLER(edx + 1), al
    mov     al, 9
    call    clock_read
    mov     CALLER(ecx), al
    mov     al, 0x32
    call    clock_read
    mov     CALLER(ecx + 1), al
    jmp     carry_clear

; ---- interrupts and exceptions -----------------------------------------------------------------

%define TICKS_OF_A_DAY 0x1800b0

int_08:
    push    eax
    push    ds
    push    BDA
    pop     ds
    mov     eax, [BDA_TICKS]
    inc     eax
    cmp     eax, TICKS_OF_A_DAY
    jb      .store
    mov     byte [BDA_MIDNIGHT], 1
    xor     eax, eax
.store:
    mov     [BDA_TICKS], eax
    int     0x1c
    mov     al, 0x20
    out     0x20, al
    pop     ds
    pop     eax
dummy:
    iret

; Stubs: an exception, or an IRQ of the first controller.
%macro stub 2                       ; vector, where to
vector_%1:
    push    word 0x%1
    jmp     %2
%endmacro
    stub    00, exception
    stub    06, exception
    stub    07, exception
    stub    09, irq_master
    stub    0a, irq_master
    stub    0b, irq_master
    stub    0c, irq_master
    stub    0d, irq_master
    stub    0e, irq_master
    stub    0f, irq_master

; An interrupt that nobody wants is ended. One that is not in service is an exception of that number.
irq_master:
    push    ax
    mov     al, 0x0b                ; what is in service
    out     0x20, al
    in      al, 0x20
    cmp     al, 0xff                ; no controller
    je      .exception
    test    al, al
    jz      .exception
    mov     al, 0x20
    out     0x20, al
    pop     ax
    add     sp, 2
    iret
.exception:
    pop     ax
exception:
    mov     bp, sp                  ; vector, IP, CS
    cld
    mov     si, .text
    call    print_text
    mov     ax, [bp]
    call    print_word
    mov     si, .at
    call    print_text
    mov     ax, [bp + 4]
    call    print_word
    mov     al, ':'
    call    serial_put
    mov     ax, [bp + 2]
    call    print_word
    mov     si, .end
    call    print_text
    jmp     stop
.text:
    db      13, 10, "Exception ", 0
.at:
    db      " at ", 0
.end:
    db      ", no handler.", 13, 10, 0

irq_clock:
    push    ax
    mov     al, 0x0c                ; reading it lets the next one come
    call    clock_read
    pop     ax
irq_slave:
    push    ax
    mov     al, 0x20
    out     0xa0, al
    out     0x20, al
    pop     ax
    iret

; ---- what is in low memory at the start --------------------------------------------------------

%macro vectors 1-*
  %rep %0
    dw      %1, SEGMENT
    %rotate 1
  %endrep
%endmacro

low_memory:
    vectors vector_00, dummy, dummy, dummy, dummy, dummy, vector_06, vector_07
    vectors int_08, vector_09, vector_0a, vector_0b, vector_0c, vector_0d, vector_0e, vector_0f
    vectors int_10, int_11, int_12, int_13, int_14, int_15, int_16, dummy
    vectors int_18, int_19, int_1a, dummy, dummy
    times   3 dd 0                  ; 1D-1F: tables of displays and diskettes
  %rep 0x60 - 0x20
    vectors dummy
  %endrep
    times   8 dd 0                  ; 60-67: the user's
  %rep 8
    vectors dummy
  %endrep
    vectors irq_clock, irq_slave, irq_slave, irq_slave, irq_slave, irq_slave, irq_slave, irq_slave
    times   0x100 - 0x78 dd 0
bda:
    dw      COM1, 0, 0, 0           ; 00 serial ports
    dw      0, 0, 0, EBDA           ; 08 parallel ports, EBDA
    dw      EQUIPMENT               ; 10
    db      0
    dw      MEMORY_KIB              ; 13
    times   BDA_KEYS_HEAD - ($ - bda) db 0
    dw      BDA_KEYS, BDA_KEYS      ; 1a head and tail of the keys
    times   BDA_VIDEO_MODE - ($ - bda) db 0
    db      3                       ; 49 mode
    dw      80                      ; 4a columns
    times   BDA_CURSOR_SHAPE - ($ - bda) db 0
    dw      0x0607                  ; 60 cursor's shape
    db      0
    dw      0x3d4                   ; 63 the display's port, as in mode 3
    times   0x75 - ($ - bda) db 0
    db      1                       ; 75 disks
    times   BDA_KEYS_BEGIN - ($ - bda) db 0
    dw      BDA_KEYS, BDA_KEYS + 32 ; 80
    db      24                      ; 84 rows less one
    dw      16                      ; 85 scan lines of a character
    times   0x100 - ($ - bda) db 0
low_memory_end:

; Port and value, in this order.
%macro port 2
    dw      %1
    db      %2
%endmacro
post_ports:
    port    0x20, 0x11              ; first interrupt controller: vectors 08-0f
    port    0x21, 0x08
    port    0x21, 0x04
    port    0x21, 0x01
    port    0xa0, 0x11              ; second: 70-77
    port    0xa1, 0x70
    port    0xa1, 0x02
    port    0xa1, 0x01
    port    0x21, 0xfa              ; the timer and the second controller
    port    0xa1, 0xff
    port    0x43, 0x34              ; counter 0: rate generator, 65536: 18.2 Hz
    port    0x40, 0x00
    port    0x40, 0x00
    port    0x70, 0x0b              ; clock: decimal digits, 24 hours
    port    0x71, 0x02
    port    COM1 + 3, 0x83          ; 115200 baud, 8 bits
    port    COM1, 0x01
    port    COM1 + 1, 0x00
    port    COM1 + 3, 0x03
post_ports_end:

; ---- power-on self test ------------------------------------------------------------------------

post:
    cli
    cld
    xor     ax, ax
    mov     es, ax
    mov     ss, ax
    mov     sp, 0x7c00
    push    cs
    pop     ds
    xor     di, di
    mov     si, low_memory
    mov     cx, (low_memory_end - low_memory) / 2
    rep     movsw
    mov     si, post_ports
    mov     cx, (post_ports_end - post_ports) / 3
.port:
    lodsw
    mov     dx, ax
    lodsb
    out     dx, al
    loop    .port
    mov     ax, EBDA
    mov     es, ax
    mov     byte [es:0], 1          ; its size in KiB
    int     0x19

    times   0xfff0 - ($ - $$) db 0xff
    jmp     SEGMENT:post            ; RESET
    db      "11/22/26"
    db      0xff, 0xfc, 0           ; PC AT
