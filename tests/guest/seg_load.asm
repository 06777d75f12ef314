; format: elf32
; Loading segment registers and LDTR, TR (SDM vol. 3, 6.5.1 and 7.13, vol. 2 MOV, LDS, POP): every bad
; kind of selector, the exception and its error code with the TI bit; through the GDT and an LDT.
; At the end what a loaded descriptor keeps when its table changes.

%define SPARES 12
%include "prot.inc"
%include "ring3.inc"

%define LDT_SEL SEL_SPARE
%define KIND (SEL_SPARE + 8)        ; written anew for each test
%define LDT_ABSENT (SEL_SPARE + 16)
%define TSS_BUSY (SEL_SPARE + 24)
%define TSS_ABSENT (SEL_SPARE + 32)
%define TSS_FREE (SEL_SPARE + 40)
%define IN_LDT (8 | 4)

main:
    descriptor LDT_SEL, ldt, 15, 0x0082
    descriptor LDT_ABSENT, ldt, 15, 0x0002
    descriptor TSS_BUSY, tss, 103, 0x008b
    descriptor TSS_ABSENT, tss, 103, 0x0009
    descriptor TSS_FREE, tss, 103, 0x0089
    call    tables
    print   "ring 0", 10
    call    kinds
    call    ways
    mov     esi, user
    mov     edi, 0x3002
    call    in_ring3
    call    cached
    leave_with 0x05

tables:
    mov     ax, IN_LDT
    try     "ds in no LDT", mov ds, ax
    mov     ax, LDT_ABSENT
    try     "lldt absent", lldt ax
    mov     ax, SEL_DATA
    try     "lldt data", lldt ax
    mov     ax, LDT_SEL | 4
    try     "lldt in the LDT", lldt ax
    mov     ax, SEL_BEYOND
    try     "lldt beyond", lldt ax
    mov     ax, LDT_SEL
    try     "lldt", lldt ax
    mov     ax, TSS_BUSY
    try     "ltr busy", ltr ax
    mov     ax, TSS_ABSENT
    try     "ltr absent", ltr ax
    mov     ax, IN_LDT
    try     "ltr in the LDT", ltr ax
    mov     ax, SEL_BEYOND
    try     "ltr beyond", ltr ax
    mov     ax, TSS_FREE | 3
    try     "ltr, rpl 3", ltr ax
    str     ax
    movzx   eax, ax
    print   "tr "
    hex16   eax
    print   " type "
    hex8    [gdt + TSS_FREE + 5]
    print   10
    ret

; load NAME, ACCESS, RPL, LIMIT: a descriptor of that kind into GS and SS, from GDT and LDT
%macro load 3-4 0xfffff
    descriptor KIND, 0, %4, 0xc000 | %2
    mov     eax, [gdt + KIND]
    mov     [ldt + 8], eax
    mov     eax, [gdt + KIND + 4]
    mov     [ldt + 12], eax
    mov     cx, KIND | %3
    try     {%1, ": gs"}, mov gs, cx
    mov     cx, IN_LDT | %3
    try     {%1, ": gs, LDT"}, mov gs, cx
    mov     dx, ss
    try     {%1, ": ss, LDT"}, mov ss, cx
    mov     ss, dx
%endmacro

kinds:
    load    "data 0", 0x93, 0
    load    "data 0, rpl 3", 0x93, 3
    load    "data 3", 0xf3, 0
    load    "data 3, rpl 3", 0xf3, 3
    load    "read-only", 0x91, 0
    load    "expand-down", 0x97, 0, 0
    load    "absent", 0x13, 0
    load    "absent read-only", 0x11, 0
    load    "absent execute-only", 0x18, 0
    load    "code", 0x9b, 0
    load    "execute-only", 0x99, 0
    load    "conforming", 0x9f, 3
    load    "conforming, execute-only", 0x9d, 0
    load    "an LDT", 0x82, 0
    load    "a TSS", 0x89, 0
    load    "a call gate", 0x8c, 0
    load    "type 0", 0x80, 0
    mov     cx, SEL_BEYOND
    try     "beyond the GDT", mov gs, cx
    mov     cx, 16 | 4
    try     "beyond the LDT", mov gs, cx
    mov     cx, 0xffff
    try     "ffff", mov gs, cx
    mov     cx, 4
    try     "first of the LDT", mov gs, cx
    xor     ecx, ecx
    try     "null: gs", mov gs, cx
    try     "null: ss", mov ss, cx
    mov     cx, 3
    try     "null 3: gs", mov gs, cx
    try     "null 3: ss", mov ss, cx
    try     "mov cs", db 0x8e, 0xc9
    try     "mov segment 6", db 0x8e, 0xf1
    ret

; The other instructions that load a segment
ways:
    mov     ebp, esp
    push    dword SEL_BEYOND
    try     "pop fs", pop fs
    mov     eax, ebp
    sub     eax, esp
    mov     esp, ebp
    print   "  stack "
    hex8    eax
    print   10
    push    dword SEL_BEYOND
    try     "pop ss", pop ss
    mov     esp, ebp
    mov     ebx, 0x55
    try     "lfs", lfs ebx, [far_beyond]
    try     "lss", lss ebx, [far_absent]
    try     "les null", les ebx, [far_null]
    mov     ecx, es
    print   "  ebx "
    hex32   ebx
    print   " es "
    hex16   ecx
    print   10
    try     "rep movs, null es, ecx 0", call nothing
    mov     ax, SEL_DATA
    mov     es, ax
    try     "lds register", db 0xc5, 0xc0
    ret

nothing:
    push    ecx
    xor     ecx, ecx
    rep     movsb
    pop     ecx
    ret

user:
    print   "ring 3", 10
    load    "data 0", 0x93, 0
    load    "data 0, rpl 3", 0x93, 3
    load    "data 3", 0xf3, 0
    load    "data 3, rpl 3", 0xf3, 3
    load    "conforming 0", 0x9f, 3
    load    "code 3, rpl 3", 0xfb, 3
    load    "absent 3", 0x73, 3
    xor     ecx, ecx
    try     "null: ss", mov ss, cx
    mov     cx, 3
    try     "null 3: ss", mov ss, cx
    mov     ax, SEL_USER_DATA
    mov     gs, ax
    user_end

; The hidden part stays until the next load; a load sets the accessed bit.
cached:
    descriptor KIND, value, 3, 0x4092
    mov     ax, KIND
    mov     gs, ax
    movzx   ecx, byte [gdt + KIND + 5]
    print   "accessed "
    hex8    ecx
    descriptor KIND, value + 4, 3, 0x4092
    print   " before "
    hex32   [gs:0]
    mov     gs, ax
    print   " after "
    hex32   [gs:0]
    print   10
    ; IRET and far RETF to ring 3 clear segments that ring 3 must not have.
    mov     gs, ax
    mov     ax, SEL_USER_DATA
    mov     fs, ax
    mov     esi, look
    mov     edi, 0x3002
    jmp     in_ring3

look:
    mov     eax, gs
    mov     ecx, fs
    print   "in ring 3: gs "
    hex16   eax
    print   " fs "
    hex16   ecx
    print   10
    user_end

section .data
align 8
ldt:    dq      0, 0
value:  dd      0x11111111, 0x22222222
far_beyond: dd  0x1234
    dw      SEL_BEYOND
far_absent: dd  0x1234
    dw      SEL_ABSENT
far_null: dd    0x1234
    dw      0
