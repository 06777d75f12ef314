; format: elf32
; A call gate to conforming code (SDM vol. 3, 6.8.4; vol. 2, CALL): no stack switch, the CPL stays and
; is what the RPL of CS shows.

%define SPARES 2
%include "prot.inc"
%include "ring3.inc"

%define GATE SEL_SPARE
%define CONFORM0 SEL_SPARE2

main:
    descriptor CONFORM0, 0, 0xfffff, 0xc09e
    gate    gdt + GATE, entry, CONFORM0, 0xec00
    call    there
    mov     esi, user
    mov     edi, 0x3002
    call    in_ring3
    leave_with 0x1b

user:
    call    there
    user_end

there:
    xor     ebx, ebx
    mov     ecx, esp
    try     "conforming", call GATE:0
    print   "  cs "
    hex16   ebx
    print   " ss "
    hex16   edi
    print   " depth "
    hex8    ecx
    print   10
    ret

entry:
    mov     ebx, cs
    mov     edi, ss
    sub     ecx, esp
    retf
