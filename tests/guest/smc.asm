; format: elf32
; Self-modifying code (SDM vol. 3, 8.1.3 and 11.6): the next instruction, one in the same loop, one on
; the next page, by REP MOVS onto what follows it, by a push, a locked write, an x87 and an SSE store,
; and through a second mapping. Each store through another linear address is followed by a jump, as
; the manual wants for cross-modification by an alias. Not here: a REP that overwrites itself, which may
; go on or not.

%include "prot.inc"
%include "paging.inc"

%define ALIAS 0x800000              ; the memory at 0 once more

; What MOV BL, imm8 left
%macro row 1
    movzx   ebx, bl
    show    2, %1, ebx
%endmacro

main:
    mov     dword [directory], P | W | PS
    mov     dword [directory + 8], P | W | PS
    mov     eax, directory
    mov     cr3, eax
    cr_set  cr4, CR4_PSE | 0x600
    cr_set  cr0, CR0_PG
    fninit
    call    next_instruction
    call    in_loop
    call    by_string
    call    by_others
    call    over_pages
    call    by_alias
    call    remap
    call    length_changes
    call    freed
    leave_with 0x63

; The byte behind the opcode of the next instruction
next_instruction:
    mov     ebp, 3
    mov     cl, 0x10
.again:
    mov     [.patched + 1], cl
.patched:
    mov     bl, 0
    row     "next "
    inc     cl
    dec     ebp
    jnz     .again
    mov     word [.two], 0xc3fe             ; inc bl: an instruction in place of a NOP NOP
.two:
    nop
    nop
    row     "replaced "
    mov     word [.two], 0x9090
    ret

; Each turn changes the instruction before the store.
in_loop:
    mov     ecx, 10
    xor     ebx, ebx
.patched:
    add     bl, 1
    inc     byte [.patched + 2]
    loop    .patched
    row     "loop "
    mov     byte [.patched + 2], 1
    ret

by_string:
    mov     esi, .new
    mov     edi, .code
    mov     ecx, .end - .code
    xor     ebx, ebx
    rep     movsb
.code:
    mov     bl, 0x11
    mov     bl, 0x11
    nop
.end:
    row     "rep movsb "
    mov     esi, .new2
    mov     edi, .code2
    mov     ecx, 2
    rep     movsd
.code2:
    mov     bl, 0x11
    mov     bl, 0x11
    mov     bl, 0x11
    mov     bl, 0x11
    row     "rep movsd "
    mov     edi, .code3 + 1
    mov     al, 0x44
    stosb
.code3:
    mov     bl, 0x11
    row     "stosb "
    ret
.new:
    mov     bl, 0x21
    add     bl, 1
    nop
.new2:
    mov     bl, 0x31
    inc     ebx
    inc     ebx
    nop
    nop
    nop
    nop
    nop

by_others:
    mov     edi, esp
    mov     esp, .code + 4
    push    dword 0x909061b3                ; mov bl, 61
.code:
    mov     bl, 0
    nop
    nop
    mov     esp, edi
    row     "push "
    mov     eax, 0x909062b3
    lock xchg [.code2], eax
.code2:
    mov     bl, 0
    nop
    nop
    row     "xchg "
    lock add byte [.code3 + 1], 0x63
.code3:
    mov     bl, 0
    row     "lock add "
    mov     byte [.code3 + 1], 0
    fild    dword [.word]
    fistp   dword [.code4]
.code4:
    mov     bl, 0
    nop
    nop
    row     "fistp "
    movss   xmm0, [.word2]
    movss   [.code5], xmm0
.code5:
    mov     bl, 0
    nop
    nop
    row     "movss "
    mov     eax, 0x9090e3b3
    mov     edx, 0x909066b3
    movd    xmm0, eax
    movd    xmm1, edx
    punpckldq xmm0, xmm1
    movq    [.code6], xmm0
