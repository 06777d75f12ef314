; format: elf32
; Ring 3 under a TSS, 32 bit, no paging: the stack switch, a system call by INT, what ring 3 may
; not do and which error code says so, the I/O permission bitmap, a call gate, SYSENTER.

%include "prot.inc"

%define SYSCALL 0x80
%define BITMAP 104                  ; offset in the TSS; it needs ports 0-ff and a last byte of ones

main:
    call    make_gates
    call    make_bitmap
    mov     esi, SEL_USER_CODE
    mov     dword [after], .second
    call    go_user
.second:
    print   "back in ring 0", 10
    call    fast_call
    leave_with 0x22

make_gates:
    mov     eax, system_call
    mov     ecx, SYSCALL
    mov     bl, 0xee                ; interrupt gate, DPL 3
    call    set_gate
    mov     eax, leave_user
    inc     ecx
    call    set_gate
    mov     eax, trap_call
    inc     ecx
    mov     bl, 0xef                ; trap gate, DPL 3: IF stays
    call    set_gate
    ; 48: a call gate with two parameters to SEL_CODE:gate_entry, DPL 3
    mov     eax, gate_entry
    mov     [gdt + SEL_SPARE], ax
    mov     word [gdt + SEL_SPARE + 2], SEL_CODE
    mov     word [gdt + SEL_SPARE + 4], 0xec02
    shr     eax, 16
    mov     [gdt + SEL_SPARE + 6], ax
    ; 50: the same for ring 0 only
    mov     dword [gdt + SEL_SPARE2], 0x00080000
    mov     dword [gdt + SEL_SPARE2 + 4], 0x00008c00
    ret

; The TSS grows by a bitmap for ports 0-ff: only the debug ports are open to ring 3.
make_bitmap:
    mov     edi, big_tss
    mov     esi, tss
    mov     ecx, TSS_SIZE / 4
    rep     movsd
    mov     word [big_tss + 102], BITMAP
    mov     eax, -1
    mov     ecx, 9
    rep     stosd
    mov     eax, DEBUG_PORT
    btr     [big_tss + BITMAP], eax
    mov     eax, DEBUG_EXIT
    btr     [big_tss + BITMAP], eax
    mov     eax, big_tss
    mov     word [gdt + SEL_TSS], BITMAP + 32
    mov     [gdt + SEL_TSS + 2], ax
    shr     eax, 16
    mov     [gdt + SEL_TSS + 4], al
    mov     byte [gdt + SEL_TSS + 5], 0x89
    mov     ax, SEL_TSS
    ltr     ax
    ret

; To `user` in ring 3 by IRET, with IF set in the image and IOPL 0.
go_user:
    mov     [kernel_esp], esp
    mov     eax, esp
    push    dword SEL_USER_DATA
    push    dword user_stack_top
    push    dword 2
    push    dword SEL_USER_CODE
    push    dword user
    iret

user:
    mov     ax, SEL_USER_DATA
    mov     ds, ax
    mov     es, ax
    mov     ax, cs
    print   "cs "
    hex16   eax
    mov     ax, ss
    print   " ss "
    hex16   eax
    print   10

    mov     ecx, 0x11223344
    try     "int 0x80", int SYSCALL
    print   "answer "
    hex32   eax
    print   10
    try     "int 0x82, trap gate", int SYSCALL + 2
    try     "int 0x0d, DPL 0", int 13
    try     "int3, DPL 0", int3
    try     "ud2", ud2
    xor     ebx, ebx
    try     "div by 0", div ebx
    try     "cli", cli
    try     "sti", sti
    try     "hlt", hlt
    try     "clts", clts
    try     "mov cr0", mov eax, cr0
    try     "mov dr7", mov eax, dr7
    try     "lgdt", lgdt [gdtr]
    try     "ltr", ltr ax
    try     "lmsw", lmsw ax
    try     "rdmsr", rdmsr
    try     "wbinvd", wbinvd
    try     "invlpg", invlpg [user]
    try     "in 0x80", in al, 0x80
    try     "out 0xe9", call out_space
    mov     dx, 0x3f8               ; behind the bitmap's limit
    try     "out 0x3f8", out dx, al
    mov     dx, DEBUG_PORT - 1
    try     "out 0xe8, word", out dx, ax
    mov     ax, SEL_DATA
    try     "ds of ring 0", mov ds, ax
    try     "ss of ring 0", mov ss, ax
    try     "far jump to ring 0", jmp SEL_CODE:user
    try     "gate of ring 0", call SEL_SPARE2:0
    mov     ax, SEL_ABSENT | 3
    try     "ds not present", mov ds, ax
    push    dword SEL_CODE
    push    dword user
    try     "far return to ring 0", retf
    add     esp, 8

    ; POPF leaves IF and IOPL alone, silently.
    push    dword 0x3202
    popf
    pushf
    pop     eax
    and     eax, 0x3200
    print   "popf keeps "
    hex16   eax
    print   10

    push    dword 0xaaaa
    push    dword 0xbbbb
    try     "call gate", call SEL_SPARE | 3:0
    print   "gate gave "
    hex32   eax
    print   " esp "
    mov     eax, user_stack_top
    sub     eax, esp
    hex8    eax
    print   10
    int     SYSCALL + 1             ; leave_user

out_space:
    mov     al, ' '
    out     DEBUG_PORT, al
    ret

; Ring 0: tell what the CPU put on the new stack, answer in EAX.
system_call:
    mov     eax, SEL_DATA
    mov     ds, ax
    mov     es, ax
    mov     eax, stack_top_ring0
    sub     eax, esp
    print   "frame "
    hex8    eax
    print   " cs "
    hex16   [esp + 4 + 16]          ; report_hex has pushed 16 bytes
    print   " esp "
    mov     eax, user_stack_top
    sub     eax, [esp + 12]
    hex8    eax
    print   " ss "
    hex16   [esp + 16 + 16]
    print   10
    mov     eax, SEL_USER_DATA
    mov     ds, ax
    mov     es, ax
    lea     eax, [ecx + ecx]
    iret

trap_call:
    iret

; Ring 0, by a call gate: two parameters were copied; IF does not change.
gate_entry:
    mov     eax, [esp + 8]          ; the last one pushed
    shl     eax, 16
    or      eax, [esp + 12]
    retf    8

leave_user:
    mov     ax, SEL_DATA
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     esp, [kernel_esp]
    jmp     [after]

; SYSENTER to ring 0 and SYSEXIT to ring 3: both load flat segments without looking at the GDT.
fast_call:
    mov     ecx, 0x174
    xor     edx, edx
    mov     eax, SEL_CODE
    wrmsr
    inc     ecx
    mov     eax, stack_top_ring0
    wrmsr
    inc     ecx
    mov     eax, fast_entry
    wrmsr
    mov     [kernel_esp], esp
    mov     ecx, user_stack_top
    mov     edx, fast_user
    sysexit

; SYSEXIT takes CS and SS at 16 and 24 behind SEL_CODE: our ring 3 descriptors.
fast_user:
    mov     ax, cs
    print   "sysexit cs "
    hex16   eax
    mov     ax, ss
    print   " ss "
    hex16   eax
    print   10
    sysenter

fast_entry:
    mov     eax, esp
    sub     eax, stack_top_ring0
    print   "sysenter esp "
    hex8    eax
    mov     ax, cs
    print   " cs "
    hex16   eax
    mov     ax, ss
    print   " ss "
    hex16   eax
    print   10
    mov     esp, [kernel_esp]
    ret

section .data
align 4
after:  dd 0
kernel_esp: dd 0

section .bss
big_tss: resb 256
    resb    4096
user_stack_top:
