/*
 * Instruction length and the few operands that exits need, from bytes alone.
 *
 * Intel SDM vol. 2, chapter 2 and Appendix A: prefixes, REX, VEX/EVEX, opcode maps, ModRM, SIB,
 * displacement, immediate. Bytes are hostile; an instruction over 15 bytes is none.
 */
#ifndef VLAB_X86_DECODE_H
#define VLAB_X86_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct x86_insn {
    uint8_t length;       /* bytes, 1..15; 0: not decodable or cut off */
    uint8_t prefix_count; /* legacy prefixes and REX before the opcode */
    uint8_t map;          /* 0 one byte, 1 0F, 2 0F38, 3 0F3A */
    uint8_t opcode;       /* last byte of the opcode */
    bool has_modrm;
    uint8_t modrm;
    uint8_t modrm_at; /* place of the ModRM byte in the instruction; SIB and displacement follow */
    uint8_t rex;      /* 0 when none */
    uint8_t operand_size; /* 2, 4 or 8 */
    uint8_t address_size; /* 2, 4 or 8 */
    uint8_t segment;      /* override: enum x86_seg, 0xff none */
    bool rep, repne, lock, opsize_prefix;
    bool vector;        /* VEX, EVEX or XOP: the opcode is not the plain one of its number */
    uint64_t immediate; /* zero-extended */
};

/*
 * Decode the instruction in `bytes` (`size` available). `bits` is the code size: 16, 32 or 64.
 * False when it is cut off or longer than 15 bytes; insn->length is then 0. Undefined opcodes get
 * the length that their map's ModRM rule gives them, as hardware does before it raises #UD.
 */
bool x86_decode(const uint8_t *bytes, size_t size, unsigned bits, struct x86_insn *insn);

/*
 * Whole instructions in [bytes, bytes + size); a last one that is cut off counts as one. *last is the
 * offset of the last one, 0 when there is none.
 */
unsigned x86_count_insns(const uint8_t *bytes, size_t size, unsigned bits, uint32_t *last);

/* May this instruction have a LOCK prefix (SDM vol. 2, LOCK)? Otherwise it is undefined with one. */
bool x86_lock_allowed(const struct x86_insn *insn);

/* Register numbers from ModRM with REX applied. */
static inline unsigned x86_insn_reg(const struct x86_insn *insn)
{
    return (insn->modrm >> 3 & 7) | (insn->rex & 4) << 1;
}

static inline unsigned x86_insn_rm(const struct x86_insn *insn)
{
    return (insn->modrm & 7) | (insn->rex & 1) << 3;
}

#endif
