/*
 * x86/insn_info.c: each bit of the instruction-information tables (SDM vol. 3, 28.2.5) by an
 * instruction that sets or clears it, and the displacement. Bytes are nasm's for the text beside.
 */
#include "x86/insn_info.h"

#include "core/exit.h"
#include "x86/operand.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define NEXT_RIP 0xffffffff80001007ull

/* The tables once more, apart from insn_info.h's own. */
#define SCALE(n) ((unsigned)(n))
#define REG1(r) ((unsigned)X86_##r << 3)
#define SIZE(n) ((unsigned)(n) << 7)
#define REGISTER (1u << 10)
#define OP32 (1u << 11)
#define OPERAND(n) ((unsigned)(n) << 11)
#define SEG(s) ((unsigned)X86_##s << 15)
#define INDEX(r) ((unsigned)X86_##r << 18)
#define NO_INDEX (1u << 22)
#define BASE(r) ((unsigned)X86_##r << 23)
#define NO_BASE (1u << 27)
#define ID(n) ((unsigned)(n) << 28)
#define REG2(r) ((unsigned)X86_##r << 28)

struct sample {
    const char *text;
    unsigned bits;
    uint8_t bytes[15];
    uint32_t reason, info;
    uint64_t displacement;
};

/* clang-format off */
static const struct sample samples[] = {
    /* INS and OUTS, Table 28-8: address size (9:7), segment (17:15, of OUTS only) */
    {"outsb", 16, {0x6e}, EXIT_IO, SIZE(0) | SEG(DS), 0},
    {"insd", 16, {0x66, 0x6d}, EXIT_IO, SIZE(0), 0},
    {"outsb", 32, {0x6e}, EXIT_IO, SIZE(1) | SEG(DS), 0},
    {"insd", 32, {0x6d}, EXIT_IO, SIZE(1), 0},
    {"outsb", 64, {0x6e}, EXIT_IO, SIZE(2) | SEG(DS), 0},
    {"insd", 64, {0x6d}, EXIT_IO, SIZE(2), 0},
    {"a32 outsb", 16, {0x67, 0x6e}, EXIT_IO, SIZE(1) | SEG(DS), 0},
    {"a16 insw", 32, {0x66, 0x67, 0x6d}, EXIT_IO, SIZE(0), 0},
    {"a32 rep outsd", 64, {0xf3, 0x67, 0x6f}, EXIT_IO, SIZE(1) | SEG(DS), 0},
    {"es outsw", 32, {0x26, 0x66, 0x6f}, EXIT_IO, SIZE(1) | SEG(ES), 0},
    {"cs outsw", 32, {0x2e, 0x66, 0x6f}, EXIT_IO, SIZE(1) | SEG(CS), 0},
    {"ss outsw", 32, {0x36, 0x66, 0x6f}, EXIT_IO, SIZE(1) | SEG(SS), 0},
    {"ds outsw", 32, {0x3e, 0x66, 0x6f}, EXIT_IO, SIZE(1) | SEG(DS), 0},
    {"fs outsw", 32, {0x64, 0x66, 0x6f}, EXIT_IO, SIZE(1) | SEG(FS), 0},
    {"gs outsw", 32, {0x65, 0x66, 0x6f}, EXIT_IO, SIZE(1) | SEG(GS), 0},
    {"fs outsb", 64, {0x64, 0x6e}, EXIT_IO, SIZE(2) | SEG(FS), 0},
    {"cs outsb (no override in 64-bit mode)", 64, {0x2e, 0x6e}, EXIT_IO, SIZE(2) | SEG(DS), 0},
    {"fs insb", 32, {0x64, 0x6c}, EXIT_IO, SIZE(1), 0},
    /* What memory operands have in common, by LGDT: scaling (1:0) */
    {"lgdt [ebx+esi*1]", 32, {0x0f, 0x01, 0x14, 0x33}, EXIT_GDTR_IDTR,
     SCALE(0) | SIZE(1) | SEG(DS) | BASE(RBX) | INDEX(RSI) | OP32 | ID(2), 0},
    {"lgdt [ebx+esi*2]", 32, {0x0f, 0x01, 0x14, 0x73}, EXIT_GDTR_IDTR,
     SCALE(1) | SIZE(1) | SEG(DS) | BASE(RBX) | INDEX(RSI) | OP32 | ID(2), 0},
    {"lgdt [ebx+esi*4]", 32, {0x0f, 0x01, 0x14, 0xb3}, EXIT_GDTR_IDTR,
     SCALE(2) | SIZE(1) | SEG(DS) | BASE(RBX) | INDEX(RSI) | OP32 | ID(2), 0},
    {"lgdt [ebx+esi*8]", 32, {0x0f, 0x01, 0x14, 0xf3}, EXIT_GDTR_IDTR,
     SCALE(3) | SIZE(1) | SEG(DS) | BASE(RBX) | INDEX(RSI) | OP32 | ID(2), 0},
    /* address size (9:7) */
    {"lgdt [bx]", 16, {0x0f, 0x01, 0x17}, EXIT_GDTR_IDTR,
     SIZE(0) | SEG(DS) | BASE(RBX) | NO_INDEX | ID(2), 0},
    {"lgdt [ebx]", 16, {0x67, 0x0f, 0x01, 0x13}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(DS) | BASE(RBX) | NO_INDEX | ID(2), 0},
    {"lgdt [bx]", 32, {0x67, 0x0f, 0x01, 0x17}, EXIT_GDTR_IDTR,
     SIZE(0) | SEG(DS) | BASE(RBX) | NO_INDEX | OP32 | ID(2), 0},
    {"lgdt [ebx]", 32, {0x0f, 0x01, 0x13}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(DS) | BASE(RBX) | NO_INDEX | OP32 | ID(2), 0},
    {"lgdt [ebx]", 64, {0x67, 0x0f, 0x01, 0x13}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(DS) | BASE(RBX) | NO_INDEX | ID(2), 0},
    {"lgdt [rbx]", 64, {0x0f, 0x01, 0x13}, EXIT_GDTR_IDTR,
     SIZE(2) | SEG(DS) | BASE(RBX) | NO_INDEX | ID(2), 0},
    /* segment (17:15), named */
    {"lgdt [es:ebp]", 32, {0x26, 0x0f, 0x01, 0x55, 0x00}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(ES) | BASE(RBP) | NO_INDEX | OP32 | ID(2), 0},
    {"lgdt [cs:ebp]", 32, {0x2e, 0x0f, 0x01, 0x55, 0x00}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(CS) | BASE(RBP) | NO_INDEX | OP32 | ID(2), 0},
    {"lgdt [ss:ebp]", 32, {0x36, 0x0f, 0x01, 0x55, 0x00}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(SS) | BASE(RBP) | NO_INDEX | OP32 | ID(2), 0},
    {"lgdt [ds:ebp]", 32, {0x3e, 0x0f, 0x01, 0x55, 0x00}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(DS) | BASE(RBP) | NO_INDEX | OP32 | ID(2), 0},
    {"lgdt [fs:ebp]", 32, {0x64, 0x0f, 0x01, 0x55, 0x00}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(FS) | BASE(RBP) | NO_INDEX | OP32 | ID(2), 0},
    {"lgdt [gs:ebp]", 32, {0x65, 0x0f, 0x01, 0x55, 0x00}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(GS) | BASE(RBP) | NO_INDEX | OP32 | ID(2), 0},
    {"lgdt [gs:rax]", 64, {0x65, 0x0f, 0x01, 0x10}, EXIT_GDTR_IDTR,
     SIZE(2) | SEG(GS) | BASE(RAX) | NO_INDEX | ID(2), 0},
    /* segment by default: SS for the bases rBP and rSP only */
    {"lgdt [bp+si]", 16, {0x0f, 0x01, 0x12}, EXIT_GDTR_IDTR,
     SIZE(0) | SEG(SS) | BASE(RBP) | INDEX(RSI) | ID(2), 0},
    {"lgdt [bp+di]", 16, {0x0f, 0x01, 0x13}, EXIT_GDTR_IDTR,
     SIZE(0) | SEG(SS) | BASE(RBP) | INDEX(RDI) | ID(2), 0},
    {"lgdt [bp+0]", 16, {0x0f, 0x01, 0x56, 0x00}, EXIT_GDTR_IDTR,
     SIZE(0) | SEG(SS) | BASE(RBP) | NO_INDEX | ID(2), 0},
    {"lgdt [ebp+0]", 32, {0x0f, 0x01, 0x55, 0x00}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(SS) | BASE(RBP) | NO_INDEX | OP32 | ID(2), 0},
    {"lgdt [esp]", 32, {0x0f, 0x01, 0x14, 0x24}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(SS) | BASE(RSP) | NO_INDEX | OP32 | ID(2), 0},
    {"lgdt [ebx+ebp*2]", 32, {0x0f, 0x01, 0x14, 0x6b}, EXIT_GDTR_IDTR,
     SCALE(1) | SIZE(1) | SEG(DS) | BASE(RBX) | INDEX(RBP) | OP32 | ID(2), 0},
    {"lgdt [ebp*2+4]", 32, {0x0f, 0x01, 0x14, 0x6d, 0x04, 0x00, 0x00, 0x00}, EXIT_GDTR_IDTR,
     SCALE(1) | SIZE(1) | SEG(DS) | NO_BASE | INDEX(RBP) | OP32 | ID(2), 4},
    {"lgdt [rbp]", 64, {0x0f, 0x01, 0x55, 0x00}, EXIT_GDTR_IDTR,
     SIZE(2) | SEG(SS) | BASE(RBP) | NO_INDEX | ID(2), 0},
    {"lgdt [rsp]", 64, {0x0f, 0x01, 0x14, 0x24}, EXIT_GDTR_IDTR,
     SIZE(2) | SEG(SS) | BASE(RSP) | NO_INDEX | ID(2), 0},
    {"lgdt [r12]", 64, {0x41, 0x0f, 0x01, 0x14, 0x24}, EXIT_GDTR_IDTR,
     SIZE(2) | SEG(DS) | BASE(R12) | NO_INDEX | ID(2), 0},
    {"lgdt [r13]", 64, {0x41, 0x0f, 0x01, 0x55, 0x00}, EXIT_GDTR_IDTR,
     SIZE(2) | SEG(DS) | BASE(R13) | NO_INDEX | ID(2), 0},
    /* 16-bit forms */
    {"lgdt [bx+si]", 16, {0x0f, 0x01, 0x10}, EXIT_GDTR_IDTR,
     SIZE(0) | SEG(DS) | BASE(RBX) | INDEX(RSI) | ID(2), 0},
    {"lgdt [bx+di]", 16, {0x0f, 0x01, 0x11}, EXIT_GDTR_IDTR,
     SIZE(0) | SEG(DS) | BASE(RBX) | INDEX(RDI) | ID(2), 0},
    {"lgdt [si]", 16, {0x0f, 0x01, 0x14}, EXIT_GDTR_IDTR,
     SIZE(0) | SEG(DS) | BASE(RSI) | NO_INDEX | ID(2), 0},
    {"lgdt [di]", 16, {0x0f, 0x01, 0x15}, EXIT_GDTR_IDTR,
     SIZE(0) | SEG(DS) | BASE(RDI) | NO_INDEX | ID(2), 0},
    {"lgdt [0x8234]", 16, {0x0f, 0x01, 0x16, 0x34, 0x82}, EXIT_GDTR_IDTR,
     SIZE(0) | SEG(DS) | NO_BASE | NO_INDEX | ID(2), 0x8234},
    /* IndexReg (21:18), invalid (22) */
    {"lgdt [rcx+rax*8]", 64, {0x0f, 0x01, 0x14, 0xc1}, EXIT_GDTR_IDTR,
     SCALE(3) | SIZE(2) | SEG(DS) | BASE(RCX) | INDEX(RAX) | ID(2), 0},
    {"lgdt [rcx+rcx*8]", 64, {0x0f, 0x01, 0x14, 0xc9}, EXIT_GDTR_IDTR,
     SCALE(3) | SIZE(2) | SEG(DS) | BASE(RCX) | INDEX(RCX) | ID(2), 0},
    {"lgdt [rcx+rdx*8]", 64, {0x0f, 0x01, 0x14, 0xd1}, EXIT_GDTR_IDTR,
     SCALE(3) | SIZE(2) | SEG(DS) | BASE(RCX) | INDEX(RDX) | ID(2), 0},
    {"lgdt [rcx+rbx*8]", 64, {0x0f, 0x01, 0x14, 0xd9}, EXIT_GDTR_IDTR,
     SCALE(3) | SIZE(2) | SEG(DS) | BASE(RCX) | INDEX(RBX) | ID(2), 0},
    {"lgdt [rcx+rbp*8]", 64, {0x0f, 0x01, 0x14, 0xe9}, EXIT_GDTR_IDTR,
     SCALE(3) | SIZE(2) | SEG(DS) | BASE(RCX) | INDEX(RBP) | ID(2), 0},
    {"lgdt [rcx+rsi*8]", 64, {0x0f, 0x01, 0x14, 0xf1}, EXIT_GDTR_IDTR,
     SCALE(3) | SIZE(2) | SEG(DS) | BASE(RCX) | INDEX(RSI) | ID(2), 0},
    {"lgdt [rcx+rdi*8]", 64, {0x0f, 0x01, 0x14, 0xf9}, EXIT_GDTR_IDTR,
     SCALE(3) | SIZE(2) | SEG(DS) | BASE(RCX) | INDEX(RDI) | ID(2), 0},
    {"lgdt [rcx+r8*8]", 64, {0x42, 0x0f, 0x01, 0x14, 0xc1}, EXIT_GDTR_IDTR,
     SCALE(3) | SIZE(2) | SEG(DS) | BASE(RCX) | INDEX(R8) | ID(2), 0},
    {"lgdt [rcx+r9*8]", 64, {0x42, 0x0f, 0x01, 0x14, 0xc9}, EXIT_GDTR_IDTR,
     SCALE(3) | SIZE(2) | SEG(DS) | BASE(RCX) | INDEX(R9) | ID(2), 0},
    {"lgdt [rcx+r10*8]", 64, {0x42, 0x0f, 0x01, 0x14, 0xd1}, EXIT_GDTR_IDTR,
     SCALE(3) | SIZE(2) | SEG(DS) | BASE(RCX) | INDEX(R10) | ID(2), 0},
    {"lgdt [rcx+r11*8]", 64, {0x42, 0x0f, 0x01, 0x14, 0xd9}, EXIT_GDTR_IDTR,
     SCALE(3) | SIZE(2) | SEG(DS) | BASE(RCX) | INDEX(R11) | ID(2), 0},
    {"lgdt [rcx+r12*8]", 64, {0x42, 0x0f, 0x01, 0x14, 0xe1}, EXIT_GDTR_IDTR,
     SCALE(3) | SIZE(2) | SEG(DS) | BASE(RCX) | INDEX(R12) | ID(2), 0},
    {"lgdt [rcx+r13*8]", 64, {0x42, 0x0f, 0x01, 0x14, 0xe9}, EXIT_GDTR_IDTR,
     SCALE(3) | SIZE(2) | SEG(DS) | BASE(RCX) | INDEX(R13) | ID(2), 0},
    {"lgdt [rcx+r14*8]", 64, {0x42, 0x0f, 0x01, 0x14, 0xf1}, EXIT_GDTR_IDTR,
     SCALE(3) | SIZE(2) | SEG(DS) | BASE(RCX) | INDEX(R14) | ID(2), 0},
    {"lgdt [rcx+r15*8]", 64, {0x42, 0x0f, 0x01, 0x14, 0xf9}, EXIT_GDTR_IDTR,
     SCALE(3) | SIZE(2) | SEG(DS) | BASE(RCX) | INDEX(R15) | ID(2), 0},
    /* BaseReg (26:23), invalid (27) */
    {"lgdt [rax+rcx*2]", 64, {0x0f, 0x01, 0x14, 0x48}, EXIT_GDTR_IDTR,
     SCALE(1) | SIZE(2) | SEG(DS) | BASE(RAX) | INDEX(RCX) | ID(2), 0},
    {"lgdt [rcx+rcx*2]", 64, {0x0f, 0x01, 0x14, 0x49}, EXIT_GDTR_IDTR,
     SCALE(1) | SIZE(2) | SEG(DS) | BASE(RCX) | INDEX(RCX) | ID(2), 0},
    {"lgdt [rdx+rcx*2]", 64, {0x0f, 0x01, 0x14, 0x4a}, EXIT_GDTR_IDTR,
     SCALE(1) | SIZE(2) | SEG(DS) | BASE(RDX) | INDEX(RCX) | ID(2), 0},
    {"lgdt [rbx+rcx*2]", 64, {0x0f, 0x01, 0x14, 0x4b}, EXIT_GDTR_IDTR,
     SCALE(1) | SIZE(2) | SEG(DS) | BASE(RBX) | INDEX(RCX) | ID(2), 0},
    {"lgdt [rsp+rcx*2]", 64, {0x0f, 0x01, 0x14, 0x4c}, EXIT_GDTR_IDTR,
     SCALE(1) | SIZE(2) | SEG(SS) | BASE(RSP) | INDEX(RCX) | ID(2), 0},
    {"lgdt [rbp+rcx*2]", 64, {0x0f, 0x01, 0x54, 0x4d, 0x00}, EXIT_GDTR_IDTR,
     SCALE(1) | SIZE(2) | SEG(SS) | BASE(RBP) | INDEX(RCX) | ID(2), 0},
    {"lgdt [rsi+rcx*2]", 64, {0x0f, 0x01, 0x14, 0x4e}, EXIT_GDTR_IDTR,
     SCALE(1) | SIZE(2) | SEG(DS) | BASE(RSI) | INDEX(RCX) | ID(2), 0},
    {"lgdt [rdi+rcx*2]", 64, {0x0f, 0x01, 0x14, 0x4f}, EXIT_GDTR_IDTR,
     SCALE(1) | SIZE(2) | SEG(DS) | BASE(RDI) | INDEX(RCX) | ID(2), 0},
    {"lgdt [r8+rcx*2]", 64, {0x41, 0x0f, 0x01, 0x14, 0x48}, EXIT_GDTR_IDTR,
     SCALE(1) | SIZE(2) | SEG(DS) | BASE(R8) | INDEX(RCX) | ID(2), 0},
    {"lgdt [r9+rcx*2]", 64, {0x41, 0x0f, 0x01, 0x14, 0x49}, EXIT_GDTR_IDTR,
     SCALE(1) | SIZE(2) | SEG(DS) | BASE(R9) | INDEX(RCX) | ID(2), 0},
    {"lgdt [r10+rcx*2]", 64, {0x41, 0x0f, 0x01, 0x14, 0x4a}, EXIT_GDTR_IDTR,
     SCALE(1) | SIZE(2) | SEG(DS) | BASE(R10) | INDEX(RCX) | ID(2), 0},
    {"lgdt [r11+rcx*2]", 64, {0x41, 0x0f, 0x01, 0x14, 0x4b}, EXIT_GDTR_IDTR,
     SCALE(1) | SIZE(2) | SEG(DS) | BASE(R11) | INDEX(RCX) | ID(2), 0},
    {"lgdt [r12+rcx*2]", 64, {0x41, 0x0f, 0x01, 0x14, 0x4c}, EXIT_GDTR_IDTR,
     SCALE(1) | SIZE(2) | SEG(DS) | BASE(R12) | INDEX(RCX) | ID(2), 0},
    {"lgdt [r13+rcx*2]", 64, {0x41, 0x0f, 0x01, 0x54, 0x4d, 0x00}, EXIT_GDTR_IDTR,
     SCALE(1) | SIZE(2) | SEG(DS) | BASE(R13) | INDEX(RCX) | ID(2), 0},
    {"lgdt [r14+rcx*2]", 64, {0x41, 0x0f, 0x01, 0x14, 0x4e}, EXIT_GDTR_IDTR,
     SCALE(1) | SIZE(2) | SEG(DS) | BASE(R14) | INDEX(RCX) | ID(2), 0},
    {"lgdt [r15+rcx*2]", 64, {0x41, 0x0f, 0x01, 0x14, 0x4f}, EXIT_GDTR_IDTR,
     SCALE(1) | SIZE(2) | SEG(DS) | BASE(R15) | INDEX(RCX) | ID(2), 0},
    {"lgdt [rcx*4+0x10]", 64, {0x0f, 0x01, 0x14, 0x8d, 0x10, 0x00, 0x00, 0x00}, EXIT_GDTR_IDTR,
     SCALE(2) | SIZE(2) | SEG(DS) | NO_BASE | INDEX(RCX) | ID(2), 0x10},
    {"lgdt [abs 0x10]", 64, {0x0f, 0x01, 0x14, 0x25, 0x10, 0x00, 0x00, 0x00}, EXIT_GDTR_IDTR,
     SIZE(2) | SEG(DS) | NO_BASE | NO_INDEX | ID(2), 0x10},
    {"lgdt [0x10]", 32, {0x0f, 0x01, 0x15, 0x10, 0x00, 0x00, 0x00}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(DS) | NO_BASE | NO_INDEX | OP32 | ID(2), 0x10},
    /* displacement: sign-extended to the address size; RIP-relative */
    {"lgdt [bx-2]", 16, {0x0f, 0x01, 0x57, 0xfe}, EXIT_GDTR_IDTR,
     SIZE(0) | SEG(DS) | BASE(RBX) | NO_INDEX | ID(2), 0xfffe},
    {"lgdt [bx+0x1234]", 16, {0x0f, 0x01, 0x97, 0x34, 0x12}, EXIT_GDTR_IDTR,
     SIZE(0) | SEG(DS) | BASE(RBX) | NO_INDEX | ID(2), 0x1234},
    {"lgdt [ebx-2]", 32, {0x0f, 0x01, 0x53, 0xfe}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(DS) | BASE(RBX) | NO_INDEX | OP32 | ID(2), 0xfffffffe},
    {"lgdt [ebx+0x12345678]", 32, {0x0f, 0x01, 0x93, 0x78, 0x56, 0x34, 0x12}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(DS) | BASE(RBX) | NO_INDEX | OP32 | ID(2), 0x12345678},
    {"lgdt [rbx-2]", 64, {0x0f, 0x01, 0x53, 0xfe}, EXIT_GDTR_IDTR,
     SIZE(2) | SEG(DS) | BASE(RBX) | NO_INDEX | ID(2), 0xfffffffffffffffe},
    {"lgdt [rbx-0x12345678]", 64, {0x0f, 0x01, 0x93, 0x88, 0xa9, 0xcb, 0xed}, EXIT_GDTR_IDTR,
     SIZE(2) | SEG(DS) | BASE(RBX) | NO_INDEX | ID(2), 0xffffffffedcba988},
    {"lgdt [ebx-2]", 64, {0x67, 0x0f, 0x01, 0x53, 0xfe}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(DS) | BASE(RBX) | NO_INDEX | ID(2), 0xfffffffe},
    {"lgdt [rbx+rsi*4-128]", 64, {0x0f, 0x01, 0x54, 0xb3, 0x80}, EXIT_GDTR_IDTR,
     SCALE(2) | SIZE(2) | SEG(DS) | BASE(RBX) | INDEX(RSI) | ID(2), 0xffffffffffffff80},
    {"lgdt [rip-16]", 64, {0x0f, 0x01, 0x15, 0xf0, 0xff, 0xff, 0xff}, EXIT_GDTR_IDTR,
     SIZE(2) | SEG(DS) | NO_BASE | NO_INDEX | ID(2), NEXT_RIP - 16},
    {"lgdt [eip+16]", 64, {0x67, 0x0f, 0x01, 0x15, 0x10, 0x00, 0x00, 0x00}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(DS) | NO_BASE | NO_INDEX | ID(2), (uint32_t)NEXT_RIP + 16},
    {"lgdt [0xfffffff0]", 32, {0x0f, 0x01, 0x15, 0xf0, 0xff, 0xff, 0xff}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(DS) | NO_BASE | NO_INDEX | OP32 | ID(2), 0xfffffff0},
    /* Table 28-10: operand size (11) outside 64-bit mode, instruction identity (29:28) */
    {"sgdt [eax]", 32, {0x0f, 0x01, 0x00}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(DS) | BASE(RAX) | NO_INDEX | OP32 | ID(0), 0},
    {"o16 sgdt [eax]", 32, {0x66, 0x0f, 0x01, 0x00}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(DS) | BASE(RAX) | NO_INDEX | ID(0), 0},
    {"sidt [eax]", 32, {0x0f, 0x01, 0x08}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(DS) | BASE(RAX) | NO_INDEX | OP32 | ID(1), 0},
    {"o16 sidt [eax]", 32, {0x66, 0x0f, 0x01, 0x08}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(DS) | BASE(RAX) | NO_INDEX | ID(1), 0},
    {"lgdt [eax]", 32, {0x0f, 0x01, 0x10}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(DS) | BASE(RAX) | NO_INDEX | OP32 | ID(2), 0},
    {"o16 lgdt [eax]", 32, {0x66, 0x0f, 0x01, 0x10}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(DS) | BASE(RAX) | NO_INDEX | ID(2), 0},
    {"lidt [eax]", 32, {0x0f, 0x01, 0x18}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(DS) | BASE(RAX) | NO_INDEX | OP32 | ID(3), 0},
    {"o16 lidt [eax]", 32, {0x66, 0x0f, 0x01, 0x18}, EXIT_GDTR_IDTR,
     SIZE(1) | SEG(DS) | BASE(RAX) | NO_INDEX | ID(3), 0},
    {"o32 lidt [bx]", 16, {0x66, 0x0f, 0x01, 0x1f}, EXIT_GDTR_IDTR,
     SIZE(0) | SEG(DS) | BASE(RBX) | NO_INDEX | OP32 | ID(3), 0},
    {"sgdt [bx]", 16, {0x0f, 0x01, 0x07}, EXIT_GDTR_IDTR,
     SIZE(0) | SEG(DS) | BASE(RBX) | NO_INDEX | ID(0), 0},
    {"sidt [rax]", 64, {0x0f, 0x01, 0x08}, EXIT_GDTR_IDTR,
     SIZE(2) | SEG(DS) | BASE(RAX) | NO_INDEX | ID(1), 0},
    /* Table 28-11: Reg1 (6:3), register (10), instruction identity (29:28) */
    {"sldt cx", 32, {0x66, 0x0f, 0x00, 0xc1}, EXIT_LDTR_TR, REGISTER | REG1(RCX) | ID(0), 0},
    {"sldt [eax-1]", 32, {0x0f, 0x00, 0x40, 0xff}, EXIT_LDTR_TR,
     SIZE(1) | SEG(DS) | BASE(RAX) | NO_INDEX | ID(0), 0xffffffff},
    {"str cx", 32, {0x66, 0x0f, 0x00, 0xc9}, EXIT_LDTR_TR, REGISTER | REG1(RCX) | ID(1), 0},
    {"str [eax-1]", 32, {0x0f, 0x00, 0x48, 0xff}, EXIT_LDTR_TR,
     SIZE(1) | SEG(DS) | BASE(RAX) | NO_INDEX | ID(1), 0xffffffff},
    {"lldt cx", 32, {0x0f, 0x00, 0xd1}, EXIT_LDTR_TR, REGISTER | REG1(RCX) | ID(2), 0},
    {"lldt [eax-1]", 32, {0x0f, 0x00, 0x50, 0xff}, EXIT_LDTR_TR,
     SIZE(1) | SEG(DS) | BASE(RAX) | NO_INDEX | ID(2), 0xffffffff},
    {"ltr cx", 32, {0x0f, 0x00, 0xd9}, EXIT_LDTR_TR, REGISTER | REG1(RCX) | ID(3), 0},
    {"ltr [eax-1]", 32, {0x0f, 0x00, 0x58, 0xff}, EXIT_LDTR_TR,
     SIZE(1) | SEG(DS) | BASE(RAX) | NO_INDEX | ID(3), 0xffffffff},
    {"str rax", 64, {0x48, 0x0f, 0x00, 0xc8}, EXIT_LDTR_TR, REGISTER | REG1(RAX) | ID(1), 0},
    {"str rdx", 64, {0x48, 0x0f, 0x00, 0xca}, EXIT_LDTR_TR, REGISTER | REG1(RDX) | ID(1), 0},
    {"str rbx", 64, {0x48, 0x0f, 0x00, 0xcb}, EXIT_LDTR_TR, REGISTER | REG1(RBX) | ID(1), 0},
    {"str rsp", 64, {0x48, 0x0f, 0x00, 0xcc}, EXIT_LDTR_TR, REGISTER | REG1(RSP) | ID(1), 0},
    {"str rbp", 64, {0x48, 0x0f, 0x00, 0xcd}, EXIT_LDTR_TR, REGISTER | REG1(RBP) | ID(1), 0},
    {"str rsi", 64, {0x48, 0x0f, 0x00, 0xce}, EXIT_LDTR_TR, REGISTER | REG1(RSI) | ID(1), 0},
    {"str rdi", 64, {0x48, 0x0f, 0x00, 0xcf}, EXIT_LDTR_TR, REGISTER | REG1(RDI) | ID(1), 0},
    {"str r8", 64, {0x49, 0x0f, 0x00, 0xc8}, EXIT_LDTR_TR, REGISTER | REG1(R8) | ID(1), 0},
    {"str r9", 64, {0x49, 0x0f, 0x00, 0xc9}, EXIT_LDTR_TR, REGISTER | REG1(R9) | ID(1), 0},
    {"str r10", 64, {0x49, 0x0f, 0x00, 0xca}, EXIT_LDTR_TR, REGISTER | REG1(R10) | ID(1), 0},
    {"str r11", 64, {0x49, 0x0f, 0x00, 0xcb}, EXIT_LDTR_TR, REGISTER | REG1(R11) | ID(1), 0},
    {"str r12", 64, {0x49, 0x0f, 0x00, 0xcc}, EXIT_LDTR_TR, REGISTER | REG1(R12) | ID(1), 0},
    {"str r13", 64, {0x49, 0x0f, 0x00, 0xcd}, EXIT_LDTR_TR, REGISTER | REG1(R13) | ID(1), 0},
    {"str r14", 64, {0x49, 0x0f, 0x00, 0xce}, EXIT_LDTR_TR, REGISTER | REG1(R14) | ID(1), 0},
    {"str r15", 64, {0x49, 0x0f, 0x00, 0xcf}, EXIT_LDTR_TR, REGISTER | REG1(R15) | ID(1), 0},
    {"ltr [gs:rdx+r9*2+5]", 64, {0x65, 0x42, 0x0f, 0x00, 0x5c, 0x4a, 0x05}, EXIT_LDTR_TR,
     SCALE(1) | SIZE(2) | SEG(GS) | BASE(RDX) | INDEX(R9) | ID(3), 5},
    /* Table 28-12: the destination (6:3), operand size (12:11) */
    {"rdrand cx", 16, {0x0f, 0xc7, 0xf1}, EXIT_RDRAND, REG1(RCX) | OPERAND(0), 0},
    {"rdrand ecx", 16, {0x66, 0x0f, 0xc7, 0xf1}, EXIT_RDRAND, REG1(RCX) | OPERAND(1), 0},
    {"rdrand ecx", 32, {0x0f, 0xc7, 0xf1}, EXIT_RDRAND, REG1(RCX) | OPERAND(1), 0},
    {"rdrand cx", 32, {0x66, 0x0f, 0xc7, 0xf1}, EXIT_RDRAND, REG1(RCX) | OPERAND(0), 0},
    {"rdrand rcx", 64, {0x48, 0x0f, 0xc7, 0xf1}, EXIT_RDRAND, REG1(RCX) | OPERAND(2), 0},
    {"rdrand ecx", 64, {0x0f, 0xc7, 0xf1}, EXIT_RDRAND, REG1(RCX) | OPERAND(1), 0},
    {"rdrand cx", 64, {0x66, 0x0f, 0xc7, 0xf1}, EXIT_RDRAND, REG1(RCX) | OPERAND(0), 0},
    {"rdseed rax", 64, {0x48, 0x0f, 0xc7, 0xf8}, EXIT_RDSEED, REG1(RAX) | OPERAND(2), 0},
    {"rdseed rdx", 64, {0x48, 0x0f, 0xc7, 0xfa}, EXIT_RDSEED, REG1(RDX) | OPERAND(2), 0},
    {"rdseed rbx", 64, {0x48, 0x0f, 0xc7, 0xfb}, EXIT_RDSEED, REG1(RBX) | OPERAND(2), 0},
    {"rdseed rsp", 64, {0x48, 0x0f, 0xc7, 0xfc}, EXIT_RDSEED, REG1(RSP) | OPERAND(2), 0},
    {"rdseed rbp", 64, {0x48, 0x0f, 0xc7, 0xfd}, EXIT_RDSEED, REG1(RBP) | OPERAND(2), 0},
    {"rdseed rsi", 64, {0x48, 0x0f, 0xc7, 0xfe}, EXIT_RDSEED, REG1(RSI) | OPERAND(2), 0},
    {"rdseed rdi", 64, {0x48, 0x0f, 0xc7, 0xff}, EXIT_RDSEED, REG1(RDI) | OPERAND(2), 0},
    {"rdseed r8", 64, {0x49, 0x0f, 0xc7, 0xf8}, EXIT_RDSEED, REG1(R8) | OPERAND(2), 0},
    {"rdseed r9", 64, {0x49, 0x0f, 0xc7, 0xf9}, EXIT_RDSEED, REG1(R9) | OPERAND(2), 0},
    {"rdseed r10", 64, {0x49, 0x0f, 0xc7, 0xfa}, EXIT_RDSEED, REG1(R10) | OPERAND(2), 0},
    {"rdseed r11", 64, {0x49, 0x0f, 0xc7, 0xfb}, EXIT_RDSEED, REG1(R11) | OPERAND(2), 0},
    {"rdseed r12", 64, {0x49, 0x0f, 0xc7, 0xfc}, EXIT_RDSEED, REG1(R12) | OPERAND(2), 0},
    {"rdseed r13", 64, {0x49, 0x0f, 0xc7, 0xfd}, EXIT_RDSEED, REG1(R13) | OPERAND(2), 0},
    {"rdseed r14", 64, {0x49, 0x0f, 0xc7, 0xfe}, EXIT_RDSEED, REG1(R14) | OPERAND(2), 0},
    {"rdseed r15", 64, {0x49, 0x0f, 0xc7, 0xff}, EXIT_RDSEED, REG1(R15) | OPERAND(2), 0},
    /* Table 28-9: Reg2 (31:28) */
    {"invept rax, [rbx+8]", 64, {0x66, 0x0f, 0x38, 0x80, 0x43, 0x08}, EXIT_INVEPT,
     SIZE(2) | SEG(DS) | BASE(RBX) | NO_INDEX | REG2(RAX), 8},
    {"invept rcx, [rbx+8]", 64, {0x66, 0x0f, 0x38, 0x80, 0x4b, 0x08}, EXIT_INVEPT,
     SIZE(2) | SEG(DS) | BASE(RBX) | NO_INDEX | REG2(RCX), 8},
    {"invept rdx, [rbx+8]", 64, {0x66, 0x0f, 0x38, 0x80, 0x53, 0x08}, EXIT_INVEPT,
     SIZE(2) | SEG(DS) | BASE(RBX) | NO_INDEX | REG2(RDX), 8},
    {"invept rbx, [rbx+8]", 64, {0x66, 0x0f, 0x38, 0x80, 0x5b, 0x08}, EXIT_INVEPT,
     SIZE(2) | SEG(DS) | BASE(RBX) | NO_INDEX | REG2(RBX), 8},
    {"invept rsp, [rbx+8]", 64, {0x66, 0x0f, 0x38, 0x80, 0x63, 0x08}, EXIT_INVEPT,
     SIZE(2) | SEG(DS) | BASE(RBX) | NO_INDEX | REG2(RSP), 8},
    {"invept rbp, [rbx+8]", 64, {0x66, 0x0f, 0x38, 0x80, 0x6b, 0x08}, EXIT_INVEPT,
     SIZE(2) | SEG(DS) | BASE(RBX) | NO_INDEX | REG2(RBP), 8},
    {"invept rsi, [rbx+8]", 64, {0x66, 0x0f, 0x38, 0x80, 0x73, 0x08}, EXIT_INVEPT,
     SIZE(2) | SEG(DS) | BASE(RBX) | NO_INDEX | REG2(RSI), 8},
    {"invept rdi, [rbx+8]", 64, {0x66, 0x0f, 0x38, 0x80, 0x7b, 0x08}, EXIT_INVEPT,
     SIZE(2) | SEG(DS) | BASE(RBX) | NO_INDEX | REG2(RDI), 8},
    {"invept r8, [rbx+8]", 64, {0x66, 0x44, 0x0f, 0x38, 0x80, 0x43, 0x08}, EXIT_INVEPT,
     SIZE(2) | SEG(DS) | BASE(RBX) | NO_INDEX | REG2(R8), 8},
    {"invept r9, [rbx+8]", 64, {0x66, 0x44, 0x0f, 0x38, 0x80, 0x4b, 0x08}, EXIT_INVEPT,
     SIZE(2) | SEG(DS) | BASE(RBX) | NO_INDEX | REG2(R9), 8},
    {"invept r10, [rbx+8]", 64, {0x66, 0x44, 0x0f, 0x38, 0x80, 0x53, 0x08}, EXIT_INVEPT,
     SIZE(2) | SEG(DS) | BASE(RBX) | NO_INDEX | REG2(R10), 8},
    {"invept r11, [rbx+8]", 64, {0x66, 0x44, 0x0f, 0x38, 0x80, 0x5b, 0x08}, EXIT_INVEPT,
     SIZE(2) | SEG(DS) | BASE(RBX) | NO_INDEX | REG2(R11), 8},
    {"invept r12, [rbx+8]", 64, {0x66, 0x44, 0x0f, 0x38, 0x80, 0x63, 0x08}, EXIT_INVEPT,
     SIZE(2) | SEG(DS) | BASE(RBX) | NO_INDEX | REG2(R12), 8},
    {"invept r13, [rbx+8]", 64, {0x66, 0x44, 0x0f, 0x38, 0x80, 0x6b, 0x08}, EXIT_INVEPT,
     SIZE(2) | SEG(DS) | BASE(RBX) | NO_INDEX | REG2(R13), 8},
    {"invept r14, [rbx+8]", 64, {0x66, 0x44, 0x0f, 0x38, 0x80, 0x73, 0x08}, EXIT_INVEPT,
     SIZE(2) | SEG(DS) | BASE(RBX) | NO_INDEX | REG2(R14), 8},
    {"invept r15, [rbx+8]", 64, {0x66, 0x44, 0x0f, 0x38, 0x80, 0x7b, 0x08}, EXIT_INVEPT,
     SIZE(2) | SEG(DS) | BASE(RBX) | NO_INDEX | REG2(R15), 8},
    {"invvpid edx, [ebp+esi*4]", 32, {0x66, 0x0f, 0x38, 0x81, 0x54, 0xb5, 0x00}, EXIT_INVVPID,
     SCALE(2) | SIZE(1) | SEG(SS) | BASE(RBP) | INDEX(RSI) | REG2(RDX), 0},
    {"invpcid r10, [fs:r11]", 64, {0x64, 0x66, 0x4d, 0x0f, 0x38, 0x82, 0x13}, EXIT_INVPCID,
     SIZE(2) | SEG(FS) | BASE(R11) | NO_INDEX | REG2(R10), 0},
    /* Table 28-13 */
    {"vmclear [r8+r15*8-0x80]", 64, {0x66, 0x43, 0x0f, 0xc7, 0x74, 0xf8, 0x80}, EXIT_VMCLEAR,
     SCALE(3) | SIZE(2) | SEG(DS) | BASE(R8) | INDEX(R15), 0xffffffffffffff80},
    {"vmclear [0x7000]", 32, {0x66, 0x0f, 0xc7, 0x35, 0x00, 0x70, 0x00, 0x00}, EXIT_VMCLEAR,
     SIZE(1) | SEG(DS) | NO_BASE | NO_INDEX, 0x7000},
    {"vmptrld [r8+r15*8-0x80]", 64, {0x43, 0x0f, 0xc7, 0x74, 0xf8, 0x80}, EXIT_VMPTRLD,
     SCALE(3) | SIZE(2) | SEG(DS) | BASE(R8) | INDEX(R15), 0xffffffffffffff80},
    {"vmptrld [0x7000]", 32, {0x0f, 0xc7, 0x35, 0x00, 0x70, 0x00, 0x00}, EXIT_VMPTRLD,
     SIZE(1) | SEG(DS) | NO_BASE | NO_INDEX, 0x7000},
    {"vmptrst [r8+r15*8-0x80]", 64, {0x43, 0x0f, 0xc7, 0x7c, 0xf8, 0x80}, EXIT_VMPTRST,
     SCALE(3) | SIZE(2) | SEG(DS) | BASE(R8) | INDEX(R15), 0xffffffffffffff80},
    {"vmptrst [0x7000]", 32, {0x0f, 0xc7, 0x3d, 0x00, 0x70, 0x00, 0x00}, EXIT_VMPTRST,
     SIZE(1) | SEG(DS) | NO_BASE | NO_INDEX, 0x7000},
    {"vmxon [r8+r15*8-0x80]", 64, {0xf3, 0x43, 0x0f, 0xc7, 0x74, 0xf8, 0x80}, EXIT_VMXON,
     SCALE(3) | SIZE(2) | SEG(DS) | BASE(R8) | INDEX(R15), 0xffffffffffffff80},
    {"vmxon [0x7000]", 32, {0xf3, 0x0f, 0xc7, 0x35, 0x00, 0x70, 0x00, 0x00}, EXIT_VMXON,
     SIZE(1) | SEG(DS) | NO_BASE | NO_INDEX, 0x7000},
    /* Table 28-14: Reg1 (6:3), register (10), Reg2 (31:28) */
    {"vmread rbx, r9", 64, {0x44, 0x0f, 0x78, 0xcb}, EXIT_VMREAD,
     REGISTER | REG1(RBX) | REG2(R9), 0},
    {"vmread [rsp+0x28], rax", 64, {0x0f, 0x78, 0x44, 0x24, 0x28}, EXIT_VMREAD,
     SIZE(2) | SEG(SS) | BASE(RSP) | NO_INDEX | REG2(RAX), 0x28},
    {"vmwrite r9, rbx", 64, {0x44, 0x0f, 0x79, 0xcb}, EXIT_VMWRITE,
     REGISTER | REG1(RBX) | REG2(R9), 0},
    {"vmwrite r15, r8", 64, {0x45, 0x0f, 0x79, 0xf8}, EXIT_VMWRITE,
     REGISTER | REG1(R8) | REG2(R15), 0},
    {"vmwrite edi, [edx]", 32, {0x0f, 0x79, 0x3a}, EXIT_VMWRITE,
     SIZE(1) | SEG(DS) | BASE(RDX) | NO_INDEX | REG2(RDI), 0},
};
/* clang-format on */

/* Copied to its own length, so that the address sanitizer sees a read behind it. */
static uint8_t *exact_copy(const uint8_t *bytes, const struct x86_insn *insn)
{
    uint8_t *copy = malloc(insn->length);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, insn->length);
    return copy;
}

START_TEST(test_samples)
{
    const struct sample *s = &samples[_i];
    bool has_displacement =
        s->reason != EXIT_IO && s->reason != EXIT_RDRAND && s->reason != EXIT_RDSEED;
    uint64_t displacement;
    struct x86_insn insn;
    uint8_t *bytes;
    uint32_t info;

    ck_assert(x86_decode(s->bytes, sizeof(s->bytes), s->bits, &insn));
    bytes = exact_copy(s->bytes, &insn);
    ck_assert(x86_insn_info(&insn, bytes, s->bits, s->reason, &info));
    ck_assert_msg(info == s->info, "%s: %08x, not %08x", s->text, info, s->info);
    ck_assert(x86_insn_displacement(&insn, bytes, s->bits, NEXT_RIP, s->reason, &displacement) ==
              has_displacement);
    ck_assert_msg(displacement == s->displacement, "%s: %llx, not %llx", s->text,
                  (unsigned long long)displacement, (unsigned long long)s->displacement);
    free(bytes);
}
END_TEST

/* Instructions and reasons that have no such field; what is no encoding of the reason's. */
START_TEST(test_none)
{
    static const struct {
        uint8_t bytes[15];
        uint32_t reason;
    } none[] = {
        {{0xe4, 0x60}, EXIT_IO},              /* in al, 60h */
        {{0xee}, EXIT_IO},                    /* out dx, al */
        {{0x0f, 0x6e, 0xc0}, EXIT_IO},        /* movd mm0, eax */
        {{0x0f, 0xa2}, EXIT_CPUID},           /* cpuid */
        {{0x0f, 0x01, 0x38}, EXIT_INVLPG},    /* invlpg [rax] */
        {{0x0f, 0x01, 0xd0}, EXIT_XSETBV},    /* xgetbv */
        {{0x0f, 0x01, 0xd0}, EXIT_GDTR_IDTR}, /* not lgdt eax: there is none */
        {{0x0f, 0xc7, 0x30}, EXIT_RDRAND},    /* vmptrld [rax] */
        {{0x0f, 0xc7, 0xf0}, EXIT_VMPTRLD},   /* rdrand eax */
        {{0x90}, EXIT_LDTR_TR},               /* nop */
        {{0x0f, 0x22, 0x04}, EXIT_GDTR_IDTR}, /* mov cr0, rsp: mod is ignored */
        {{0x0f, 0x01, 0x10}, EXIT_LDTR_TR},   /* lgdt [rax] */
        {{0x0f, 0x01, 0x10}, EXIT_REASON_COUNT},
        {{0x0f, 0x01, 0x10}, UINT32_MAX},
    };

    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        uint64_t displacement = 1;
        struct x86_insn insn;
        uint32_t info = 1;

        ck_assert(x86_decode(none[i].bytes, 15, 64, &insn));
        ck_assert_msg(!x86_insn_info(&insn, none[i].bytes, 64, none[i].reason, &info), "%zu", i);
        ck_assert_uint_eq(info, 0);
        ck_assert(!x86_insn_displacement(&insn, none[i].bytes, 64, NEXT_RIP, none[i].reason,
                                         &displacement));
        ck_assert_uint_eq(displacement, 0);
    }
}
END_TEST

