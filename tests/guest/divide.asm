; format: elf32
; DIV and IDIV at their limits, all sizes, in registers and memory: what just fits, what is #DE, and that
; #DE leaves the registers; AAM 0 (SDM vol. 2, DIV, IDIV).

%include "long.inc"

; quotient "name", INSTRUCTION with RDX, RAX as given
%macro quotient 4+
    mov     rdx, %2
    mov     rax, %3
    try     %1, %4
    show    16, "  rax ", rax, " rdx ", rdx
%endmacro

main:
    mov     ebx, 0
    quotient "0 / 0", 0, 0, div ebx
    quotient "5 / 0", 0, 5, idiv ebx
    mov     ebx, 2
    quotient "byte, ff fits", 0, 0x01ff, div bl
    quotient "byte, 100 does not", 0, 0x0200, div bl
    quotient "byte, 7f", 0, 0x00ff, idiv bl
    quotient "byte, 80 does not", 0, 0x0100, idiv bl
    quotient "byte, -80", 0, 0xff00, idiv bl
    quotient "byte, -80 and a rest", 0, 0xfeff, idiv bl
    quotient "byte, -81 does not", 0, 0xfefe, idiv bl
    mov     ebx, 0xff
    quotient "byte, 80 / -1", 0, 0x0080, idiv bl
    quotient "byte, -80 / -1", 0, 0xff80, idiv bl
    quotient "byte, -7f / -1", 0, 0xff81, idiv bl
    mov     ebx, 0x1000
    quotient "word", 0x0fff, 0xffff, div bx
    quotient "word, too big", 0x1000, 0, div bx
    quotient "word, signed", 0x07ff, 0xffff, idiv bx
    quotient "word, signed, too big", 0x0800, 0, idiv bx
    quotient "word, negative", 0xf800, 0, idiv bx
    mov     ebx, 3
    quotient "dword", 2, 0xffffffff, div ebx
    quotient "dword, too big", 3, 0, div ebx
    mov     rbx, -1
    quotient "dword, -2^31 / -1", 0xffffffff, 0x80000000, idiv ebx
    quotient "dword, -2^31 + 1 / -1", 0xffffffff, 0x80000001, idiv ebx
    quotient "qword, -2^63 / -1", -1, 0x8000000000000000, idiv rbx
    quotient "qword, -2^63 + 1 / -1", -1, 0x8000000000000001, idiv rbx
    quotient "qword, 2^63 / -1", 0, 0x8000000000000000, idiv rbx
    mov     rbx, 0x8000000000000000
    quotient "qword", 0x7fffffffffffffff, -1, div rbx
    quotient "qword, too big", rbx, 0, div rbx
    quotient "qword, signed", 0x3fffffffffffffff, -1, idiv rbx
    quotient "qword, signed, fits", 0x4000000000000000, 0, idiv rbx
    quotient "qword, signed, too big", 0xc000000000000000, 0, idiv rbx
    mov     rbx, 1000000007
    quotient "qword, a rest", 12345, 67890, div rbx
    quotient "qword, a negative rest", -12345, 67890, idiv rbx
    quotient "memory", 0, 100, div dword [seven]
    quotient "memory, signed", -1, -100, idiv qword [seven]
    quotient "32 bits clear the upper half", -1, -1, call divide_7
    leave_with 0x6f

divide_7:
    xor     edx, edx
    div     dword [seven]
    ret

section .data
align 8
seven:  dq 7
