; format: elf32
; PAE paging: every reserved bit of the page table, of the directory with and without PS, and XD with
; and without EFER.NXE (SDM vol. 3, 4.4.2). Which bits those are follows from MAXPHYADDR.
; The directory pointers are in page_pdpte.

%include "prot.inc"
%include "paging.inc"

%define TEST 0x40000000             ; directory 1, entry 0
%define LARGE 0x40200000            ; entry 1

main:
    mov     dword [pointers], directory0 + P
    mov     dword [pointers + 8], directory1 + P
    mov     dword [directory0], P | W | PS
    mov     dword [directory0 + 8], 0x200000 + (P | W | PS)
    mov     dword [directory1], table + (P | W)
    mov     dword [table], frame + (P | W)
    mov     dword [directory1 + 8], P | W | PS
    mov     eax, pointers
    mov     cr3, eax
    cr_set  cr4, CR4_PAE
    cr_set  cr0, CR0_PG | CR0_WP
    mov     eax, 0x80000008
    cpuid
    movzx   eax, al
    mov     [width], eax
    mov     dword [error_mask], ~1  ; as in page_pse
    print   "NXE 0", 10
    call    all
    efer_set 0x800
    print   "NXE 1", 10
    call    all
    mov     dword [error_mask], -1
    call    disable
    leave_with 0x51

all:
    mov     dword [linear], TEST
    mov     ebx, table
    print   "pte"
    call    reserved_bits
    mov     ebx, directory1
    print   "pde"
    call    reserved_bits
    mov     dword [linear], LARGE
    mov     ebx, directory1 + 8
    print   "pde 2 MiB"
    call    reserved_bits
    ret

; For each bit of the entry at EBX that this test can set: the error code of a read, if it faults.
; Bits 11:0 and the address bits of what a table lies at are not touched; of a 2 MiB page's entry
; bits 20:13 are.
reserved_bits:
    mov     ecx, 12
.next:
    cmp     ecx, 63
    ja      .end
    cmp     ecx, [width]
    jae     .try
    test    byte [ebx], PS
    jz      .skip
    cmp     ecx, 13
    jb      .skip
    cmp     ecx, 20
    ja      .skip
.try:
    call    flip
    mov     edx, [linear]
    mov     dword [try_resume], .behind
    mov     dword [caught_count], 0
    mov     al, [edx]
.behind:
    mov     dword [try_resume], 0
    call    flip
    cmp     dword [caught_count], 0
    je      .skip
    print   " "
    push    ecx
    mov     eax, ecx
    aam
    shl     ah, 4
    or      al, ah
    hex8    eax
    pop     ecx
    mov     eax, [caught_error]
    and     eax, [error_mask]
    print   ":"
    hex8    eax
.skip:
    inc     ecx
    jmp     .next
.end:
    print   10
    ret

; Change bit ECX of the entry at EBX.
flip:
    btc     [ebx], ecx
    flush_tlb
    ret

; What XD denies, in the last level and in the one above. EBX is a page with a RET.
%macro with_xd 2                    ; name, entry
    mov     dword [%2 + 4], XD
    flush_tlb
    access  {%1, " read"}, mov al, [ebx]
    access  " write", mov [ebx + 1], al
    access  " fetch", call ebx
    mov     esp, esi
    mov     dword [%2 + 4], 0
    flush_tlb
    access  " without", call ebx
    print   10
%endmacro

disable:
    mov     byte [frame], 0xc3
    mov     esi, esp
    mov     ebx, TEST
    with_xd "pte XD", table
    with_xd "pde XD", directory1
    mov     ebx, LARGE + frame
    with_xd "2 MiB XD", directory1 + 8
    ret

    paging_routines

section .bss
width:  resd    1
linear: resd    1

section .bss.pages nobits align=4096
directory0: resb 4096
directory1: resb 4096
table:  resb    4096
frame:  resb    4096
pointers: resb  32
