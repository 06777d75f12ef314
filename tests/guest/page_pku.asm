; format: elf32
; Protection keys of user pages (SDM vol. 3, 4.6.2; vol. 2, RDPKRU and WRPKRU): CR4.PKE and CPUID, the
; faults of the two instructions, data accesses and fetches by AD and WD of the page's key, by CPL and
; CR0.WP, with R/W, U/S, XD, SMAP and a reserved bit, pages of each size, two keys for one frame, the
; CPU's own accesses. WRPKRU needs no flush; CR4.PKE gets one, which QEMU needs.

%include "long.inc"
%include "paging.inc"
%include "cpl3.inc"

%define CR4_PKE 0x00400000

%define TEST 0x40000000
%define USER5 TEST                  ; by key
%define READ5 (TEST + 0x1000)       ; R/W = 0
%define SUPER5 (TEST + 0x2000)      ; U/S = 0
%define USER10 (TEST + 0x3000)
%define USER0 (TEST + 0x4000)
%define XD5 (TEST + 0x5000)         ; no execution
%define RSVD5 (TEST + 0x6000)       ; bit 51
%define LARGE5 0x40200000           ; one frame of 2 MiB
%define LARGE10 0x40400000
%define HUGE7 0x80000000            ; 1 GiB, from 0 on
%define LARGE_FRAME 0x1000000
%define FRAME1 0x1200000            ; in HUGE7

%define AD(key) (1 << (2 * (key)))
%define WD(key) (2 << (2 * (key)))
%define KEY(key) ((key) << 27)      ; in the upper half of an entry
%define SEL_LDT SEL_SPARE

; entry LOWER, UPPER at RDI
%macro entry 2
    mov     dword [rdi], %1
    mov     dword [rdi + 4], %2
    add     rdi, 8
%endmacro

; pkru VALUE. Keeps every register.
%macro pkru 1
    push    rax
    push    rcx
    push    rdx
    xor     ecx, ecx
    xor     edx, edx
    mov     eax, %1
    wrpkru
    pop     rdx
    pop     rcx
    pop     rax
%endmacro

main:
    or      dword [page_tables + 0x2000], U         ; the first 2 MiB: this program, key 0
    mov     dword [page_tables + 0x1008], directory + (P | W | U)
    mov     dword [page_tables + 0x1010], P | W | U | PS
    mov     dword [page_tables + 0x1014], KEY(7)
    mov     edi, directory
    entry   table + (P | W | U), KEY(3)             ; no leaf: these bits are ignored
    entry   LARGE_FRAME + (P | W | U | PS), KEY(5)
    entry   LARGE_FRAME + (P | W | U | PS), KEY(10)
    mov     edi, table
    entry   frame + (P | W | U), KEY(5)
    entry   frame + (P | U), KEY(5)
    entry   frame + (P | W), KEY(5)
    entry   frame + (P | W | U), KEY(10)
    entry   frame + (P | W | U), 0
    entry   frame + (P | W | U), KEY(5) | XD
    entry   frame + (P | W | U), KEY(5) | 0x80000
    flush_tlb
    mov     byte [frame], 0xc3
    mov     byte [LARGE_FRAME], 0xc3
    mov     byte [FRAME1], 0xc3
    call    off
    cr_set  cr4, CR4_PKE
    call    instructions
    print   "CPL 0, WP", 10
    call    by_pkru
    cr_clear cr0, CR0_WP
    print   "CPL 0, no WP", 10
    call    by_pkru
    ring3
    print   "CPL 3, no WP", 10
    call    by_pkru
    ring0
    cr_set  cr0, CR0_WP
    ring3
    print   "CPL 3, WP", 10
    call    by_pkru
    ring0
    call    places
    call    smap
    call    changes
    call    system
    cr_clear cr4, CR4_PKE
    flush_tlb
    print   "no PKE again", 10
    call    accesses
    call    identify
    cr_set  cr4, CR4_PKE
    xor     ecx, ecx
    rdpkru
    show    8, "pkru ", rax
    mov     dword [table + 6 * 8], 0    ; QEMU's monitor reads these tables, and no reserved bits
    leave_with 0x5b

; CPUID leaf 7, ECX: PKU and OSPKE; and what CR4 reads
identify:
    mov     eax, 7
    xor     ecx, ecx
    cpuid
    and     ecx, 0x18
    mov     rax, cr4
    and     eax, CR4_PKE
    show    2, "cpuid ", rcx
    show    8, "cr4 ", rax
    ret

