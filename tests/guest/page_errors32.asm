; format: elf32
; 32-bit paging: the error code of #PF by page, access and CPL. There is no bit 4 here: no XD, no SMEP.
; The last page lies under a supervisor directory entry.

%include "prot.inc"
%include "paging.inc"
%include "cpl3.inc"

%define TEST 0x7fa000
%define PAGES 8

main:
    mov     edi, table0
    mov     eax, P | W | U
    mov     ecx, 1024
.identity:
    stosd
    add     eax, 4096
    loop    .identity
    mov     dword [directory], table0 + (P | W | U)
    mov     dword [directory + 4], table1 + (P | W | U)
    mov     dword [directory + 8], table2 + (P | W)
    mov     edi, table1 + 0x3fa * 4
    mov     eax, code_page
    stosd                           ; absent
    or      al, P
    stosd
    or      al, P | W
    stosd
    mov     eax, code_page + (P | U)
    stosd
    or      al, W
    stosd
    xor     eax, eax
    stosd
    mov     edi, table2
    mov     eax, code_page + (W | U)
    stosd                           ; absent, both levels with other rights
    or      al, P
    stosd
    mov     eax, directory
    mov     cr3, eax
    cr_set  cr0, CR0_PG | CR0_WP
    call    accesses
    leave_with 0x53

%include "page_errors.inc"

section .bss.pages nobits align=4096
directory: resb 4096
table0: resb    4096
table1: resb    4096
table2: resb    4096
code_page: resb 4096
