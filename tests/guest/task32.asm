; format: elf32
; Hardware task switches and virtual-8086 mode, 32 bit (SDM vol. 3, chapters 8 and 21): JMP and CALL
; to a TSS, NT and the back link, a task gate for #UD, CR0.TS; V86 code that INT and #GP leave.

%include "prot.inc"

%define SEL_TASK SEL_SPARE          ; the other task
%define SEL_TASK2 SEL_SPARE2

%define TASK_CODE 0x2000            ; V86 code lies here, CS = 200
%define V86_STACK 0x3000

main:
    call    make_tasks
    call    jump_and_call
    call    task_gate
    call    busy
    call    virtual_8086
    leave_with 0x2c

; A descriptor SELECTOR for the TSS at ADDRESS
%macro describe_tss 2
    mov     eax, %2
    mov     dword [gdt + %1], TSS_SIZE - 1
    mov     dword [gdt + %1 + 4], 0x00008900
    mov     [gdt + %1 + 2], ax
    shr     eax, 16
    mov     [gdt + %1 + 4], al
    mov     [gdt + %1 + 7], ah
%endmacro

; Fill in the TSS at ADDRESS: entry EIP, ESP, no interrupts
%macro fill_tss 3
    mov     edi, %1
    xor     eax, eax
    mov     ecx, TSS_SIZE / 4
    rep     stosd
    mov     dword [%1 + 32], %2
    mov     dword [%1 + 36], 2
    mov     dword [%1 + 56], %3
    mov     word [%1 + 72], SEL_DATA
    mov     word [%1 + 76], SEL_CODE
    mov     word [%1 + 80], SEL_DATA
    mov     word [%1 + 84], SEL_DATA
    mov     word [%1 + 102], TSS_SIZE
%endmacro

make_tasks:
    describe_tss SEL_TASK, tss_a
    describe_tss SEL_TASK2, tss_b
    fill_tss tss_a, task_a, stack_a
    fill_tss tss_b, task_b, stack_b
    ret

put_task:
    str     ax
    movzx   eax, ax
    hex16   eax
    pushf
    pop     eax
    and     eax, 0x4000
    print   " nt "
    hex16   eax
    mov     eax, cr0
    and     eax, 8
    print   " ts "
    hex8    eax
    print   10
    ret

jump_and_call:
    print   "main is task "
    call    put_task
    mov     ebx, 0x1234
    jmp     SEL_TASK:0              ; comes back by JMP
    print   "back by jmp, ebx "
    hex16   ebx
    print   " task "
    call    put_task
    clts
    call    SEL_TASK2:0             ; comes back by IRET
    print   "back by iret, task "
    call    put_task
    clts
    call    SEL_TASK2:0             ; goes on behind its IRET
    print   "back again, task "
    call    put_task
    clts
    ret

task_a:
    print   "a is task "
    call    put_task
    mov     ebx, 0x5678             ; of this task only
    jmp     SEL_TSS:0
    print   "a again"
    leave_with UNEXPECTED

task_b:
    print   "b is task "
    call    put_task
    movzx   eax, word [tss_b]
    print   "back link "
    hex16   eax
    print   10
    iret
    print   "b goes on, task "
    call    put_task
    iret
    leave_with UNEXPECTED

; #UD through a task gate: the handler runs in task B, its IRET comes back to the next instruction.
task_gate:
    fill_tss tss_b, task_ud, stack_b
    mov     dword [idt + 6 * 8], SEL_TASK2 << 16
    mov     dword [idt + 6 * 8 + 4], 0x00008500
    ud2
    print   "behind ud2, task "
    call    put_task
    clts
    mov     eax, stub_6
    mov     ecx, 6
    mov     bl, 0x8e
    jmp     set_gate

task_ud:
    print   "ud in task "
    call    put_task
    mov     eax, [tss + 32]
    mov     ax, [eax]
    movzx   eax, ax
    print   "interrupted at "
    hex16   eax                     ; the bytes of UD2
    print   10
    add     dword [tss + 32], 2
    iret
    leave_with UNEXPECTED

; Switches that must not happen
busy:
    try     "jmp to itself, busy", jmp SEL_TSS:0
    and     byte [gdt + SEL_TASK + 5], 0x7f
    try     "jmp, not present", jmp SEL_TASK:0
    or      byte [gdt + SEL_TASK + 5], 0x80
    mov     word [gdt + SEL_TASK], 0x66
    try     "jmp, limit too small", jmp SEL_TASK:0
    ret

; V86: entered by IRET with VM set; left by INT through a 32-bit gate with the segments pushed.
virtual_8086:
    mov     esi, v86_start
    mov     edi, TASK_CODE
    mov     ecx, v86_end - v86_start
    rep     movsb
    mov     eax, from_v86
    mov     ecx, 0x60
    mov     bl, 0xee
    call    set_gate
    mov     eax, gp_from_v86
    mov     ecx, 13
    mov     bl, 0x8e
    call    set_gate
    mov     [kernel_esp], esp
    push    dword 0x111             ; GS, FS, DS, ES
    push    dword 0x222
    push    dword 0x333
    push    dword 0x444
    push    dword 0
    push    dword V86_STACK
    push    dword 0x20002           ; VM, IOPL 0
    push    dword TASK_CODE >> 4
    push    dword 0
    iret

%macro put_frame 1
    print   " ip "
    hex16   [esp + 16 + %1]
    print   " cs "
    hex16   [esp + 16 + %1 + 4]
    print   " vm "
    mov     edx, [esp + %1 + 8]
    shr     edx, 17
    and     edx, 1
    hex8    edx
    print   " sp "
    hex16   [esp + 16 + %1 + 12]
    print   " ds "
    hex16   [esp + 16 + %1 + 24]
    print   " gs "
    hex16   [esp + 16 + %1 + 32]
    mov     dx, ds
    movzx   edx, dx
    print   " now ds "
    hex16   edx
    print   10
%endmacro

; #GP: IOPL is under 3, so CLI, PUSHF and INT n come here. Step over one byte, INT n: two.
gp_from_v86:
    print   "#GP error "
    hex16   [esp + 16]
    put_frame 4
    mov     eax, SEL_DATA
    mov     ds, ax
    inc     dword [gp_count]
    add     esp, 4
    inc     dword [esp]
    cmp     dword [gp_count], 3
    jne     .back
    inc     dword [esp]
    or      dword [esp + 8], 0x3000 ; IOPL 3: the next INT goes through the gate
.back:
    iret

from_v86:
    print   "int 60, ax "
    movzx   eax, ax
    hex16   eax
    put_frame 0
    mov     eax, SEL_DATA
    mov     ds, ax
    mov     es, ax
    mov     esp, [kernel_esp]
    mov     eax, stub_13
    mov     ecx, 13
    mov     bl, 0x8e
    jmp     set_gate

    bits    16
v86_start:
    cli
    pushf
    int     0x60
    mov     ax, cs
    mov     ds, ax
    add     ax, [v86_data - v86_start]
    int     0x60
v86_data:
    dw      0x1000
v86_end:
    bits    32

section .data
align 4
kernel_esp: dd 0
gp_count: dd 0

section .bss
tss_a:  resb    TSS_SIZE
tss_b:  resb    TSS_SIZE
    resb    1024
stack_a:
    resb    1024
stack_b:
