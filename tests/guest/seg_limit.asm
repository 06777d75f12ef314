; format: elf32
; Segment limits (SDM vol. 3, 6.3): bytes, words and dwords at the edge of expand-up and expand-down
; segments, with B = 0 and 1 and with G; #SS through SS, #GP through the others, error code 0; a null
; and a read-only segment; where a REP instruction stops.

%define SPARES 8
%include "prot.inc"
%include "ring3.inc"

%define UP SEL_SPARE
%define DOWN16 (SEL_SPARE + 8)
%define DOWN32 (SEL_SPARE + 16)
%define PAGES (SEL_SPARE + 24)
%define READ_ONLY (SEL_SPARE + 32)
%define STACK (SEL_SPARE + 40)
%define DOWN_ALL (SEL_SPARE + 48)

main:
    descriptor UP, area, 0xff, 0x4093
    descriptor DOWN16, area, 0xff, 0x0097
    descriptor DOWN32, area, 0xff, 0x4097
    descriptor PAGES, area, 0, 0xc093
    descriptor READ_ONLY, area, 0xff, 0x4091
    descriptor STACK, area, 0xff, 0x4093
    descriptor DOWN_ALL, 0, 0xfffff, 0xc097
    call    up
    call    down
    call    kinds
    call    stack
    leave_with 0x04

%macro use 1
    mov     ax, %1
    mov     fs, ax
%endmacro

up:
    use     UP
    try     "byte, last", mov al, [fs:0xff]
    try     "byte, beyond", mov al, [fs:0x100]
    try     "word, last", mov ax, [fs:0xfe]
    try     "word across", mov ax, [fs:0xff]
    try     "dword, last", mov eax, [fs:0xfc]
    try     "dword across by 1", mov eax, [fs:0xfd]
    try     "dword across by 3", mov [fs:0xff], eax
    try     "dword at the top", mov eax, [fs:0xfffffffd]
    try     "qword across", fild qword [fs:0xf9]
    try     "test, no write", test byte [fs:0x100], 1
    try     "rmw across", add dword [fs:0xfd], 1
    try     "lea", lea eax, [fs:0x100]
    try     "prefetch", prefetchnta [fs:0x100]
    try     "invlpg", invlpg [fs:0x100]
    mov     eax, 0x100 * 8
    try     "bit string, by its index", bt [fs:0], eax
    use     PAGES
    try     "page, last byte", mov al, [fs:0xfff]
    try     "page, beyond", mov al, [fs:0x1000]
    ret

down:
    use     DOWN16
    try     "down 16: limit", mov al, [fs:0xff]
    try     "down 16: limit + 1", mov al, [fs:0x100]
    try     "down 16: 0", mov al, [fs:0]
    try     "down 16: ffff", mov al, [fs:0xffff]
    try     "down 16: word at ffff", mov ax, [fs:0xffff]
    try     "down 16: 10000", mov al, [fs:0x10000]
    use     DOWN32
    try     "down 32: limit", mov al, [fs:0xff]
    try     "down 32: word below", mov ax, [fs:0xff]
    try     "down 32: limit + 1", mov al, [fs:0x100]
    try     "down 32: 10000", mov al, [fs:0x10000]
    use     DOWN_ALL
    try     "down, nothing left", mov al, [fs:0xffffffff]
    ret

kinds:
    use     READ_ONLY
    try     "write read-only", mov [fs:0], al
    try     "lock read-only", lock inc dword [fs:0]
    try     "bt read-only", bt dword [fs:0], 1
    try     "cmpxchg read-only", cmpxchg [fs:0], eax
    use     0
    try     "null", mov al, [fs:0]
    try     "null, write", mov [fs:0], al
    xor     eax, eax
    try     "null, ltr", ltr ax
    try     "null, lea", lea eax, [fs:0]
    mov     ax, UP
    mov     es, ax
    mov     edi, 0xfa
    mov     ecx, 10
    cld
    try     "rep stosb over the limit", rep stosb
    print   "  ecx "
    hex8    ecx
    print   " edi "
    hex16   edi
    print   10
    mov     edi, 0xfd
    mov     ecx, 2
    try     "rep stosd over the limit", rep stosd
    print   "  ecx "
    hex8    ecx
    print   10
    mov     ax, SEL_DATA
    mov     es, ax
    ret

; Through SS. The segment has room for the exception's frame; the printing needs the old stack.
stack:
    mov     [saved_esp], esp
    mov     ax, STACK
    mov     bx, SEL_DATA
    mov     ebp, 0x100
%macro in_stack 2+
    mov     ss, ax
    mov     esp, 0xf0
    try_ss  %1, %2
%endmacro
%macro try_ss 2+
    mov     dword [try_resume], %%next
    mov     dword [caught_count], 0
    mov     dword [try_at], %%at
%%at:
    %2
%%next:
    mov     ss, bx
    mov     esp, [saved_esp]
    mov     dword [try_resume], 0
    print   %1
    call    put_caught
%endmacro
    in_stack "mov [ebp], beyond", mov cl, [ebp]
    in_stack "mov [ds:ebp]", mov cl, [ds:ebp]
    in_stack "mov [ss:0x100]", mov cl, [ss:0x100]
    in_stack "mov [esp + 16]", mov cl, [esp + 16]
    in_stack "dword [ebp - 2]", mov ecx, [ebp - 2]
    ret

section .data
align 4
saved_esp: dd 0

section .bss
area:   resb    0x20000