; Without CR4.PKE there are no keys, and no instructions for them.
off:
    call    identify
    xor     ecx, ecx
    xor     edx, edx
    xor     eax, eax
    try     "rdpkru", rdpkru
    try     "wrpkru", wrpkru
    mov     ecx, 1
    try     "rdpkru 1", rdpkru
    call    accesses
    ret

instructions:
    call    identify
    mov     rax, -1
    mov     rdx, -1
    mov     rcx, 0xffffffff00000000 ; ECX alone counts
    rdpkru
    show    16, "reset: rax ", rax, " rdx ", rdx
    mov     ecx, 1
    try     "rdpkru 1", rdpkru
    try     "wrpkru 1", wrpkru
    mov     ecx, 0x80000000
    try     "rdpkru 80000000", rdpkru
    xor     ecx, ecx
    mov     edx, 1
    try     "wrpkru, edx 1", wrpkru
    db      0x31, 0xd2              ; xor edx, edx
    try     "lock wrpkru", db 0xf0, 0x0f, 0x01, 0xef
    mov     rax, 0x12345678a5a5a5a0
    mov     rdx, 0xffffffff00000000
    mov     rcx, 0xffffffff00000000
    try     "wrpkru", wrpkru
    mov     rax, -1
    rdpkru
    show    16, "rax ", rax, " rdx ", rdx
    ring3
    mov     rdx, -1
    xor     ecx, ecx
    try     "CPL 3, rdpkru", rdpkru
    show    16, "rax ", rax, " rdx ", rdx
    mov     eax, 0x5a5a5a50
    try     "CPL 3, wrpkru", wrpkru
    mov     ecx, 2
    try     "CPL 3, rdpkru 2", rdpkru
    try     "CPL 3, wrpkru 2", wrpkru
    xor     ecx, ecx
    mov     edx, 4
    try     "CPL 3, wrpkru, edx 4", wrpkru
    ring0
    xor     ecx, ecx
    rdpkru
    show    16, "rax ", rax, " rdx ", rdx
    pushf                           ; a single step ends behind it
    or      dword [rsp], 0x100
    mov     dword [caught_count], 0
    mov     dword [try_at], .step
    mov     dword [try_resume], .stepped
    xor     eax, eax
    popf
.step:
    wrpkru
    nop
.stepped:
    mov     dword [try_resume], 0
    print   "step"
    call    put_caught
    ret

; Every access under every pair of AD and WD of key 5, under none but it, and under all
by_pkru:
    pkru    0
    print   "all allowed", 10
    call    accesses
    pkru    AD(5)
    print   "AD5", 10
    call    accesses
    pkru    WD(5)
    print   "WD5", 10
    call    accesses
    pkru    AD(5) | WD(5)
    print   "AD5, WD5", 10
    call    accesses
    pkru    ~(AD(5) | WD(5) | 3)
    print   "all but 0 and 5", 10
    call    accesses
    pkru    0
    ret

; page "name", ADDRESS: a read, a write, a fetch and one more read; RSP is in RBP
%macro page 2
    mov     rbx, %2
    access  %1, mov al, [rbx]
    access  " write", mov [rbx + 16], al
    access  " fetch", call rbx
    mov     rsp, rbp
    access  " read", mov al, [rbx + 8]
    print   10
%endmacro

accesses:
    mov     rbp, rsp
    page    "user 5: read", USER5
    page    "read-only 5: read", READ5
    page    "supervisor 5: read", SUPER5
    page    "user 10: read", USER10
    page    "user 0: read", USER0
    page    "no execution 5: read", XD5
    mov     dword [error_mask], ~1  ; as in page_pse
    page    "reserved 5: read", RSVD5
    mov     dword [error_mask], -1
    page    "2 MiB 5: read", LARGE5
    page    "2 MiB 10: read", LARGE10
    page    "1 GiB 7: read", HUGE7 + FRAME1
    ret

