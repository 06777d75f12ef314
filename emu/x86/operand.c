/* Effective and linear address of a ModRM memory operand, see operand.h. */
#include "x86/operand.h"

#include "core/exit.h"
#include "util/bytes.h"

struct operand {
    uint64_t offset;
    bool stack; /* BP or SP is the base: SS is the default segment */
};

static unsigned modrm_position(const struct x86_insn *insn)
{
    return insn->prefix_count + (insn->map == 0 ? 1u : insn->map == 1 ? 2u : 3u);
}

static uint64_t displacement(const uint8_t *p, unsigned size)
{
    if (size == 1)
        return (uint64_t)(int64_t)(int8_t)p[0];
    if (size == 2)
        return (uint64_t)(int64_t)(int16_t)get_le16(p);
    return size == 4 ? (uint64_t)(int64_t)(int32_t)get_le32(p) : 0;
}

static struct operand operand16(uint8_t modrm, const uint8_t *p, const struct x86_state *s)
{
    static const uint8_t base[8] = {X86_RBX, X86_RBX, X86_RBP, X86_RBP,
                                    X86_RSI, X86_RDI, X86_RBP, X86_RBX};
    static const uint8_t index[8] = {X86_RSI, X86_RDI, X86_RSI, X86_RDI, 0xff, 0xff, 0xff, 0xff};
    unsigned mod = modrm >> 6, rm = modrm & 7;
    struct operand op = {0, false};

    if (mod == 0 && rm == 6) {
        op.offset = displacement(p, 2);
    } else {
        op.offset = s->gpr[base[rm]] + (index[rm] == 0xff ? 0 : s->gpr[index[rm]]);
        op.offset += displacement(p, mod == 3 ? 0 : mod);
        op.stack = base[rm] == X86_RBP;
    }
    op.offset &= 0xffff;
    return op;
}

/*  SIB:   7 6   5 3    2 0
 *        scale  index  base  */
static struct operand operand_sib(const struct x86_insn *insn, const uint8_t *p,
                                  const struct x86_state *s)
{
    unsigned mod = insn->modrm >> 6;
    unsigned base = (p[0] & 7) | (insn->rex & 1) << 3;
    unsigned index = (p[0] >> 3 & 7) | (insn->rex & 2) << 2;
    struct operand op = {0, false};

    if ((p[0] & 7) == 5 && mod == 0) {
        op.offset = displacement(p + 1, 4);
    } else {
        op.offset = s->gpr[base] + displacement(p + 1, mod == 1 ? 1 : mod == 2 ? 4 : 0);
        op.stack = base == X86_RSP || base == X86_RBP;
    }
    if (index != X86_RSP)
        op.offset += s->gpr[index] << (p[0] >> 6);
    return op;
}

static struct operand operand32(const struct x86_insn *insn, const uint8_t *p,
                                const struct x86_state *s)
{
    unsigned mod = insn->modrm >> 6, rm = insn->modrm & 7;
    bool long_mode = x86_mode_of(s) == X86_MODE_LONG64;
    struct operand op = {0, false};

    if (rm == 4)
        return operand_sib(insn, p, s);
    if (mod == 0 && rm == 5) {
        op.offset = displacement(p, 4) + (long_mode ? s->rip + insn->length : 0);
        return op;
    }
    op.offset = s->gpr[x86_insn_rm(insn)] + displacement(p, mod == 1 ? 1 : mod == 2 ? 4 : 0);
    op.stack = x86_insn_rm(insn) == X86_RBP;
    return op;
}

uint64_t x86_operand_linear(const struct x86_insn *insn, const uint8_t *bytes,
                            const struct x86_state *state)
{
    const uint8_t *p = bytes + modrm_position(insn) + 1;
    bool long_mode = x86_mode_of(state) == X86_MODE_LONG64;
    struct operand op =
        insn->address_size == 2 ? operand16(insn->modrm, p, state) : operand32(insn, p, state);
    unsigned seg = insn->segment != 0xff ? insn->segment : op.stack ? X86_SS : X86_DS;

    if (insn->address_size == 4)
        op.offset &= 0xffffffff;
    if (long_mode)
        return seg == X86_FS || seg == X86_GS ? op.offset + state->seg[seg].base : op.offset;
    return (op.offset + state->seg[seg].base) & 0xffffffff;
}

/* Instructions that push (write) or pop (read), one-byte map. */
static bool is_stack_operation(const struct x86_insn *insn, bool write)
{
    unsigned op = insn->opcode, reg = insn->modrm >> 3 & 7;

    if (insn->map == 1)
        return (op & 0xf7) == (write ? 0xa0 : 0xa1); /* PUSH, POP of FS and GS */
    if (insn->map != 0)
        return false;
    if (write)
        return (op >= 0x50 && op <= 0x57) || op == 0x68 || op == 0x6a || op == 0x9c || op == 0xe8 ||
               op == 0x9a || op == 0xc8 || op == 0x60 || (op < 0x20 && (op & 7) == 6) ||
               (op == 0xff && (reg == 2 || reg == 3 || reg == 6));
    return (op >= 0x58 && op <= 0x5f) || op == 0x8f || op == 0x9d || op == 0x61 || op == 0xc9 ||
           op == 0xc2 || op == 0xc3 || op == 0xca || op == 0xcb || op == 0xcf ||
           (op < 0x20 && (op & 7) == 7);
}

bool x86_operand_on_stack(const struct x86_insn *insn, const uint8_t *bytes, bool write)
{
    unsigned mod = insn->modrm >> 6, base = x86_insn_rm(insn);

    if (is_stack_operation(insn, write))
        return true;
    if (!insn->has_modrm || mod == 3 || insn->segment == X86_FS || insn->segment == X86_GS)
        return false;
    if ((insn->modrm & 7) == 4 && insn->address_size != 2)
        base = (bytes[modrm_position(insn) + 1] & 7) | (insn->rex & 1) << 3;
    return base == X86_RSP || (base == X86_RBP && mod != 0);
}
