; format: bin
; INT 10h, 14h and 16h: text reaches COM1, the cursor is kept, keys that are pushed come back. Not
; compared with QEMU, whose firmware draws on a display.

%define REST_SECTORS 5
%include "bios.inc"

%macro teletype 1
    mov     ax, 0x0e00 + %1
    int     0x10
%endmacro

%macro cursor 1                     ; "name ROWCOL"
    mov     ah, 3
    mov     bh, 0
    int     0x10
    movzx   eax, dx
    show    %1, eax
%endmacro

    mov     ax, 0x0003
    int     0x10
    cursor  "at the start"
    teletype 'H'
    teletype 'i'
    cursor  ", behind Hi"
    teletype 13
    cursor  "return"
    teletype 10
    cursor  "line feed"
    teletype 'x'
    teletype 8
    teletype 8
    cursor  "backspaces"
    mov     cx, 85
.wide:
    teletype '-'
    loop    .wide
    cursor  ", wrapped"
    mov     cx, 30
.lines:
    teletype 10
    loop    .lines
    cursor  "scrolled"

    ; Moving: to another row, forward and back in it
    mov     ah, 2
    mov     bh, 0
    mov     dx, 0x0504
    int     0x10
    teletype 'a'
    cursor  ", moved"
    mov     ah, 2
    mov     dx, 0x0508
    int     0x10
    teletype 'b'
    mov     ah, 2
    mov     dx, 0x0500
    int     0x10
    teletype 'c'
    cursor  ", back"
    mov     ax, 0x0941
    mov     bx, 7
    mov     cx, 3
    int     0x10
    cursor  ", three, the cursor stays"
    mov     ax, 0x0a42
    mov     cx, 0xffff              ; to the end of the row
    int     0x10
    mov     ah, 1
    mov     cx, 0x2000
    int     0x10
    mov     ah, 3
    int     0x10
    movzx   eax, cx
    show    ", shape", eax
    mov     ah, 0x0f
    int     0x10
    movzx   eax, ax
    show    "columns and mode", eax

    ; Strings: without and with attributes, cursor kept and moved
    mov     ax, 0x1300
    mov     bx, 7
    mov     cx, 5
    mov     dx, 0x0700
    mov     bp, text
    int     0x10
    cursor  ", the cursor was"
    mov     ax, 0x1303
    mov     cx, 3
    mov     dx, 0x0800
    mov     bp, text_attributes
    int     0x10
    cursor  ", the cursor is"

    ; Nobody's registers change but those that answer.
    mov     eax, 0x0e2e1234
    mov     ah, 0x0e
    mov     ebx, 0x11111111
    mov     ecx, 0x22222222
    mov     edx, 0x33333333
    mov     esi, 0x44444444
    mov     edi, 0x55555555
    mov     ebp, 0x66666666
    std
    int     0x10
    pushf
    cld
    pop     ax
    and     eax, 0x400
    show    " DF", eax
    add     ebx, ecx
    add     ebx, edx
    add     ebx, esi
    add     ebx, edi
    add     ebx, ebp
    cmp     ebx, 0x66666665
    setne   al
    movzx   eax, al
    show    "registers lost", eax
    mov     ebp, 0

    ; INT 14h
    mov     ax, 0x00e3              ; 9600 baud, 8 bits
    xor     dx, dx
    int     0x14
    and     eax, 0x6000
    show    "line", eax
    mov     ax, 0x0153
    xor     dx, dx
    int     0x14
    and     eax, 0x8000
    show    " sent", eax
    mov     ah, 3
    xor     dx, dx
    int     0x14
    and     eax, 0x6000
    show    "status", eax

    ; INT 16h: no key, two that are pushed, 15 at most
    mov     ah, 1
    int     0x16
    setz    al
    movzx   eax, al
    show    "no key", eax
    mov     ah, 5
    mov     cx, 0x1e61
    int     0x16
    mov     ah, 5
    mov     cx, 0x1c0d
    int     0x16
    mov     ah, 0x11
    int     0x16
    setnz   bl
    movzx   eax, ax
    show    "look", eax
    movzx   eax, bl
    show    "there", eax
    mov     ah, 0
    int     0x16
    movzx   eax, ax
    show    "key", eax
    mov     ah, 0x10
    int     0x16
    movzx   eax, ax
    show    "key", eax
    mov     bx, 0
.fill:
    inc     bx
    mov     ax, 0x0500
    mov     cx, bx
    int     0x16
    test    al, al
    jz      .fill
    movzx   eax, bx
    show    "full at", eax
    mov     ah, 2
    int     0x16
    movzx   eax, al
    show    "shift", eax
    leave_with 0x24

text:   db      "plain"
text_attributes:
    db      "a", 7, "t", 8, "t", 9
    bios_end
