; format: elf32
; CR0.WP (SDM vol. 3, 4.6.1) for supervisor writes by all kinds of instructions, and copy-on-write by a
; #PF handler: the instruction is restarted and sees the copy, the original stays.

%include "prot.inc"
%include "paging.inc"
%include "cpl3.inc"

%define TEST 0x400000

main:
    mov     edi, table0
    mov     eax, P | W | U
    mov     ecx, 1024
.identity:
    stosd
    add     eax, 4096
    loop    .identity
    mov     dword [directory], table0 + (P | W | U)
    mov     dword [directory + 4], table1 + (P | W | U)
    mov     eax, directory
    mov     cr3, eax
    cr_set  cr4, 0x600              ; OSFXSR, OSXMMEXCPT
    cr_set  cr0, CR0_PG
    fninit
    mov     esi, frames
    mov     edi, TEST
    print   "WP 0", 10
    call    writes
    cr_set  cr0, CR0_WP
    print   "WP 1", 10
    call    writes
    cr_clear cr0, CR0_WP
    print   "WP 0 again", 10
    call    writes
    call    by_directory
    call    copy_on_write
    leave_with 0x58

writes:
    mov     dword [table1], frames + P
    flush_tlb
    print   "supervisor page: "
    call    each_write
    mov     dword [table1], frames + (P | U)
    flush_tlb
    print   "user page: "
    call    each_write
    ring3
    print   "CPL 3: "
    call    each_write
    ring0
    ret

each_write:
    access  "mov", mov [edi], al
    access  " inc", inc byte [edi]
    access  " lock or", lock or byte [edi], 0
    access  " xchg", xchg [edi], al
    access  " pop", call pop_to
    access  " movups", movups [edi], xmm0
    access  " fnstsw", fnstsw [edi]
    access  " fstp", call store_x87
    access  " sgdt", sgdt [edi]
    access  " fxsave", fxsave [edi]
    access  " setc", setc [edi]
    push    edi
    access  " stosb", stosb
    pop     edi
    print   10
    ret

; With a stack of their own to restore: what faults in here does not return.
pop_to:
    pop     ebx
    push    dword 1
    mov     ebp, esp
    mov     dword [try_resume], .resume
    pop     dword [edi]
.resume:
    lea     esp, [ebp + 4]
    jmp     ebx

store_x87:
    pop     ebx
    mov     dword [try_resume], .resume
    fldz
    fstp    qword [edi]
.resume:
    fninit
    jmp     ebx

; A read-only directory entry over a writable page
by_directory:
    mov     dword [table1], frames + (P | W | U)
    and     dword [directory + 4], ~W
    flush_tlb
    access  "read-only directory, WP 0:", mov [edi], al
    cr_set  cr0, CR0_WP
    access  " WP 1:", mov [edi], al
    print   10
    or      dword [directory + 4], W
    flush_tlb
    ret

; Pages 0-3 are read-only and share frame 0; the handler gives a page that is written a copy.
copy_on_write:
    mov     eax, on_page_fault
    mov     ecx, 14
    mov     bl, 0x8e
    call    set_gate
    mov     edi, frames
    mov     ecx, 1024
    mov     eax, 0x01010101
    rep     stosd
    call    share
    inc     byte [TEST + 4]
    call    copies
    lock xadd [TEST + 0x1008], eax
    call    copies
    mov     dword [TEST + 0x2ffe], 0x55667788   ; two pages at once
    call    copies
    show    8, "bytes ", [TEST + 4], " ", [TEST + 0x1008], " ", [TEST + 0x2ffc], " ", [TEST + 0x3000], \
            " original ", [frames + 4], " ", [frames]
    call    share
    mov     edi, TEST + 0x800
    mov     eax, 0x02020202
    mov     ecx, 0xa00
    rep     stosd                   ; into the last page
    call    copies
    show    8, "stosd edi ", edi, " ecx ", ecx, " bytes ", [TEST + 0x7fc], " ", [TEST + 0x800], " ", \
            [TEST + 0x2ffc], " ", [TEST + 0x3000]
    call    share
    mov     esi, TEST               ; page 0 over itself, one dword further, into page 1
    mov     edi, TEST + 4
    mov     ecx, 1024
    mov     dword [frames], 0x03030303
    rep     movsd
    call    copies
    show    8, "movsd ", [TEST], " ", [TEST + 0xffc], " ", [TEST + 0x1000], " ", [TEST + 0x1004]
    call    share
    ring3
    mov     eax, esp
    mov     esp, TEST + 0x2000 + 4
    push    dword [TEST + 0x3000]
    push    dword 0x77
    call    .called
    mov     ecx, [esp]
    mov     esp, eax
    ring0
    call    copies
    show    8, "stack ", ecx
    call    share
    mov     eax, 0x03030303
    mov     edx, 0x01010101
    mov     ebx, 5
    mov     ecx, 6
    lock cmpxchg8b [TEST]
    sete    dl
    movzx   edx, dl
    call    copies
    show    8, "cmpxchg8b ", [TEST], " ", [TEST + 4], " zf ", edx
    ret
.called:
    ret     0

; All four pages: frame 0, read-only. copied: 0.
share:
    mov     dword [table1], frames + (P | U)
    mov     dword [table1 + 4], frames + (P | U)
    mov     dword [table1 + 8], frames + (P | U)
    mov     dword [table1 + 12], frames + (P | U)
    flush_tlb
    mov     dword [copied], 0
    ret

copies:
    pushf
    push    eax
    movzx   eax, byte [copied]
    show    2, "copies ", eax
    mov     dword [copied], 0
    pop     eax
    popf
    ret

on_page_fault:
    pushad
    cld
    mov     eax, [esp + 32]
    and     eax, 3
    cmp     eax, 3                  ; a write to what is there
    jne     .bad
    mov     ebx, cr2
    sub     ebx, TEST
    shr     ebx, 12
    cmp     ebx, 3
    ja      .bad
    mov     edi, ebx
    shl     edi, 12
    add     edi, frames + 4096      ; page N's copy lies in frame N + 1
    mov     edx, edi
    mov     esi, frames
    mov     ecx, 1024
    rep     movsd
    or      edx, P | W | U
    mov     [table1 + ebx * 4], edx
    mov     eax, cr2
    invlpg  [eax]
    inc     dword [copied]
    popad
    add     esp, 4
    iret
.bad:
    show    8, "bad fault, error ", eax, " at page ", ebx
    leave_with UNEXPECTED

    paging_routines
    ring3_routines

section .bss
copied: resd    1

section .bss.pages nobits align=4096
directory: resb 4096
table0: resb    4096
table1: resb    4096
frames: resb    5 * 4096
