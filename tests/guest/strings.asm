; format: elf32
; String instructions in 32-bit code: both directions, 16-bit addresses that wrap, counts of 0, the flags
; that end REPE and REPNE, overlap, a segment override, all sizes (SDM vol. 2, MOVS, CMPS, SCAS, LODS,
; STOS, REP).

%include "prot.inc"

%define LOW 0x9000                  ; within 64 KiB: reached by 16-bit addresses
%define WRAP 0xfffe

%macro registers 1
    pushf
    pop     edx
    and     edx, 0x8c5              ; OF, SF, ZF, PF, CF
    show    8, %1, esi, " ", edi, " ", ecx, " flags ", edx
%endmacro

main:
    call    counts
    call    wraps
    call    compares
    call    scans
    call    loads
    call    overlaps
    call    overrides
    leave_with 0x64

; Point ESI, EDI, ECX; flags as an ADD of 0 and -1 leaves them, which strings without compare keep.
%macro point 3
    mov     esi, %1
    mov     edi, %2
    mov     ecx, %3
    xor     eax, eax
%endmacro

counts:
    point   LOW, LOW + 0x100, 0
    cmp     al, 1
    rep     movsd
    registers "rep movsd, 0: "
    cmp     al, 1
    repe    cmpsb
    registers "repe cmpsb, 0: "
    cmp     al, al
    repne   scasb
    registers "repne scasb, 0: "
    mov     eax, 0x12345678
    rep     lodsd
    show    8, "rep lodsd, 0: eax ", eax
    mov     ecx, 0x10000            ; CX = 0: nothing
    a16 rep stosb
    registers "a16 rep stosb, cx 0: "
    mov     ecx, 0x00010003         ; CX = 3: the upper half stays
    a16 rep stosb
    registers "a16 rep stosb, cx 3: "
    std
    point   LOW + 0x10, LOW + 0x110, 3
    rep     movsw
    registers "down, rep movsw: "
    point   LOW + 0x10, LOW + 0x110, 3
    movsd
    registers "down, movsd: "
    cld
    ret

; SI and DI go round at 64 KiB, the upper halves stay.
wraps:
    mov     esi, 0x0001fffe
    mov     edi, 0x00029000
    mov     byte [0xfffe], 0x11
    mov     byte [0xffff], 0x22
    mov     al, [0]
    push    eax
    mov     byte [0], 0x33
    mov     ecx, 0x00050003
    a16 rep movsb
    registers "a16 rep movsb: "
    pop     eax
    mov     [0], al
    show    8, "moved ", [0x9000]
    std
    mov     esi, 0x00030001
    mov     edi, 0x00039001
    mov     ecx, 2
    a16 rep movsb
    registers "a16 down: "
    mov     edi, 0x00040000
    mov     ecx, 3
    mov     al, 0
    a16 rep stosb
    registers "a16 down, stosb: "
    cld
    ret

; repe and repne end by ZF or by the count, the registers are behind the last element.
compares:
    mov     edi, LOW
    mov     ecx, 64
    mov     al, 0x20
    rep     stosb
    mov     byte [LOW + 5], 0x10
    mov     byte [LOW + 0x20 + 9], 0xf0
    point   LOW, LOW + 0x20, 16
    repe    cmpsb
    registers "repe cmpsb: "
    repe    cmpsb
    registers "on: "
    repe    cmpsb
    registers "on: "
    point   LOW + 5, LOW + 0x25, 10
    repne   cmpsb
    registers "repne cmpsb: "
    point   LOW, LOW + 0x20, 16
    repe    cmpsw
    registers "repe cmpsw: "
    point   LOW, LOW + 0x20, 16
    repe    cmpsd
    registers "repe cmpsd: "
    point   LOW + 5, LOW + 6, 1
    cmpsb
    registers "cmpsb below: "
    std
    point   LOW + 15, LOW + 0x2f, 16
    repe    cmpsb
    registers "down: "
    cld
    ret

scans:
    point   0, LOW, 64
    mov     al, 0x10
    repne   scasb
    registers "repne scasb: "
    mov     al, 0x20
    repe    scasb
    registers "repe scasb: "
    mov     edi, LOW
    mov     ecx, 8
    mov     eax, 0x20202020
    repe    scasd
    registers "repe scasd: "
    mov     edi, LOW
    mov     ecx, 40
    mov     ax, 0xf020
    repne   scasw
    registers "repne scasw: "
    mov     edi, LOW
    mov     ecx, 5
    mov     al, 0x77
    repne   scasb
    registers "not found: "
    mov     edi, LOW
    mov     al, 0x80
    scasb
    registers "scasb, 80 - 20: "
    ret

loads:
    mov     dword [LOW], 0x44332211
    mov     dword [LOW + 4], 0x88776655
    point   LOW, 0, 0
    mov     eax, 0xaaaaaaaa
    lodsb
    show    8, "lodsb ", eax
    lodsw
    show    8, "lodsw ", eax
    lodsd
    show    8, "lodsd ", eax
    mov     esi, LOW
    mov     ecx, 5
    rep     lodsb
    show    8, "rep lodsb ", eax, " esi ", esi, " ecx ", ecx
    std
    lodsw
    show    8, "down, lodsw ", eax, " esi ", esi
    cld
    ret

overlaps:
    mov     edi, LOW
    mov     al, 0
.fill:
    stosb
    inc     al
    cmp     al, 32
    jb      .fill
    point   LOW, LOW + 1, 8
    rep     movsb
    show    8, "by 1: ", [LOW], " ", [LOW + 4], " ", [LOW + 8]
    point   LOW + 16, LOW + 18, 3
    rep     movsd
    show    8, "dwords by 2: ", [LOW + 16], " ", [LOW + 20], " ", [LOW + 24], " ", [LOW + 28]
    std
    point   LOW + 8, LOW + 9, 8
    rep     movsb
    cld
    show    8, "down by 1: ", [LOW], " ", [LOW + 4], " ", [LOW + 8]
    mov     eax, 0x01020304
    mov     edi, LOW
    stosd
    stosw
    stosb
    show    8, "stos ", [LOW], " ", [LOW + 4]
    ret

; The source may have another segment, the destination not.
overrides:
    mov     dword [gdt + SEL_SPARE], 0x1000ffff     ; base 1000
    mov     dword [gdt + SEL_SPARE + 4], 0x00cf9300
    mov     eax, SEL_SPARE
    mov     fs, ax
    mov     dword [LOW + 0x1000], 0x0badf00d
    mov     dword [LOW], 0x600df00d
    point   LOW, LOW + 0x40, 1
    fs movsd
    show    8, "fs movsd ", [LOW + 0x40]
    mov     esi, LOW
    fs lodsd
    show    8, "fs lodsd ", eax
    mov     esi, LOW
    mov     edi, LOW + 0x40
    fs cmpsd
    registers "fs cmpsd: "
    mov     edi, LOW + 0x80
    mov     dword [edi], 0
    fs stosd
    show    8, "fs stosd ", [LOW + 0x80]
    mov     eax, SEL_DATA
    mov     fs, ax
    ret
