; format: elf32
; Which pairs make #DF (SDM vol. 3, table 7-5): the first exception's gate is bad in a way that raises
; the second. Benign before contributory is handled one after the other, contributory before
; contributory and #PF before either is #DF. Its error code is 0; its EIP is told though it is
; undefined: it is that of the first instruction everywhere.

%define SPARES 6
%include "prot.inc"

%define ABSENT SEL_SPARE
%define P 1
%define W 2

main:
    mov     dword [gdt + ABSENT], 0x0000ffff
    mov     dword [gdt + ABSENT + 4], 0x00cf1b00
    call    paging
    call    pairs
    leave_with 0x0d

; The first 4 MiB to themselves; 400000 is not there.
paging:
    mov     edi, table
    mov     eax, P | W
.next:
    stosd
    add     eax, 0x1000
    cmp     eax, 0x400000
    jb      .next
    mov     eax, table + (P | W)
    mov     [directory], eax
    mov     eax, directory
    mov     cr3, eax
    mov     eax, cr0
    or      eax, 0x80000000
    mov     cr0, eax
    ret

; With the gate of VECTOR bad: not present (#NP), to data (#GP), to code that is absent (#NP)
%macro bad_gate 3+
%%gate equ idt + %1 * 8
    mov     byte [%%gate + 5], 0x0e
    try     {%2, ", gate absent"}, %3
    mov     byte [%%gate + 5], 0x8e
    mov     word [%%gate + 2], SEL_DATA
    try     {%2, ", to data"}, %3
    mov     word [%%gate + 2], ABSENT
    try     {%2, ", to absent code"}, %3
    mov     word [%%gate + 2], 0
    try     {%2, ", to null"}, %3
    mov     word [%%gate + 2], SEL_CODE
%endmacro

pairs:
    mov     dx, SEL_BEYOND
    mov     cx, SEL_ABSENT
    xor     ebx, ebx
    bad_gate 0, "#DE", div bl
    bad_gate 3, "#BP", int3
    bad_gate 13, "#GP", mov ds, dx
    bad_gate 11, "#NP", mov fs, cx
    bad_gate 12, "#SS", mov ss, cx
    bad_gate 14, "#PF", mov al, [0x400000]
    print   "the page stays "
    mov     eax, cr2
    hex32   eax
    print   10
    mov     word [idt + 13 * 8 + 2], ABSENT
    mov     word [idt + 11 * 8 + 2], ABSENT
    try     "#GP, then #NP, #NP bad as well", mov ds, dx
    mov     word [idt + 13 * 8 + 2], SEL_CODE
    mov     word [idt + 11 * 8 + 2], SEL_CODE
    mov     word [idt + 6 * 8 + 2], ABSENT
    mov     word [idt + 11 * 8 + 2], SEL_DATA
    try     "#UD, then #NP, #NP bad", ud2
    mov     word [idt + 6 * 8 + 2], SEL_CODE
    mov     word [idt + 11 * 8 + 2], SEL_CODE
    ret

section .bss.pages nobits align=4096
directory: resb 4096
table:  resb    4096

