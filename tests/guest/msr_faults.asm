; format: elf32
; RDMSR and WRMSR at CPL 0 that are #GP and change nothing: numbers that do not exist, reserved bits,
; addresses that are not canonical, memory types that do not exist, LME with paging on (SDM vol. 2, WRMSR;
; vol. 4).

%include "long.inc"

; refused "name", MSR, LOW, HIGH
%macro refused 4
    mov     ecx, %2
    rdmsr
    mov     rsi, rax
    mov     rdi, rdx
    mov     eax, %3
    mov     edx, %4
    try     %1, wrmsr
    rdmsr
    cmp     rax, rsi
    sete    bl
    cmp     rdx, rdi
    sete    bh
    and     bl, bh
    movzx   ebx, bl
    show    2, "  as before ", rbx
    mov     rax, rsi
    mov     rdx, rdi
    wrmsr
%endmacro

main:
    mov     ecx, 0x12345678
    try     "rdmsr 12345678", rdmsr
    xor     eax, eax
    xor     edx, edx
    try     "wrmsr 12345678", wrmsr
    mov     ecx, 0xc0010fff
    try     "rdmsr c0010fff", rdmsr
    mov     ecx, 0x3ff
    try     "rdmsr 3ff", rdmsr
    refused "EFER, bit 1", EFER, 0xd03, 0
    refused "EFER, bit 32", EFER, 0xd01, 1
    refused "EFER, LME 0 with paging", EFER, 0x801, 0
    refused "LSTAR, not canonical", 0xc0000082, 0, 0x8000
    refused "CSTAR, not canonical", 0xc0000083, 0, 0xffff7fff
    refused "FS_BASE, not canonical", 0xc0000100, 0, 0x8000
    refused "GS_BASE, not canonical", 0xc0000101, 0, 0x8000
    refused "KERNEL_GS_BASE, not canonical", 0xc0000102, 0, 0x80000000
    refused "SYSENTER_ESP, not canonical", 0x175, 0, 0x8000
    refused "SYSENTER_EIP, not canonical", 0x176, 0, 0x8000
    refused "PAT, type 2", 0x277, 0x02040506, 0x00070105
    refused "PAT, bit 3", 0x277, 0x01040506, 0x08070105
    leave_with 0x7a
