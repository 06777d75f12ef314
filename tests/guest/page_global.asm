; format: elf32
; When a changed translation must be seen (SDM vol. 3, 4.10.4.1): INVLPG also for a global page and for
; any address in a large one, MOV to CR3 for pages that are not global, and for all when CR4.PGE is 0,
; a change of CR4.PGE for all, a change of CR0.PG. What a TLB may keep is not asked.

%include "prot.inc"
%include "paging.inc"

%define TEST 0x400000
%define LARGE 0x800000

main:
    mov     edi, table0
    mov     eax, P | W
    mov     ecx, 1024
.identity:
    stosd
    add     eax, 4096
    loop    .identity
    mov     dword [directory], table0 + (P | W)
    mov     dword [directory + 4], table1 + (P | W)
    mov     dword [frame0], 0x1000
    mov     dword [frame1], 0x2000
    mov     dword [0x800000], 0x3000
    mov     dword [0xc00000], 0x4000
    mov     dword [0xbff000], 0x3333
    mov     dword [0xfff000], 0x4444
    mov     eax, directory
    mov     cr3, eax
    cr_set  cr4, CR4_PSE | CR4_PGE
    cr_set  cr0, CR0_PG
    call    invlpg_global
    call    large
    call    reload
    call    toggles
    call    switch
    leave_with 0x59

; page 0 is FRAME with FLAGS, and has been read
%macro cached 2
    mov     dword [table1], %1 + (%2)
    invlpg  [TEST]
    mov     eax, [TEST]
%endmacro

%macro row 1
    show    4, %1, [TEST]
%endmacro

invlpg_global:
    cached  frame0, P | W | G
    mov     dword [table1], frame1 + (P | W | G)
    invlpg  [TEST + 0xfff]
    row     "global, invlpg "
    cached  frame0, P | W | G
    mov     dword [table1], 0
    invlpg  [TEST + 4]
    try     "global, gone", mov al, [TEST]
    cached  frame0, P | W | G
    mov     dword [table1], frame0 + (P | G)
    invlpg  [TEST]
    cr_set  cr0, CR0_WP
    try     "global, read-only now", mov [TEST], al
    cr_clear cr0, CR0_WP
    ret

large:
    mov     dword [directory + 8], LARGE + (P | W | PS | G)
    invlpg  [LARGE]
    mov     eax, [LARGE]
    mov     ecx, [LARGE + 0x3ff000]
    show    4, "4 MiB ", eax, " ", ecx
    mov     dword [directory + 8], 0xc00000 + (P | W | PS | G)
    invlpg  [LARGE + 0x123456]
    mov     eax, [LARGE]
    mov     ecx, [LARGE + 0x3ff000]
    show    4, "4 MiB, invlpg of another address in it ", eax, " ", ecx
    mov     dword [directory + 8], table1 + (P | W)
    mov     dword [table1], frame0 + (P | W)
    invlpg  [LARGE]
    show    4, "a table in its place ", [LARGE]
    ret

reload:
    cached  frame0, P | W
    mov     dword [table1], frame1 + (P | W)
    flush_tlb
    row     "not global, CR3 "
    cr_clear cr4, CR4_PGE
    cached  frame0, P | W | G
    mov     dword [table1], frame1 + (P | W | G)
    flush_tlb
    row     "global, PGE 0, CR3 "
    cr_set  cr4, CR4_PGE
    ret

toggles:
    cached  frame0, P | W | G
    mov     dword [table1], frame1 + (P | W | G)
    cr_clear cr4, CR4_PGE
    row     "PGE to 0 "
    mov     dword [table1], frame0 + (P | W | G)
    cr_set  cr4, CR4_PGE
    row     "PGE to 1 "
    mov     dword [table1], frame1 + (P | W | G)
    cr_clear cr0, CR0_PG
    cr_set  cr0, CR0_PG
    flush_tlb
    invlpg  [TEST]
    row     "paging off and on "
    invlpg  [0xffc00000]            ; nothing is there: no fault
    ret

; Two directories; the global page is the same in both.
switch:
    mov     esi, directory
    mov     edi, directory2
    mov     ecx, 1024
    rep     movsd
    mov     dword [directory2 + 4], table2 + (P | W)
    mov     dword [table1], frame0 + (P | W | G)
    mov     dword [table1 + 4], frame0 + (P | W)
    mov     dword [table2], frame0 + (P | W | G)
    mov     dword [table2 + 4], frame1 + (P | W)
    cr_clear cr4, CR4_PGE
    cr_set  cr4, CR4_PGE
    mov     ebx, directory
    mov     edx, directory2
    mov     ebp, 3
.next:
    mov     eax, [TEST]
    mov     ecx, [TEST + 0x1000]
    show    4, "space: ", eax, " ", ecx
    xchg    ebx, edx
    mov     cr3, ebx
    dec     ebp
    jnz     .next
    ret

section .bss.pages nobits align=4096
directory: resb 4096
directory2: resb 4096
table0: resb    4096
table1: resb    4096
table2: resb    4096
frame0: resb    4096
frame1: resb    4096
