; format: elf32
; Prefixes and addressing of 64-bit code: RIP-relative operands with an immediate behind and with 67,
; REX twice, 66 with REX.W, SIB without base, R12 and R13 as base, high bytes, sign extension, 67 with
; LOOP, JRCXZ and strings, FS and GS bases, what is #UD here (SDM vol. 2, 2.2).
; Left out: REX before another prefix, which QEMU's TCG does not ignore (2.2.1).

%include "long.inc"

main:
    call    relative
    call    rex
    call    addresses
    call    loops
    call    strings
    call    segments
    call    gone
    call    stack
    leave_with 0x7e

relative:
    mov     dword [word_], 0x11223344
    mov     eax, [rel word_]
    show    8, "rip ", rax
    cmp     dword [rel word_], 0x11223344   ; RIP is behind the immediate
    sete    al
    cmp     byte [rel word_], 0x44
    sete    ah
    movzx   eax, ax
    show    4, "with immediates ", rax
    add     word [rel word_], 0x1000
    show    8, "add ", [rel word_]
    a32 mov eax, [rel word_]
    show    8, "67: eip ", rax
    lea     rax, [rel $]
    lea     rcx, [rel relative]
    sub     rax, rcx
    shr     rax, 16
    show    8, "lea ", rax
    call    [rel pointer]
    show    8, "call through ", rax
    ret

routine:
    mov     eax, 0x600d
    ret

rex:
    mov     rax, -1
    db      0x66, 0x48, 0xb8        ; 66 and REX.W: 64 bits
    dq      0x1122334455667788
    show    16, "66 REX.W mov ", rax
    db      0x66, 0x48, 0xff, 0xc0
    show    16, "66 REX.W inc ", rax
    mov     rax, -1
    db      0x48, 0x41, 0xb8        ; two: the last counts, R8D
    dd      0x1234
    show    16, "REX REX mov ", r8
    mov     rax, 0x0102030405060708
    mov     ah, 0xee
    show    16, "mov ah ", rax
    mov     rsi, 0x0102030405060708
    mov     sil, 0xee
    show    16, "mov sil ", rsi
    movsxd  rcx, [minus]
    show    16, "movsxd ", rcx
    movzx   ecx, ah
    show    16, "movzx ", rcx
    mov     rcx, -2
    mov     ecx, ecx
    show    16, "mov ecx, ecx ", rcx
    mov     rcx, -1
    mov     cx, 5
    show    16, "mov cx ", rcx
    mov     rcx, -1
    xchg    ecx, ecx
    show    16, "xchg ecx, ecx ", rcx
    mov     rax, -1
    db      0x90                    ; NOP is no XCHG EAX, EAX
    show    16, "nop ", rax
    mov     r8, 0x77
    db      0x49, 0x90              ; XCHG RAX, R8
    show    16, "REX.B 90 ", rax, " ", r8
    mov     rax, -1
    mov     eax, 1
    cbw
    cwde
    cdqe
    show    16, "cdqe ", rax
    mov     rax, 0x80000000
    cdqe
    show    16, "cdqe ", rax
    cqo
    show    16, "cqo ", rdx
    ret

addresses:
    mov     r12d, words
    mov     r13d, words
    mov     eax, [r12]
    mov     ecx, [r13]
    show    8, "r12, r13 ", rax, " ", rcx
    mov     ebx, 1
    mov     eax, [r12 + rbx * 4]
    mov     ecx, [r13 + rbx * 8]
    show    8, "scaled ", rax, " ", rcx
    mov     eax, [words + rbx * 4]
    show    8, "no base ", rax
    mov     eax, [words]
    show    8, "absolute ", rax
    mov     rbx, 0x100000001
    mov     eax, [r12d + ebx * 4]   ; 67: the sum has 32 bits
    show    8, "67 ", rax
    lea     rax, [ebx - 2]
    show    16, "67 lea ", rax
    lea     eax, [rbx - 2]
    show    16, "lea eax ", rax
    lea     rax, [r12 + r13]
    sub     rax, r12
    sub     rax, r13
    show    16, "lea ", rax
    db      0x48, 0xa1              ; MOV RAX, moffs of 64 bits
    dd      words, 0
    show    16, "moffs ", rax
    a32 mov eax, [dword words + 4]
    show    16, "67 moffs ", rax
    mov     rbp, r12
    mov     r9, -1
    mov     eax, [rbp + r9 * 4 + 8]
    show    8, "r9 ", rax
    ret

