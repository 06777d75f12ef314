; format: elf32
; Conforming and other code segments: who may JMP, CALL and RETF to which, and the CPL there
; (SDM vol. 3, 6.8.1). The error code is the selector; the CPL is that of the caller in a conforming
; segment whatever the RPL.

%define SPARES 6
%include "prot.inc"
%include "ring3.inc"

%define CONFORM0 SEL_SPARE          ; conforming, DPL 0
%define CONFORM3 (SEL_SPARE + 8)    ; conforming, DPL 3
%define ABSENT0 (SEL_SPARE + 16)    ; conforming, DPL 0, not present

main:
    descriptor CONFORM0, 0, 0xfffff, 0xc09e
    descriptor CONFORM3, 0, 0xfffff, 0xc0fe
    descriptor ABSENT0, 0, 0xfffff, 0xc01e
    print   "ring 0", 10
    call    everywhere
    call    from_ring0
    mov     esi, user
    mov     edi, 0x3002
    call    in_ring3
    leave_with 0x01

; go NAME, SELECTOR: CALL a function there that tells CS
%macro go 2
    xor     ebx, ebx
    try     %1, call %2:tell_cs
    print   "  cs "
    hex16   ebx
    print   10
%endmacro

tell_cs:
    mov     ebx, cs
    retf

everywhere:
    go      "call conforming 0", CONFORM0
    go      "call conforming 0, rpl 3", CONFORM0 | 3
    go      "call conforming 3", CONFORM3
    go      "call code 0", SEL_CODE
    go      "call code 0, rpl 3", SEL_CODE | 3
    go      "call code 3", SEL_USER_CODE
    go      "call code 3, rpl 0", SEL_USER_CODE & ~3
    go      "call absent", ABSENT0
    go      "call null", 3
    go      "call data", SEL_DATA
    go      "call an LDT there is none of", 4
    try     "jmp conforming 0", jmp CONFORM0 | 3:.there
.there:
    mov     ebx, cs
    print   "  cs "
    hex16   ebx
    print   10
    test    bl, 3
    jnz     .user
    jmp     SEL_CODE:.end
.user:
    jmp     SEL_USER_CODE:.end
.end:
    ret

; RETF to CS %2
%macro ret_to 2
    push    dword SEL_USER_DATA
    push    esp
    push    dword %2
    push    dword %%there
    try     %1, retf
    add     esp, 16
    jmp     %%end
%%there:
    mov     ebx, cs
    print   %1, ": cs "
    hex16   ebx
    print   10
    mov     dword [try_resume], 0
    add     esp, 8
    jmp     SEL_CODE:%%end
%%end:
%endmacro

from_ring0:
    ret_to  "retf code 0", SEL_CODE
    ret_to  "retf conforming 0", CONFORM0
    ret_to  "retf conforming 3, rpl 0", CONFORM3
    ret_to  "retf absent", ABSENT0
    ret_to  "retf code 3, rpl 0", SEL_USER_CODE & ~3
    ret_to  "retf null", 0
    ret_to  "retf data", SEL_DATA
    mov     ax, CONFORM3
    try     "load conforming code", mov es, ax
    try     "read it", mov al, [es:gdt]
    mov     ax, SEL_DATA
    mov     es, ax
    ret

user:
    print   "ring 3", 10
    call    everywhere
    ; RETF to more privilege: the RPL is less than CPL
%macro user_ret 2
    push    dword %2
    push    dword user
    try     %1, retf
    add     esp, 8
%endmacro
    user_ret "retf code 0, rpl 0", SEL_CODE
    user_ret "retf code 0, rpl 3", SEL_CODE | 3
    user_ret "retf conforming 0, rpl 0", CONFORM0
    user_ret "retf absent, rpl 3", ABSENT0 | 3
    mov     ax, CONFORM0
    try     "load conforming 0", mov es, ax
    mov     ax, SEL_CODE
    try     "load code 0", mov es, ax
    user_end
