; format: elf32
; 5-level paging with something of everything, and the guest ends while it is on: what other tests
; compare of its tables. Pages of all three sizes in both halves, rights taken away at each level
; (SDM vol. 3, 4.5, 4.6), a PML5 entry that leads to the PML5 itself. An entry
; with a reserved bit is there for a while.
;
;   linear 0-3fffffff                  identity, as long.inc has it
;   1000000000000 (PML5E 1)            4 KiB, 2 MiB and 1 GiB pages, user
;   2000000000000 (2)                  the same, read-only and without execution
;   ff00000000000000 (256)             the same, for supervisors
;   fffe000000000000 (510)             the tables

%include "long.inc"
%include "paging.inc"

%define CR4_LA57 0x1000
%define FIRST 0x1000000000000
%define SECOND 0x2000000000000
%define UPPER 0xff00000000000000

main:
    mov     eax, 7
    xor     ecx, ecx
    cpuid
    bt      ecx, 16
    jnc     .absent
    call    make_tables
    call    enter
    mov     dword [frame + 0x10], 0x5757
    mov     rbx, FIRST + 0x1000
    show    4, "4 KiB ", [rbx + 0x10]
    mov     eax, frame
    mov     rbx, FIRST + 0x200000
    show    4, "2 MiB ", [rbx + rax + 0x10]
    mov     rbx, FIRST + 0x40000000
    show    4, "1 GiB ", [rbx + rax + 0x10]
    mov     rbx, UPPER + 0x1000
    show    4, "upper ", [rbx + 0x10]
    mov     rbx, SECOND + 0x1000
    access  "read", mov al, [rbx]
    access  " write", mov [rbx], al
    mov     dword [error_mask], ~1      ; as in page_pse
    access  " reserved", mov al, [rbx + 0x3000]
    print   10
    mov     dword [table + 4 * 8], 0    ; monitors of other machines look at no reserved bit
    mov     dword [table + 4 * 8 + 4], 0
    flush_tlb
    leave_with 0x57
.absent:
    print   "no LA57", 10
    leave_with 0x57

make_tables:
    mov     dword [pml5], page_tables + (P | W)
    mov     dword [pml5 + 1 * 8], pml4 + (P | W | U)
    mov     dword [pml5 + 2 * 8], pml4 + (P | U)
    mov     dword [pml5 + 2 * 8 + 4], XD
    mov     dword [pml5 + 256 * 8], pml4 + (P | W)
    mov     dword [pml5 + 510 * 8], pml5 + (P | W)
    mov     dword [pml5 + 510 * 8 + 4], XD
    mov     dword [pml4], pointers + (P | W | U)
    mov     dword [pml4 + 511 * 8], pointers + (P | U)
    mov     dword [pointers], directory + (P | W | U)
    mov     dword [pointers + 8], P | W | U | PS
    mov     dword [pointers + 16], P | W | U | PS
    mov     dword [directory], table + (P | W | U)
    mov     dword [directory + 8], P | W | U | PS
    mov     dword [directory + 16], 0x200000 + (P | W | U | PS)
    mov     dword [directory + 24], P | U | PS
    mov     dword [table + 1 * 8], frame + (P | W | U)
    mov     dword [table + 2 * 8], frame + 0x1000 + (P | W | U)
    mov     dword [table + 3 * 8], frame + (P | W | U)
    mov     dword [table + 4 * 8], frame + (P | W | U)
    mov     dword [table + 4 * 8 + 4], 0x00080000   ; bit 51, above MAXPHYADDR
    mov     dword [table + 5 * 8], frame + (P | W)
    ret

; CR4.LA57 cannot change in long mode: out of it and back.
enter:
    mov     [kept], rsp
    jmp     dword far [.to_32]
.to_32:
    dd      .low
    dw      SEL_CODE32
    bits    32
.low:
    mov     eax, cr0
    and     eax, ~CR0_PG
    mov     cr0, eax
    mov     eax, cr4
    or      eax, CR4_LA57
    mov     cr4, eax
    mov     eax, pml5
    mov     cr3, eax
    mov     eax, cr0
    or      eax, CR0_PG
    mov     cr0, eax
    jmp     SEL_CODE:.long
    bits    64
.long:
    mov     rsp, [kept]
    ret

    paging_routines

section .bss
kept:   resq    1

section .bss.pages
pml5:   resb    4096
pml4:   resb    4096
pointers: resb  4096
directory: resb 4096
table:  resb    4096
frame:  resb    8192
