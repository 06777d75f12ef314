; Start-up of the C guests here: multiboot entry to 64-bit mode with 4-level paging, then
; bench_main(), its result in hex on the debug port, and out through debug-exit with status 1.
;
; The first 32 MiB are mapped as they lie, in 4 KiB pages, so that the TLB has work to do.

%include "multiboot.inc"

%define TABLES 16                   ; page tables, of 2 MiB each
%define ENTRIES 512
%define PRESENT_WRITE 3
%define EFER 0xc0000080
%define DEBUG_PORT 0xe9
%define DEBUG_EXIT 0xf4

extern bench_main
global guest_entry

section .text
    bits    32
guest_entry:
    cli
    cld
    mov     esp, stack_top
    mov     dword [pml4], pdpt + PRESENT_WRITE
    mov     dword [pdpt], directory + PRESENT_WRITE
    mov     edi, directory
    mov     eax, tables + PRESENT_WRITE
    mov     ecx, TABLES
    call    fill
    mov     edi, tables
    mov     eax, PRESENT_WRITE
    mov     ecx, TABLES * ENTRIES
    call    fill
    mov     eax, 0x20               ; CR4.PAE
    mov     cr4, eax
    mov     eax, pml4
    mov     cr3, eax
    mov     ecx, EFER
    rdmsr
    or      eax, 0x100              ; LME
    wrmsr
    mov     eax, 0x80000011         ; PG, ET, PE
    mov     cr0, eax
    lgdt    [gdtr]
    jmp     8:long_mode

; ECX entries at EDI, the first EAX, each a page further.
fill:
    mov     [edi], eax
    add     eax, 4096
    add     edi, 8
    loop    fill
    ret

    bits    64
long_mode:
    xor     eax, eax
    mov     ds, eax
    mov     es, eax
    mov     ss, eax
    call    bench_main
    mov     rbx, rax
    mov     ecx, 16
.digit:
    rol     rbx, 4
    mov     eax, ebx
    and     eax, 15
    mov     al, [digits + rax]
    out     DEBUG_PORT, al
    loop    .digit
    mov     al, 10
    out     DEBUG_PORT, al
    xor     eax, eax
    out     DEBUG_EXIT, al
.hang:
    hlt
    jmp     .hang

section .rodata
digits: db "0123456789abcdef"
gdt:    dq 0
        dq 0x00af9b000000ffff       ; 8: 64-bit code
gdtr:   dw 15
        dd gdt

section .bss align=4096
pml4:   resb 4096
pdpt:   resb 4096
directory: resb 4096
tables: resb 4096 * TABLES
        resb 16384
stack_top:
