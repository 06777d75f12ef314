; format: elf32
; Accessed and dirty flags (SDM vol. 3, 4.8): which instruction sets which, in the last level and in
; those above; they come again after software has cleared them and the TLB.

%include "long.inc"
%include "paging.inc"
%include "cpl3.inc"

%define TEST 0x8000000000

main:
    or      dword [page_tables + 0x2000], U
    mov     dword [page_tables + 8], pointers + (P | W | U)
    mov     dword [pointers], directory + (P | W | U)
    mov     dword [directory], table + (P | W | U)
    mov     dword [table + 8], frame1 + (P | W | U)
    mov     dword [table], frame0 + (P | W | U)
    mov     rsi, TEST
    mov     byte [frame0], 0xc3
    mov     rdi, rsp
    call    single
    call    pairs
    call    denied
    call    levels
    leave_with 0x56

; Clear the flags in all five entries, and the TLB.
clear:
    and     dword [table], ~(A | D)
    and     dword [table + 8], ~(A | D)
    and     dword [directory], ~(A | D)
    and     dword [pointers], ~(A | D)
    and     dword [page_tables + 8], ~(A | D)
    flush_tlb
    ret

; does "name", INSTRUCTION: A and D of the first page's entry afterwards
%macro does 2+
    call    clear
    %2
    mov     rax, [table]
    and     eax, A | D
    show    2, %1, rax
%endmacro

single:
    does    "read ", mov al, [rsi]
    does    "write ", mov [rsi + 8], al
    does    "fetch ", call rsi
    does    "cmp ", cmp byte [rsi], 1
    does    "bt ", bt dword [rsi], 1
    does    "bts ", bts dword [rsi + 8], 1
    xor     eax, eax
    does    "cmov, condition false ", cmovnz rax, [rsi]
    mov     eax, 1
    does    "lock cmpxchg, unequal ", lock cmpxchg [rsi + 8], ecx
    does    "xchg ", xchg eax, [rsi + 8]
    does    "movups from ", movups xmm0, [rsi + 1]
    does    "movups to ", movups [rsi + 1], xmm0
    xor     ecx, ecx
    does    "rep lodsb, count 0 ", rep lodsb
    does    "lea ", lea rax, [rsi]
    does    "nop ", nop dword [rsi]
    does    "setz ", setz [rsi + 8]
    does    "fnstcw ", fnstcw [rsi + 8]
    does    "fld ", fld dword [rsi + 8]
    fninit
    mov     byte [frame0], 0xc3
    ret

; Both pages of an access that crosses
%macro show_pair 1
    mov     rax, [table]
    and     eax, A | D
    mov     rcx, [table + 8]
    and     ecx, A | D
    show    2, %1, rax, " ", rcx
%endmacro

pairs:
    call    clear
    mov     eax, [rsi + 0xffe]
    show_pair "read across "
    call    clear
    mov     [rsi + 0xffd], eax
    show_pair "write across "
    call    clear
    mov     dword [table + 8], frame1 + (P | U)
    flush_tlb
    access  "write across into read-only", mov [rsi + 0xffd], eax
    mov     rax, [table + 8]        ; what became of the first page's entry is not architectural
    and     eax, D
    show    2, " dirty ", rax
    mov     dword [table + 8], frame1 + (P | W | U)
    flush_tlb
    ret

; No access that faults makes a page dirty.
denied:
    mov     dword [table], frame0 + (P | U)
    access  "read-only, write", mov [rsi + 8], al
    call    show_dirty
    mov     dword [table], frame0 + (P | W)
    flush_tlb
    ring3
    access  "supervisor page, CPL 3, write", mov [rsi + 8], al
    ring0
    call    show_dirty
    mov     dword [table], frame0 + (W | U)
    flush_tlb
    access  "absent, write", mov [rsi + 8], al
    mov     rax, [table]
    and     eax, A | D
    show    2, " flags ", rax
    mov     dword [table], frame0 + (P | W | U)
    flush_tlb
    ring3
    mov     al, [rsi]
    ring0
    mov     rax, [table]
    and     eax, A | D
    show    2, "CPL 3, read ", rax
    ret

show_dirty:
    mov     rax, [table]
    and     eax, D
    show    2, " dirty ", rax
    ret

; A in each level, D in the last only; with INVLPG instead of a new CR3.
levels:
    call    clear
    mov     [rsi + 8], al
    mov     rax, [page_tables + 8]
    and     eax, A | D
    mov     rcx, [pointers]
    and     ecx, A | D
    mov     rdx, [directory]
    and     edx, A | D
    mov     rbx, [table]
    and     ebx, A | D
    show    2, "pml4e ", rax, " pdpte ", rcx, " pde ", rdx, " pte ", rbx
    and     dword [table], ~(A | D)
    invlpg  [rsi]
    mov     al, [rsi]
    mov     rax, [table]
    and     eax, A | D
    show    2, "invlpg, read ", rax
    mov     [rsi + 8], al
    mov     rax, [table]
    and     eax, A | D
    show    2, "then write ", rax
    and     dword [table], ~D
    invlpg  [rsi]
    mov     al, [rsi]
    mov     rax, [table]
    and     eax, A | D
    show    2, "D cleared, read ", rax
    mov     [rsi + 8], al
    mov     rax, [table]
    and     eax, A | D
    show    2, "then write ", rax
    ret

    paging_routines
    ring3_routines

section .bss.pages
pointers: resb  4096
directory: resb 4096
table:  resb    4096
frame0: resb    4096
frame1: resb    4096
