; format: elf32
; Page faults in the delivery of an exception, in long mode (SDM vol. 3, 6.15, "Interrupt 8"): a #PF on
; the way to the handler of a #PF is a #DF, on the way to that of anything else a #PF of its own; the
; accesses of delivery are supervisor accesses also from CPL 3. RIP of a #DF is not told.

%include "long.inc"
%include "paging.inc"
%include "cpl3.inc"

%define TEST 0x8000000000
%define GONE (TEST + 0x1000)
%define NOWHERE (TEST + 0x3456)     ; in R15

main:
    or      dword [page_tables + 0x2000], U
    mov     dword [page_tables + 8], pointers + (P | W | U)
    mov     dword [pointers], directory + (P | W | U)
    mov     dword [directory], table + (P | W | U)
    mov     dword [table], frame0 + (P | W | U)
    mov     dword [table + 16], frame1 + (P | W | U)
    mov     byte [idt + 14 * 16 + 4], 2         ; #PF on IST 2
    mov     eax, stack_top_ist2
    mov     [tss + 44], rax
    mov     [kept], rsp
    mov     r15, NOWHERE
    call    on_stack
    call    from_ring3
    call    in_idt
    call    in_gdt
    leave_with 0x5a

; What came, without the place: vector, error code, CR2 for #PF and #DF, CPL.
put_event:
    print   " #"
    hex8    [caught_vector]
    print   " error "
    hex8    [caught_error]
    print   " cr2 "
    hex64   [caught_cr2]
    mov     rax, [caught_cs]
    and     eax, 3
    print   " cpl "
    hex8    rax
    print   10
    ret

; event "name", INSTRUCTIONS: may spoil RSP
%macro event 2+
    mov     dword [try_resume], %%next
    mov     dword [caught_count], 0
    %2
%%next:
    mov     rsp, [kept]
    print   %1
    call    put_event
%endmacro

; RSP is moved before each: a call of this would need a stack.
%macro on_gone 1+
    mov     rsp, GONE + 0x100
    %1
%endmacro

on_stack:
    pop     rbp
    mov     [kept], rsp
    event   "#UD, stack missing:", on_gone ud2
    event   "int3, stack missing:", on_gone int3
    event   "push, stack missing, #PF on IST 2:", on_gone push rax
    mov     byte [idt + 14 * 16 + 4], 0
    event   "push, stack missing, no IST:", on_gone push rax
    event   "#UD, stack missing, no IST:", on_gone ud2
    event   "read elsewhere, stack missing:", on_gone mov al, [r15]
    mov     rbx, 0x8000000000000000
    event   "#GP, stack missing:", on_gone mov al, [rbx]
    mov     dword [table], frame0 + P
    flush_tlb
    mov     byte [idt + 14 * 16 + 4], 2
    mov     rsp, TEST + 0x800
    event   "#UD, stack read-only:", ud2
    mov     dword [table], frame0 + (P | W | U)
    flush_tlb
    mov     rsp, GONE + 0x1010      ; 40 bytes: RSP, SS above the border, the rest below
    event   "#UD, the frame crosses:", ud2
    mov     rsp, 0x8000000000000000
    event   "#UD, stack not canonical:", ud2
    mov     byte [idt + 8 * 16 + 4], 1
    push    rbp
    ret

; RSP0 on the missing page
from_ring3:
    pop     rbp
    mov     [kept], rsp
    mov     rax, GONE + 0x800
    mov     [tss + 4], rax
    mov     byte [idt + RING0_GATE * 16 + 4], 2
    %macro user_event 2+
    ring3
    mov     dword [try_resume], %%next
    mov     dword [caught_count], 0
    %2
%%next:
    mov     dword [try_resume], %%leave
    mov     rax, [caught_vector]
    mov     [told], rax
    mov     rax, [caught_error]
    mov     [told + 8], rax
    mov     rax, [caught_cr2]
    mov     [told + 16], rax
    mov     rax, [caught_cs]
    mov     [told + 24], rax
    mov     byte [idt + RING0_GATE * 16 + 4], 2
    ring0
%%leave:
    show    16, %1, [told], " ", [told + 8], " ", [told + 16], " ", [told + 24]
    %endmacro
    user_event "CPL 3, #UD, RSP0 missing: ", ud2
    user_event "CPL 3, int3 with DPL 0, RSP0 missing: ", int3
    mov     byte [idt + 14 * 16 + 4], 0
    user_event "CPL 3, #PF, RSP0 missing, no IST: ", mov al, [r15]
    mov     byte [idt + 14 * 16 + 4], 2
    mov     eax, stack_top_ring0
    mov     [tss + 4], rax
    push    rbp
    ret

; An IDT with its border between vector 13 and 14, then with the second page only.
in_idt:
    pop     rbp
    mov     [kept], rsp
    mov     esi, idt
    mov     rdi, TEST + 0x1000 - 14 * 16
    mov     [idtr2 + 2], rdi
    mov     rax, [table + 16]
    mov     [table + 8], rax
    flush_tlb
    mov     ecx, 4096 / 8
    rep     movsq
    mov     dword [table], 0
    flush_tlb
    lidt    [idtr2]
    event   "#UD, gate missing:", ud2
    mov     rbx, 0x8000000000000000
    event   "#GP, gate missing:", mov al, [rbx]
    event   "#DE, gate missing:", div dword [zero]
    mov     dword [table], frame0 + (P | W | U)
    mov     dword [table + 8], 0
    flush_tlb
    event   "#PF, gate missing:", mov al, [r15]
    event   "int 0x20, gate missing:", int 0x20
    lidt    [idtr]
    push    rbp
    ret

; The code segment's descriptor on a missing page: the gate names a selector behind 0x60.
in_gdt:
    pop     rbp
    mov     [kept], rsp
    mov     dword [table + 8], frame1 + (P | W | U)
    flush_tlb
    mov     esi, gdt
    mov     rdi, TEST + 0x1000 - 0x60
    mov     [gdtr2 + 2], rdi
    mov     ecx, 0x60 / 8
    rep     movsq
    mov     rax, [gdt + SEL_CODE]
    mov     [rdi], rax
    lgdt    [gdtr2]
    mov     word [idt + 6 * 16 + 2], 0x60
    mov     word [idt + 13 * 16 + 2], 0x60
    event   "#UD, descriptor there:", ud2
    mov     dword [table + 8], 0
    flush_tlb
    event   "#UD, descriptor missing:", ud2
    mov     rbx, 0x8000000000000000
    event   "#GP, descriptor missing:", mov al, [rbx]
    mov     word [idt + 14 * 16 + 2], 0x60
    event   "#PF, descriptor missing:", mov al, [r15]
    mov     eax, 0x60
    mov     word [idt + 14 * 16 + 2], SEL_CODE
    event   "load, descriptor missing:", mov ds, ax
    lgdt    [gdtr]
    push    rbp
    ret

    ring3_routines

section .data
idtr2:  dw 256 * 16 - 1
    dq      0
gdtr2:  dw 0x67
    dq      0
align 4
zero:   dd 0

section .bss
kept:   resq    1
told:   resq    4

section .bss.ist2 nobits align=16
    resb    4096
stack_top_ist2:

section .bss.pages
pointers: resb  4096
directory: resb 4096
table:  resb    4096
frame0: resb    4096
frame1: resb    4096
