; format: elf32
; 32-bit paging: every bit of the #PF error code, CR2, A and D, 4 MiB pages, the TLB and INVLPG,
; restart of instructions that fault in the middle, code reached through a second mapping.
; A read-modify-write of a missing page is left out: whether its #PF says write is not architectural.
;
;   linear 0-3fffff          identity, 4 KiB pages, supervisor, writable
;   400000-7fffff            table1: the pages under test
;   800000-bfffff            one 4 MiB page of the memory at 0 (PSE)
;   c00000-ffffff            not present

%include "prot.inc"

%define P 1
%define W 2
%define U 4
%define A 0x20
%define D 0x40
%define PS 0x80

%define TEST 0x400000               ; linear address of the first page of table1

main:
    call    make_tables
    mov     eax, directory
    mov     cr3, eax
    mov     eax, cr4
    or      eax, 0x10               ; PSE
    mov     cr4, eax
    mov     eax, cr0
    or      eax, 0x80000000
    mov     cr0, eax
    print   "paging on", 10
    call    faults
    call    write_protect
    call    accessed_dirty
    call    large_pages
    call    tlb
    call    restart
    call    aliases
    call    from_ring3
    leave_with 0x33

make_tables:
    mov     edi, table0
    mov     eax, P | W
    mov     ecx, 1024
.identity:
    stosd
    add     eax, 4096
    loop    .identity
    mov     dword [directory], table0 + (P | W | U)
    mov     dword [directory + 4], table1 + (P | W | U)
    mov     dword [directory + 8], P | W | PS
    ret

; map PAGE (0-1023 of table1), ENTRY
%macro map 2
    mov     dword [table1 + (%1) * 4], %2
    invlpg  [TEST + (%1) * 4096]
%endmacro

faults:
    try     "read, no page", mov al, [TEST + 0x123]
    try     "write, no page", mov [TEST + 0x1ffe], eax
    try     "read, no table", mov al, [0xc00010]
    try     "fetch, no page", jmp 0xd00000
    map     0, frame0 + (P | W)
    try     "read across into nothing", mov eax, [TEST + 0xffe]
    try     "write across into nothing", mov [TEST + 0xffd], eax
    mov     esi, TEST + 0x4000
    mov     edi, TEST
    try     "movsd from nothing", movsd
    mov     esi, TEST
    mov     edi, TEST + 0x4008
    try     "movsd to nothing", movsd
    mov     eax, 8 * 0x5010
    try     "bt far away", bt [TEST], eax
    try     "lgdt from nothing", lgdt [TEST + 0x3000]
    try     "fxsave", fxsave [TEST + 0x3000]
    mov     ebx, esp
    push    dword 1
    try     "pop to nothing", pop dword [TEST + 0x6010]
    mov     eax, ebx
    sub     eax, esp
    print   "esp moved "
    hex8    eax
    print   10
    mov     esp, ebx
    ret

; Supervisor writes and read-only pages: CR0.WP decides.
write_protect:
    map     0, frame0 + P
    mov     byte [frame0], 1
    try     "write read-only, WP 0", inc byte [TEST]
    call    wp_on
    try     "write read-only, WP 1", inc byte [TEST]
    try     "read read-only", mov al, [TEST]
    print   "value "
    hex8    eax
    print   10
    mov     dword [directory + 4], table1 + (P | U)
    call    flush
    map     0, frame0 + (P | W)
    try     "write, directory read-only", inc byte [TEST]
    mov     dword [directory + 4], table1 + (P | W | U)
    call    flush
    try     "write again", inc byte [TEST]
    jmp     wp_off

flush:
    push    eax
    mov     eax, cr3
    mov     cr3, eax
    pop     eax
    ret

wp_on:
    push    eax
    mov     eax, cr0
    or      eax, 0x10000
    mov     cr0, eax
    pop     eax
    ret

wp_off:
    push    eax
    mov     eax, cr0
    and     eax, ~0x10000
    mov     cr0, eax
    pop     eax
    ret

; Print TEXT and the low bits of the entry at ADDRESS.
%macro entry 2
    print   %1
    mov     eax, [%2]
    and     eax, 0xfff
    hex16   eax
    print   10
%endmacro

; A and D are set by the access, D only by a write, never by one that faults.
accessed_dirty:
    mov     dword [directory + 4], table1 + (P | W | U)
    map     1, frame1 + (P | W)
    call    flush
    mov     al, [TEST + 0x1000]
    entry   "read: pte ", table1 + 4
    entry   "read: pde ", directory + 4
    mov     [TEST + 0x1000], al
    entry   "write: pte ", table1 + 4
    map     1, frame1 + (P | W)
    mov     [TEST + 0x1000], al
    entry   "write first: pte ", table1 + 4
    map     1, frame1 + P
    call    wp_on
    try     "denied write", mov [TEST + 0x1000], al
    call    wp_off
    mov     eax, [table1 + 4]
    and     eax, D
    print   "denied: dirty "
    hex8    eax
    print   10
    map     1, frame1 + (P | W)
    lock add dword [TEST + 0x1000], 0
    entry   "locked add: pte ", table1 + 4
    map     1, frame1 + (P | W)
    map     2, frame2 + (P | W)
    mov     [TEST + 0x1ffe], eax
    entry   "across: pte ", table1 + 4
    entry   "across: pte ", table1 + 8
    ret

large_pages:
    mov     dword [directory + 8], P | W | PS
    call    flush
    mov     al, [0x800000 + frame1]
    entry   "4 MiB read: pde ", directory + 8
    mov     dword [0x800000 + frame1], 0x600df00d
    entry   "4 MiB write: pde ", directory + 8
    hex32   [frame1]
    print   10
    mov     dword [directory + 8], P | PS
    call    flush
    call    wp_on
    try     "4 MiB read-only", mov [0x800020], eax
    call    wp_off
    ret

