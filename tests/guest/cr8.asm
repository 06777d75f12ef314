; format: elf32
; CR8 keeps the task priority class (SDM vol. 3, 11.8.6).

%include "long.inc"

main:
    xor     ebx, ebx
.next:
    mov     cr8, rbx
    mov     rax, cr8
    show    2, "cr8 ", rax
    inc     ebx
    cmp     ebx, 16
    jb      .next
    xor     ebx, ebx
    mov     cr8, rbx
    leave_with 0x75
