/*
 * The arithmetic flags in step mode, where each instruction has a hook.
 *
 * The core keeps them lazily: as operands and the kind of operation (cc_op). Behind an instruction's
 * hook its translated code works them out, but what is recorded for the instruction is the kind as it
 * was before the hook. In a hook of a memory access the core restores what is recorded. That is
 * wrong for an instruction that has stored its kind already and keeps the flags, such as SMSW, REP
 * MOVS, PUSHF or a far call: they are set anew from what the hook saw. It has to stay for one that
 * sets them lazily itself: if it leaves the same kind behind, its code does not store that.
 */
#include "backend/unicorn/engine.h"

/* ALU, TEST, shifts, groups 3 to 5, IMUL, CMPS, SCAS. */
static bool sets_lazily_one(unsigned op, unsigned reg)
{
    if (op < 0x40)
        return (op & 7) < 6;
    if (op >= 0xfe)
        return reg < 2;
    return (op >= 0x80 && op <= 0x85) || op == 0x69 || op == 0x6b || (op & 0xf6) == 0xa6 ||
           (op & 0xfe) == 0xc0 || (op >= 0xd0 && op <= 0xd3) || (op & 0xfe) == 0xf6;
}

/* Bit tests and scans, POPCNT, SHLD, SHRD, IMUL, CMPXCHG, XADD. */
static bool sets_lazily_0f(unsigned op)
{
    return op == 0xa3 || op == 0xab || op == 0xb3 || (op >= 0xb8 && op <= 0xbd) ||
           (op & 0xf6) == 0xa4 || op == 0xaf || (op & 0xfe) == 0xb0 || (op & 0xfe) == 0xc0;
}

static bool sets_lazily(const struct x86_insn *insn)
{
    if (insn->vector || (insn->map == 2 && insn->opcode == 0xf6)) /* BMI, ADCX, ADOX */
        return true;
    if (insn->map == 1)
        return sets_lazily_0f(insn->opcode);
    return insn->map == 0 && sets_lazily_one(insn->opcode, insn->modrm >> 3 & 7);
}

void flags_keep(struct engine *e)
{
    struct x86_insn insn;
    uint8_t bytes[15];

    if (e->stepping && !e->quiet && e->step_gva != ~0ull &&
        engine_decode(e, e->step_gva, &insn, bytes) && !sets_lazily(&insn))
        engine_set_reg(e, UC_X86_REG_RFLAGS, e->step_rflags);
}
