; format: elf32
; IOPL and the I/O permission bitmap (SDM vol. 1, 19.5, vol. 3, 6.9): its first and last bits, words
; and dwords over its end, a base beyond the TSS; what CLI, STI, POPF and IRET may do at each IOPL.

%include "prot.inc"
%include "ring3.inc"

%define BITMAP 0x70                 ; offset in the TSS
%define PORT_OPEN 0x3f0             ; of the ports below DEBUG_PORT and above only these are open
%define LAST_BYTE (0x3f8 / 8)       ; of the bitmap: ports 3f8 to 3ff

main:
    mov     al, 0xff                ; no interrupt from outside
    out     0x21, al
    out     0xa1, al
    mov     edi, big_tss
    mov     esi, tss
    mov     ecx, TSS_SIZE / 4
    rep     movsd
    mov     edi, big_tss + BITMAP
    mov     eax, -1
    mov     ecx, LAST_BYTE / 4 + 2
    rep     stosd
    mov     byte [big_tss + BITMAP + DEBUG_PORT / 8], 0xfd
    mov     byte [big_tss + BITMAP + PORT_OPEN / 8], 0
    mov     byte [big_tss + BITMAP + PORT_OPEN / 8 - 1], 0x7f
    mov     byte [big_tss + BITMAP + LAST_BYTE], 0x00
    mov     byte [big_tss + BITMAP + 0x80 / 8], 0x8f ; 84, 85, 86
    mov     word [big_tss + 102], BITMAP

    mov     ebp, BITMAP + LAST_BYTE ; the limit: the byte behind the last is missing
    call    with_limit
    mov     esi, edge
    mov     edi, 2
    call    in_ring3
    mov     ebp, BITMAP + LAST_BYTE + 1
    call    with_limit
    print   "a byte more", 10
    mov     esi, edge
    mov     edi, 2
    call    in_ring3
    mov     esi, inside
    mov     edi, 2
    call    in_ring3
    mov     esi, flags
    mov     edi, 2
    call    in_ring3
    print   "iopl 1", 10
    mov     esi, flags
    mov     edi, 0x1002
    call    in_ring3
    print   "iopl 3", 10
    mov     esi, flags
    mov     edi, 0x3002
    call    in_ring3
    print   "iopl 3 needs no bitmap", 10
    mov     esi, inside
    mov     edi, 0x3002
    call    in_ring3
    call    no_bitmap
    leave_with 0x07

; TR to big_tss with limit EBP
with_limit:
    mov     eax, big_tss
    mov     [gdt + SEL_TSS], bp
    mov     [gdt + SEL_TSS + 2], ax
    shr     eax, 16
    mov     [gdt + SEL_TSS + 4], al
    mov     byte [gdt + SEL_TSS + 5], 0x89
    mov     ax, SEL_TSS
    ltr     ax
    ret

edge:
    mov     dx, 0x3f7
    try     "in 3f7", in al, dx
    mov     dx, 0x3f8
    try     "in 3f8", in al, dx
    mov     dx, 0x3fc
    try     "in 3fc, dword", in eax, dx
    mov     dx, 0x3fe
    try     "in 3fe, word", in ax, dx
    mov     dx, 0x3ff
    try     "in 3ff", in al, dx
    try     "in 3ff, word", in ax, dx
    mov     dx, 0x400
    try     "in 400", in al, dx
    mov     dx, 0xffff
    try     "in ffff", in al, dx
    user_end

inside:
    mov     dx, 0x3ef
    try     "in 3ef, word", in ax, dx
    try     "in 3ef, dword", in eax, dx
    mov     dx, 0x3ee
    try     "in 3ee, word", in ax, dx
    mov     dx, 0x3f5
    try     "in 3f5, dword", in eax, dx
    try     "in 84", in al, 0x84
    try     "in 84, word", in ax, 0x84
    try     "in 84, dword", in eax, 0x84
    try     "in 86, word", in ax, 0x86
    try     "in 83, word", in ax, 0x83
    mov     dx, 0x80
    mov     ecx, 1
    mov     edi, buffer
    try     "ins closed", insb
    try     "rep outs closed, ecx 1", rep outsb
    user_end

; The saved flags of CLI, STI, POPF
flags:
    try     "cli", cli
    pushf
    or      dword [esp], 0x3200
    try     "popf", popf
    pushf
    pop     eax
    and     eax, 0x3200
    print   "  flags "
    hex16   eax
    print   10
    pushf
    or      dword [esp], 0x3200
    push    cs
    push    dword .back
    iret
.back:
    pushf
    pop     eax
    and     eax, 0x3200
    print   "iret flags "
    hex16   eax
    print   10
    try     "sti", sti
    user_end

; A base at or beyond the limit: no port is open. The text must wait.
no_bitmap:
    mov     word [big_tss + 102], 0xffff
    mov     esi, closed
    mov     edi, 2
    call    in_ring3
    print   "no bitmap"
    call    put_caught
    mov     word [big_tss + 102], BITMAP
    ret

closed:
    mov     dword [try_resume], .next
    mov     dword [caught_count], 0
    mov     dword [try_at], .at
.at:
    out     DEBUG_PORT, al
.next:
    user_end

section .bss
big_tss: resb 512
buffer: resb    16
