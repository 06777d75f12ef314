; format: elf32
; #AC (SDM vol. 3, 7.15, interrupt 17): only in ring 3, only with CR0.AM and EFLAGS.AC; which accesses
; are checked for what, and its error code 0. EIP is that of the instruction.

%include "prot.inc"
%include "ring3.inc"

%define AC 0x40000

main:
    mov     eax, cr0
    or      eax, AC
    mov     cr0, eax
    print   "ring 0", 10
    pushf
    or      dword [esp], AC
    popf
    try     "dword + 1", mov eax, [area + 1]
    pushf
    and     dword [esp], ~AC
    popf
    print   "ring 3, no AC", 10
    mov     esi, two
    mov     edi, 0x3002
    call    in_ring3
    print   "ring 3, AC", 10
    mov     esi, user
    mov     edi, 0x3002 | AC
    call    in_ring3
    mov     eax, cr0
    and     eax, ~AC
    mov     cr0, eax
    print   "ring 3, AC, no AM", 10
    mov     esi, two
    mov     edi, 0x3002 | AC
    call    in_ring3
    leave_with 0x0a

two:
    try     "dword + 1", mov eax, [area + 1]
    try     "word + 1", mov [area + 1], ax
    user_end

user:
    try     "byte + 1", mov al, [area + 1]
    try     "word + 1", mov ax, [area + 1]
    try     "word + 2", mov ax, [area + 2]
    try     "dword + 1", mov eax, [area + 1]
    try     "dword + 2", mov eax, [area + 2]
    try     "dword + 4", mov eax, [area + 4]
    try     "write dword + 2", mov [area + 2], eax
    try     "rmw dword + 3", inc dword [area + 3]
    try     "lock dword + 2", lock inc dword [area + 2]
    try     "lea + 1", lea eax, [area + 1]
    try     "movzx word + 1", movzx eax, word [area + 1]
    try     "fld qword + 4", fld qword [area + 4]
    try     "fld dword + 2", fld dword [area + 2]
    fninit
    try     "bound + 2", bound eax, [area + 2]
    cld
    mov     esi, area + 1
    mov     edi, area + 16
    mov     ecx, 2
    try     "rep movsd, esi + 1", rep movsd
    mov     esi, area + 1
    mov     edi, area + 17
    try     "movsb", movsb
    mov     esi, area
    mov     edi, area + 18
    mov     ecx, 1
    try     "movsd, edi + 2", movsd
    try     "lgs + 2", lgs ebx, [area + 2]
    try     "cmpxchg8b + 4", cmpxchg8b [area + 4]
    try     "dword over a page, + 2", mov eax, [page_end - 2]
    user_end

section .bss
area:   resb    64
    resb    8192
page_end equ area + 4096 - 64
