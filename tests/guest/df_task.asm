; format: elf32
; #DF through a task gate (SDM vol. 3, 7.12.2, 7.15, interrupt 8): its error code 0 lies on the new
; task's stack as a dword, the old task goes on behind.

%include "task.inc"

main:
    call    make_tasks
    call    double
    leave_with 0x1c

double:
    descriptor DF_TASK, other, 103, 0x0089
    call    fresh
    mov     dword [other + 32], df_task
    gate    idt + 8 * 8, 0, DF_TASK, 0x8500
    mov     byte [idt + 13 * 8 + 5], 0x0e
    mov     ax, SEL_BEYOND
    mov     dword [try_at], .at
.at:
    mov     fs, ax
    nop
    print   "behind", 10
    mov     byte [idt + 13 * 8 + 5], 0x8e
    ret

df_task:
    pop     ebx
    mov     ecx, other_stack
    sub     ecx, esp
    print   "#DF task: error "
    hex16   ebx
    print   " stack left "
    hex8    ecx
    print   " old eip +"
    mov     eax, [tss + 32]
    sub     eax, [try_at]
    hex8    eax
    print   10
    add     dword [tss + 32], 2
    iret
