; format: elf32
; SMEP and SMAP (SDM vol. 3, 4.6.1): fetches and data accesses of CPL 0 to user pages, EFLAGS.AC with
; STAC and CLAC, the error codes, and the implicit supervisor accesses of CPL 3: descriptor tables
; whose second page is a user page. Left out: implicit accesses with AC set at CPL 0, which QEMU allows.
;
; This program lies in supervisor pages. Its code for ring 3 runs from a second, user mapping.

%include "long.inc"
%include "paging.inc"

%define USER 0x40000000             ; the first 2 MiB again, for ring 3
%define TEST 0x40200000             ; a user page,
%define SUPER (TEST + 0x1000)       ; a supervisor page behind it,
%define OTHER (TEST + 0x2000)       ; and a user page
%define LEAVE_GATE 0x83
%define SEL_LAST 0x58               ; the last of the first page

main:
    mov     dword [page_tables + 0x1008], directory + (P | W | U)
    mov     dword [directory], P | W | U | PS
    mov     dword [directory + 8], table + (P | W | U)
    mov     dword [table], frame0 + (P | W | U)
    mov     dword [table + 8], frame1 + (P | W)
    mov     dword [table + 16], frame2 + (P | W | U)
    flush_tlb
    mov     byte [frame0], 0xc3
    mov     byte [frame1], 0xc3
    mov     eax, back_from_user
    mov     ecx, LEAVE_GATE
    mov     bl, 0xee
    call    set_gate
    print   "neither", 10
    call    accesses
    cr_set  cr4, CR4_SMEP
    print   "SMEP", 10
    call    accesses
    efer_clear 0x800
    print   "SMEP, no NXE", 10
    call    accesses
    efer_set 0x800
    cr_set  cr4, CR4_SMAP
    print   "SMEP, SMAP", 10
    call    accesses
    stac
    print   "SMEP, SMAP, AC", 10
    call    accesses
    clac
    cr_clear cr4, CR4_SMEP
    print   "SMAP", 10
    call    accesses
    call    kinds
    call    flags
    call    from_user
    call    tables
    cr_clear cr4, CR4_SMAP
    print   "neither", 10
    call    accesses
    leave_with 0x66

; Keeps AC.
accesses:
    mov     rdi, rsp
    mov     rsi, TEST
    mov     rbx, SUPER
    access  "user page: read", mov al, [rsi]
    access  " write", mov [rsi + 8], al
    access  " fetch", call rsi
    mov     rsp, rdi
    access  "; supervisor page: read", mov al, [rbx]
    access  " write", mov [rbx + 8], al
    access  " fetch", call rbx
    mov     rsp, rdi
    print   10
    ret

; Under SMAP
kinds:
    mov     rsi, TEST
    mov     rbx, SUPER
    mov     dword [error_mask], ~2  ; whether a read-modify-write counts as a write is not told
    try     "locked", lock inc byte [rsi + 16]
    mov     dword [error_mask], -1
    try     "across from the supervisor page", mov rax, [rbx + 0xffc]
    try     "across to the supervisor page", mov rax, [rsi + 0xffc]
    mov     edi, frame2
    mov     ecx, 4
    try     "rep movsb from", rep movsb
    mov     rdi, OTHER
    mov     esi, frame0
    try     "rep movsb to", rep movsb
    mov     rsi, TEST
    try     "movups", movups xmm0, [rsi]
    try     "fxsave", fxsave [rsi + 0x200]
    try     "lgdt", lgdt [rsi]
    try     "invlpg is none", invlpg [rsi]
    try     "prefetch is none", prefetcht0 [rsi]
    try     "nop is none", nop dword [rsi]
    ret

; STAC and CLAC change AC alone; they are #UD in ring 3.
flags:
    push    0x8d7                   ; OF, SF, ZF, AF, PF, CF
    popf
    stac
    pushf
    pop     rax
    clac
    pushf
    pop     rcx
    cld
    and     eax, 0x40ed5
    and     ecx, 0x40ed5
    show    8, "stac ", rax, " clac ", rcx
    ret

