; format: elf32
; Every instruction that leaves a guest for being what it is, once: those that always do (SDM vol. 3,
; 26.1.2) and those that a control asks for (26.1.3). What this CPU does not have behind the exit is
; #UD or #GP in the guest, which `try` goes on from.

%include "long.inc"
%include "paging.inc"

main:
    mov     ebx, operand
    mov     eax, 1
    cpuid
    mov     ebx, operand
    invd
    wbinvd
    invlpg  [rbx + 8]
    rdtsc
    rdtscp
    mov     ebx, operand
    pause
    rdrand  ecx
    rdseed  rcx
    xor     ecx, ecx
    try     "rdpmc", rdpmc
    mov     eax, operand
    try     "monitor", monitor
    try     "mwait", mwait
    mov     eax, 5
    vmcall
    cr_set  cr4, 0x40000            ; OSXSAVE
    xor     ecx, ecx
    xor     edx, edx
    mov     eax, 3
    xsetbv
    mov     eax, 4                  ; SSE's state without x87's and AVX: #GP
    try     "xsetbv", xsetbv
    call    vmx
    hlt

vmx:
    mov     eax, 0x6800             ; guest CR0
    try     "vmxon", vmxon [rbx]
    try     "vmclear", vmclear [rbx + rcx * 4 - 8]
    try     "vmptrld", vmptrld [operand]
    try     "vmptrst", vmptrst [rsp]
    try     "vmread", vmread rdx, rax
    try     "vmwrite", vmwrite rax, [rbx]
    try     "vmlaunch", vmlaunch
    try     "vmresume", vmresume
    try     "invept", invept rax, [rbx]
    try     "invvpid", invvpid rax, [rbx]
    try     "vmxoff", vmxoff
    ret

section .data
operand: times 8 dq 0
