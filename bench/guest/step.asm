; format: elf32
; What the screen and the debuggers beside it step through: a loop of STEP_LOOP (24) instructions on
; registers, memory and stack. Two of them, CPUID and OUT, leave the guest.

%include "multiboot.inc"

global guest_entry

section .text
    bits    32
guest_entry:
    mov     esp, stack_top
    mov     ebx, [count]
    inc     ebx
    mov     [count], ebx
    lea     esi, [ebx + ebx * 4]
    imul    edi, esi, 77
    xor     edi, ebx
    push    edi
    call    mix
    pop     edx
    mov     eax, edx
    shl     eax, 4
    sub     eax, ebp
    out     0x80, al
    test    ebx, 1
    setz    cl
    movzx   ecx, cl
    cmp     ecx, 1
    xor     eax, eax
    cpuid
    jmp     guest_entry
mix:
    rol     edi, 3
    add     ebp, edi
    ret

section .bss
count:  resd 1
        resb 1024
stack_top:
