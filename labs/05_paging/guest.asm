; format: elf32
; Lab 05: a guest that turns paging on three times, and looks at what each kind does:
;
;   32-bit     A and D; each bit of a page fault's error code; CR0.WP; a page of 4 MiB; a stale TLB
;   PAE        XD, and a fetch that it forbids
;   4-level    the same physical page at an address above the hole, and a page of 2 MiB
;
; Linear memory, in all three:
;   0-3fffff         itself, by pages of 4 KiB; everybody may use them, but for
;   300000             not present
;   301000             read-only
;   302000             supervisors only
;   303000             cannot be executed, with PAE
;   304000             the page whose entry is changed behind the TLB's back
;   400000-7fffff    a page of 4 MiB that lies at 0 again

%include "prot.inc"
%include "paging.inc"
%include "cpl3.inc"

%define ABSENT 0x300000
%define READ_ONLY 0x301000
%define SUPERVISOR 0x302000
%define NO_EXECUTE 0x303000
%define REMAPPED 0x304000
%define LARGE 0x400000
%define HIGH 0xffff800000000000     ; the lowest canonical address with bit 63 set

%define EFER 0xc0000080
%define EFER_LME 0x100
%define EFER_NXE 0x800

main:
    call    build_32bit
    mov     eax, directory
    mov     cr3, eax
    cr_set  cr4, CR4_PSE
    cr_set  cr0, CR0_PG | CR0_WP
    print   "32-bit paging", 10
    call    flags
    call    faults
    call    large
    call    stale
    call    pae
    jmp     four_levels

; ---- 32-bit paging -----------------------------------------------------------------------------

; entry32 ADDRESS, BITS: the entry of an identity-mapped page
%macro entry32 2
    mov     dword [table + (%1 >> 12) * 4], %1 | (%2)
%endmacro

build_32bit:
    mov     edi, table
    mov     eax, P | W | U
    mov     ecx, 1024
.next:
    stosd
    add     eax, 4096
    loop    .next
    mov     dword [directory], table + (P | W | U)
    mov     dword [directory + 4], P | W | U | PS
    entry32 ABSENT, 0
    entry32 READ_ONLY, P | U
    entry32 SUPERVISOR, P | W
    ret

; A with the first read, D with the first write.
flags:
    mov     eax, [REMAPPED]
    mov     [REMAPPED], eax
    show    3, "entry of a page that was read and written: ", [table + (REMAPPED >> 12) * 4]
    ret

faults:
    try     "read, not present", mov al, [ABSENT]
    try     "write, not present", mov [ABSENT], al
    try     "write, read-only, WP 1", mov [READ_ONLY], al
    cr_clear cr0, CR0_WP
    try     "write, read-only, WP 0", mov [READ_ONLY], al
    cr_set  cr0, CR0_WP
    ring3
    try     "user: read, supervisor's page", mov al, [SUPERVISOR]
    try     "user: write, read-only", mov [READ_ONLY], al
    ring0
    ret

large:
    mov     dword [REMAPPED], 0x4d694234
    show    8, "the same byte through 4 MiB: ", [LARGE + REMAPPED]
    ret

; The entry is changed, and the CPU is not told: it goes on with what it has.
stale:
    mov     dword [REMAPPED], 0x11111111
    mov     dword [READ_ONLY + LARGE], 0x22222222   ; the page at 301000, by another way
    mov     eax, [REMAPPED]                         ; now the TLB has it
    mov     dword [table + (REMAPPED >> 12) * 4], READ_ONLY | (P | W | U)
    mov     ebx, [REMAPPED]
    invlpg  [REMAPPED]
    mov     ecx, [REMAPPED]
    show    8, "without INVLPG: ", ebx
    show    8, "behind INVLPG:  ", ecx
    ret

; ---- PAE ---------------------------------------------------------------------------------------

; Two page tables of 512 entries take the place of one of 1024; a directory covers 1 GiB.
pae:
    cr_clear cr0, CR0_PG
    mov     edi, table_pae
    mov     eax, P | W | U
    mov     ecx, 1024
.next:
    mov     [edi], eax
    mov     dword [edi + 4], 0
    add     edi, 8
    add     eax, 4096
    loop    .next
    mov     dword [table_pae + (NO_EXECUTE >> 12) * 8 + 4], XD
    mov     dword [directory_pae], table_pae + (P | W | U)
    mov     dword [directory_pae + 8], table_pae + 4096 + (P | W | U)
    mov     dword [directory_pae + 16], P | W | U | PS
    mov     dword [pointers], directory_pae + P
    mov     byte [NO_EXECUTE], 0xc3             ; ret
    mov     eax, pointers
    mov     cr3, eax
    cr_set  cr4, CR4_PAE
    efer_set EFER_NXE
    cr_set  cr0, CR0_PG
    print   "PAE paging", 10
    mov     eax, NO_EXECUTE
    try     "read, XD", mov bl, [NO_EXECUTE]
    try     "fetch, XD", jmp eax
    ret

; ---- 4-level paging ----------------------------------------------------------------------------

; The directory of before serves again: two tables more stand above it.
four_levels:
    cr_clear cr0, CR0_PG
    mov     dword [pointers], directory_pae + (P | W | U)
    mov     dword [pml4], pointers + (P | W | U)
    mov     dword [pml4 + 256 * 8], pointers + (P | W | U)
    mov     eax, pml4
    mov     cr3, eax
    efer_set EFER_LME
    print   "4-level paging", 10
    mov     dword [gdt + SEL_SPARE], 0x0000ffff
    mov     dword [gdt + SEL_SPARE + 4], 0x00af9b00
    cr_set  cr0, CR0_PG
    jmp     SEL_SPARE:.wide

    bits    64
.wide:
    mov     rbx, HIGH
    mov     eax, [REMAPPED]
    mov     [rbx + REMAPPED], eax               ; bit 47 and above: another half, the same page
    mov     eax, [rbx + LARGE + 0x104000]       ; through the page of 2 MiB, which lies at 0
    xor     eax, eax
    leave_with 0x05
    report_routines

    bits    32
    ring3_routines

section .bss.pages nobits align=4096
directory: resb 4096
table:     resb 4096
pml4:      resb 4096
pointers:  resb 4096
directory_pae: resb 4096
table_pae: resb 8192
