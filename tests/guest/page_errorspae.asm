; format: elf32
; PAE paging: the error code of #PF by page, access and CPL, with XD and a reserved bit. The last page
; lies under a supervisor directory entry.

%include "prot.inc"
%include "paging.inc"
%include "cpl3.inc"

%define TEST 0x3f9000
%define PAGES 8

; entries of 8 bytes: page LOW, HIGH
%macro entry 2
    mov     eax, %1
    stosd
    mov     eax, %2
    stosd
%endmacro

main:
    mov     dword [pointers], directory + P
    mov     dword [directory], P | W | U | PS
    mov     dword [directory + 8], table1 + (P | W | U)
    mov     dword [directory + 16], table2 + (P | W)
    mov     edi, table1 + 0x1f9 * 8
    entry   code_page + (W | U), 0
    entry   code_page + P, 0
    entry   code_page + (P | W), 0
    entry   code_page + (P | U), 0
    entry   code_page + (P | W | U), 0
    entry   code_page + (P | W | U), XD
    entry   code_page + (P | W | U), 0x80000
    mov     edi, table2
    entry   code_page + (P | W | U), 0
    efer_set 0x800
    mov     eax, pointers
    mov     cr3, eax
    cr_set  cr4, CR4_PAE
    cr_set  cr0, CR0_PG | CR0_WP
    call    accesses
    leave_with 0x54

%include "page_errors.inc"

section .bss.pages nobits align=4096
directory: resb 4096
table1: resb    4096
table2: resb    4096
code_page: resb 4096
pointers: resb  32
