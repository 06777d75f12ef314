/*
 * Far RET of real and virtual-8086 mode (Intel SDM vol. 2, RET) when its pops are hooked.
 *
 * The core sets RIP between the two pops. Before a hook of the second one, or of the TLB fill that it
 * needs, it puts back the RIP that is recorded for the instruction, and does not set it again: CS
 * would be loaded and RIP stay. So the hook sets it once more. When the pop faults after all, the core
 * puts the instruction's back again.
 *
 * A fill for bytes of both pops comes with the first one, which is early enough.
 */
#include "backend/unicorn/engine.h"

#include "util/bytes.h"

#define LINEAR32 0xffffffffu

struct pops {
    uint64_t offset, selector; /* linear addresses */
    unsigned size;             /* of each */
};

/* Is the guest in such an instruction, and what does it pop? The context has been read then. */
static bool find_pops(struct engine *e, struct pops *pops)
{
    uint64_t gva, sp = engine_reg(e, UC_X86_REG_RSP);
    struct x86_segment cs, ss;
    struct x86_insn insn;
    uint8_t bytes[15];
    size_t size;

    if (e->quiet || e->delivering ||
        ((e->cr0 & CR0_PE) && !(engine_reg(e, UC_X86_REG_RFLAGS) & RFLAGS_VM)))
        return false;
    context_read(e);
    context_segment(e, X86_CS, &cs);
    context_segment(e, X86_SS, &ss);
    gva = (cs.base + engine_reg(e, UC_X86_REG_RIP)) & LINEAR32;
    size = memory_read_code(e, gva, bytes, sizeof(bytes));
    if (!x86_decode(bytes, size, cs.access & SEG_DB ? 32 : 16, &insn) || insn.map || insn.vector ||
        (insn.opcode & 0xfe) != 0xca)
        return false;
    pops->size = insn.operand_size;
    pops->offset = (ss.base + (ss.access & SEG_DB ? sp & LINEAR32 : sp & 0xffff)) & LINEAR32;
    pops->selector = (pops->offset + pops->size) & LINEAR32;
    return true;
}

static void set_rip(struct engine *e, const struct pops *pops)
{
    uint8_t offset[4] = {0};

    if (machine_read_linear(e->machine, pops->offset, offset, pops->size) == pops->size)
        context_set_rip(e, get_le32(offset));
}

void far_access(struct engine *e, uint64_t hpa)
{
    struct pops pops;

    if (find_pops(e, &pops) && hpa % PAGE_SIZE == pops.selector % PAGE_SIZE)
        set_rip(e, &pops);
}

/* Has `page` bytes of `size` at `gva`? */
static bool in_page(uint64_t page, uint64_t gva, unsigned size)
{
    return page == (gva & PAGE_MASK) || page == ((gva + size - 1) & PAGE_MASK);
}

void far_fill(struct engine *e, uint64_t page)
{
    struct pops pops;

    if (find_pops(e, &pops) && in_page(page, pops.selector, pops.size) &&
        !in_page(page, pops.offset, pops.size))
        set_rip(e, &pops);
}