/* Any instruction for any reason: no read behind it, and no bit that no table has. */
START_TEST(test_any_bytes)
{
    static const unsigned sizes[] = {16, 32, 64};
    uint64_t state = 88172645463325252u;

    for (unsigned turn = 0; turn < 50000; turn++) {
        uint8_t noise[16], *bytes;
        uint64_t displacement;
        struct x86_insn insn;
        uint32_t info;

        for (size_t i = 0; i < sizeof(noise); i++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            noise[i] = (uint8_t)(state >> 20);
        }
        if (turn % 2)
            noise[0] = 0x0f;
        if (!x86_decode(noise, 15, sizes[turn % 3], &insn))
            continue;
        bytes = exact_copy(noise, &insn);
        for (uint32_t reason = 0; reason < EXIT_REASON_COUNT; reason++) {
            x86_insn_info(&insn, bytes, sizes[turn % 3], reason, &info);
            if (info & (1u << 2 | 3u << 13) ||
                (info & NO_INDEX && info & (INDEX(R15) | SCALE(3))) ||
                (info & NO_BASE && info & BASE(R15)))
                ck_abort_msg("turn %u, reason %u: %08x", turn, reason, info);
            x86_insn_displacement(&insn, bytes, sizes[turn % 3], 0, reason, &displacement);
        }
        free(bytes);
    }
}
END_TEST

