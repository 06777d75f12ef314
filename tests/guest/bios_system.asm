; format: bin
; INT 11h, 12h, 15h, 1Ah and the BIOS data area: memory sizes, the memory map, block move, A20, ticks.
; Where firmwares differ in detail a question is asked. Run with 32 MiB.

%define REST_SECTORS 8
%define BUFFER 0x2000
%define GDT 0x2100
%define MAP 0x3000                  ; the memory map, 24 bytes each
%include "bios.inc"

%macro question 1                   ; "name: yes" when the carry flag is clear
    setnc   byte [answer]
    print   %1, ": "
    call    put_answer
%endmacro

%macro ask_15 1                     ; INT 15h with AX
    mov     ax, %1
    int     0x15
%endmacro

    int     0x12
    movzx   eax, ax
    show    "conventional memory", eax
    movzx   eax, word [0x413]
    show    "in the data area", eax
    int     0x11
    mov     bx, ax
    and     eax, 0x32               ; x87, 80 columns of colour
    show    "equipment", eax
    cmp     bx, [0x410]
    setne   al
    shr     al, 1
    question "as in the data area"
    movzx   eax, word [0x400]
    show    "COM1", eax
    movzx   eax, word [0x40e]
    show    "EBDA", eax
    movzx   eax, word [0x480]
    show    "keys begin", eax

    ; Sizes
    mov     ah, 0x88
    int     0x15
    flag    "88"
    cmp     ax, 30 * 1024
    question "30 MiB or more"
    mov     bx, 31 * 1024
    cmp     bx, ax
    question "not more than 31"
    ask_15  0xe801
    flag    "e801"
    mov     bp, bx
    movzx   eax, ax
    show    "below 16 MiB", eax
    movzx   eax, cx
    show    "again", eax
    cmp     dx, 14 * 16
    question "14 MiB or more above"
    cmp     bp, dx
    setne   al
    shr     al, 1
    question "again"

    ; The map: read all of it, then ask what is where.
    mov     di, MAP
    xor     ebx, ebx
    mov     byte [answer], 0
.entry:
    mov     eax, 0xe820
    mov     edx, 0x534d4150
    mov     ecx, 20
    int     0x15
    jc      .map_end
    cmp     eax, 0x534d4150
    jne     .map_end
    cmp     ecx, 20
    jne     .map_end
    add     di, 20
    cmp     di, MAP + 20 * 20
    jae     .map_end
    test    ebx, ebx
    jnz     .entry
.map_end:
    mov     [map_end], di
    cmp     di, MAP + 3 * 20
    question "a map"
    mov     eax, 0x1000
    call    is_ram
    question "1000 is RAM"
    mov     eax, 0x9fbff
    call    is_ram
    question "9fbff is RAM"
    mov     eax, 0x9fc00
    call    is_ram
    cmc
    question "9fc00 is none"
    mov     eax, 0xfff00
    call    is_ram
    cmc
    question "fff00 is none"
    mov     eax, 0x100000
    call    is_ram
    question "100000 is RAM"
    mov     eax, 0x1e00000
    call    is_ram
    question "1e00000 is RAM"
    mov     eax, 0x2000000
    call    is_ram
    cmc
    question "2000000 is none"
    mov     eax, 0xfffffff0
    call    is_ram
    cmc
    question "fffffff0 is none"
    mov     eax, 0xe820
    xor     ebx, ebx
    mov     edx, 0x12345678
    mov     ecx, 20
    int     0x15
    flag    "e820, another signature"

    ; Block move: 8 bytes up to 2 MiB, and down again.
    mov     dword [BUFFER], "bloc"
    mov     dword [BUFFER + 4], "k mo"
    mov     eax, BUFFER
    mov     edx, 0x200000
    call    move
    flag    "87 up"
    mov     dword [BUFFER], 0
    mov     dword [BUFFER + 4], 0
    mov     eax, 0x200000
    mov     edx, BUFFER + 4
    call    move
    flag    "87 down"
    mov     eax, [BUFFER + 4]
    show    "moved", eax
    mov     eax, cr0
    and     eax, 1
    show    "protected mode", eax

    ask_15  0x2401
    flag    "A20 on"
    mov     ah, ah
    movzx   eax, ah
    show    "ah", eax
    ask_15  0x2402
    flag    "A20 asked"
    movzx   eax, al
    show    "al", eax
    ask_15  0x2403
    flag    "A20 support"
    mov     ax, 0xc000
    int     0x15
    flag    "c0"
    movzx   eax, byte [es:bx + 2]
    show    "model", eax
    xor     ax, ax
    mov     es, ax
    ask_15  0x7777
    flag    "unknown"
    mov     al, 0
    show    "ax", eax

    ; Ticks: what is set comes back, the midnight flag once.
    mov     ah, 1
    mov     cx, 0x0012
    mov     dx, 0x3400
    int     0x1a
    flag    "set ticks"
    mov     ah, 0
    int     0x1a
    flag    "ticks"
    movzx   eax, cx
    show    "cx", eax
    movzx   eax, dh
    show    "dh", eax
    mov     byte [0x470], 1
    mov     ah, 0
    int     0x1a
    movzx   eax, al
    show    "midnight", eax
    mov     ah, 0
    int     0x1a
    movzx   eax, al
    show    "and again", eax
    mov     ah, 0x77
    int     0x1a
    flag    "unknown"

    ; INT 8 counts, calls INT 1Ch, and goes from a day's last tick to 0.
    in      al, 0x21                ; the timer's own ticks wait
    or      al, 1
    out     0x21, al
    mov     word [0x1c * 4], on_tick
    mov     word [0x1c * 4 + 2], 0
    mov     dword [0x46c], 0x1800af
    mov     byte [0x470], 0
    int     8
    mov     eax, [0x46c]
    show    "a day's last tick", eax
    movzx   eax, byte [0x470]
    show    "midnight", eax
    movzx   eax, byte [hooked]
    show    "hook", eax
    leave_with 0x23

on_tick:
    mov     byte [cs:hooked], 1
    iret

; 4 words from EAX to EDX. INT 15h/87h.
move:
    push    eax
    mov     di, GDT
    mov     cx, 48 / 2
    xor     ax, ax
    rep     stosw
    pop     eax
    mov     word [GDT + 0x10], 0xffff
    mov     [GDT + 0x12], eax
    mov     byte [GDT + 0x15], 0x93
    mov     word [GDT + 0x18], 0xffff
    mov     [GDT + 0x1a], edx
    mov     byte [GDT + 0x1d], 0x93
    mov     si, GDT
    mov     cx, 4
    mov     ah, 0x87
    int     0x15
    ret

; Carry clear: EAX lies in an entry of type 1 of the map and in no other.
is_ram:
    mov     bx, MAP
    mov     dx, 0x100               ; DL: type 1 was seen; DH: it was the only one
.next:
    cmp     bx, [map_end]
    jae     .end
    cmp     dword [bx + 4], 0       ; above 4 GiB
    jne     .outside
    mov     ecx, eax
    sub     ecx, [bx]
    jb      .outside
    cmp     dword [bx + 12], 0
    jne     .inside
    cmp     ecx, [bx + 8]
    jae     .outside
.inside:
    cmp     dword [bx + 16], 1
    sete    dl
    and     dh, dl
.outside:
    add     bx, 20
    jmp     .next
.end:
    test    dl, dh                  ; clears the carry
    jnz     .ram
    stc
.ram:
    ret

put_answer:
    cmp     byte [answer], 0
    je      .no
    print   "yes", 10
    ret
.no:
    print   "no", 10
    ret

answer: db 0
hooked: db 0
map_end: dw 0
    bios_end
