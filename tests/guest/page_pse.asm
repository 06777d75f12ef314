; format: elf32
; 32-bit paging, the page size (SDM vol. 3, 4.3): PS is ignored with CR4.PSE 0; 4 MiB pages; PSE-36:
; bits 20:13 of the entry are address bits 39:32, bit 21 is reserved, bit 12 is PAT.
;
;   linear 0-3fffff          identity, 4 KiB pages
;   400000-7fffff            the directory entry under test

%include "prot.inc"
%include "paging.inc"

%define TEST 0x400000

main:
    mov     edi, table0
    mov     eax, P | W
    mov     ecx, 1024
.identity:
    stosd
    add     eax, 4096
    loop    .identity
    mov     dword [directory], table0 + (P | W)
    mov     dword [table1], frame0 + (P | W)
    mov     dword [frame0], 0x11223344
    mov     eax, directory
    mov     cr3, eax
    cr_set  cr0, CR0_PG | CR0_WP
    call    without_pse
    call    four_mib
    call    reserved
    call    rights
    leave_with 0x50

; entry VALUE of the directory, and the TLB cleared
%macro directory_entry 1
    mov     dword [directory + 4], %1
    flush_tlb
%endmacro

without_pse:
    directory_entry table1 + (P | W | PS)
    mov     eax, [TEST]
    show    8, "PSE 0, PS 1: ", eax
    mov     [TEST + 4], eax
    mov     eax, [directory + 4]
    and     eax, 0xfff
    mov     ecx, [table1]
    and     ecx, 0xfff
    show    4, "pde ", eax, " pte ", ecx
    try     "PSE 0, second page", mov al, [TEST + 0x1000]
    ret

four_mib:
    cr_set  cr4, CR4_PSE
    directory_entry P | W | PS
    mov     eax, [TEST + frame0]
    show    8, "PSE 1, PS 1: ", eax
    show    4, "read: pde ", [directory + 4]
    mov     byte [TEST + frame0], 0x55
    show    4, "write: pde ", [directory + 4]
    show    8, "written ", [frame0]
    directory_entry 0x400000 + (P | W | PS)
    mov     dword [TEST + 0x3ffffc], 0x5a5a5a5a
    directory_entry P | W | PS
    mov     al, [TEST]
    directory_entry 0x400000 + (P | W | PS)
    show    8, "the last dword ", [TEST + 0x3ffffc]
    directory_entry table1 + (P | W)
    show    8, "PSE 1, PS 0: ", [TEST]
    ret

; Bit 0 of the error code is not printed: the SDM sets it with bit 3 (4.7), QEMU does not.
reserved:
    mov     dword [error_mask], ~1
    directory_entry (1 << 21) | (P | W | PS)
    try     "bit 21, read", mov al, [TEST]
    try     "bit 21, write", mov [TEST], al
    mov     dword [error_mask], -1
    directory_entry (1 << 21) | (W | PS)
    try     "bit 21, not present", mov al, [TEST]
    directory_entry (1 << 12) | (P | W | PS)
    try     "bit 12", mov al, [TEST]
    directory_entry table1 + (P | W) + G
    try     "bit 8 without PS", mov al, [TEST]
    directory_entry (1 << 13) | (P | W | PS)        ; 4 GiB up
    mov     eax, [TEST + frame0]
    cmp     eax, [frame0]
    sete    al
    show    2, "4 GiB up the same ", eax
    ret

rights:
    directory_entry P | PS
    try     "read-only, write", mov [TEST], al
    try     "read-only, read", mov al, [TEST]
    directory_entry W | PS
    try     "not present, write", mov [TEST + 0x3fffff], al
    ret

section .bss.pages nobits align=4096
directory: resb 4096
table0: resb    4096
table1: resb    4096
frame0: resb    4096
