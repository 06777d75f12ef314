; format: elf32
; Extensions that CPUID reports: MOVBE, POPCNT, LZCNT, TZCNT, BMI1, BMI2, ADX, CMPXCHG8B and 16B, PCLMUL,
; AES; results at the ends of their ranges and defined flags (SDM vol. 2). BZHI
; with the operand's size as index is in bzhi.

%include "long.inc"
%include "paging.inc"

%define CF 1
%define ZF 0x40
%define SF 0x80
%define OF 0x800

; needs LEAF, REGISTER, BIT, LABEL: skip to LABEL with a line if CPUID does not report it
%macro needs 4
    mov     eax, %1
    xor     ecx, ecx
    cpuid
    bt      %2, %3
    jc      %%there
    print   "not reported", 10
    jmp     %4
%%there:
%endmacro

; bits_of "name", MASK, INSTRUCTION: RAX, and the flags
%macro bits_of 3+
    %3
    pushf
    pop     rdx
    and     edx, %2
    show    16, %1, rax, " flags ", rdx
%endmacro

main:
    call    move_swapped
    call    counts
    call    bmi
    call    adx
    call    exchange
    call    carryless
    leave_with 0x70

move_swapped:
    needs   1, ecx, 22, .end
    mov     rax, 0x1122334455667788
    mov     [area], rax
    mov     rax, -1
    movbe   ax, [area]
    show    16, "movbe word ", rax
    movbe   eax, [area]
    show    16, "movbe dword ", rax
    movbe   rax, [area]
    show    16, "movbe qword ", rax
    movbe   [area + 1], eax
    show    16, "movbe to memory ", [area]
.end:
    ret

counts:
    needs   1, ecx, 23, .lzcnt
    mov     rbx, 0xf0f0f0f0f0f0f0f1
    bits_of "popcnt ", CF | ZF | SF | OF, popcnt rax, rbx
    bits_of "popcnt dword ", CF | ZF | SF | OF, popcnt eax, ebx
    xor     ebx, ebx
    bits_of "popcnt 0 ", CF | ZF | SF | OF, popcnt rax, rbx
.lzcnt:
    needs   0x80000001, ecx, 5, .end
    xor     ebx, ebx
    bits_of "lzcnt 0 ", CF | ZF, lzcnt rax, rbx
    bits_of "lzcnt dword 0 ", CF | ZF, lzcnt eax, ebx
    bits_of "lzcnt word 0 ", CF | ZF, lzcnt ax, bx
    mov     rbx, -1
    bits_of "lzcnt -1 ", CF | ZF, lzcnt rax, rbx
    mov     ebx, 1
    bits_of "lzcnt 1 ", CF | ZF, lzcnt rax, rbx
    needs   7, ebx, 3, .end
    xor     ebx, ebx
    bits_of "tzcnt 0 ", CF | ZF, tzcnt rax, rbx
    bits_of "tzcnt dword 0 ", CF | ZF, tzcnt eax, ebx
    mov     rbx, 0x8000000000000000
    bits_of "tzcnt 2^63 ", CF | ZF, tzcnt rax, rbx
    mov     ebx, 1
    bits_of "tzcnt 1 ", CF | ZF, tzcnt rax, rbx
.end:
    ret

; These are VEX-coded, but of general registers: CR4.OSXSAVE does not concern them.
bmi:
    needs   7, ebx, 3, .end
    mov     rbx, 0xff00ff0012345678
    mov     rcx, 0x0ff00ff0ffff0000
    bits_of "andn ", CF | ZF | SF | OF, andn rax, rbx, rcx
    bits_of "blsi ", CF | ZF | SF | OF, blsi rax, rbx
    bits_of "blsr ", CF | ZF | SF | OF, blsr rax, rbx
    bits_of "blsmsk ", CF | ZF | SF | OF, blsmsk rax, rbx
    xor     esi, esi
    bits_of "blsi 0 ", CF | ZF | SF | OF, blsi rax, rsi
    bits_of "blsr 0 ", CF | ZF | SF | OF, blsr rax, rsi
    mov     esi, 0x0c08             ; 12 bits from 8
    bits_of "bextr ", CF | ZF | OF, bextr rax, rbx, rsi
    mov     esi, 0xff3c             ; more than there are
    bits_of "bextr, long ", CF | ZF | OF, bextr rax, rbx, rsi
    mov     esi, 0x0480             ; from behind the last
    bits_of "bextr, behind ", CF | ZF | OF, bextr rax, rbx, rsi
    needs   7, ebx, 8, .end
    mov     rbx, 0xff00ff0012345678
    mov     esi, 20
    bits_of "bzhi ", CF | ZF | SF | OF, bzhi rax, rbx, rsi
    mov     esi, 0x100
    bits_of "bzhi 100 ", CF | ZF | SF | OF, bzhi rax, rbx, rsi
    mov     rcx, 0xf0f0f0f00f0f0f0f
    bits_of "pext ", 0, pext rax, rbx, rcx
    bits_of "pdep ", 0, pdep rax, rbx, rcx
    bits_of "pext dword ", 0, pext eax, ebx, ecx
    stc
    bits_of "rorx ", CF, rorx rax, rbx, 12
    mov     esi, 0x44
    stc
    bits_of "sarx ", CF, sarx rax, rbx, rsi
    clc
    bits_of "shlx ", CF, shlx rax, rbx, rsi
    bits_of "shrx dword ", CF, shrx eax, ebx, esi
    mov     rdx, -1
    mulx    rcx, rax, rbx
    show    16, "mulx ", rcx, " ", rax
.end:
    ret

adx:
    needs   7, ebx, 19, .end
    mov     rax, -1
    mov     rcx, 1
    xor     edx, edx                ; CF, OF 0
    adcx    rax, rcx                ; CF alone
    pushf
    adox    rcx, rax                ; OF alone
    pushf
    pop     rsi
    pop     rdx
    and     esi, CF | OF
    and     edx, CF | OF
    show    16, "adcx ", rax, " flags ", rdx, " adox ", rcx, " flags ", rsi
    mov     rax, -1
    mov     ecx, 5
    push    CF | OF | 2
    popf
    adox    rax, rcx
    pushf
    pop     rdx
    and     edx, CF | OF
    show    16, "adox with OF ", rax, " flags ", rdx
.end:
    ret

exchange:
    needs   1, edx, 8, .wide
    mov     dword [area], 1
    mov     dword [area + 4], 2
    mov     rax, 0xaaaaaaaa00000001
    mov     rdx, 0xaaaaaaaa00000002
    mov     ebx, 3
    mov     ecx, 4
    lock cmpxchg8b [area]
    pushf
    pop     rsi
    and     esi, ZF
    show    16, "cmpxchg8b equal ", [area], " ", rax, " ", rdx, " zf ", rsi
    cmpxchg8b [area]
    pushf
    pop     rsi
    and     esi, ZF
    show    16, "unequal ", [area], " ", rax, " ", rdx, " zf ", rsi
    try     "cmpxchg8b, register", db 0x0f, 0xc7, 0xc8
.wide:
    needs   1, ecx, 13, .end
    mov     rbx, 5
    mov     rcx, 6
    mov     rax, [area]
    mov     rdx, [area + 8]
    lock cmpxchg16b [area]
    show    16, "cmpxchg16b ", [area], " ", [area + 8]
    cmpxchg16b [area]
    show    16, "unequal ", rax, " ", rdx
    try     "cmpxchg16b unaligned", cmpxchg16b [area + 8]
.end:
    ret

carryless:
    needs   1, ecx, 1, .aes
    movdqa  xmm0, [numbers]
    pclmulqdq xmm0, [numbers], 0x10
    movdqa  [area], xmm0
    show    16, "pclmulqdq ", [area + 8], " ", [area]
.aes:
    needs   1, ecx, 25, .end
    movdqa  xmm0, [numbers]
    aesenc  xmm0, [numbers]
    movdqa  [area], xmm0
    show    16, "aesenc ", [area + 8], " ", [area]
    aesdeclast xmm0, [numbers]
    movdqa  [area], xmm0
    show    16, "aesdeclast ", [area + 8], " ", [area]
    aesimc  xmm0, xmm0
    movdqa  [area], xmm0
    show    16, "aesimc ", [area + 8], " ", [area]
    aeskeygenassist xmm0, [numbers], 0x1b
    movdqa  [area], xmm0
    show    16, "aeskeygenassist ", [area + 8], " ", [area]
.end:
    ret

section .data
align 16
numbers: dq 0x0123456789abcdef, 0xfedcba9876543211

section .bss.area nobits align=16
area:   resb    32
