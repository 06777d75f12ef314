; format: elf32
; What does not decode (SDM vol. 2, 2.1.1, 2.3.11 and LOCK; vol. 3, 7.15, interrupts 6 and 13): LOCK on
; every instruction that takes it and on others, more than 15 bytes, undefined opcodes and register
; forms, what a length prefix does to a jump.

%include "prot.inc"

main:
    mov     edx, area
    xor     eax, eax
    xor     ebx, ebx
    xor     ecx, ecx
    call    legal
    call    illegal
    call    length
    call    undefined
    leave_with 0x0b

; lock NAME, BYTES: with an F0 before, [edx] as the operand
%macro locked 2+
    try     %1, db 0xf0, %2
    lea     esp, [ebp - 16]         ; PUSH and POP where they are let pass
%endmacro

legal:
    mov     ebp, esp
    sub     esp, 16
    locked  "add", 0x01, 0x02
    locked  "or", 0x09, 0x02
    locked  "adc", 0x11, 0x02
    locked  "sbb", 0x19, 0x02
    locked  "and", 0x21, 0x02
    locked  "sub", 0x29, 0x02
    locked  "xor", 0x31, 0x02
    locked  "add byte, imm", 0x80, 0x02, 0
    locked  "xor dword, imm8", 0x83, 0x32, 0
    locked  "inc", 0xff, 0x02
    locked  "dec byte", 0xfe, 0x0a
    locked  "not", 0xf7, 0x12
    locked  "neg", 0xf7, 0x1a
    locked  "xchg", 0x87, 0x02
    locked  "bts", 0x0f, 0xab, 0x02
    locked  "btr imm", 0x0f, 0xba, 0x32, 1
    locked  "btc imm", 0x0f, 0xba, 0x3a, 1
    locked  "xadd", 0x0f, 0xc1, 0x02
    locked  "cmpxchg", 0x0f, 0xb1, 0x02
    locked  "cmpxchg8b", 0x0f, 0xc7, 0x0a
    mov     esp, ebp
    ret

illegal:
    mov     ebp, esp
    sub     esp, 16
    locked  "cmp", 0x39, 0x02
    locked  "cmp imm", 0x83, 0x3a, 0
    locked  "mov", 0x89, 0x02
    locked  "test", 0x85, 0x02
    locked  "bt", 0x0f, 0xa3, 0x02
    locked  "bt imm", 0x0f, 0xba, 0x22, 1
    locked  "mul", 0xf7, 0x22
    locked  "shl", 0xd1, 0x22
    locked  "add from memory", 0x03, 0x02
    locked  "add register", 0x01, 0xc0
    locked  "inc register", 0xff, 0xc0
    locked  "xchg register", 0x87, 0xc0
    locked  "xadd register", 0x0f, 0xc1, 0xc0
    locked  "inc eax", 0x40
    locked  "push", 0xff, 0x32
    locked  "lea", 0x8d, 0x02
    locked  "nop", 0x90
    locked  "movsb", 0xa4
    locked  "cpuid", 0x0f, 0xa2
    locked  "cli", 0xfa
    locked  "in", 0xe4, 0x80
    locked  "jmp", 0xeb, 0x00
    locked  "ud2", 0x0f, 0x0b
    mov     esp, ebp
    ret

; 15 bytes are enough for all; the 16th is a #GP, whatever comes.
length:
%macro prefixed 4+
    try     %1, pad %2, %3, %4
%endmacro
%macro pad 3+
    times   %1 db %2
    db      %3
%endmacro
    prefixed "14 prefixes, nop", 14, 0x2e, 0x90
    prefixed "15 prefixes, nop", 15, 0x2e, 0x90
    prefixed "13 prefixes, add", 13, 0x3e, 0x01, 0x02
    prefixed "14 prefixes, add", 14, 0x3e, 0x01, 0x02
    prefixed "13 prefixes, ud2", 13, 0x2e, 0x0f, 0x0b
    prefixed "14 prefixes, ud2", 14, 0x2e, 0x0f, 0x0b
    prefixed "10 prefixes, mov imm32", 10, 0x26, 0xb8, 1, 2, 3, 4
    prefixed "11 prefixes, mov imm32", 11, 0x26, 0xb8, 1, 2, 3, 4
    ret

%macro undef 2+
    try     %1, db %2
    lea     esp, [ebp - 16]
%endmacro

undefined:
    mov     ebp, esp
    sub     esp, 16
    undef   "0f 04", 0x0f, 0x04
    undef   "0f 0a", 0x0f, 0x0a
    undef   "0f 0c", 0x0f, 0x0c
    undef   "0f 24", 0x0f, 0x24, 0xc0
    undef   "0f 36", 0x0f, 0x36
    undef   "0f 39", 0x0f, 0x39
    undef   "0f 7a", 0x0f, 0x7a, 0xc0
    undef   "ud0", 0x0f, 0xff, 0xc0
    undef   "ud1", 0x0f, 0xb9, 0xc0
    undef   "8c /6", 0x8c, 0xf0
    undef   "8d lea register", 0x8d, 0xc0
    undef   "62 bound register", 0x62, 0xc0
    undef   "c4 les register", 0xc4, 0xc0
    undef   "8f /1", 0x8f, 0xc8
    undef   "fe /2", 0xfe, 0x12
    undef   "fe /7", 0xfe, 0x3a
    undef   "ff /7", 0xff, 0x3a
    undef   "ff /3 register", 0xff, 0xd8
    undef   "ff /5 register", 0xff, 0xe8
    undef   "c6 /1", 0xc6, 0xc8, 0
    undef   "c7 /1", 0xc7, 0xc8, 0, 0, 0, 0
    undef   "0f 00 /6", 0x0f, 0x00, 0xf0
    undef   "0f 01 /0 register c5", 0x0f, 0x01, 0xc5
    undef   "lgdt register", 0x0f, 0x01, 0xd3
    undef   "lidt register", 0x0f, 0x01, 0xde
    undef   "invlpg register", 0x0f, 0x01, 0xfe
    undef   "0f ba /0", 0x0f, 0xba, 0xc0, 0
    undef   "0f ba /3", 0x0f, 0xba, 0xd8, 0
    undef   "0f c7 /0", 0x0f, 0xc7, 0x02
    undef   "cmpxchg8b register", 0x0f, 0xc7, 0xc8
    undef   "mov cr1", 0x0f, 0x20, 0xc8
    undef   "mov cr5", 0x0f, 0x20, 0xe8
    undef   "mov cr15", 0x0f, 0x20, 0xf8
    undef   "0f 71 /0", 0x0f, 0x71, 0xc0, 0
    undef   "82 add", 0x82, 0xc0, 0
    undef   "syscall, no EFER.SCE", 0x0f, 0x05
    undef   "sysret, no EFER.SCE", 0x0f, 0x07
    undef   "rsm", 0x0f, 0xaa
    mov     esp, ebp
    ret

section .bss
    resb    64
area:   resb    64