.code6:
    mov     bl, 0
    nop
    nop
    mov     bl, 0
    nop
    nop
    row     "movq "
    bts     dword [.code7], 8
.code7:
    mov     bl, 0x66
    row     "bts "
    ret
    align   4
.word:  dd 0x909064b3
.word2: dd 0x909065b3

; Code on a page border: the store is on one page, its target on the other; then an instruction that
; itself lies across.
over_pages:
    mov     edi, pages + 4096 - 7
    mov     esi, .store
    mov     ecx, .end - .store
    rep     movsb
    mov     edx, pages + 4096 + 1
    mov     al, 0x71
    call    pages + 4096 - 7
    row     "the next page "
    mov     al, 0x72
    call    pages + 4096 - 7
    row     "again "
    mov     edi, pages + 4096 - 2
    mov     dword [edi], 0x000073bb         ; mov ebx, 73
    mov     word [edi + 4], 0xc300
    call    edi
    row     "across "
    mov     byte [pages + 4096 - 1], 0x74
    call    edi
    row     "its first page "
    mov     byte [pages + 4096], 0x05
    call    edi
    show    8, "its second page ", ebx
    ret
.store:
    mov     [edx], al               ; 2 bytes, then 5 to the border
    nop
    nop
    nop
    nop
    nop
    mov     bl, 0                   ; on the second page
    ret
.end:

; Code at its own address, stores through ALIAS.
by_alias:
    mov     cl, 0x81
    mov     ebp, 3
.again:
    mov     [ALIAS + .patched + 1], cl
    jmp     .patched
.patched:
    mov     bl, 0
    row     "alias "
    inc     cl
    dec     ebp
    jnz     .again
    mov     eax, .here              ; the same code under both addresses
    call    eax
    row     "here "
    add     eax, ALIAS
    call    eax
    row     "there "
    mov     byte [.here + 1], 0x86
    call    eax
    row     "there again "
    mov     byte [ALIAS + .here + 1], 0x87
    sub     eax, ALIAS
    call    eax
    row     "here again "
    ret
.here:
    mov     bl, 0x85
    ret

; The same linear address over other memory: other code.
remap:
    mov     word [pages], 0x91b3            ; mov bl, 91; ret
    mov     byte [pages + 2], 0xc3
    mov     dword [directory + 12], 0x400000 + (P | W | PS)
    mov     eax, pages + 0xc00000
    mov     word [eax], 0x92b3
    mov     byte [eax + 2], 0xc3
    mov     dword [directory + 12], P | W | PS
    flush_tlb
    call    eax
    row     "mapped to 0 "
    mov     dword [directory + 12], 0x400000 + (P | W | PS)
    flush_tlb
    call    eax
    row     "mapped to 400000 "
    mov     dword [directory + 12], P | W | PS
    invlpg  [eax]
    call    eax
    row     "mapped to 0 "
    ret

; Instructions of other lengths
length_changes:
    mov     byte [.code], 0x3d      ; cmp eax, imm32 swallows the next four bytes
.code:
    nop
    mov     bl, 0xa1
    mov     bh, 0xa1
    mov     bl, 0xa2
    row     "swallowed "
    mov     byte [.code], 0x90
    jmp     .short
.short:
    mov     bl, 0xa3
    mov     word [.jump], 0x00eb    ; jmp to the next byte
.jump:
    jmp     short .over
    mov     bl, 0xa4
.over:
    row     "jump "
    mov     byte [.jump + 1], 2
    ret

; A routine is copied, called and overwritten by another, many times.
freed:
    xor     esi, esi
    mov     ecx, 200
.next:
    mov     byte [pages], 0x81      ; add esi, imm32; ret
    mov     byte [pages + 1], 0xc6
    mov     [pages + 2], ecx
    mov     byte [pages + 6], 0xc3
    call    pages
    loop    .next
    show    8, "sum ", esi
    ret

section .bss.pages nobits align=4096
directory: resb 4096
pages:  resb    2 * 4096
