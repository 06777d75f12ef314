; format: elf32
; Task switches (SDM vol. 3, chapter 8): descriptors that refuse one, in the old task; task gates; the
; LDT in the TSS; IRET with NT and a bad back link.

%include "task.inc"

main:
    call    make_tasks
    call    fault_tasks_on
    call    descriptors
    call    fault_tasks_off
    call    good
    call    returns
    leave_with 0x1a

descriptors:
    switch  "good", nop
    switch  "busy", mov byte [gdt + TASK + 5], 0x8b
    switch  "not present", mov byte [gdt + TASK + 5], 0x09
    switch  "limit 102", mov word [gdt + TASK], 102
    switch  "an LDT", mov byte [gdt + TASK + 5], 0x82
    switch  "dpl 3", mov byte [gdt + TASK + 5], 0xe9
    ret

; Through gates and with the LDT
good:
    call    fresh
    print   "task gate", 10
    call    GATE:0x1234
    clts
    call    fresh
    mov     word [other + 96], LDT_SEL
    mov     word [other + 84], 12   ; DS from the LDT
    mov     dword [other + 32], ldt_task
    print   "ds from its LDT", 10
    call    TASK:0
    clts
    call    fresh
    gate    idt + 0x40 * 8, 0, TASK, 0x8500
    print   "int through a task gate", 10
    int     0x40
    clts
    call    fresh
    mov     byte [gdt + GATE + 5], 0x05
    try     "task gate absent", call GATE:0
    mov     byte [gdt + GATE + 5], 0x85
    mov     word [gdt + GATE + 2], SEL_DATA
    try     "task gate to data", call GATE:0
    mov     word [gdt + GATE + 2], 0
    try     "task gate to null", call GATE:0
    mov     word [gdt + GATE + 2], TASK
    ret

ldt_task:
    mov     ebx, ds
    mov     ecx, [0]                ; base of the LDT's segment: `value`
    mov     ax, SEL_DATA
    mov     ds, ax
    sldt    edx
    print   "  ds "
    hex16   ebx
    print   " ldt "
    hex16   edx
    print   " reads "
    hex32   ecx
    print   10
    iret

; IRET with NT set looks at the back link.
%macro back 2
    mov     word [tss], %2
    pushf
    or      dword [esp], 0x4000
    popf
    try     %1, iret
    pushf
    and     dword [esp], ~0x4000
    popf
%endmacro

returns:
    call    fresh
    back    "iret to a free TSS", TASK
    back    "iret to data", SEL_DATA
    back    "iret to null", 0
    back    "iret to an LDT selector", 12
    back    "iret beyond", SEL_BEYOND
    mov     byte [gdt + TASK + 5], 0x0b
    back    "iret to an absent busy TSS", TASK
    mov     word [tss], 0
    ret
