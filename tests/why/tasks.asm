; format: elf32
; Task switches (SDM vol. 3, Table 28-2): CALL, IRET and JMP to a task state segment, and an interrupt
; through a task gate; and one that faults.

%include "prot.inc"

%define TASK SEL_SPARE
%define GATE SEL_SPARE2

main:
    mov     eax, cr3
    mov     [other + 28], eax
    mov     dword [other + 32], task
    mov     dword [other + 36], 2   ; EFLAGS
    mov     dword [other + 56], stack_of_task
    mov     dword [other + 72], SEL_DATA    ; ES
    mov     dword [other + 76], SEL_CODE
    mov     dword [other + 80], SEL_DATA    ; SS
    mov     dword [other + 84], SEL_DATA    ; DS
    mov     dword [gdt + TASK], TSS_SIZE - 1
    mov     eax, other
    mov     [gdt + TASK + 2], ax
    shr     eax, 16
    mov     [gdt + TASK + 4], al
    mov     byte [gdt + TASK + 5], 0x89
    mov     [gdt + TASK + 7], ah
    call    TASK:0                  ; comes back by IRET
    mov     dword [idt + 0x40 * 8], TASK << 16
    mov     dword [idt + 0x40 * 8 + 4], 0x8500
    int     0x40                    ; the same through a task gate
    mov     byte [gdt + TASK + 5], 0x09
    try     "not present", call TASK:0
    mov     byte [gdt + TASK + 5], 0x89
    mov     dword [other + 32], leaves
    jmp     TASK:0

task:
    iretd
    jmp     task

leaves:
    leave_with 1

section .bss
other:  resb    TSS_SIZE + 8
        resb    256
stack_of_task:
