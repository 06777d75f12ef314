; format: elf32
; RDMSR, WRMSR, RDTSC, RDPMC (SDM vol. 2): registers that keep what is written, SWAPGS and bases,
; privilege, CR4.TSD and CR4.PCE; of time only that it does not go back. What is #GP at CPL 0 is in
; msr_faults, since QEMU's TCG lets it pass; what RDTSCP loads in rdtscp.

%include "long.inc"
%include "paging.inc"
%include "cpl3.inc"

%define CR4_TSD 4

; kept "name", MSR, LOW, HIGH: write, read back, restore
%macro kept 4
    mov     ecx, %2
    rdmsr
    push    rax
    push    rdx
    mov     eax, %3
    mov     edx, %4
    wrmsr
    mov     rax, -1
    mov     rdx, -1
    rdmsr
    mov     rsi, rax                ; both upper halves are cleared
    mov     rdi, rdx
    pop     rdx
    pop     rax
    wrmsr
    show    16, %1, rdi, " ", rsi
%endmacro

main:
    or      dword [page_tables + 0x2000], U
    or      dword [page_tables], U
    flush_tlb
    kept    "SYSENTER_CS ", 0x174, 0x1234, 0
    kept    "SYSENTER_ESP ", 0x175, 0x89abcdef, 0xffff8000
    kept    "SYSENTER_EIP ", 0x176, 0x76543210, 0x00007fff
    kept    "PAT ", 0x277, 0x01040506, 0x00070105
    kept    "STAR ", 0xc0000081, 0x11112222, 0x33334444
    kept    "LSTAR ", 0xc0000082, 0x55556666, 0xffffff77
    kept    "CSTAR ", 0xc0000083, 0x55556666, 0x00000077
    kept    "FMASK ", 0xc0000084, 0x00047700, 0
    kept    "FS_BASE ", 0xc0000100, 0x00001000, 0xffffffff
    kept    "GS_BASE ", 0xc0000101, 0x00002000, 0x00000001
    kept    "KERNEL_GS_BASE ", 0xc0000102, 0x00003000, 0x00000002
    kept    "TSC_AUX ", 0xc0000103, 0xfedcba98, 0
    call    swap
    call    efer
    call    tsc
    ring3
    call    user
    ring0
    cr_set  cr4, CR4_TSD
    try     "TSD, CPL 0, rdtsc", rdtsc
    ring3
    try     "TSD, rdtsc", rdtsc
    try     "TSD, rdtscp", rdtscp
    ring0
    cr_clear cr4, CR4_TSD
    leave_with 0x76

; SWAPGS exchanges two of them; a selector load changes the base of FS, not the MSR's upper half.
swap:
    mov     ecx, 0xc0000101
    mov     eax, 0x1111
    xor     edx, edx
    wrmsr
    inc     ecx
    mov     eax, 0x2222
    wrmsr
    swapgs
    rdmsr
    mov     rbx, rax
    dec     ecx
    rdmsr
    show    4, "swapgs: base ", rax, " kernel ", rbx
    mov     rbx, 0x0001020304050607
    mov     [word_], rbx
    mov     ecx, 0xc0000100
    mov     eax, word_ - 4
    xor     edx, edx
    wrmsr
    show    16, "fs: ", [fs:4]
    mov     eax, SEL_DATA
    mov     fs, ax
    rdmsr
    show    4, "fs loaded: base ", rax, " ", rdx
    ret

; LMA is read-only, LME cannot change while paging is on; SCE and NXE go off and on.
efer:
    mov     ecx, EFER
    rdmsr
    and     eax, 0xd01
    show    4, "efer ", rax
    rdmsr
    and     eax, ~0x801
    wrmsr
    rdmsr
    and     eax, 0xd01
    show    4, "efer ", rax
    rdmsr
    or      eax, 0x801
    wrmsr
    rdmsr
    and     eax, 0xd01
    show    4, "efer ", rax
    ret

tsc:
    mov     rax, -1
    mov     rdx, -1
    rdtsc
    mov     rbx, rax
    or      rbx, rdx
    shr     rbx, 32
    show    8, "rdtsc: upper halves ", rbx
    shl     rdx, 32
    or      rax, rdx
    mov     rbx, rax
    mov     esi, 100
.next:
    rdtsc
    shl     rdx, 32
    or      rax, rdx
    cmp     rax, rbx
    jb      .back
    mov     rbx, rax
    dec     esi
    jnz     .next
.back:
    show    2, "steps back ", rsi
    ret

user:
    try     "rdtsc", rdtsc
    try     "rdtscp", rdtscp
    mov     ecx, 0
    try     "rdpmc, PCE 0", rdpmc
    try     "rdmsr", rdmsr
    try     "wrmsr", wrmsr
    ret

    ring3_routines

section .bss
word_:  resq    1
