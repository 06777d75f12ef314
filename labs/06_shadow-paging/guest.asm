; format: elf32
; Lab 06: a guest in 4-level paging that does to its page tables what an operating system does all day. The
; machine has no second stage: whatever the tables are to mean, the hypervisor has to see.
;
;   a page is read, then written        the shadow is filled in; A, then D
;   a page that no table has            #PF: the guest's own
;   an entry is changed                 a store to a table
;   INVLPG, and a load of CR3           what tells a TLB tells a hypervisor
;   sixteen pages are written           a page fault each, which no guest would see with a second stage
;
; The first 1 GiB is mapped to itself by pages of 2 MiB; at 1 GiB there are pages of 4 KiB.

%include "long.inc"
%include "paging.inc"

%define PAGE 0x40000000             ; linear: at first the page at 302000
%define OTHER 0x303000
%define ABSENT 0x80000000           ; in no table
%define ROW 0x400000
%define ROW_PAGES 16

main:
    call    make_tables
    print   "read, then write", 10
    mov     rax, [PAGE]
    mov     [PAGE], rax
    print   "the guest's own page fault", 10
    try     "read where no table is", mov al, [abs qword ABSENT]
    print   "a store to a page table", 10
    mov     dword [table], OTHER + (P | W)
    invlpg  [PAGE]
    mov     rax, [PAGE]
    print   "CR3", 10
    flush_tlb
    mov     rax, [PAGE]
    print   "a row of pages", 10
    call    row
    leave_with 0x06

; An entry of the PDPT in use, a PD and a PT.
make_tables:
    mov     rax, cr3
    mov     rbx, [rax]              ; PML4E 0
    and     rbx, ~0xfff
    mov     qword [rbx + 8], directory + (P | W)
    mov     qword [directory], table + (P | W)
    mov     qword [table], 0x302000 + (P | W)
    ret

row:
    mov     ecx, ROW_PAGES
    mov     edi, ROW
.next:
    mov     [rdi], rcx
    add     edi, 4096
    loop    .next
    ret

section .bss.pages nobits align=4096
directory: resb 4096
table:     resb 4096
