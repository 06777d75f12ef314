; format: elf32
; 4-level paging: the error code of #PF by page, access and CPL, with XD and a reserved bit. The last
; pages lie under supervisor entries of each higher level.

%include "long.inc"
%include "paging.inc"
%include "cpl3.inc"

%define TEST 0x7fffff9000           ; the end of the first PML4 entry
%define PAGES 8

%macro entry 2
    mov     dword [rdi], %1
    mov     dword [rdi + 4], %2
    add     rdi, 8
%endmacro

main:
    or      dword [page_tables + 0x2000], U         ; the first 2 MiB: this program
    mov     dword [page_tables + 0x1000 + 511 * 8], directory + (P | W | U)
    mov     dword [directory + 511 * 8], table1 + (P | W | U)
    mov     edi, table1 + 0x1f9 * 8
    entry   code_page + (W | U), 0
    entry   code_page + P, 0
    entry   code_page + (P | W), 0
    entry   code_page + (P | U), 0
    entry   code_page + (P | W | U), 0
    entry   code_page + (P | W | U), XD
    entry   code_page + (P | W | U), 0x80000
    mov     dword [page_tables + 8], pointers2 + (P | W)
    mov     dword [pointers2], directory2 + (P | W | U)
    mov     dword [directory2], table2 + (P | W | U)
    mov     dword [table2], code_page + (P | W | U)
    flush_tlb
    call    accesses
    or      dword [page_tables + 8], U
    and     dword [pointers2], ~U
    flush_tlb
    print   "supervisor by the PDPTE", 10
    call    last_page
    or      dword [pointers2], U
    and     dword [directory2], ~U
    flush_tlb
    print   "supervisor by the PDE", 10
    call    last_page
    or      dword [directory2], U
    flush_tlb
    print   "user in all", 10
    call    last_page
    leave_with 0x55

; From ring 3 the page under the second PML4 entry
last_page:
    ring3
    mov     rbx, 0x8000000000
    mov     rbp, rsp
    access  "read", mov al, [rbx]
    access  " write", mov [rbx + 16], al
    access  " fetch", call rbx
    mov     rsp, rbp
    print   10
    ring0
    ret

%include "page_errors.inc"

section .bss.pages
directory: resb 4096
table1: resb    4096
pointers2: resb 4096
directory2: resb 4096
table2: resb    4096
code_page: resb 4096
