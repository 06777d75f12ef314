; format: elf32
; 4-level paging: 4 KiB, 2 MiB and 1 GiB pages, every reserved bit of every level with and without
; EFER.NXE, rights that the levels have together (SDM vol. 3, 4.5, 4.6).

%include "long.inc"
%include "paging.inc"

%define TEST 0x8000000000           ; the second PML4 entry
%define SMALL TEST                  ; a 4 KiB page,
%define MEDIUM (TEST + 0x200000)    ; a 2 MiB page,
%define LARGE (TEST + 0x40000000)   ; and a 1 GiB page of the memory at 0

main:
    mov     dword [page_tables + 8], pointers + (P | W | U)
    mov     dword [pointers], directory + (P | W | U)
    mov     dword [pointers + 8], P | W | U | PS
    mov     dword [directory], table + (P | W | U)
    mov     dword [directory + 8], P | W | U | PS
    mov     dword [table], frame + (P | W | U)
    flush_tlb
    mov     eax, 0x80000008
    cpuid
    movzx   eax, al
    mov     [width], eax
    call    sizes
    mov     dword [error_mask], ~1  ; as in page_pse
    print   "NXE 1", 10
    call    reserved
    efer_clear 0x800
    print   "NXE 0", 10
    call    reserved
    efer_set 0x800
    mov     dword [error_mask], -1
    call    rights
    leave_with 0x52

; REGISTER = BASE + frame
%macro point_at 2
    mov     rax, %2
    mov     %1 %+ _low, frame
    add     %1, rax
%endmacro
%define rbx_low ebx
%define rsi_low esi

sizes:
    mov     dword [frame], 0xcafe
    mov     rbx, SMALL
    show    4, "4 KiB ", [rbx]
    point_at rbx, MEDIUM
    show    4, "2 MiB ", [rbx]
    point_at rbx, LARGE
    show    4, "1 GiB ", [rbx]
    mov     byte [rbx], 0xff
    mov     rax, [pointers + 8]
    mov     rcx, [directory + 8]
    show    4, "pdpte ", rax, " pde ", rcx, " word ", [frame]
    ret

; bits_of "name", ENTRY, LINEAR, the bits of an address in it that are reserved: from, to
%macro bits_of 5
    print   %1
    mov     ebx, %2
    mov     rsi, %3
    mov     ebp, %4
    mov     edi, %5
    call    reserved_bits
%endmacro

reserved:
    bits_of "pml4e", page_tables + 8, SMALL, 64, 64
    bits_of "pdpte", pointers, SMALL, 64, 64
    bits_of "pde", directory, SMALL, 64, 64
    bits_of "pte", table, SMALL, 64, 64
    bits_of "pdpte 1 GiB", pointers + 8, LARGE, 13, 29
    bits_of "pde 2 MiB", directory + 8, MEDIUM, 13, 20
    xor     dword [page_tables + 8], PS
    flush_tlb
    mov     rsi, SMALL
    access  "pml4e PS", mov al, [rsi]
    print   10
    xor     dword [page_tables + 8], PS
    flush_tlb
    ret

; For each bit of the entry at RBX that is tried, from MAXPHYADDR up and EBP to EDI: the error code
; of a read of RSI, if it faults.
reserved_bits:
    mov     ecx, 12
.next:
    cmp     ecx, 63
    ja      .end
    cmp     ecx, [width]
    jae     .try
    cmp     ecx, ebp
    jb      .skip
    cmp     ecx, edi
    ja      .skip
.try:
    btc     [rbx], rcx
    flush_tlb
    mov     dword [try_resume], .behind
    mov     dword [caught_count], 0
    mov     al, [rsi]
.behind:
    mov     dword [try_resume], 0
    btc     [rbx], rcx
    flush_tlb
    cmp     dword [caught_count], 0
    je      .skip
    print   " "
    mov     eax, ecx
    xor     edx, edx
    push    rcx
    mov     ecx, 10
    div     ecx
    pop     rcx
    shl     eax, 4
    or      eax, edx
    hex8    rax
    mov     eax, [caught_error]
    and     eax, [error_mask]
    print   ":"
    hex8    rax
.skip:
    inc     ecx
    jmp     .next
.end:
    print   10
    ret

; A write needs W in each level; a fetch needs XD clear in each.
rights:
    mov     byte [frame], 0xc3
    mov     rsi, SMALL
    mov     rdi, rsp
    %macro without 3                ; name, entry, bit
    print   %1, ":"
    btc     qword [%2], %3
    flush_tlb
    access  " read", mov al, [rsi]
    access  " write", mov [rsi + 8], al
    access  " fetch", call rsi
    mov     rsp, rdi
    print   10
    btc     qword [%2], %3
    flush_tlb
    %endmacro
    without "all", table, 11        ; an ignored bit
    without "pml4e W", page_tables + 8, 1
    without "pdpte W", pointers, 1
    without "pde W", directory, 1
    without "pte W", table, 1
    without "pml4e XD", page_tables + 8, 63
    without "pdpte XD", pointers, 63
    without "pde XD", directory, 63
    without "pte XD", table, 63
    point_at rsi, LARGE
    without "1 GiB W", pointers + 8, 1
    without "1 GiB XD", pointers + 8, 63
    without "1 GiB P", pointers + 8, 0
    point_at rsi, MEDIUM
    without "2 MiB W", directory + 8, 1
    without "2 MiB XD", directory + 8, 63
    without "2 MiB P", directory + 8, 0
    ret

    paging_routines

section .bss
width:  resq    1

section .bss.pages
pointers: resb  4096
directory: resb 4096
table:  resb    4096
frame:  resb    4096
