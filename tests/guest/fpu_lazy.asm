; format: elf32
; Lazy switching of x87 and SSE state by CR0.TS: #NM at the first use, CLTS, FXSAVE of the old owner and
; FXRSTOR of the new, the instruction again; what is #NM and what #UD by TS, EM, MP and CR4.OSFXSR (SDM
; vol. 3, 2.5 and 13.4). EMMS is left out: QEMU's TCG lets it pass. CRC32 is in crc32.

%include "prot.inc"
%include "paging.inc"

main:
    cr_set  cr4, 0x600
    cr_clear cr0, 0x04
    cr_set  cr0, 0x22               ; MP, NE
    call    rules
    call    two_tasks
    leave_with 0x6b

; Each instruction under the bits in force
instructions:
    try     "  fninit", fninit
    try     "  fld1", fld1
    try     "  fwait", fwait
    try     "  movd mm0", movd mm0, eax
    try     "  addps", addps xmm0, xmm0
    try     "  ldmxcsr", ldmxcsr [mxcsr]
    try     "  fxsave", fxsave [area]
    try     "  paddd mm", paddd mm0, mm0
    try     "  paddd xmm", paddd xmm0, xmm0
    try     "  prefetch", prefetcht0 [area]
    try     "  sfence", sfence
    try     "  popcnt", popcnt eax, eax
    try     "  movnti", movnti [area], eax
    ret

rules:
    print   "all on", 10
    call    instructions
    print   "TS", 10
    cr_set  cr0, 0x08
    call    instructions
    print   "TS, no MP", 10
    cr_clear cr0, 0x02
    call    instructions
    cr_set  cr0, 0x02
    clts
    print   "EM", 10
    cr_set  cr0, 0x04
    call    instructions
    cr_clear cr0, 0x04
    print   "no OSFXSR", 10
    cr_clear cr4, 0x200
    call    instructions
    cr_set  cr4, 0x200
    fninit
    ret

; Two tasks share the registers: 0 counts in ST0 and XMM0 by 1, 1 by 16. Each switch sets TS only.
two_tasks:
    fninit
    fxsave  [areas]
    fxsave  [areas + 512]
    mov     eax, on_nm
    mov     ecx, 7
    mov     bl, 0x8e
    call    set_gate
    mov     dword [owner], 0
    mov     dword [current], 0
    call    first_use
    call    switch
    call    first_use
    mov     ebp, 5
.next:
    call    switch
    call    work
    call    work
    call    switch
    dec     ebp
    jz      .end
    test    ebp, 1
    jz      .next
    call    work
    jmp     .next
.end:
    show    8, "switches of state ", [switches]
    call    result
    call    switch
    call    result
    clts
    ret

switch:
    xor     dword [current], 1
    mov     eax, cr0
    or      eax, 8
    mov     cr0, eax
    ret

first_use:
    fldz
    xorps   xmm0, xmm0
    ret

work:
    mov     ecx, [current]
    shl     ecx, 2
    fiadd   dword [step + ecx]
    movd    xmm1, [step + ecx]
    paddd   xmm0, xmm1
    ret

result:
    fist    dword [area]
    movd    eax, xmm0
    show    8, "task ", [current], " st0 ", [area], " xmm0 ", eax
    ret

; The owner's state goes to its area, the current task's comes; nothing if it is the owner.
on_nm:
    push    eax
    clts
    mov     eax, [owner]
    cmp     eax, [current]
    je      .end
    inc     dword [switches]
    shl     eax, 9
    fxsave  [areas + eax]
    mov     eax, [current]
    mov     [owner], eax
    shl     eax, 9
    fxrstor [areas + eax]
.end:
    pop     eax
    iret

section .data
align 4
mxcsr:  dd 0x1f80
step:   dd 1, 16

section .bss
owner:  resd    1
current: resd   1
switches: resd  1

section .bss.fpu nobits align=64
area:   resb    512
areas:  resb    1024
