; format: elf32
; Lab 02: the same code of a kernel in ring 0 and in ring 3, and what each sees of the machine:
;
;   SGDT, SIDT, STR, SMSW        what is the real kernel's, or the hypervisor's
;   PUSHF, POPF                  IF: shown, and not changed
;   MOV from CS, LAR, VERR       the ring
;   CLI, OUT                     a trap: #GP

%include "prot.inc"
%include "ring3.inc"

%define IF 0x200
%define SPARE_PORT 0x80

; keep NUMBER, REGISTER: what an instruction gave; each ring has its own values
%macro keep 2
    mov     [edi + 4 * %1], %2
%endmacro

%define GDTR 0
%define IDTR 1
%define TASK 2
%define WORD 3
%define FLAGS 4
%define FLAGS_AFTER 5
%define CODE 6
%define RIGHTS 7
%define READABLE 8
%define TRAPS 9                     ; bits: CLI, OUT
%define VALUES 10

main:
    gate    idt + 0x20 * 8, tick, SEL_CODE, 0x8e00
    print   "in ring 0", 10
    mov     edi, values
    sti
    call    look
    cli
    call    tell
    print   "in ring 3", 10
    mov     esi, user
    mov     edi, IF | 2
    call    in_ring3
    mov     edi, values
    call    tell
    leave_with 0x02

tick:
    iret

user:
    mov     edi, values
    call    look
    user_end

; The code of the kernel that does not know its ring. EDI: where its values go.
look:
    sgdt    [table]
    mov     eax, [table + 2]
    keep    GDTR, eax
    sidt    [table]
    mov     eax, [table + 2]
    keep    IDTR, eax
    str     eax
    keep    TASK, eax
    smsw    eax
    keep    WORD, eax
    pushf
    pop     eax
    and     eax, IF
    keep    FLAGS, eax
    pushf                           ; critical section: interrupts off
    and     dword [esp], ~IF
    popf
    pushf                           ; are they?
    pop     eax
    and     eax, IF
    keep    FLAGS_AFTER, eax
    mov     eax, cs
    keep    CODE, eax
    mov     ecx, SEL_CODE
    xor     eax, eax
    lar     eax, ecx
    and     eax, 0x00f0ff00         ; the others are undefined: SDM vol. 2, LAR
    keep    RIGHTS, eax
    xor     eax, eax
    mov     ecx, SEL_DATA
    verr    cx
    setz    al
    keep    READABLE, eax
    xor     ebx, ebx
    mov     dword [try_resume], .after_cli
    mov     dword [caught_count], 0
    cli
.after_cli:
    or      ebx, [caught_count]
    mov     dword [try_resume], .after_out
    mov     dword [caught_count], 0
    out     SPARE_PORT, al
.after_out:
    shl     ebx, 1
    or      ebx, [caught_count]
    mov     dword [try_resume], 0
    keep    TRAPS, ebx
    ret

tell:
    print   "  sgdt             "
    hex32   [edi + 4 * GDTR]
    print   10, "  sidt             "
    hex32   [edi + 4 * IDTR]
    print   10, "  str              "
    hex32   [edi + 4 * TASK]
    print   10, "  smsw             "
    hex32   [edi + 4 * WORD]
    print   10, "  IF by pushf      "
    hex32   [edi + 4 * FLAGS]
    print   10, "  IF after popf    "
    hex32   [edi + 4 * FLAGS_AFTER]
    print   10, "  cs               "
    hex32   [edi + 4 * CODE]
    print   10, "  lar of 08        "
    hex32   [edi + 4 * RIGHTS]
    print   10, "  verr of 10       "
    hex32   [edi + 4 * READABLE]
    print   10, "  cli, out trap    "
    hex32   [edi + 4 * TRAPS]
    print   10
    ret

section .bss align=16
values: resd    VALUES
table:  resb    8
