; format: elf32
; Page faults in 64-bit mode: not present, not writable, not executable, a reserved bit, and from ring
; 3; and an address that is not canonical, which is no page fault.

%include "long.inc"
%include "cpl3.inc"

%define AT(n) ((n) * 0x200000)      ; page n of the directory, 2 MiB
%define ENTRY(n) (page_tables + 0x2000 + (n) * 8)

main:
    and     byte [ENTRY(10)], ~1
    and     byte [ENTRY(11)], ~2
    or      byte [ENTRY(12) + 7], 0x80
    or      byte [ENTRY(13) + 1], 0x20 ; bit 13 is reserved in an entry of 2 MiB
    or      byte [ENTRY(0)], 4      ; the program, for ring 3
    mov     rax, cr3
    mov     cr3, rax
    try     "not present", mov eax, [AT(10) + 0x10]
    try     "not writable", mov [AT(11)], eax
    try     "not executable", call AT(12)
    try     "reserved", mov eax, [AT(13)]
    mov     rax, 0x8000000000000000
    try     "not canonical", mov eax, [rax]
    ring3
    try     "supervisor's", mov [AT(14)], eax
    ring0
    leave_with 1

    ring3_routines
