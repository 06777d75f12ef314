; format: elf32
; Illegal values of control registers in long mode are #GP and change nothing; legal ones stay (SDM vol. 2,
; MOV control registers; vol. 3, 2.5, 4.10.4).

%include "long.inc"
%include "paging.inc"

; value "name", REGISTER, SET, CLEAR: write the register so; it is as before afterwards
%macro value 4
    mov     rbx, %2
    mov     rax, %3
    or      rax, rbx
    mov     rcx, ~(%4)
    and     rax, rcx
    try     %1, mov %2, rax
    mov     rcx, %2
    cmp     rcx, rbx
    sete    cl
    movzx   ecx, cl
    show    2, "  as before ", rcx
    mov     %2, rbx
%endmacro

main:
    value   "cr0: NW without CD", cr0, 0x20000000, 0x40000000
    value   "cr0: PG without PE", cr0, 0, 1
    value   "cr0: bit 32", cr0, 0x100000000, 0
    value   "cr4: bit 32", cr4, 0x100000000, 0
    value   "cr4: bit 31", cr4, 0x80000000, 0
    value   "cr3: bit 63", cr3, 0x8000000000000000, 0
    value   "cr3: bit 52", cr3, 0x0010000000000000, 0
    value   "cr8: bit 4", cr8, 0x10, 0
    value   "cr0: TS", cr0, 8, 0
    value   "cr0: WP 0", cr0, 0, 0x10000
    value   "cr0: ET 0", cr0, 0, 0x10
    value   "cr4: TSD", cr4, 4, 0
    leave_with 0x74
