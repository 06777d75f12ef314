/*
 * The table of known differences, see fidelity.h. The CPU's core is Unicorn's, QEMU 5.0.1; QEMU
 * means 7.2 with TCG.
 */
#include "x86/fidelity.h"

#include <stddef.h>

#define ANY FIDELITY_ANY
#define NONE FIDELITY_NONE

const struct fidelity fidelity_table[] = {
    {.id = "x87-flags",
     .text = "x87 instructions do not set the exception flags in the status word.",
     .section = "vol. 1, 8.1.3.3",
     .seen = "FNSTSW",
     .owner = FIDELITY_CORE,
     .patterns = {{0, 0xd8, 0xdf, ANY, NONE, NONE, false, FIDELITY_X87_STATUS}}},
};
const unsigned fidelity_count = sizeof(fidelity_table) / sizeof(fidelity_table[0]);

const char *fidelity_owner_name(enum fidelity_owner owner)
{
    static const char *const names[] = {[FIDELITY_CORE] = "this CPU",
                                        [FIDELITY_BOTH] = "this CPU and QEMU",
                                        [FIDELITY_QEMU] = "QEMU"};

    return names[owner];
}

static bool vector_fits(uint8_t pattern, unsigned vector)
{
    return pattern == ANY || pattern == vector;
}

static bool fits(const struct fidelity_pattern *p, const struct x86_insn *insn, unsigned fields,
                 unsigned here, unsigned there)
{
    if (!p->last || insn->map != p->map || insn->opcode < p->first || insn->opcode > p->last)
        return false;
    if (p->reg != ANY && (!insn->has_modrm || (insn->modrm >> 3 & 7) != p->reg))
        return false;
    return (!p->lock || insn->lock) && !(fields & ~(unsigned)p->fields) &&
           vector_fits(p->here, here) && vector_fits(p->there, there);
}

const struct fidelity *fidelity_explain(const struct x86_insn *insn, unsigned fields, unsigned here,
                                        unsigned there)
{
    for (unsigned i = 0; i < fidelity_count; i++)
        for (unsigned k = 0; k < FIDELITY_PATTERNS; k++)
            if (fits(&fidelity_table[i].patterns[k], insn, fields, here, there))
                return &fidelity_table[i];
    return NULL;
}
