/*
 * VM-exit instruction information: which operands the instruction of an exit has, so that the
 * hypervisor need not decode it. Intel SDM vol. 3, 28.2.5, Tables 28-8 to 28-14; each exit reason
 * has one of these:
 *
 *   bits   INS/OUTS  memory  LGDT..  LLDT..  VMREAD  RDRAND
 *    1:0      -        s       s       s       s       -     scaling: index by 1, 2, 4, 8
 *    6:3      -        -       -       r       r       r     Reg1
 *    9:7      a        a       a       a       a       -     address size: 16, 32, 64 bits
 *     10      -        0       0       m       m       -     operand is memory (0) or register (1)
 *     11      -        -       o       -       -       o     operand size: 16 or 32 bits
 *  12:11      -        -       -       -       -       o     operand size: 16, 32, 64 bits
 *  17:15      g        g       g       g       g       -     segment register: ES CS SS DS FS GS
 *  21:18      -        i       i       i       i       -     IndexReg
 *     22      -        n       n       n       n       -     IndexReg invalid
 *  26:23      -        b       b       b       b       -     BaseReg
 *     27      -        n       n       n       n       -     BaseReg invalid
 *  29:28      -        -       d       d       -       -     instruction identity
 *  31:28      -        2       -       -       2       -     Reg2 (memory: INVEPT, INVVPID, INVPCID)
 *
 * "memory" are VMCLEAR, VMPTRLD, VMPTRST, VMXON, INVEPT, INVVPID and INVPCID. What the SDM calls
 * undefined reads 0.
 */
#ifndef VLAB_X86_INSN_INFO_H
#define VLAB_X86_INSN_INFO_H

#include "x86/decode.h"

#include <stdbool.h>
#include <stdint.h>

#define INSN_INFO_SCALING(i) ((i)&3)
#define INSN_INFO_REG1(i) ((i) >> 3 & 15)
#define INSN_INFO_ADDRESS_SIZE(i) ((i) >> 7 & 7)
#define INSN_INFO_REGISTER (1u << 10)
#define INSN_INFO_OPERAND32 (1u << 11)
#define INSN_INFO_OPERAND_SIZE(i) ((i) >> 11 & 3)
#define INSN_INFO_SEGMENT(i) ((i) >> 15 & 7)
#define INSN_INFO_INDEX(i) ((i) >> 18 & 15)
#define INSN_INFO_NO_INDEX (1u << 22)
#define INSN_INFO_BASE(i) ((i) >> 23 & 15)
#define INSN_INFO_NO_BASE (1u << 27)
#define INSN_INFO_IDENTITY(i) ((i) >> 28 & 3)
#define INSN_INFO_REG2(i) ((i) >> 28 & 15)

/* Which table of 28.2.5 an exit reason has. */
enum insn_info_form {
    INSN_INFO_NONE,
    INSN_INFO_STRING,     /* Table 28-8: INS, OUTS */
    INSN_INFO_INVALIDATE, /* Table 28-9: INVEPT, INVPCID, INVVPID */
    INSN_INFO_TABLES,     /* Table 28-10: LGDT, LIDT, SGDT, SIDT */
    INSN_INFO_SELECTORS,  /* Table 28-11: LLDT, LTR, SLDT, STR */
    INSN_INFO_RANDOM,     /* Table 28-12: RDRAND, RDSEED */
    INSN_INFO_VMCS,       /* Table 28-13: VMCLEAR, VMPTRLD, VMPTRST, VMXON */
    INSN_INFO_FIELD       /* Table 28-14: VMREAD, VMWRITE */
};

/* `reason` as in core/exit.h. I/O exits are INSN_INFO_STRING: INS and OUTS alone have the field. */
enum insn_info_form x86_insn_info_form(uint32_t reason);

/*
 * The field for an exit of `reason` at an instruction: `bytes` decoded as code of `bits` (16, 32 or
 * 64) into *insn. False when the exit has none (IN and OUT, other reasons), or the instruction is not
 * one that makes it.
 */
bool x86_insn_info(const struct x86_insn *insn, const uint8_t *bytes, unsigned bits,
                   uint32_t reason, uint32_t *info);

/*
 * What such an exit has as its qualification (SDM vol. 3, 28.2.1): the displacement of the memory
 * operand, sign-extended to the address size; RIP-relative: plus `next_rip`, the offset in CS of
 * the next instruction. 0 for a register operand. False for INS, OUTS, RDRAND, RDSEED and reasons
 * without instruction information.
 */
bool x86_insn_displacement(const struct x86_insn *insn, const uint8_t *bytes, unsigned bits,
                           uint64_t next_rip, uint32_t reason, uint64_t *displacement);

#endif
