; format: elf32
; CRC32 works on general registers: CR0.TS, CR0.EM and CR4.OSFXSR do not concern it (SDM vol. 2, CRC32).

%include "prot.inc"
%include "paging.inc"

main:
    mov     eax, 1
    cpuid
    bt      ecx, 20                 ; SSE4.2
    jnc     .end
    cr_clear cr0, 0x0c
    call    values
    print   "TS", 10
    cr_set  cr0, 8
    call    values
    clts
    print   "EM", 10
    cr_set  cr0, 4
    call    values
    cr_clear cr0, 4
    print   "OSFXSR", 10
    cr_set  cr4, 0x200
    call    values
.end:
    leave_with 0x6d

values:
    mov     eax, -1
    mov     ebx, 0x12345678
    try     "crc32 byte", crc32 eax, bl
    show    8, "= ", eax
    try     "crc32 word", crc32 eax, bx
    show    8, "= ", eax
    try     "crc32 dword", crc32 eax, ebx
    show    8, "= ", eax
    try     "crc32 memory", crc32 eax, dword [word_]
    show    8, "= ", eax
    ret

section .data
word_:  dd 0x90abcdef
