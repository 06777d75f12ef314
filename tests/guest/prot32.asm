; format: elf32
; 32-bit protected mode without paging: exceptions through the IDT with their error codes.
; Not here, because QEMU's TCG lets them pass: segment limits, accesses through a null DS, CR0.PG
; without PE.

%include "prot.inc"

main:
    ; 48: code whose descriptor is read-only data; 50: a call gate that is not present
    mov     dword [gdt + SEL_SPARE], 0x0000ffff
    mov     dword [gdt + SEL_SPARE + 4], 0x00cf9100
    mov     dword [gdt + SEL_SPARE2], 0x00080000
    mov     dword [gdt + SEL_SPARE2 + 4], 0x00000c00

    xor     ebx, ebx
    try     "div by 0", div ebx
    mov     edx, 1
    mov     eax, 0
    mov     ebx, 1
    try     "div overflow", div ebx
    mov     ax, 0x8000
    mov     bl, 0xff
    try     "idiv overflow", idiv bl
    try     "aam 0", aam 0
    try     "ud2", ud2
    try     "int3", int3
    mov     al, 0x7f
    inc     al
    try     "into, OF", into
    xor     al, al
    try     "into", into
    mov     eax, 7
    try     "bound inside", bound eax, [bounds]
    mov     eax, 10
    try     "bound", bound eax, [bounds]

    ; Selectors: #GP, #NP and #SS carry one in the error code.
    mov     ax, SEL_BEYOND
    try     "ds beyond the GDT", mov ds, ax
    mov     ax, SEL_BEYOND | 4
    try     "ds in no LDT", mov ds, ax
    mov     ax, SEL_ABSENT
    try     "ds not present", mov ds, ax
    try     "ss not present", mov ss, ax
    xor     eax, eax
    try     "ss null", mov ss, ax
    try     "fs null", mov fs, ax
    mov     ax, SEL_SPARE
    try     "ss read-only", mov ss, ax
    mov     ax, SEL_USER_DATA
    try     "ss of another ring", mov ss, ax
    try     "far jump to data", jmp SEL_SPARE:0
    try     "far jump beyond", jmp SEL_BEYOND:0
    try     "far jump to null", jmp 0:0
    try     "far call, gate not present", call SEL_SPARE2:0
    mov     ax, SEL_CODE
    try     "ltr of code", ltr ax
    try     "lldt of code", lldt ax
    mov     ax, SEL_TSS
    try     "ltr, busy", ltr ax

    ; The IDT: a gate that is not present, one that points nowhere, a vector beyond the limit
    try     "int 0x40, no gate", int 0x40
    mov     eax, answer
    mov     ecx, 0x41
    mov     bl, 0x8e
    call    set_gate
    mov     edx, 1
    try     "int 0x41", int 0x41
    print   "answer "
    hex8    edx
    print   10
    mov     word [idt + 0x41 * 8 + 2], SEL_DATA
    try     "int 0x41 into data", int 0x41
    mov     word [idt + 0x41 * 8 + 2], 0
    try     "int 0x41 to null", int 0x41
    mov     byte [idt + 0x41 * 8 + 5], 0x80
    try     "int 0x41, no gate type", int 0x41
    mov     word [idtr], 0x40 * 8 - 1
    lidt    [idtr]
    try     "int 0x40 beyond the IDT", int 0x40

    ; #DF: the #GP of a bad selector finds its own gate not present.
    mov     byte [idt + 13 * 8 + 5], 0x0e
    mov     ax, SEL_BEYOND
    try     "#GP without a gate", mov ds, ax
    mov     byte [idt + 13 * 8 + 5], 0x8e
    mov     byte [idt + 0 * 8 + 5], 0x0e
    try     "#DE without a gate", div dword [zero]
    mov     byte [idt + 0 * 8 + 5], 0x8e

    ; Control registers
    mov     eax, cr0
    or      eax, 8                  ; TS
    mov     cr0, eax
    try     "x87 with TS", fld1
    clts
    fninit
    try     "x87", fld1
    try     "cr9", db 0x0f, 0x22, 0xc8

    call    single_step
    call    strings
    call    queries
    leave_with 0x15

answer:
    inc     edx
    iret

%macro popf_nop 0
    popf
    nop
%endmacro

; TF: a trap behind each instruction, DR6.BS set; POPF itself is not trapped.
single_step:
    xor     eax, eax
    mov     dr6, eax
    pushf
    or      dword [esp], 0x100
    try     "single step", popf_nop
    mov     eax, dr6
    print   "dr6.bs "
    and     eax, 0x4000
    hex16   eax
    print   10
    ret

; String instructions with REP, both directions
strings:
    cld
    mov     ecx, 1000
    mov     edi, buffer
    mov     eax, 0x01020304
    rep     stosd
    mov     byte [buffer + 777], 0x5a
    mov     ecx, 4000
    mov     edi, buffer
    mov     al, 0x5a
    repne   scasb
    sub     edi, buffer
    print   "scasb at "
    hex16   edi
    print   " left "
    hex16   ecx
    print   10
    mov     esi, buffer             ; overlapping, upwards: the first dword spreads
    mov     edi, buffer + 4
    mov     ecx, 100
    rep     movsd
    std                             ; overlapping, downwards: a true move
    mov     esi, buffer + 999
    mov     edi, buffer + 1003
    mov     ecx, 1000
    rep     movsb
    cld
    xor     eax, eax
    xor     edx, edx
    mov     esi, buffer
    mov     ecx, 4000
.sum:
    lodsb
    rol     edx, 1
    add     edx, eax
    loop    .sum
    print   "sum "
    hex32   edx
    print   10
    mov     esi, buffer
    mov     edi, buffer + 4
    mov     ecx, 4000
    repe    cmpsb
    print   "cmpsb left "
    hex16   ecx
    print   10
    xor     ecx, ecx
    mov     edi, 0
    rep     stosb                   ; nothing is written
    mov     esi, hello
    mov     ecx, 6
    mov     dx, DEBUG_PORT
    rep     outsb
    ret

; What LAR, LSL, VERR and VERW find, and SMSW, STR, SGDT
queries:
    mov     cx, SEL_DATA
    lar     eax, cx
    and     eax, 0x00f0ff00         ; bits 16-19 are undefined (SDM vol. 2, LAR)
    print   "lar "
    hex32   eax
    lsl     eax, ecx
    print   " lsl "
    hex32   eax
    print   " verr"
    mov     ecx, SEL_CODE
    call    verify
    mov     ecx, SEL_SPARE
    call    verify
    mov     ecx, SEL_BEYOND
    call    verify
    mov     ecx, SEL_USER_DATA
    call    verify
    print   10
    str     ax
    movzx   eax, ax
    print   "str "
    hex16   eax
    smsw    eax
    and     eax, 0xb
    print   " smsw "
    hex8    eax
    sgdt    [buffer]
    movzx   eax, word [buffer]
    print   " sgdt "
    hex16   eax
    sidt    [buffer]
    movzx   eax, word [buffer]
    print   " sidt "
    hex16   eax
    print   10
    ret

; ZF of VERR and VERW for CX
verify:
    xor     eax, eax
    verr    cx
    setz    al
    shl     eax, 4
    verw    cx
    jnz     .put
    or      al, 1
.put:
    print   " "
    hex8    eax
    ret

section .data
bounds: dd 5, 9
zero:   dd 0
hello:  db "hello", 10

section .bss
buffer: resb 4096
