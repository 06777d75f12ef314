; format: bin
; INT 13h on disk 80h, as a boot image uses it: both ways to read, writing, what is refused. Printed is
; only what every firmware must do alike.

%define REST_SECTORS 6
%define BUFFER 0x2000
%include "bios.inc"

%macro word_at 1                    ; EAX = the word there
    movzx   eax, word [%1]
%endmacro

    mov     dl, 0x80
    mov     ah, 0
    int     0x13
    flag    "reset"

    ; The last sector by its place, then by its number: both begin with the same text.
    mov     ax, 0x0201
    mov     cx, REST_SECTORS + 1
    mov     dx, 0x0080
    mov     bx, BUFFER
    int     0x13
    flag    "read"
    show    "ax", eax
    word_at BUFFER
    show    "data", eax
    mov     dword [BUFFER], 0
    mov     ah, 0x42
    mov     si, packet
    int     0x13
    flag    "read long"
    mov     al, 0
    show    "ax", eax
    word_at BUFFER
    show    "data", eax
    word_at packet + 2
    show    "sectors", eax

    ; Two sectors over a border of 4 KiB, to a segment that is not 0
    mov     word [packet + 2], 2
    mov     dword [packet + 4], 0x20000f10  ; 2000:0f10
    dec     word [packet + 8]
    mov     ah, 0x42
    mov     si, packet
    int     0x13
    flag    "read two"
    mov     ax, 0x2000
    mov     fs, ax
    movzx   eax, word [fs:0xf10 + 512]
    show    "data", eax
    movzx   eax, word [fs:0xf10 + 1022]
    show    "its end", eax

    ; Write the sector behind the code, read it back by the other way.
    mov     dword [BUFFER], "back"
    mov     ax, 0x0301
    mov     cx, REST_SECTORS
    mov     dx, 0x0080
    mov     bx, BUFFER
    int     0x13
    flag    "write"
    mov     dword [packet + 4], BUFFER + 512
    mov     word [packet + 2], 1
    mov     ah, 0x42
    mov     si, packet
    int     0x13
    flag    "read it back"
    word_at BUFFER + 512
    show    "data", eax
    mov     ax, 0x4300
    mov     dword [packet + 4], BUFFER
    mov     dword [BUFFER], "long"
    mov     si, packet
    int     0x13
    flag    "write long"
    mov     ax, 0x0201
    mov     bx, BUFFER + 1024
    mov     cx, REST_SECTORS
    mov     dx, 0x0080
    int     0x13
    word_at BUFFER + 1024
    show    "data", eax

    ; Geometry
    mov     ah, 8
    mov     dl, 0x80
    xor     di, di
    int     0x13
    flag    "geometry"
    movzx   eax, dx
    show    "heads and disks", eax
    movzx   eax, cx
    and     al, 0x3f
    mov     ah, 0
    show    "sectors of a track", eax
    mov     ax, 0
    mov     ds, ax
    mov     es, ax
    mov     ah, 0x15
    mov     dl, 0x80
    int     0x13
    flag    "kind"
    and     eax, 0xff00
    show    "ah", eax
    mov     ah, 0x41
    mov     bx, 0x55aa
    mov     dl, 0x80
    int     0x13
    flag    "extensions"
    movzx   eax, bx
    show    "bx", eax
    and     ecx, 1
    show    "packets", ecx
    mov     ah, 0x48
    mov     dl, 0x80
    mov     si, parameters
    int     0x13
    flag    "parameters"
    word_at parameters
    show    "size", eax
    word_at parameters + 16
    cmp     eax, REST_SECTORS + 1
    setae   al
    and     eax, 1
    show    "enough sectors", eax
    word_at parameters + 24
    show    "bytes of a sector", eax

    ; What is refused
    mov     ax, 0x0201
    mov     cx, 0                   ; sectors count from 1
    mov     dx, 0x0080
    mov     bx, BUFFER
    int     0x13
    flag    "sector 0"
    mov     al, 0
    show    "ax", eax
    mov     ax, 0x0201
    mov     cx, 1
    mov     dx, 0xff80              ; head 255
    int     0x13
    flag    "no such head"
    mov     al, 0
    show    "ax", eax
    mov     ah, 1
    mov     dl, 0x80
    int     0x13
    flag    "the last status"
    mov     al, 0
    show    "ax", eax
    mov     ax, 0x0200
    mov     cx, 1
    mov     dx, 0x0080
    int     0x13
    flag    "no sectors"
    mov     ah, 0x42
    mov     dl, 0x80
    mov     dword [packet + 8], 0x7fffffff
    mov     si, packet
    int     0x13
    flag    "beyond the disk"
    mov     ah, 0x42
    mov     dl, 0x80
    mov     byte [packet], 15
    mov     si, packet
    int     0x13
    flag    "short packet"
    mov     ax, 0x0201
    mov     cx, 1
    mov     dx, 0x0085
    int     0x13
    flag    "no such disk"
    mov     al, 0
    show    "ax", eax
    leave_with 0x22

    align   4
packet:
    db      16, 0
    dw      1
    dw      BUFFER, 0
    dq      REST_SECTORS
parameters:
    dw      26
    times   24 db 0xee

    times   REST_SECTORS * 512 - ($ - $$) db 0
    db      "The last sector"
    bios_end
