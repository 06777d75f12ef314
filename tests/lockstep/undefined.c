/*
 * Undefined flags and results, by the pages of Intel SDM vol. 2 for each instruction and vol. 1,
 * Appendix A (EFLAGS cross-reference).
 */
#include "tests/lockstep/undefined.h"

#include "x86/fidelity.h"

#include <stddef.h>

#define CF RFLAGS_CF
#define PF RFLAGS_PF
#define AF RFLAGS_AF
#define ZF RFLAGS_ZF
#define SF RFLAGS_SF
#define OF RFLAGS_OF
#define ALL (CF | PF | AF | ZF | SF | OF)

struct rule {
    uint8_t map, first, last;
    int8_t reg; /* ModRM.reg, -1: any */
    uint32_t flags;
};

static const struct rule rules[] = {
    {0, 0x08, 0x0d, -1, AF}, /* OR, AND, XOR, TEST */
    {0, 0x20, 0x25, -1, AF},
    {0, 0x30, 0x35, -1, AF},
    {0, 0x80, 0x83, 1, AF},
    {0, 0x80, 0x83, 4, AF},
    {0, 0x80, 0x83, 6, AF},
    {0, 0x84, 0x85, -1, AF},
    {0, 0xa8, 0xa9, -1, AF},
    {0, 0xf6, 0xf7, 0, AF},
    {0, 0xf6, 0xf7, 1, AF},
    {0, 0xf6, 0xf7, 4, SF | ZF | AF | PF}, /* MUL, IMUL */
    {0, 0xf6, 0xf7, 5, SF | ZF | AF | PF},
    {0, 0x69, 0x69, -1, SF | ZF | AF | PF},
    {0, 0x6b, 0x6b, -1, SF | ZF | AF | PF},
    {1, 0xaf, 0xaf, -1, SF | ZF | AF | PF},
    {0, 0xf6, 0xf7, 6, ALL}, /* DIV, IDIV */
    {0, 0xf6, 0xf7, 7, ALL},
    {0, 0x27, 0x27, -1, OF}, /* DAA, DAS */
    {0, 0x2f, 0x2f, -1, OF},
    {0, 0x37, 0x37, -1, OF | SF | ZF | PF}, /* AAA, AAS */
    {0, 0x3f, 0x3f, -1, OF | SF | ZF | PF},
    {0, 0xd4, 0xd5, -1, OF | AF | CF},      /* AAM, AAD */
    {1, 0xa3, 0xa3, -1, OF | SF | AF | PF}, /* BT and its kin */
    {1, 0xab, 0xab, -1, OF | SF | AF | PF},
    {1, 0xb3, 0xb3, -1, OF | SF | AF | PF},
    {1, 0xba, 0xbb, -1, OF | SF | AF | PF},
    {1, 0xbc, 0xbd, -1, OF | SF | AF | PF}, /* TZCNT, LZCNT; BSF and BSR also CF */
    {2, 0xf2, 0xf3, -1, AF | PF},           /* ANDN, BLSR and its kin */
    {2, 0xf5, 0xf5, -1, AF | PF},           /* BZHI */
    {2, 0xf7, 0xf7, -1, AF | SF | PF},      /* BEXTR */
};

static bool is_shift(const struct x86_insn *insn)
{
    return insn->map == 0 && (insn->opcode == 0xc0 || insn->opcode == 0xc1 ||
                              (insn->opcode >= 0xd0 && insn->opcode <= 0xd3));
}

static bool is_double_shift(const struct x86_insn *insn)
{
    unsigned op = insn->opcode;

    return insn->map == 1 && (op == 0xa4 || op == 0xa5 || op == 0xac || op == 0xad);
}

static unsigned shift_count(const struct x86_insn *insn, const struct x86_state *before)
{
    unsigned count = (unsigned)insn->immediate, op = insn->opcode;

    if (op == 0xd0 || op == 0xd1)
        count = 1;
    if (op == 0xd2 || op == 0xd3 || (insn->map == 1 && (op & 1)))
        count = (unsigned)before->gpr[X86_RCX];
    return count & (insn->operand_size == 8 && (insn->map || op & 1) ? 63 : 31);
}

static uint64_t shift_flags(const struct x86_insn *insn, unsigned count)
{
    unsigned kind = insn->modrm >> 3 & 7, bits = insn->opcode & 1 ? insn->operand_size * 8u : 8;
    uint64_t flags = count != 1 ? OF : 0;

    if (count == 0)
        return 0;
    if (kind >= 4)
        flags |= AF;
    if (kind >= 4 && kind != 7 && count >= bits)
        flags |= CF;
    return flags;
}

static uint64_t double_shift_flags(const struct x86_insn *insn, unsigned count)
{
    if (count == 0)
        return 0;
    return count > insn->operand_size * 8u ? ALL : count != 1 ? AF | OF : AF;
}

uint64_t undefined_flags(const struct x86_insn *insn, const struct x86_state *before)
{
    uint64_t flags = 0;

    if (is_shift(insn))
        return shift_flags(insn, shift_count(insn, before));
    if (is_double_shift(insn))
        return double_shift_flags(insn, shift_count(insn, before));
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        const struct rule *r = &rules[i];

        if (insn->map == r->map && insn->opcode >= r->first && insn->opcode <= r->last &&
            (r->reg < 0 || (insn->modrm >> 3 & 7) == r->reg))
            flags |= r->flags;
    }
    if (insn->map == 1 && (insn->opcode == 0xbc || insn->opcode == 0xbd) && !insn->rep)
        flags |= CF;
    return flags;
}

unsigned undefined_results(const struct x86_insn *insn, const struct x86_state *before,
                           bool zero_source)
{
    unsigned op = insn->opcode;

    if (is_double_shift(insn) && shift_count(insn, before) > insn->operand_size * 8u)
        return FIDELITY_GPR | FIDELITY_MEMORY;
    if (insn->map != 1)
        return 0;
    if ((op == 0xbc || op == 0xbd) && !insn->rep && zero_source)
        return FIDELITY_GPR;
    if (op >= 0xc8 && op <= 0xcf && insn->operand_size == 2) /* BSWAP of 16 bits */
        return FIDELITY_GPR;
    if (op == 0x01 && (insn->modrm >> 3 & 7) == 4) /* SMSW: bits 31:16 of a register */
        return FIDELITY_GPR;
    if (op == 0x52 || op == 0x53) /* RSQRT, RCP: within an error */
        return FIDELITY_XMM;
    return 0;
}