; Print what page 3 reads as.
%macro page3 0
    mov     eax, [TEST + 0x3000]
    hex16   eax
    print   10
%endmacro

; A remap counts after INVLPG, after a CR3 load, and when a page that was not present appears.
tlb:
    mov     dword [frame0], 0x00001111
    mov     dword [frame1], 0x00002222
    mov     dword [frame2], 0x00003333
    map     3, frame0 + (P | W)
    page3
    map     3, frame1 + (P | W)
    page3
    mov     dword [table1 + 12], frame2 + (P | W)
    call    flush
    page3
    map     3, 0
    try     "unmapped", mov eax, [TEST + 0x3000]
    mov     dword [table1 + 12], frame1 + (P | W)
    page3                           ; no INVLPG: what is not present is not cached
    map     3, frame0 + P
    page3
    mov     dword [table1 + 12], frame0 + (P | W)
    call    wp_on
    try     "write after more rights", mov dword [TEST + 0x3000], 0x00004444
    call    wp_off
    page3
    mov     eax, cr0                ; paging off and on again
    and     eax, 0x7fffffff
    mov     cr0, eax
    mov     dword [table1 + 12], frame2 + (P | W)
    or      eax, 0x80000000
    mov     cr0, eax
    page3
    ret

; A REP that faults in the middle leaves its registers at the element that faulted.
restart:
    map     5, frame0 + (P | W)
    map     6, 0
    mov     edi, TEST + 0x5f00
    mov     ecx, 0x200
    mov     al, 0x77
    cld
    try     "rep stosb into nothing", rep stosb
    print   "edi "
    hex32   edi
    print   " ecx "
    hex32   ecx
    print   10
    map     6, frame1 + (P | W)
    rep     stosb
    print   "went on: "
    hex8    [frame0 + 0xfff]
    hex8    [frame1]
    hex8    [frame1 + 0xff]
    print   " edi "
    hex32   edi
    print   10
    map     6, 0
    mov     esi, frame2
    mov     edi, TEST + 0x5ff8
    mov     ecx, 5
    try     "rep movsd into nothing", rep movsd
    print   "ecx "
    hex8    ecx
    print   10
    mov     dword [frame0 + 0xffc], 0
    mov     eax, -1
    try     "store across", mov [TEST + 0x5ffe], eax
    print   "first half "
    hex32   [frame0 + 0xffc]
    print   10
    ret

; The same frame under two addresses: code written through one and run through the other.
aliases:
    map     7, frame1 + (P | W)
    map     8, frame1 + P
    mov     byte [TEST + 0x7000], 0xb8      ; mov eax, imm32; ret
    mov     dword [TEST + 0x7001], 0x11
    mov     byte [TEST + 0x7005], 0xc3
    call    TEST + 0x8000
    hex8    eax
    mov     dword [TEST + 0x7001], 0x22
    call    TEST + 0x8000
    hex8    eax
    mov     dword [frame1 + 1], 0x33
    call    TEST + 0x8000
    hex8    eax
    map     8, frame2 + P
    mov     byte [frame2], 0xb8
    mov     dword [frame2 + 1], 0x44
    mov     byte [frame2 + 5], 0xc3
    call    TEST + 0x8000
    hex8    eax
    mov     byte [frame2 + 6], 0xc6         ; code that changes the instruction behind it:
    mov     byte [frame2 + 7], 0x05         ; mov byte [frame2 + 14], 0x55
    mov     dword [frame2 + 8], frame2 + 14
    mov     byte [frame2 + 12], 0x55
    mov     dword [frame2 + 13], 0x90c300b0 ; mov al, 0; ret
    call    TEST + 0x8006
    hex8    eax
    print   10
    ret

; Ring 3: the user bit of the error code, and of the tables.
from_ring3:
    mov     edi, table0             ; this program and its data become user pages
    mov     ecx, 1024
.user:
    or      dword [edi], U
    add     edi, 4
    loop    .user
    call    flush
    map     0, frame0 + (P | W)
    map     1, frame0 + (P | U)
    map     2, 0
    mov     [stack], esp
    mov     eax, back
    mov     ecx, 0x81
    mov     bl, 0xee
    call    set_gate
    push    dword SEL_USER_DATA
    push    dword user_stack_top
    push    dword 0x3002            ; IOPL 3: it prints
    push    dword SEL_USER_CODE
    push    dword user
    iret

user:
    mov     ax, SEL_USER_DATA
    mov     ds, ax
    mov     es, ax
    try     "read supervisor", mov al, [TEST]
    try     "write supervisor", mov [TEST], al
    try     "read user", mov al, [TEST + 0x1000]
    try     "write user read-only", mov [TEST + 0x1000], al
    try     "write no page", mov [TEST + 0x2000], al
    try     "fetch supervisor", jmp TEST
    ; Ring 3 has another stack for its exceptions, so its own may be bad.
    mov     ebx, esp
    mov     dword [try_at], .push
    mov     dword [try_resume], .pushed
    mov     dword [caught_count], 0
    mov     esp, TEST + 0x3000 - 8
.push:
    push    eax
.pushed:
    sub     esp, TEST
    mov     eax, esp
    mov     esp, ebx
    print   "push to nothing"
    call    put_caught
    print   "esp "
    hex16   eax
    print   10
    int     0x81

back:
    mov     ax, SEL_DATA
    mov     ds, ax
    mov     es, ax
    mov     esp, [stack]
    ret

section .data
align 4
stack:  dd 0

section .bss.pages nobits align=4096
directory: resb 4096
table0: resb    4096
table1: resb    4096
frame0: resb    4096
frame1: resb    4096
frame2: resb    4096
    resb    4096
user_stack_top:
