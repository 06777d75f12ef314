; format: elf32
; Debug registers (SDM vol. 3, 18.2): execute breakpoints with RF, data breakpoints of 1, 2 and 4
; bytes and what overlaps them, I/O without CR4.DE, DR7.GD, DR4 and DR5, DR6's bits. A line is a try
; with DR6 behind it.

%include "prot.inc"

main:
    mov     al, 0xff                ; no interrupt from outside
    out     0x21, al
    out     0xa1, al
    call    execute
    call    data
    call    lengths
    call    repeated
    call    general_detect
    call    aliases
    call    fixed_bits
    leave_with 0x09

%macro clear_dr6 0
    push    eax
    mov     eax, 0xffff0ff0
    mov     dr6, eax
    pop     eax
%endmacro

; Print DR6 (BT BS BD B3-B0) and turn all off. Keeps registers.
put_dr6:
    push    eax
    xor     eax, eax
    mov     dr7, eax
    mov     eax, dr6
    and     eax, 0xf00f
    print   "  dr6 "
    hex16   eax
    print   10
    clear_dr6
    pop     eax
    ret

; watch ADDRESS, DR7: DR0 and DR7
%macro watch 2
    clear_dr6
    mov     eax, %1
    mov     dr0, eax
    mov     eax, %2
    mov     dr7, eax
%endmacro

; hit NAME, INSTRUCTION: with DR7 armed before
%macro hit 2+
    try     {%1}, %2
    call    put_dr6
%endmacro

%define L0 1
%define G0 2
%define RW_EXECUTE 0
%define RW_WRITE (1 << 16)
%define RW_IO (2 << 16)
%define RW_ANY (3 << 16)
%define LEN1 0
%define LEN2 (1 << 18)
%define LEN8 (2 << 18)
%define LEN4 (3 << 18)

execute:
    watch   .first, L0 | RW_EXECUTE
    mov     dword [try_resume], .after
    mov     dword [caught_count], 0
    mov     dword [try_at], .first
.first:
    nop                             ; a fault: EIP is here
    nop
.after:
    mov     dword [try_resume], 0
    print   "execute"
    call    put_caught
    mov     eax, [caught_flags]
    and     eax, 0x10000
    print   "  rf "
    hex32   eax
    print   10
    call    put_dr6
    ; IRET with RF in its image: the instruction runs once without the breakpoint.
    watch   .second, G0 | RW_EXECUTE
    mov     dword [caught_count], 0
    pushf
    or      dword [esp], 0x10000
    push    cs
    push    dword .second
    iret
.second:
    nop
    print   "with rf"
    call    put_caught
    call    put_dr6
    ; In the middle of an instruction: nothing
    watch   .third + 1, L0 | RW_EXECUTE
    mov     dword [try_at], .third
    mov     dword [caught_count], 0
.third:
    mov     ecx, 0x12345678
    print   "inside an instruction"
    call    put_caught
    call    put_dr6
    ret

data:
    watch   area, L0 | RW_WRITE | LEN4
    hit     "write watch, write", mov [area], eax
    watch   area, L0 | RW_WRITE | LEN4
    hit     "write watch, read", mov eax, [area]
    watch   area, L0 | RW_ANY | LEN4
    hit     "any watch, read", mov eax, [area]
    watch   area, L0 | RW_ANY | LEN4
    hit     "any watch, lea", lea eax, [area]
    watch   area, L0 | RW_ANY | LEN4
    hit     "any watch, fetch of data", mov ecx, [area + 4]
    watch   area, L0 | RW_WRITE | LEN4
    hit     "write watch, rmw", inc dword [area]
    watch   area, L0 | RW_WRITE | LEN4
    hit     "write watch, the same value", and dword [area], -1
    watch   area, L0 | RW_WRITE | LEN4
    hit     "write watch, cmp", cmp dword [area], 0
    watch   area, RW_WRITE | LEN4
    hit     "not enabled, write", mov [area], eax
    watch   area, L0 | RW_WRITE | LEN4
    push    ecx
    hit     "write watch, pop", pop dword [area]
    watch   area, L0 | RW_ANY | LEN4
    hit     "any watch, push of it", push dword [area]
    pop     ecx
    ret

; Where a watch of each length begins and ends; its low address bits do not count.
lengths:
%macro edge 3
    watch   area + %2, L0 | RW_ANY | %3
    hit     {%1, ": byte before"}, mov cl, [area + 7]
    watch   area + %2, L0 | RW_ANY | %3
    hit     {%1, ": word before"}, mov cx, [area + 7]
    watch   area + %2, L0 | RW_ANY | %3
    hit     {%1, ": byte 8"}, mov cl, [area + 8]
    watch   area + %2, L0 | RW_ANY | %3
    hit     {%1, ": byte 9"}, mov cl, [area + 9]
    watch   area + %2, L0 | RW_ANY | %3
    hit     {%1, ": byte 11"}, mov cl, [area + 11]
    watch   area + %2, L0 | RW_ANY | %3
    hit     {%1, ": dword 9"}, mov ecx, [area + 9]
    watch   area + %2, L0 | RW_ANY | %3
    hit     {%1, ": dword 12"}, mov ecx, [area + 12]
%endmacro
    edge    "1", 8, LEN1
    edge    "2", 8, LEN2
    edge    "4", 8, LEN4
    edge    "2 at 9", 9, LEN2
    edge    "4 at 10", 10, LEN4
    ; Two registers, one access
    mov     eax, area + 4
    mov     dr1, eax
    watch   area, L0 | RW_ANY | LEN4 | 4 | (RW_WRITE | LEN4) << 4
    hit     "two, only one for reads", mov ecx, [area + 2]
    watch   area, L0 | RW_ANY | LEN4 | 4 | (RW_WRITE | LEN4) << 4
    hit     "two, write both", mov [area + 2], ecx
    ret

; A trap between two iterations: RCX and RSI are those of the next one.
repeated:
    cld
    mov     esi, area + 64
    mov     edi, area
    mov     ecx, 8
    watch   area + 3, L0 | RW_WRITE | LEN1
    hit     "rep movsb over it", rep movsb
    print   "  ecx "
    hex8    ecx
    print   10
    ret

general_detect:
    mov     eax, 0x2000
    mov     dr7, eax
    hit     "gd: mov dr7", mov ecx, dr7
    mov     eax, 0x2000
    mov     dr7, eax
    hit     "gd: mov dr0", mov dr0, ecx
    ret

aliases:
    mov     eax, 0x1234
    mov     dr6, eax
    try     "dr4, no DE", mov eax, dr4
    mov     ecx, dr6
    xor     eax, ecx
    print   "  dr4 ^ dr6 "
    hex32   eax
    print   10
    try     "dr5, no DE", mov eax, dr5
    mov     ecx, cr4
    or      ecx, 8
    mov     cr4, ecx
    try     "dr4, DE", mov eax, dr4
    try     "dr5, DE", mov dr5, eax
    try     "dr0, DE", mov eax, dr0
    clear_dr6
    mov     eax, 0x80
    mov     dr0, eax
    mov     eax, L0 | RW_IO | LEN1
    mov     dr7, eax
    hit     "I/O watch, in 80", in al, 0x80
    watch   0x80, L0 | RW_IO | LEN1
    hit     "I/O watch, out 80", out 0x80, al
    watch   0x80, L0 | RW_IO | LEN1
    hit     "I/O watch, in 81", in al, 0x81
    watch   0x80, L0 | RW_IO | LEN1
    hit     "I/O watch, memory 80", mov al, [0x80]
    mov     ecx, cr4
    and     ecx, ~8
    mov     cr4, ecx
    ret

; What is fixed: DR6 bits 4-11 are 1, 12 is 0; DR7 bit 10 is 1, 12, 14, 15 are 0.
fixed_bits:
    xor     eax, eax
    mov     dr6, eax
    mov     ecx, dr6
    and     ecx, 0xffff             ; above: RTM and bus lock, as the CPU has them
    print   "dr6 of 0 "
    hex16   ecx
    mov     dr7, eax
    mov     ecx, dr7
    print   " dr7 of 0 "
    hex32   ecx
    mov     eax, 0xd000
    mov     dr7, eax
    mov     ecx, dr7
    print   " of d000 "
    hex32   ecx
    print   10
    xor     eax, eax
    mov     dr7, eax
    ret

section .bss
area:   resb    128
