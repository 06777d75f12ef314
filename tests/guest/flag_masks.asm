; format: elf32
; Which bits of EFLAGS each instruction can set at each CPL and operand size: POPF, IRET, SAHF, LAHF,
; PUSHF, STI, CLI, STC, CMC; RF and VM are never pushed by PUSHF, ID can be toggled (SDM vol. 1, 3.4.3;
; vol. 2, POPF, table 4-20). Left out: that IRET at CPL 0 loads VIF and VIP, which QEMU's TCG does not do.

%include "prot.inc"
%include "cpl3.inc"

; popped "name", VALUE: EFLAGS after POPFD of it
%macro popped 2
    push    dword %2
    popf
    pushf
    pop     eax
    push    dword 2
    popf
    show    8, %1, eax
%endmacro

; The same with 16 bits over flags of 2
%macro popped16 2
    push    word %2
    popfw
    pushf
    pop     eax
    push    dword 2
    popf
    show    8, %1, eax
%endmacro

main:
    mov     al, 0xff                ; IF is set below: no interrupt may come
    out     0x21, al
    out     0xa1, al
    print   "CPL 0", 10
    call    all
    popped  "popf, IOPL 3 ", 0x3002
    popped  "popf, VM ", 0x20002
    popped  "popf, RF ", 0x10002
    popped  "popf, VIP, VIF ", 0x180002
    popped  "popf, reserved ", 0xffc0802a
    call    iret_masks
    ring3
    print   "CPL 3, IOPL 3", 10
    call    all
    popped  "popf, IOPL 0 ", 0x0002
    popped  "popf, IF ", 0x0202
    popped16 "popfw, IF, IOPL 0 ", 0x0202
    popped  "popf, RF ", 0x10002
    popped  "popf, VM ", 0x20002
    try     "CPL 3, IOPL 3, cli", cli
    ring0
    leave_with 0x72

all:
    popped  "popf, all that may be ", 0x00244cd7
    popped  "popf, nothing ", 0
    popped16 "popfw, all ", 0x4cd5
    popped16 "popfw, nothing ", 0
    popped  "popf, ID ", 0x200002
    popped  "popf, AC ", 0x40002
    popped  "popf, NT ", 0x4002
    mov     ah, 0xff
    sahf
    pushf
    pop     eax
    push    dword 2
    popf
    show    8, "sahf ff ", eax
    mov     ah, 0
    sahf
    pushf
    pop     eax
    show    8, "sahf 0 ", eax
    push    dword 0x08d5
    popf
    lahf
    movzx   eax, ah
    show    2, "lahf ", eax
    push    dword 2
    popf
    lahf
    movzx   eax, ah
    show    2, "lahf ", eax
    stc
    std
    pushf
    cld
    cmc
    pop     eax
    pushf
    pop     ebx
    show    8, "stc, std ", eax, " cld, cmc ", ebx
    ret

; IRET at CPL 0 with FLAGS
%macro iret_with 2
    push    dword %2
    push    dword SEL_CODE
    push    dword %%next
    iret
%%next:
    pushf
    pop     eax
    push    dword 2
    popf
    show    8, %1, eax
%endmacro

iret_masks:
    iret_with "iret, all but VM, TF, IF, VIF, VIP, NT ", 0x00248cff
    iret_with "iret, nothing ", 0
    iret_with "iret, IOPL 3 ", 0x3000
    ret

    ring3_routines
