; format: elf32
; Long mode: exceptions, canonical addresses, #PF with XD, IST, compatibility mode, 4 KiB and 2 MiB
; pages with A and D, 64-bit string instructions, SSE, CMPXCHG16B.
; Not here, because QEMU's TCG lets them pass: clearing EFER.LME or CR4.PAE, SSE numeric exceptions,
; and in older ones unaligned operands of SSE.

%include "long.inc"

%define P 1
%define W 2
%define U 4
%define PS 0x80

%define TEST 0x40000000             ; linear: the page table `pages`, behind the identity map

main:
    print   "long mode", 10
    mov     dword [page_tables + 0x1008], directory + 7
    mov     dword [directory], pages + 7
    mov     rax, cr3
    mov     cr3, rax
    call    exceptions
    call    selectors
    call    not_canonical
    call    faults
    call    accessed_dirty
    call    double_fault
    call    compatibility
    call    arithmetic
    call    strings
    leave_with 0x40

; map PAGE, LOW, HIGH
%macro map 3
    mov     dword [pages + (%1) * 8 + 4], %3
    mov     dword [pages + (%1) * 8], %2
    invlpg  [TEST + (%1) * 4096]
%endmacro

%macro popf_nop 0
    popf
    nop
%endmacro

exceptions:
    xor     ebx, ebx
    try     "div by 0", div rbx
    mov     rdx, 1
    mov     rbx, 1
    try     "div overflow", div rbx
    try     "ud2", ud2
    try     "int3", int3
    try     "push es is gone", db 0x06
    mov     dword [error_mask], 7   ; QEMU counts 16 bytes a vector in the error code, the SDM 8
    try     "int 0x20, no gate", int 0x20
    mov     dword [error_mask], -1
    pushf
    or      dword [rsp], 0x100
    try     "single step", popf_nop
    mov     ecx, EFER
    rdmsr
    print   "efer "
    and     eax, 0xd01
    hex16   rax
    print   10
    mov     rax, cr0
    or      rax, 8
    mov     cr0, rax
    try     "movaps with TS", movaps xmm0, [ones]
    clts
    try     "movups unaligned", movups xmm0, [ones + 4]
    ret

; IRETQ whose CS is a data segment
%macro iret_bad 0
    mov     rbx, rsp
    push    SEL_DATA
    push    rbx
    pushf
    push    SEL_USER_DATA
    push    main
    iretq
%endmacro

%macro int_bad 0
    mov     rsp, rbx
    mov     dword [idt + 0x21 * 16], SEL_CODE32 << 16
    mov     dword [idt + 0x21 * 16 + 4], 0x00108e00
    int     0x21
%endmacro

selectors:
    mov     eax, SEL_BEYOND
    try     "ds beyond the GDT", mov ds, ax
    mov     eax, SEL_ABSENT
    try     "ds not present", mov ds, ax
    try     "ss not present", mov ss, ax
    mov     eax, SEL_CODE
    try     "ss of code", mov ss, ax
    xor     eax, eax
    try     "ss null, ring 0", mov ss, ax
    mov     eax, SEL_DATA
    mov     ss, ax
    try     "iret to user data", iret_bad
    try     "int to a 32-bit segment", int_bad
    ret

not_canonical:
    mov     rbx, 0x0000800000000000
    try     "read, not canonical", mov al, [rbx]
    try     "write, not canonical", mov [rbx], al
    mov     rbx, -0x0000800000000001
    try     "read, below the upper half", mov al, [rbx]
    mov     rbx, 0xffff800000000000
    try     "read, lowest of the upper half", mov al, [rbx]
    mov     rbx, -1
    try     "write, last byte", mov [rbx], al
    ret

faults:
    mov     byte [frame0], 0xc3
    try     "read, no page", mov al, [TEST + 0x123]
    try     "write, no page", mov [TEST + 0x1123], rax
    map     0, frame0 + P, 0
    try     "write read-only", mov [TEST], al
    try     "read", mov al, [TEST]
    try     "fetch", call TEST
    map     0, frame0 + (P | W), 0x80000000
    mov     rbx, rsp
    try     "fetch XD", call TEST
    mov     rsp, rbx
    map     0, frame0 + P, 0
    mov     rax, cr0
    btr     rax, 16
    mov     cr0, rax
    try     "write read-only, WP 0", mov byte [TEST], 0xc3
    bts     rax, 16
    mov     cr0, rax
    map     0, frame0 + (P | W), 0
    mov     esi, frame1
    mov     rdi, TEST + 0xff0
    mov     ecx, 16
    try     "rep movsq into nothing", rep movsq
    print   "rdi "
    hex64   rdi
    print   " rcx "
    hex8    rcx
    print   10
    try     "movups across into nothing", movups [TEST + 0xff8], xmm0
    try     "prefetch of nothing", prefetcht0 [TEST + 0x5000]
    ret

