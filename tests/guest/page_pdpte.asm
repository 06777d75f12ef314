; format: elf32
; PAE: the four directory pointers are loaded by MOV to CR3; a reserved bit in one that is present is #GP
; then, and CR3 stays; in one that is not present it is nothing (SDM vol. 3, 4.4.1).

%include "prot.inc"
%include "paging.inc"

main:
    mov     dword [pointers], directory + P
    mov     dword [pointers + 8], directory + P
    mov     dword [directory], P | W | PS
    mov     dword [directory + 8], 0x200000 + (P | W | PS)
    mov     eax, pointers
    mov     cr3, eax
    cr_set  cr4, CR4_PAE
    cr_set  cr0, CR0_PG
    mov     eax, 0x80000008
    cpuid
    movzx   eax, al
    mov     [width], eax
    call    each_bit
    call    absent
    call    latched
    call    by_paging
    leave_with 0x7b

; Each bit of the second pointer that is no address bit: 11:9, PWT and PCD are free, the others are #GP.
each_bit:
    print   "#GP by bit"
    mov     ecx, 1
.next:
    cmp     ecx, 12
    jb      .try
    cmp     ecx, [width]
    jb      .skip
.try:
    btc     [pointers + 8], ecx
    mov     dword [try_resume], .behind
    mov     dword [caught_count], 0
    mov     eax, pointers
    mov     cr3, eax
.behind:
    mov     dword [try_resume], 0
    btc     [pointers + 8], ecx
    cmp     dword [caught_count], 0
    je      .skip
    print   " "
    mov     eax, ecx
    aam
    shl     ah, 4
    or      al, ah
    hex8    eax
    cmp     dword [caught_vector], 13
    je      .skip
    print   " not #GP"
.skip:
    inc     ecx
    cmp     ecx, 64
    jb      .next
    print   10
    ret

absent:
    mov     dword [pointers + 16], 0x1e6    ; reserved bits, not present
    mov     eax, pointers
    try     "reserved bits, not present", mov cr3, eax
    mov     dword [pointers + 16], 0
    mov     dword [pointers + 32], directory + P    ; another table with a bad second entry
    mov     dword [pointers + 40], directory + (P | W)
    mov     eax, pointers + 32
    try     "another table", mov cr3, eax
    mov     eax, cr3
    sub     eax, pointers
    show    2, "cr3 +", eax
    mov     eax, pointers
    mov     cr3, eax
    ret

; Without a load of CR3 a change does not count.
latched:
    mov     eax, pointers
    mov     cr3, eax
    mov     dword [word_], 0x600df00d
    mov     dword [pointers + 8], 0
    mov     ebx, 0x40000000 + word_
    invlpg  [ebx]
    access  "gone in memory:", mov eax, [ebx]
    print   10
    mov     eax, cr3
    mov     cr3, eax
    access  "cr3 loaded:", mov eax, [ebx]
    print   10
    mov     dword [pointers + 8], directory + P
    access  "there in memory:", mov eax, [ebx]
    print   10
    mov     eax, cr3
    mov     cr3, eax
    access  "cr3 loaded:", mov eax, [ebx]
    print   10
    ret

; CR0.PG with bad pointers, and changes of CR4 that load them
by_paging:
    cr_clear cr0, CR0_PG
    mov     dword [pointers + 8], directory + (P | W)
    mov     eax, cr0
    or      eax, CR0_PG
    try     "PG with a bad pointer", mov cr0, eax
    mov     eax, cr0
    shr     eax, 31
    show    2, "PG is ", eax
    mov     dword [pointers + 8], directory + P
    cr_set  cr0, CR0_PG
    mov     dword [pointers + 8], directory + (P | W)
    mov     eax, cr4
    xor     eax, CR4_PGE
    try     "PGE with a bad pointer", mov cr4, eax
    mov     dword [pointers + 8], directory + P
    ret

    paging_routines

section .bss
width:  resd    1
word_:  resd    1

section .bss.pages nobits align=4096
directory: resb 4096
pointers: resb  64