; user "name", INSTRUCTION: run it in ring 3, with AC clear; user_ac the same with AC set
%macro user 2+
    user_run %1, 0x3002, %2
%endmacro

%macro user_ac 2+
    user_run %1, 0x43002, %2
%endmacro

%macro user_run 3+
    mov     dword [try_at], USER + %%at
    mov     dword [try_resume], USER + %%next
    mov     dword [caught_count], 0
    mov     [kept], rsp
    mov     qword [leave_to], %%behind
    push    SEL_USER_DATA
    push    USER + user_stack_top
    push    %2
    push    SEL_USER_CODE
    push    USER + %%at
    iretq
%%at:
    %3
%%next:
    int     LEAVE_GATE
%%behind:
    mov     dword [try_resume], 0
    print   %1
    call    put_caught
%endmacro

back_from_user:
    mov     rsp, [kept]
    jmp     [leave_to]

from_user:
    mov     esi, TEST
    mov     ebx, SUPER
    user    "CPL 3, read user", mov al, [rsi]
    user    "CPL 3, write user", mov [rsi + 8], al
    user    "CPL 3, read supervisor", mov al, [rbx]
    user_ac "CPL 3, AC, read supervisor", mov al, [rbx]
    user    "CPL 3, stac", stac
    user    "CPL 3, clac", clac
    user    "CPL 3, ud2", ud2
    ret

; GDT and IDT on the border of two pages: SUPER and OTHER.
tables:
    mov     esi, gdt
    mov     edi, OTHER - SEL_LAST - 8
    mov     [gdtr2 + 2], rdi
    mov     ecx, (SEL_LAST + 8) / 8
    rep     movsq
    mov     rax, [gdt + SEL_USER_DATA - 3]
    stac
    mov     [rdi], rax
    clac
    lgdt    [gdtr2]
    mov     eax, (SEL_LAST + 8) | 3
    try     "CPL 0, ds from a user page", mov ds, ax
    try     "CPL 0, lar from a user page", lar ecx, ax
    mov     eax, (SEL_LAST + 8) | 3
    user    "CPL 3, ds from a user page", mov ds, ax
    user_ac "CPL 3, AC, ds from a user page", mov ds, ax
    user    "CPL 3, lar from a user page", lar ecx, ax
    cr_clear cr4, CR4_SMAP
    user    "CPL 3, no SMAP, ds", mov ds, ax
    mov     eax, SEL_DATA
    mov     ds, ax
    cr_set  cr4, CR4_SMAP
    lgdt    [gdtr]
    mov     esi, idt                ; vectors up to 83 on the first page
    mov     edi, OTHER - (LEAVE_GATE + 1) * 16
    mov     [idtr2 + 2], rdi
    mov     ecx, (LEAVE_GATE + 1) * 2
    rep     movsq
    sub     rsi, 16
    stac
    movsq
    movsq
    clac
    lidt    [idtr2]
    try     "CPL 0, gate on a user page", int LEAVE_GATE + 1
    user    "CPL 3, gate on a user page", int LEAVE_GATE + 1
    user_ac "CPL 3, AC, gate on a user page", int LEAVE_GATE + 1
    lidt    [idtr]
    mov     eax, TEST + 0x800       ; RSP0 on a user page: the frame is pushed by the supervisor
    mov     [tss + 4], rax
    mov     byte [idt + 14 * 16 + 4], 1
    mov     byte [idt + LEAVE_GATE * 16 + 4], 1
    user    "CPL 3, ud2, RSP0 on a user page", ud2
    mov     byte [idt + 14 * 16 + 4], 0
    mov     byte [idt + LEAVE_GATE * 16 + 4], 0
    mov     eax, stack_top_ring0
    mov     [tss + 4], rax
    ret

    paging_routines

section .data
gdtr2:  dw SEL_LAST + 15
    dq      0
idtr2:  dw (LEAVE_GATE + 2) * 16 - 1
    dq      0

section .bss
kept:   resq    1
leave_to: resq  1

section .bss.user nobits align=16
    resb    1024
user_stack_top:

section .bss.pages
directory: resb 4096
table:  resb    4096
frame0: resb    4096
frame1: resb    4096
frame2: resb    4096
