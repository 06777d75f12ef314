; format: elf32
; CPUID, without what differs between makers: the upper halves are cleared, the leaves agree with each
; other, what it reports works, the brand is text, ID can be toggled (SDM vol. 2, CPUID).

%include "long.inc"

; yes "name": print whether ZF is set
%macro yes 1
    sete    al
    movzx   eax, al
    show    2, %1, rax
%endmacro

%macro leaf 2
    mov     rax, %1
    mov     rcx, %2
    cpuid
%endmacro

main:
    mov     rax, 0xffffffff00000000
    mov     rbx, -1
    mov     rcx, 0xffffffff00000000
    mov     rdx, -1
    cpuid
    mov     esi, eax
    or      rax, rbx
    or      rax, rcx
    or      rax, rdx
    shr     rax, 32
    show    8, "upper halves ", rax
    cmp     esi, 7
    setb    al
    movzx   eax, al
    show    2, "largest leaf below 7: ", rax
    call    vendor
    call    features
    call    brand
    call    id_flag
    leave_with 0x77

; The vendor is text and the same at 0 and, where there is one, at 80000000.
vendor:
    leaf    0, 0
    mov     [text], ebx
    mov     [text + 4], edx
    mov     [text + 8], ecx
    mov     ecx, 12
    call    printable
    leaf    0x80000000, 0
    cmp     eax, 0x80000008
    setb    al
    movzx   eax, al
    show    2, "largest extended leaf below 80000008: ", rax
    ret

; How many of ECX bytes of TEXT are no text
printable:
    xor     ebx, ebx
    mov     esi, text
.next:
    lodsb
    test    al, al
    jz      .good
    cmp     al, ' '
    jb      .bad
    cmp     al, '~'
    jbe     .good
.bad:
    inc     ebx
.good:
    loop    .next
    show    2, "not printable ", rbx
    ret

; Long mode needs these: FPU, TSC, MSR, PAE, CX8, CMOV, FXSR, SSE, SSE2; SYSCALL, NX, LM.
features:
    leaf    1, 0
    and     edx, 0x07008171
    cmp     edx, 0x07008171
    yes     "needed by 64 bits "
    leaf    0x80000001, 0
    and     edx, 0x20100800
    cmp     edx, 0x20100800
    yes     "SYSCALL, NX, LM "
    leaf    0x80000008, 0
    cmp     ah, 48
    setae   cl
    cmp     al, 32
    setae   ch
    cmp     ch, cl
    yes     "address sizes "
    leaf    1, 0
    bt      ecx, 27                 ; OSXSAVE is CR4's bit
    setc    al
    mov     rcx, cr4
    bt      ecx, 18
    setc    ah
    cmp     al, ah
    yes     "OSXSAVE as in CR4 "
    leaf    1, 0
    shr     ebx, 8
    cmp     bl, 8                   ; CLFLUSH: 64 bytes
    yes     "CLFLUSH line "
    leaf    7, 0xdead               ; a subleaf that does not exist
    or      eax, ebx
    or      eax, ecx
    or      eax, edx
    yes     "leaf 7, no subleaf: all 0 "
    ret

brand:
    mov     ebp, 0x80000002
    mov     edi, text
.next:
    mov     eax, ebp
    cpuid
    stosd
    mov     eax, ebx
    stosd
    mov     eax, ecx
    stosd
    mov     eax, edx
    stosd
    inc     ebp
    cmp     ebp, 0x80000005
    jb      .next
    mov     ecx, 48
    call    printable
    mov     edi, text               ; it ends
    mov     al, 0
    mov     ecx, 49
    repne   scasb
    yes     "ends "
    ret

id_flag:
    pushf
    pop     rax
    mov     rbx, rax
    xor     eax, 0x200000
    push    rax
    popf
    pushf
    pop     rax
    xor     eax, ebx
    and     eax, 0x200000
    show    8, "ID changed ", rax
    ret

section .bss
text:   resb    64