/* The operand of INS and OUTS: segment and address, cut to the address size. */
START_TEST(test_string_operand)
{
    static const struct {
        unsigned bits;
        uint8_t bytes[3];
        enum x86_seg segment;
        uint64_t linear; /* base 30000h, rSI or rDI 1abcd5678h */
    } cases[] = {
        {16, {0x6c}, X86_ES, 0x35678},                /* insb */
        {16, {0x64, 0x6c}, X86_ES, 0x35678},          /* fs insb: still es */
        {16, {0x6e}, X86_DS, 0x35678},                /* outsb */
        {16, {0x26, 0x6e}, X86_ES, 0x35678},          /* es outsb */
        {16, {0x65, 0x6f}, X86_GS, 0x35678},          /* gs outsw */
        {16, {0x67, 0x6e}, X86_DS, 0xabd05678},       /* a32 outsb */
        {32, {0x6e}, X86_DS, 0xabd05678},             /* outsb */
        {32, {0x67, 0x6d}, X86_ES, 0x35678},          /* a16 insd */
        {64, {0x6e}, X86_DS, 0x1abcd5678},            /* outsb: no base */
        {64, {0x65, 0x6e}, X86_GS, 0x1abd05678},      /* gs outsb */
        {64, {0x67, 0x65, 0x6e}, X86_GS, 0xabd05678}, /* a32 gs outsb */
        {64, {0x67, 0x6c}, X86_ES, 0xabcd5678},       /* a32 insb */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct x86_insn insn;

        ck_assert(x86_decode(cases[i].bytes, 3, cases[i].bits, &insn));
        ck_assert_uint_eq(x86_string_segment(&insn), cases[i].segment);
        ck_assert_msg(x86_string_linear(&insn, cases[i].bits, 0x30000, 0x1abcd5678) ==
                          cases[i].linear,
                      "case %zu", i);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("insn_info");
    TCase *all = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(all, test_samples, 0, sizeof(samples) / sizeof(samples[0]));
    tcase_add_test(all, test_none);
    tcase_add_test(all, test_any_bytes);
    tcase_add_test(all, test_string_operand);
    tcase_set_timeout(all, 60);
    suite_add_tcase(suite, all);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
