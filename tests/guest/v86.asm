; format: elf32
; Virtual-8086 mode (SDM vol. 3, chapter 21): instructions sensitive to IOPL, INT n and INT3 at IOPL 0
; and 3, exceptions with their frames, the I/O bitmap, what is not there, a gate that
; does not lead to ring 0. Each line is one snippet: the exception or interrupt that ended it, error
; code, IP, flags, and the state of the segment registers in the frame and behind the entry.

%define SPARES 4
%include "prot.inc"
%include "ring3.inc"

%define CODE 0x10000                ; the snippets: CS = 1000
%define DATA_SEG 0x2000
%define STACK_SEG 0x3000
%define CONFORM0 SEL_SPARE
%define BITMAP 0x70

main:
    mov     al, 0xff                ; no interrupt from outside
    out     0x21, al
    out     0xa1, al
    descriptor CONFORM0, 0, 0xfffff, 0xc09e
    call    bitmap
    call    entries
    call    sensitive
    call    faults
    call    ports
    call    gates
    leave_with 0x0e

; TR to a TSS whose bitmap opens port 80 alone
bitmap:
    mov     edi, big_tss
    mov     esi, tss
    mov     ecx, TSS_SIZE / 4
    rep     movsd
    mov     edi, big_tss + BITMAP
    mov     eax, -1
    mov     ecx, 16
    rep     stosd
    mov     byte [big_tss + BITMAP + 0x80 / 8], 0xfe
    mov     word [big_tss + 102], BITMAP
    descriptor SEL_TSS, big_tss, BITMAP + 63, 0x0089
    mov     ax, SEL_TSS
    ltr     ax
    ret

%include "v86.inc"


put_segments:
    print   "cs "
    hex16   [frame + 20]
    print   " ss "
    hex16   [frame + 32]
    print   " es "
    hex16   [frame + 36]
    print   " ds "
    hex16   [frame + 40]
    print   " fs "
    hex16   [frame + 44]
    print   " gs "
    hex16   [frame + 48]
    print   " now ds "
    hex16   [frame + 4]
    print   " es "
    hex16   [frame]
    print   10
    ret

%macro pop_push_flags 0
    pushf
    pop     ax
    or      ax, 0x3200
    push    ax
    popf
    pushf
    pop     ax
%endmacro

%macro iret_there 0
    pushf
    push    cs
    push    word 8
    iret
    nop
    nop
    nop
    mov     ax, 0x1e1e
%endmacro

sensitive:
    v86     "hlt", 0, nop
    call    put_segments
    v86     "cli, iopl 0", 0, cli
    v86     "sti, iopl 0", 0, sti
    v86     "pushf, iopl 0", 0, pushf
    v86     "popf, iopl 0", 0, popf
    v86     "iret, iopl 0", 0, iret
    v86     "int 40, iopl 0", 0, int 0x40
    v86     "int3, iopl 0", 0, int3
    v86     "into, iopl 0, no OF", 0, into
    v86     "cli, iopl 2", 0x2000, cli
    v86     "int 40, iopl 2", 0x2000, int 0x40
    v86     "cli, iopl 3", 0x3000, cli
    v86     "sti, iopl 3", 0x3000, sti
    v86     "int 40, iopl 3", 0x3000, int 0x40
    call    put_segments
    v86     "int 41 of dpl 0, iopl 3", 0x3000, int 0x41
    v86     "int 42, no gate, iopl 3", 0x3000, int 0x42
    v86     "flags, iopl 3", 0x3000, pop_push_flags
    v86     "iret, iopl 3", 0x3000, iret_there
    ret

%macro load_any 0
    mov     ax, 0x0007
    mov     ds, ax
    mov     ss, ax
    mov     ax, ds
%endmacro
faults:
    v86     "ud2", 0, ud2
    v86     "div", 0, aam 0
    v86     "bound", 0, bound ax, [0]
    v86     "load any selector", 0, load_any
    v86     "mov cr0", 0, mov eax, cr0
    v86     "mov dr0", 0, mov eax, dr0
    v86     "lmsw", 0, lmsw ax
    v86     "clts", 0, clts
    v86     "lgdt", 0, lgdt [0]
    v86     "sldt", 0, sldt ax
    v86     "str", 0, str ax
    v86     "lar", 0, lar ax, ax
    v86     "verr", 0, verr ax
    v86     "arpl", 0, arpl ax, ax
    v86     "lldt", 0, lldt ax
    v86     "ltr", 0, ltr ax
    v86     "wbinvd", 0, wbinvd
    v86     "rdmsr", 0, rdmsr
    v86     "sysenter", 0, sysenter
    v86     "tf", 0x100, nop
    v86     "far jump", 0, jmp 0x1000:5
    v86     "lock nop", 0, db 0xf0, 0x90
    v86     "32-bit push", 0, push eax
    ret

; IOPL does not matter for ports: the bitmap alone does.
ports:
    v86     "out 80", 0, out 0x80, al
    v86     "in 81, iopl 0", 0, in al, 0x81
    v86     "in 81, iopl 3", 0x3000, in al, 0x81
    v86     "in 80, word", 0x3000, in ax, 0x80
    ret

; From V86 a gate must lead to a non-conforming segment of ring 0.
gates:
    gate    idt + 0x40 * 8, entry_64, CONFORM0, 0xee00
    v86     "int 40, conforming", 0x3000, int 0x40
    gate    idt + 0x40 * 8, entry_64, SEL_USER_CODE, 0xee00
    v86     "int 40, to ring 3", 0x3000, int 0x40
    gate    idt + 0x40 * 8, entry_64, SEL_CODE, 0xef00
    v86     "int 40, trap gate, IF", 0x3200, int 0x40
    gate    idt + 0x40 * 8, entry_64, SEL_CODE, 0x6e00
    v86     "int 40, not present", 0x3000, int 0x40
    ret

section .data
align 4
kernel_esp: dd 0
seen_ax: dd 0
depth:  dd 0

section .bss
frame:  resd    16
big_tss: resb 256