loops:
    mov     rcx, 0x100000002
    xor     eax, eax
.a:
    inc     eax
    loop    .a, ecx
    show    16, "loop ecx ", rcx, " ", rax
    mov     rcx, 0x100000000
    xor     eax, eax
    jecxz   .b
    inc     eax
.b:
    jrcxz   .c
    add     eax, 2
.c:
    show    8, "jecxz, jrcxz ", rax
    mov     rcx, 3
    xor     eax, eax
.d:
    inc     eax
    loop    .d
    show    16, "loop ", rcx, " ", rax
    ret

strings:
    mov     rcx, 0x100000003
    mov     rsi, 0x100000000
    mov     eax, words
    or      rsi, rax
    mov     rdi, 0x200000000
    mov     eax, buffer
    or      rdi, rax
    a32 rep movsd
    mov     eax, words
    sub     rsi, rax
    mov     eax, buffer
    sub     rdi, rax
    show    16, "67 rep movsd ", rsi, " ", rdi, " ", rcx
    mov     esi, words
    lodsq
    show    16, "lodsq ", rax
    mov     edi, buffer
    mov     rax, 0x0807060504030201
    mov     ecx, 3
    rep     stosq
    mov     edi, buffer
    mov     ecx, 3
    repe    scasq
    show    16, "scasq ", rcx
    ret

segments:
    mov     ecx, 0xc0000100
    mov     eax, words
    xor     edx, edx
    wrmsr
    inc     ecx
    mov     edx, -1
    mov     eax, words - 0x100
    wrmsr                           ; below 0: the index leads back
    show    8, "fs ", [fs:4]
    mov     rbx, 0x100000104
    mov     eax, [gs:rbx]
    show    8, "gs wraps ", rax
    mov     ebx, 4
    db      0x3e                    ; DS: no effect
    mov     eax, [rbx + words]
    show    8, "ds ", rax
    db      0x26                    ; ES neither
    mov     eax, [rbx + words]
    show    8, "es ", rax
    mov     eax, words + 4
    fs lea  rax, [rax]
    mov     ecx, words
    sub     rax, rcx
    show    8, "fs lea ", rax
    mov     esi, 8
    fs lodsd
    show    8, "fs lodsd ", rax
    xor     eax, eax
    mov     ebx, 0
    fs xlatb
    show    8, "fs xlat ", rax
    ret

gone:
    try     "push cs", db 0x0e
    try     "aaa", db 0x37
    try     "daa", db 0x27
    try     "aam", db 0xd4, 0x0a
    try     "into", db 0xce
    try     "pusha", db 0x60
    try     "bound", db 0x62, 0x00
    try     "salc", db 0xd6
    try     "lds", db 0xc5, 0x00
    try     "call far", db 0x9a
    try     "82 group", db 0x82, 0xc0, 0x00
    ret

; Pushes have 64 or 16 bits.
stack:
    mov     rbx, rsp
    push    -1
    pop     rax
    show    16, "push -1 ", rax
    push    word 5
    mov     rax, rbx
    sub     rax, rsp
    mov     rsp, rbx
    show    8, "push word by ", rax
    push    fs
    mov     rax, rbx
    sub     rax, rsp
    mov     rsp, rbx
    show    8, "push fs by ", rax
    mov     ebp, 5
    enter   16, 0
    mov     rax, rbx
    sub     rax, rsp
    leave
    show    8, "enter by ", rax, " ebp ", rbp
    push    rsp
    pop     rax
    sub     rax, rbx
    show    16, "push rsp ", rax
    push    qword [word_]
    pop     qword [rsp - 16]        ; the address counts behind the pop
    mov     rcx, [rsp - 16]
    show    8, "pop [rsp - 16] ", rcx
    ret

section .data
align 8
words:  dd 0x00c0ffee, 0x11111111, 0x22222222, 0x33333333, 0x44444444
minus:  dd -5
pointer: dd routine, 0

section .bss
word_:  resq    1
buffer: resq    4
