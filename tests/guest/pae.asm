; format: elf32
; PAE paging: the four directory pointers, 2 MiB pages, reserved bits, execute-disable.
;
;   linear 0-3fffffff        directory 0: two identity 2 MiB pages, then table1 at 400000
;   40000000-7fffffff        directory 1: the same memory again in 2 MiB pages
;   80000000-                not present

%include "prot.inc"

%define P 1
%define W 2
%define U 4
%define PS 0x80
%define XD 0x80000000               ; in the upper half of an entry

%define TEST 0x400000
%define EFER 0xc0000080
%define EFER_NXE 0x800

main:
    mov     dword [pointers], directory0 + P
    mov     dword [pointers + 8], directory1 + P
    mov     dword [directory0], P | W | PS
    mov     dword [directory0 + 8], 0x200000 + (P | W | PS)
    mov     dword [directory0 + 16], table1 + (P | W | U)
    mov     dword [directory1], P | W | PS
    mov     dword [directory1 + 8], P | PS
    mov     eax, pointers
    mov     cr3, eax
    mov     eax, cr4
    or      eax, 0x20               ; PAE
    mov     cr4, eax
    mov     eax, cr0
    or      eax, 0x80010000         ; PG, WP
    mov     cr0, eax
    print   "PAE on", 10
    call    faults
    call    reserved
    call    accessed_dirty
    call    execute_disable
    call    pointer_reload
    leave_with 0x3a

; map PAGE, LOW, HIGH
%macro map 3
    mov     dword [table1 + (%1) * 8 + 4], %3
    mov     dword [table1 + (%1) * 8], %2
    invlpg  [TEST + (%1) * 4096]
%endmacro

flush:
    push    eax
    mov     eax, cr3
    mov     cr3, eax
    pop     eax
    ret

faults:
    try     "read, no page", mov al, [TEST]
    try     "write, no page", mov [TEST + 0x1234], al
    try     "read, no table", mov al, [0x600000]
    try     "read, no directory", mov al, [0x80000000]
    try     "write at the end", mov [0xffffffff], al
    mov     dword [frame0], 0x1234abcd
    mov     eax, [0x40000000 + frame0]
    print   "second mapping "
    hex32   eax
    print   10
    try     "2 MiB read-only", mov [0x40200000], al
    map     0, frame0 + P, 0
    try     "4 KiB read-only", mov [TEST], al
    try     "4 KiB read", mov eax, [TEST]
    hex32   eax
    print   10
    ret

; Bits that must be 0: 51, XD without NXE, bits 20:13 of a 2 MiB entry. The SDM sets bit 0 of the
; error code together with bit 3 (vol. 3, 4.7); QEMU does not, so it is not printed.
reserved:
    mov     dword [error_mask], ~1
    map     1, frame0 + (P | W), 0x00080000
    try     "pte bit 51, read", mov al, [TEST + 0x1000]
    try     "pte bit 51, write", mov [TEST + 0x1000], al
    map     1, frame0 + (P | W), XD
    try     "XD without NXE", mov al, [TEST + 0x1000]
    map     1, frame0 + (P | W), 0
    mov     dword [directory1 + 16], 0x2000 + (P | W | PS)
    call    flush
    try     "2 MiB base unaligned", mov al, [0x40400000]
    mov     dword [directory1 + 16], 0
    call    flush
    mov     dword [error_mask], -1
    ret

accessed_dirty:
    map     2, frame1 + (P | W), 0
    mov     al, [TEST + 0x2000]
    mov     eax, [table1 + 16]
    and     eax, 0xfff
    print   "read "
    hex16   eax
    mov     [TEST + 0x2000], al
    mov     eax, [table1 + 16]
    and     eax, 0xfff
    print   " write "
    hex16   eax
    mov     dword [directory1], P | W | PS
    call    flush
    mov     al, [0x40000000]
    mov     eax, [directory1]
    print   " 2 MiB read "
    hex16   eax
    mov     [0x40000000 + frame1], al
    mov     eax, [directory1]
    print   " write "
    hex16   eax
    print   10
    ret

execute_disable:
    mov     ecx, EFER
    rdmsr
    or      eax, EFER_NXE
    wrmsr
    mov     byte [frame1], 0xc3     ; ret
    map     3, frame1 + (P | W), XD
    try     "XD page, read", mov al, [TEST + 0x3000]
    mov     edx, esp
    try     "XD page, fetch", call TEST + 0x3000
    mov     esp, edx
    map     3, frame1 + (P | W), 0
    try     "page, fetch", call TEST + 0x3000
    mov     dword [directory0 + 20], XD
    call    flush
    try     "XD directory, fetch", call TEST + 0x3000
    mov     esp, edx
    try     "no page, fetch", jmp TEST + 0x5000
    mov     dword [directory0 + 20], 0
    mov     ecx, EFER
    rdmsr
    and     eax, ~EFER_NXE
    wrmsr
    call    flush
    try     "page, fetch", call TEST + 0x3000
    ret

; The directory pointers are registers: a change counts when CR3 is loaded.
pointer_reload:
    mov     dword [pointers + 16], directory1 + P
    call    flush
    mov     eax, [0x80000000 + frame0]
    hex32   eax
    mov     dword [pointers + 16], 0
    call    flush
    print   10
    try     "pointer gone", mov eax, [0x80000000]
    ret

section .bss.pages nobits align=4096
directory0: resb 4096
directory1: resb 4096
table1: resb    4096
frame0: resb    4096
frame1: resb    4096
pointers: resb  32
