; format: elf32
; Lab 07: a guest in 4-level paging, above a second stage with accessed and dirty flags. It reads and writes
; memory in every way that the second stage tells apart:
;
;   RAM that is read, RAM that is written       A and D of the second stage's entries
;   a page of 4 KiB, behind 4 tables            each table's address is translated, too
;   a page that the guest's tables lack         #PF: the guest's own business
;   an address where there is no memory         EPT violation: the hypervisor's
;   a row of pages that are written             the dirty log
;
; The first 1 GiB is mapped to itself by pages of 2 MiB; there are 8 MiB of RAM.

%include "long.inc"
%include "paging.inc"

%define READ_PAGE 0x300000
%define WRITTEN_PAGE 0x301000
%define SMALL_PAGE 0x40000000       ; by tables of its own: the page at 302000
%define ABSENT 0x80000000           ; in no table of the guest
%define NOWHERE 0x20000000          ; mapped by the guest, behind the end of RAM
%define ROW 0x400000
%define ROW_PAGES 16

main:
    print   "RAM", 10
    mov     rax, [READ_PAGE]
    mov     [WRITTEN_PAGE], rax
    call    small_page
    print   "the guest's own page fault", 10
    try     "read where no table is", mov al, [abs qword ABSENT]
    print   "where no memory is", 10
    mov     rbx, [NOWHERE]
    show    16, "read: ", rbx
    mov     [NOWHERE], rbx
    print   "a row of pages", 10
    call    row
    leave_with 0x07

; An entry of the PDPT in use, a PD and a PT: pages of 4 KiB at 1 GiB.
small_page:
    mov     rax, cr3
    mov     rbx, [rax]              ; PML4E 0
    and     rbx, ~0xfff
    mov     qword [rbx + 8], directory + (P | W)
    mov     qword [directory], table + (P | W)
    mov     qword [table], 0x302000 + (P | W)
    print   "a page of 4 KiB", 10
    mov     rax, [SMALL_PAGE]
    mov     [SMALL_PAGE], rax
    ret

; Every second page; then the first of them again.
row:
    mov     ecx, ROW_PAGES
    mov     edi, ROW
.next:
    mov     [rdi], rcx
    add     edi, 2 * 4096
    loop    .next
    mov     byte [ROW], 1
    ret

section .bss.pages nobits align=4096
directory: resb 4096
table:     resb 4096
