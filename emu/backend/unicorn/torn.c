/*
 * Read-modify-write across the begin of the block that runs.
 *
 * A store into the core's own block gives the block up and runs its instruction again, before it
 * stores. But a store that is not aligned goes byte by byte there: those in front of the block have
 * been stored when the first one inside gives it up, and what is read again is half of the result.
 * So those bytes are put back, from the result and the other operand.
 *
 * Left out: shifts and rotates, XADD, SHLD and SHRD, whose result does not tell; a store through
 * another mapping of the block's page. AND and OR give the same twice.
 */
#include "backend/unicorn/engine.h"

#include "x86/operand.h"

#include <string.h>

enum undo { UNDO_NOTHING, UNDO_ADD, UNDO_SUB, UNDO_XOR, UNDO_NEG };

/* How ADD, ADC, SBB, SUB and XOR, by their numbers in group 1, are undone. */
static enum undo undo_alu(struct engine *e, unsigned alu, uint64_t *operand)
{
    static const uint8_t how[8] = {UNDO_ADD, 0, UNDO_ADD, UNDO_SUB, 0, UNDO_SUB, UNDO_XOR, 0};

    if (alu == 2 || alu == 3)
        *operand += e->state.rflags & RFLAGS_CF;
    return how[alu];
}

/* What the instruction did to its operand in memory, and with what. */
static enum undo undo_of(struct engine *e, const struct x86_insn *insn, uint64_t *operand)
{
    unsigned op = insn->opcode, reg = insn->modrm >> 3 & 7;

    if (insn->map != 0 || insn->vector || !(op & 1) || !insn->has_modrm || insn->modrm >> 6 == 3)
        return UNDO_NOTHING;
    if (op < 0x40 && (op & 7) == 1) {
        *operand = e->state.gpr[x86_insn_reg(insn)];
        return undo_alu(e, op >> 3, operand);
    }
    if (op == 0x81 || op == 0x83) {
        *operand = op == 0x83 ? (uint64_t)(int8_t)insn->immediate : insn->immediate;
        return undo_alu(e, reg, operand);
    }
    *operand = op == 0xff ? 1 : ~0ull; /* INC, DEC; NOT */
    if (op == 0xff && reg < 2)
        return reg ? UNDO_SUB : UNDO_ADD;
    return op == 0xf7 && reg == 2 ? UNDO_XOR : op == 0xf7 && reg == 3 ? UNDO_NEG : UNDO_NOTHING;
}

static uint64_t undone(enum undo how, uint64_t result, uint64_t operand)
{
    switch (how) {
    case UNDO_ADD:
        return result - operand;
    case UNDO_SUB:
        return result + operand;
    case UNDO_XOR:
        return result ^ operand;
    default:
        return 0 - result;
    }
}

void torn_mend(struct engine *e, uint64_t gva, uint64_t block)
{
    uint64_t operand = 0, result = 0, at;
    struct x86_insn insn;
    uint8_t bytes[15];
    enum undo how;
    uint8_t *to;
    size_t left;

    if (!engine_decode(e, gva, &insn, bytes))
        return;
    world_read(e);
    how = undo_of(e, &insn, &operand);
    if (how == UNDO_NOTHING)
        return;
    at = x86_operand_linear(&insn, bytes, &e->state);
    to = memory_data(e, at, &left);
    if (!to || at % insn.operand_size == 0 || block - at >= insn.operand_size || left < block - at)
        return;
    memcpy(&result, to, block - at);
    result = undone(how, result, operand);
    memcpy(to, &result, block - at);
}