accessed_dirty:
    map     1, frame0 + (P | W), 0
    mov     al, [TEST + 0x1000]
    mov     rax, [pages + 8]
    print   "read "
    and     eax, 0xfff
    hex16   rax
    mov     [TEST + 0x1000], al
    mov     rax, [pages + 8]
    print   " write "
    and     eax, 0xfff
    hex16   rax
    mov     dword [directory + 8], P | W | PS
    mov     rax, cr3
    mov     cr3, rax
    mov     al, [TEST + 0x200000]
    mov     rax, [directory + 8]
    print   " 2 MiB read "
    hex16   rax
    mov     eax, frame0
    mov     [TEST + 0x200000 + rax + 8], rax
    mov     rax, [directory + 8]
    print   " write "
    hex16   rax
    print   " pml4 "
    mov     rax, [page_tables]
    and     eax, 0xfff
    hex16   rax
    print   10
    ret

; #GP whose handler is not present: #DF, on its own stack.
double_fault:
    mov     byte [idt + 13 * 16 + 5], 0x0e
    mov     eax, SEL_BEYOND
    try     "#GP without a gate", mov ds, ax
    mov     byte [idt + 13 * 16 + 5], 0x8e
    mov     byte [idt + 6 * 16 + 4], 1      ; #UD on IST 1 too
    try     "ud2 on IST 1", ud2
    mov     byte [idt + 6 * 16 + 4], 0
    lea     rbx, [rsp - 5]          ; the frame is aligned to 16 whatever RSP was
    xchg    rsp, rbx
    mov     dword [try_resume], .back
    mov     dword [caught_count], 0
    ud2
.back:
    xchg    rsp, rbx
    mov     rax, [caught_top]
    and     eax, 15
    print   "frame end & 15 "
    hex8    rax
    mov     rax, [caught_rsp]
    sub     rax, rbx
    print   " saved rsp off "
    hex8    rax
    print   10
    ret

; Compatibility mode and back: 32-bit code under the same tables.
compatibility:
    jmp     dword far [to_32]
    bits    32
code32:
    mov     eax, 0x7fffffff
    inc     eax                     ; no REX here: 40 is INC EAX
    mov     ecx, cs
    shl     ecx, 16
    add     eax, ecx
    jmp     SEL_CODE:.back
    bits    64
.back:
    print   "compatibility "
    hex32   rax
    print   10
    ret

arithmetic:
    mov     rax, 0x123456789abcdef0
    mov     rcx, 0x0fedcba987654321
    mul     rcx
    print   "mul "
    hex64   rdx
    print   " "
    hex64   rax
    print   10
    mov     rdx, -1
    mov     edx, 5                  ; a 32-bit result clears the upper half
    print   "edx "
    hex64   rdx
    mov     rax, 0x8000000000000000
    bsr     rcx, rax
    rol     rax, 3
    print   " bsr "
    hex8    rcx
    print   " rol "
    hex8    rax
    bswap   rax
    print   " bswap "
    hex64   rax
    print   10
    mov     rax, 5
    mov     [pair], rax
    mov     [pair + 8], rax
    mov     rdx, rax
    mov     rbx, 6
    mov     rcx, 7
    lock cmpxchg16b [pair]
    sete    dl
    print   "cmpxchg16b "
    hex8    rdx
    hex8    [pair]
    hex8    [pair + 8]
    mov     eax, 9
    lock xadd [pair], rax
    print   " xadd "
    hex8    rax
    hex8    [pair]
    movdqa  xmm2, [ones]
    paddd   xmm2, xmm2
    movdqa  [pair], xmm2
    print   " paddd "
    hex64   [pair]
    mov     rax, 0x0102030405060708
    movq    xmm3, rax
    cvtsi2sd xmm4, rcx
    sqrtsd  xmm4, xmm4
    movq    rax, xmm4
    print   " sqrt "
    hex64   rax
    print   10
    ret

strings:
    mov     edi, frame1
    mov     ecx, 512
    mov     rax, 0x0101010101010101
    rep     stosq
    mov     byte [frame1 + 1234], 7
    mov     edi, frame1
    mov     al, 7
    mov     ecx, 4096
    repne   scasb
    mov     eax, frame1
    sub     rdi, rax
    print   "scasb "
    hex16   rdi
    mov     esi, frame1
    lea     rdi, [rsi + 8]
    mov     ecx, 512
    repe    cmpsq
    print   " cmpsq left "
    hex16   rcx
    mov     ecx, 4                  ; 32-bit addresses: ECX, ESI and EDI count, the rest is cleared
    mov     rdx, 0xffffffff00000000
    mov     esi, frame1
    mov     edi, frame0
    or      rsi, rdx
    or      rdi, rdx
    a32 rep movsb
    print   " a32 "
    hex64   rsi
    print   10
    ret

section .data
align 16
ones:   dd 1, 1, 1, 1, 0x3f800000
align 4
to_32:  dd code32
    dw      SEL_CODE32

section .bss
pair:   resb    16

section .bss.pages
directory: resb 4096
pages:  resb    4096
frame0: resb    4096
frame1: resb    4096
