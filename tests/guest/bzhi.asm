; format: elf32
; BZHI with an index of the operand's size or more: nothing is cleared, CF is set (SDM vol. 2, BZHI).

%include "long.inc"

%macro row 3                        ; name, index, instruction's operands
    mov     esi, %2
    bzhi    %3
    pushf
    pop     rdx
    and     edx, 0x8c1              ; OF, SF, ZF, CF
    show    16, %1, rax, " flags ", rdx
%endmacro

main:
    mov     eax, 7
    xor     ecx, ecx
    cpuid
    bt      ebx, 8                  ; BMI2
    jnc     .end
    mov     rbx, 0xff00ff0092345678
    row     "63 ", 63, {rax, rbx, rsi}
    row     "64 ", 64, {rax, rbx, rsi}
    row     "65 ", 65, {rax, rbx, rsi}
    row     "255 ", 255, {rax, rbx, rsi}
    row     "dword, 31 ", 31, {eax, ebx, esi}
    row     "dword, 32 ", 32, {eax, ebx, esi}
    row     "dword, 33 ", 33, {eax, ebx, esi}
.end:
    leave_with 0x73
