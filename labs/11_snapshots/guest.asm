; format: bin
; Lab 11: a disk that boots, and a guest that writes its memory in phases, each in another way. Snapshots are
; taken between them.
;
;   boot       how often this disk was booted is written on the disk itself
;   fill       64 pages, each with bytes of its own
;   touch      one byte in each of 4 of them
;   again      the same bytes once more: written, and nothing differs
;   copy       16 pages become like 16 others
;   clear      16 pages become zeros
;   devices    a timer, a byte of the clock's memory, the serial port: no page at all
;
; The end of a phase is one exit: its number goes to port 80h.

%define REST_SECTORS 4
%define RECORD_SECTOR REST_SECTORS + 2      ; as INT 13h counts, from 1
%define RECORD 0x6000                       ; where it is read to
%define PHASE_PORT 0x80

%define PAGES 0x1000                        ; the segment of the first page
%define PAGE 0x100                          ; and how far it is to the next
%define FILLED 64
%define COPIED 16

%include "report.inc"
%include "real.inc"

    mov     ax, 0x0200 + REST_SECTORS
    mov     cx, 2
    mov     dx, 0x0080
    mov     bx, rest
    int     0x13
    jnc     rest
    print   "cannot load the rest", 10
    leave_with 0x7f

    report_routines
    times   510 - ($ - $$) db 0
    dw      0xaa55

%assign number 0
%macro phase 1
    print   %1, 10
    call    %tok(%1)
    mov     al, number
    out     PHASE_PORT, al
  %assign number number + 1
%endmacro

rest:
    call    boot
    phase   "fill"
    phase   "touch"
    phase   "again"
    phase   "copy"
    phase   "clear"
    phase   "devices"
    leave_with 0x0b

; Read the record, one boot more, write it back.
boot:
    mov     ax, 0x0201
    call    record
    inc     byte [RECORD]
    mov     ax, 0x0301
    call    record
    print   "boot "
    movzx   eax, byte [RECORD]
    hex8    eax
    print   10
    ret

; INT 13h, AH and AL as given, with the sector of the record.
record:
    mov     cx, RECORD_SECTOR
    mov     dx, 0x0080
    mov     bx, RECORD
    int     0x13
    ret

; Numbers that hardly compress: xorshift32 (Marsaglia 2003).
fill:
    mov     eax, 0x2545f491
    mov     dx, PAGES
    mov     bp, FILLED
.page:
    mov     es, dx
    xor     di, di
    mov     cx, 1024
.word:
    mov     ebx, eax
    shl     ebx, 13
    xor     eax, ebx
    mov     ebx, eax
    shr     ebx, 17
    xor     eax, ebx
    mov     ebx, eax
    shl     ebx, 5
    xor     eax, ebx
    stosd
    loop    .word
    add     dx, PAGE
    dec     bp
    jnz     .page
    ret

touch:
again:
    mov     dx, PAGES
    mov     cx, 4
.next:
    mov     es, dx
    mov     [es:0x123], cl
    add     dx, PAGE
    loop    .next
    ret

; The first pages, to the last ones. DS is not 0 meanwhile.
copy:
    mov     dx, PAGES
    mov     bp, COPIED
.next:
    mov     ds, dx
    mov     ax, dx
    add     ax, (FILLED - COPIED) * PAGE
    mov     es, ax
    call    .one
    add     dx, PAGE
    dec     bp
    jnz     .next
    xor     ax, ax
    mov     ds, ax
    ret
.one:
    xor     si, si
    xor     di, di
    mov     cx, 1024
    rep     movsd
    ret

; The pages behind those that were copied from.
clear:
    mov     dx, PAGES + COPIED * PAGE
    mov     bp, COPIED
    xor     eax, eax
.next:
    mov     es, dx
    xor     di, di
    mov     cx, 1024
    rep     stosd
    add     dx, PAGE
    dec     bp
    jnz     .next
    ret

devices:
    mov     al, 0xb6                ; counter 2 of the timer: a square wave
    out     0x43, al
    mov     al, 0x34
    out     0x42, al
    mov     al, 0x12
    out     0x42, al
    mov     al, 0x40                ; a byte that the clock keeps
    out     0x70, al
    mov     al, 0x0b
    out     0x71, al
    mov     dx, 0x3ff               ; COM1's scratch register
    mov     al, 0x5a
    out     dx, al
    ret

    times   (REST_SECTORS + 1) * 512 - ($ - $$) db 0
    times   512 db 0                ; the record
