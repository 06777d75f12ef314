; format: elf32
; RDTSCP loads ECX from IA32_TSC_AUX and clears the upper halves (SDM vol. 2, RDTSCP).

%include "long.inc"
%include "paging.inc"
%include "cpl3.inc"

main:
    or      dword [page_tables + 0x2000], U
    flush_tlb
    mov     eax, 0x80000001
    cpuid
    bt      edx, 27
    jnc     .end
    mov     ecx, 0xc0000103
    mov     eax, 0x1234abcd
    xor     edx, edx
    wrmsr
    call    read
    ring3
    call    read
    ring0
    mov     ecx, 0xc0000103
    xor     eax, eax
    xor     edx, edx
    wrmsr
    call    read
.end:
    leave_with 0x79

read:
    mov     rax, -1
    mov     rcx, -1
    mov     rdx, -1
    rdtscp
    or      rax, rdx
    shr     rax, 32
    show    16, "rcx ", rcx, " upper halves ", rax
    ret

    ring3_routines
