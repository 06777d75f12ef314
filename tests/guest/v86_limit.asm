; format: elf32
; The segments of virtual-8086 mode end at 64 KiB (SDM vol. 3, 6.3, 21.2): #GP for data, #SS for the
; stack, error code 0, nothing written, SP as it was. And ICEBP, which no
; gate's DPL and no IOPL stops. For the lines see v86.asm.

%include "prot.inc"
%include "ring3.inc"

%define CODE 0x10000                ; the snippets: CS = 1000
%define DATA_SEG 0x2000
%define STACK_SEG 0x3000

main:
    mov     al, 0xff                ; no interrupt from outside
    out     0x21, al
    out     0xa1, al
    call    entries
    call    limits
    leave_with 0x15

; All vectors that come lead to one place.
entries:
%assign v 0
%rep 32
    gate    idt + v * 8, entry_ %+ v, SEL_CODE, 0x8e00
  %assign v v + 1
%endrep
    gate    idt + 0x40 * 8, entry_64, SEL_CODE, 0xee00
    gate    idt + 0x41 * 8, entry_65, SEL_CODE, 0x8e00
    gate    idt + 3 * 8, entry_3, SEL_CODE, 0xee00
    ret

%assign v 0
%rep 66
entry_ %+ v:
  %if !(v == 8 || (v >= 10 && v <= 14) || v == 17 || v == 21)
    push    dword 0xeeee
  %endif
    push    dword v
    jmp     came
  %assign v v + 1
%endrep

; Stack: vector, error, EIP, CS, EFLAGS, and from V86 ESP, SS, ES, DS, FS, GS
came:
    push    ds
    push    es
    push    eax
    mov     ax, SEL_DATA
    mov     ds, ax
    mov     es, ax
    pop     eax
    mov     [seen_ax], eax
    mov     esi, esp
    mov     edi, frame
    mov     ecx, 13
    cld
    rep     movsd
    mov     eax, stack_top_ring0
    sub     eax, esp
    mov     [depth], eax
    mov     esp, [kernel_esp]
    ret

; v86 NAME, FLAGS, { code }: run it, tell how it came back
%macro v86 3+
    jmp     %%run
%%code:
    bits    16
    %3
    hlt
%%end:
    bits    32
%%run:
    mov     esi, %%code
    mov     ecx, %%end - %%code
    mov     edx, %2 | 0x20002
    call    run_v86
    print   %1
    call    tell
%endmacro

run_v86:
    mov     edi, CODE
    cld
    rep     movsb
    mov     [kernel_esp], esp
    push    dword 0x4444            ; GS, FS, DS, ES
    push    dword 0x5555
    push    dword DATA_SEG
    push    dword 0x6666
    push    dword STACK_SEG
    push    dword 0x100
    push    edx
    push    dword CODE >> 4
    push    dword 0
    mov     eax, 0x0000abcd
    iret

tell:
    print   ": #"
    hex8    [frame + 8]
    print   " error "
    hex16   [frame + 12]
    print   " ip "
    hex16   [frame + 16]
    print   " flags "
    mov     eax, [frame + 24]
    and     eax, 0x27300            ; VM, NT, IOPL, IF, TF
    hex32   eax
    print   " sp "
    hex16   [frame + 28]
    print   " ax "
    hex16   [seen_ax]
    print   " depth "
    hex8    [depth]
    print   10
    ret

%macro over_64k 0
    mov     bx, 0xffff
    mov     ax, [bx]
%endmacro
%macro over_64k_32 0
    mov     ebx, 0x10000
    mov     al, [ebx]
%endmacro
%macro over_stack 0
    mov     sp, 1
    push    ax
%endmacro
limits:
    v86     "word at ffff", 0, over_64k
    v86     "byte at 10000", 0, over_64k_32
    v86     "push at 1", 0, over_stack
    v86     "icebp", 0, db 0xf1
    ret

section .data
align 4
kernel_esp: dd 0
seen_ax: dd 0
depth:  dd 0

section .bss
frame:  resd    16