; Address and RIP of the faults; accesses that touch two pages
places:
    mov     edi, USER10 + 0x20
    mov     esi, USER5 + 0x123
    mov     ebx, USER0
    mov     ecx, 4
    pkru    AD(5)
    try     "read", mov rax, [rsi]
    try     "write", mov [rsi], rax
    try     "rep movsb from", rep movsb
    try     "across", mov rax, [rbx + 0xffd]
    pkru    WD(10)
    try     "read", mov rax, [rdi]
    try     "write", mov [rdi], rax
    try     "rep movsb to", rep movsb
    try     "across", mov [rbx - 3], rax
    mov     dword [error_mask], ~2  ; whether a read-modify-write counts as a write is not told
    try     "locked", lock inc byte [rdi]
    mov     dword [error_mask], -1
    ring3
    mov     edi, USER10 + 0x20
    mov     esi, USER5 + 0x123
    try     "write", mov [rdi], rax
    pkru    AD(5)
    try     "read", mov rax, [rsi]
    ring0
    pkru    0
    ret

; SMAP refuses the supervisor what the key allows, and the key what AC allows. The code has to lie
; on a supervisor page for its data.
smap:
    and     dword [page_tables + 0x2000], ~U
    flush_tlb
    cr_set  cr4, CR4_SMAP
    pkru    AD(5)
    print   "SMAP, AD5", 10
    call    accesses
    stac
    print   "SMAP, AC, AD5", 10
    call    accesses
    pkru    WD(5)
    print   "SMAP, AC, WD5", 10
    call    accesses
    clac
    print   "SMAP, WD5", 10
    call    accesses
    cr_clear cr0, CR0_WP
    print   "SMAP, WD5, no WP", 10
    call    accesses
    stac
    print   "SMAP, AC, WD5, no WP", 10
    call    accesses
    clac
    cr_set  cr0, CR0_WP
    cr_clear cr4, CR4_SMAP
    or      dword [page_tables + 0x2000], U
    flush_tlb
    pkru    0
    ret

; A cached key is good until INVLPG; PKRU counts at once. The frame is written through both keys.
changes:
    mov     ebx, USER5
    pkru    AD(6)
    access  "key 5", mov al, [rbx]
    mov     dword [table + 4], KEY(6)
    invlpg  [rbx]
    access  ", key 6", mov al, [rbx]
    pkru    AD(5)
    access  ", without AD6", mov al, [rbx]
    mov     dword [table + 4], KEY(5)
    invlpg  [rbx]
    access  ", key 5", mov al, [rbx]
    print   10
    mov     ebx, LARGE5
    mov     esi, LARGE10
    pkru    WD(5)
    mov     dword [rsi + 0x40], 0x11111111
    access  "2 MiB: by key 10", mov eax, [rbx + 0x40]
    access  ", by key 5", mov [rbx + 0x40], eax
    pkru    WD(10)
    access  ", by key 5", mov [rbx + 0x44], eax
    access  ", by key 10", mov [rsi + 0x48], eax
    access  ", by key 10", mov eax, [rsi + 0x44]
    print   10
    pkru    0
    show    8, "read ", rax
    ret

; The CPU's own accesses: an LDT in a page of key 5, read as a supervisor at any CPL; a stack there
system:
    mov     dword [gdt + SEL_LDT], (USER5 & 0xffff) << 16 | 0xfff
    mov     dword [gdt + SEL_LDT + 4], (USER5 & 0xff000000) | 0x8200 | (USER5 >> 16 & 0xff)
    mov     rax, [gdt + SEL_DATA]
    mov     ebx, USER5
    mov     [rbx + 0x100], rax
    mov     rax, [gdt + SEL_USER_DATA - 3]
    mov     [rbx + 0x108], rax
    mov     eax, SEL_LDT
    lldt    ax
    mov     eax, 0x104
    mov     ecx, 0x10f
    pkru    AD(5)
    try     "lar", lar edx, ax
    ring3
    mov     ecx, 0x10f
    try     "CPL 3, lar", lar edx, cx
    try     "CPL 3, ds", mov ds, cx
    pkru    WD(5)
    try     "CPL 3, WD5, lar", lar edx, cx
    ring0
    xor     eax, eax
    lldt    ax
    mov     eax, USER5 + 0x800
    mov     [tss + 4], rax
    mov     byte [idt + 14 * 16 + 4], 1
    ring3
    mov     byte [idt + RING0_GATE * 16 + 4], 1
    try     "CPL 3, ud2, stack of key 5", ud2
    ring0
    mov     eax, stack_top_ring0
    mov     [tss + 4], rax
    mov     byte [idt + 14 * 16 + 4], 0
    pkru    0
    ret

    paging_routines
    ring3_routines

section .bss.pages
directory: resb 4096
table:  resb    4096
frame:  resb    4096
