; format: elf32
; Call gates (SDM vol. 3, 6.8.3 to 6.8.5): to the same and to more privilege, 32 and 16 bit, copied
; parameters, what lies on the new stack, and every check with its error code.

%define SPARES 6
%include "prot.inc"
%include "ring3.inc"

%define GATE SEL_SPARE
%define ABSENT (SEL_SPARE + 16)     ; code, not present

main:
    descriptor ABSENT, 0, 0xfffff, 0xc01a
    print   "ring 0", 10
    call    each_gate
    mov     esi, user
    mov     edi, 0x3002
    call    in_ring3
    leave_with 0x02

; through NAME, CODE SELECTOR, TYPE, SELECTOR USED: call a gate to `entry`
%macro through 4
    mov     word [gate_code], %2
    mov     word [gate_type], %3
    call    set_test_gate
    xor     ebx, ebx
    mov     ebp, esp
    push    dword 0x33333333
    push    dword 0x22222222
    push    dword 0x11111111
    try     %1, call %4:0xdeadbeef
    call    tell
    mov     esp, ebp
%endmacro

set_test_gate:
    push    eax
    mov     eax, entry
    mov     [gdt + GATE], ax
    shr     eax, 16
    mov     [gdt + GATE + 6], ax
    mov     eax, [gate_code]
    mov     [gdt + GATE + 2], ax
    mov     eax, [gate_type]
    mov     [gdt + GATE + 4], ax
    pop     eax
    ret

tell:
    test    ebx, ebx
    jz      .end
    print   "  cs "
    hex16   ebx
    print   " ss "
    hex16   edi
    print   " depth "
    hex8    edx
    print   " first "
    hex32   ecx
    print   10
.end:
    ret

; In the gate's code: CS, SS, how much lies on the stack, and its third word. Far return, parameters
; are dropped as the gate has them.
entry:
    mov     ebx, cs
    mov     edi, ss
    mov     edx, stack_top_ring0
    sub     edx, esp
    mov     ecx, [esp + 8]
    mov     eax, ring3_stack_top    ; without parameters it is the caller's ESP
    sub     eax, ecx
    cmp     eax, 0x100
    jae     .known
    mov     ecx, eax
.known:
    test    bl, 3
    jnz     .plain
    cmp     byte [gdt + GATE + 4], 0
    jne     .three
.plain:
    retf
.three:
    retf    12

each_gate:
    through "gate", SEL_CODE, 0xec00, GATE
    through "gate, rpl 3", SEL_CODE, 0xec00, GATE | 3
    through "gate dpl 0", SEL_CODE, 0x8c00, GATE
    through "gate dpl 2, rpl 3", SEL_CODE, 0xcc00, GATE | 3
    through "gate not present", SEL_CODE, 0x6c00, GATE
    through "gate to data", SEL_DATA, 0xec00, GATE
    through "gate to null", 0, 0xec00, GATE
    through "gate to rpl 3", SEL_CODE | 3, 0xec00, GATE
    through "gate to ring 3 code", SEL_USER_CODE, 0xec00, GATE
    through "gate to absent code", ABSENT, 0xec00, GATE
    through "gate beyond the GDT", SEL_BEYOND, 0xec00, GATE
    through "a gate of the IDT", SEL_CODE, 0xee00, GATE
    through "a reserved type", SEL_CODE, 0xed00, GATE
    ret

user:
    print   "ring 3", 10
    call    each_gate
    through "three parameters", SEL_CODE, 0xec03, GATE
    ; JMP never gains privilege.
    mov     dword [gate_code], SEL_CODE
    mov     dword [gate_type], 0xec00
    call    set_test_gate
    try     "jmp through it", jmp GATE:0
    user_end

section .data
align 4
gate_code: dd 0
gate_type: dd 0
