; format: elf32
; RF in the flags that an exception pushes (SDM vol. 3, 18.3.1.1): 1 for a fault, so that an execute
; breakpoint does not come again when the handler returns; 0 for a trap, for INT n and for the
; fault of an execute breakpoint itself; in a REP instruction that a fault stops it is 1. POPF does
; not set it, PUSHF shows 0.

%include "prot.inc"

main:
    xor     ebx, ebx
    mov     dx, SEL_BEYOND
    call    all
    leave_with 0x10

%macro rf_of 2+
    try     %1, %2
    mov     eax, [caught_flags]
    shr     eax, 16
    and     eax, 1
    print   "  rf "
    hex8    eax
    print   10
%endmacro

all:
    rf_of   "div", div bl
    rf_of   "ud2", ud2
    rf_of   "#GP", mov ds, dx
    mov     eax, 9
    rf_of   "bound", bound eax, [limits]
    rf_of   "int3", int3
    mov     al, 0x7f
    inc     al
    rf_of   "into", into
    rf_of   "int 3", db 0xcd, 3
    pushf
    or      dword [esp], 0x10000
    popf
    pushf
    pop     eax
    and     eax, 0x10000
    print   "popf pushf "
    hex32   eax
    print   10
    ret

section .data
limits: dd 1, 2
