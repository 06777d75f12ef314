; format: elf32
; What is wrong with a new TSS (SDM vol. 3, 8.3, table 8-1): #TS, #NP, #SS and #GP with their selectors
; for every field; all come in the new task, before its first instruction. The T flag; a task gate to
; an LDT selector.

%include "task.inc"

main:
    call    make_tasks
    call    fault_tasks_on
    call    fields
    call    fault_tasks_off
    call    t_flag
    mov     word [gdt + GATE + 2], 12
    try     "task gate to an LDT", jmp GATE:0
    leave_with 0x0f

%macro set 2
    mov     word [other + %1], %2
%endmacro

fields:
    switch  "cs null", set 76, 0
    switch  "cs data", set 76, SEL_DATA
    switch  "cs beyond", set 76, SEL_BEYOND
    switch  "cs absent", set 76, CODE_ABSENT
    switch  "cs code 3, rpl 0", set 76, SEL_USER_CODE & ~3
    switch  "cs in no LDT", set 76, 12
    switch  "ss null", set 80, 0
    switch  "ss code", set 80, SEL_CODE
    switch  "ss read-only", set 80, READ_ONLY
    switch  "ss absent", set 80, SEL_ABSENT
    switch  "ss dpl 3", set 80, SEL_USER_DATA
    switch  "ss beyond", set 80, SEL_BEYOND
    switch  "ds beyond", set 84, SEL_BEYOND
    switch  "ds absent", set 84, SEL_ABSENT
    switch  "es a TSS", set 72, SEL_TSS
    switch  "fs rpl 3", set 88, SEL_DATA | 3
    switch  "gs null", set 92, 0
    switch  "ldt beyond", set 96, SEL_BEYOND
    switch  "ldt data", set 96, SEL_DATA
    switch  "ldt absent", set 96, LDT_ABSENT
    switch  "ldt good", set 96, LDT_SEL
    switch  "eip beyond", set 76, CODE_SHORT
    ret

; #DB in the new task, before its first instruction, DR6.BT
t_flag:
    call    fresh
    mov     word [other + 100], 1
    xor     eax, eax
    mov     dr6, eax
    mov     dword [caught_count], 0
    mov     dword [try_at], task
    mov     dword [try_resume], task
    call    TASK:0
    clts
    print   "t flag"
    call    put_caught
    mov     eax, dr6
    and     eax, 0xf00f
    print   "  dr6 "
    hex16   eax
    print   10
    xor     eax, eax
    mov     dr6, eax
    jmp     fresh
