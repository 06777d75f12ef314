/*
 * Breakpoints of the machine (core/breakpoint.h) in the emulated CPU.
 *
 * Instructions: a block that holds a marked one is never remembered and is run step by step, as
 * those of inspect.c are; count.c asks before each.
 *
 * Data: the fill hook denies a page that holds a watched byte (FAULT_WATCHED), with RIP on the
 * instruction. From there on the page is open for a while, the guest runs step by step, and every
 * memory access is seen, with its exact bytes, before it happens. Blocks and pages without a
 * breakpoint cost nothing.
 *
 * The memory hook is told an address in the engine's memory only. Of an access over the end of a
 * page it is told the first byte: the page behind is found through the linear address at which the
 * first one was filled in last. When that is not known (the fill came before the page was opened)
 * the TLB is emptied and the instruction begun again.
 */
#include "backend/unicorn/engine.h"

#include "backend/unicorn/vmcb.h"

/* Instructions behind the last access to an open page until it is closed again. */
#define OPEN_INSNS 512

static struct breaks *breaks(const struct engine *e)
{
    return &e->machine->breaks;
}

/* Breakpoints on pages of a slot that is not one piece of host memory any more. */
static uint32_t in_pages(const struct engine *e, const struct ram_slot *slot, unsigned access,
                         uint64_t hpa, uint64_t size)
{
    uint32_t mask = 0;

    for (uint64_t i = 0; i < slot->size / PAGE_SIZE; i++)
        if (slot->pages[i].hpa == (hpa & PAGE_MASK))
            mask |=
                breaks_at_gpa(breaks(e), access, slot->gpa + i * PAGE_SIZE + hpa % PAGE_SIZE, size);
    return mask;
}

/* A frame may be at several guest-physical addresses: ROM has an alias. */
static uint32_t at_hpa(const struct engine *e, unsigned access, uint64_t hpa, uint64_t size)
{
    const struct ram *ram = &e->machine->ram;
    uint32_t mask = 0;

    for (unsigned i = 0; i < ram->count; i++) {
        const struct ram_slot *slot = &ram->slots[i];

        if (slot->pages)
            mask |= in_pages(e, slot, access, hpa, size);
        else if (hpa - slot->hpa < slot->size)
            mask |= breaks_at_gpa(breaks(e), access, slot->gpa + (hpa - slot->hpa), size);
    }
    return mask;
}

/* ---- instructions ------------------------------------------------------------------------ */

/* Fetch breakpoints on `size` bytes of code, where the CPU fetches them. */
static uint32_t on_fetch(struct engine *e, uint64_t gva, uint64_t size)
{
    uint32_t mask = 0;

    while (size) {
        uint64_t in_page = PAGE_SIZE - gva % PAGE_SIZE, hpa;
        uint64_t part = size < in_page ? size : in_page;

        if (!memory_code_hpa(e, gva, &hpa))
            break;
        mask |= at_hpa(e, BREAK_ACCESS_FETCH, hpa, part);
        gva += part;
        size -= part;
    }
    return mask;
}

bool break_in_block(struct engine *e, uint64_t gva, uint32_t size)
{
    return breaks(e)->insns && (breaks_in_code(breaks(e), gva, size) || on_fetch(e, gva, size));
}

/* A string instruction with REP, which is begun anew for each iteration. */
static bool is_rep(struct engine *e, uint64_t gva)
{
    struct x86_insn insn;
    uint8_t bytes[15];

    if (!engine_decode(e, gva, &insn, bytes) || insn.map || !(insn.rep || insn.repne))
        return false;
    return (insn.opcode >= 0x6c && insn.opcode <= 0x6f) ||
           (insn.opcode >= 0xa4 && insn.opcode <= 0xa7) ||
           (insn.opcode >= 0xaa && insn.opcode <= 0xaf);
}

bool break_insn(struct engine *e, uint64_t gva, uint32_t size)
{
    uint32_t mask;

    if (!breaks(e)->insns)
        return false;
    mask = breaks_at_rip(breaks(e), gva) | on_fetch(e, gva, size <= 15 ? size : 1);
    return mask && breaks_stop_insn(e->machine, gva, mask, is_rep(e, gva));
}

/* ---- data -------------------------------------------------------------------------------- */

/* While this is so the fill hook keeps watched pages out of the TLB. */
static bool is_closed(const struct engine *e)
{
    return breaks(e)->accesses && !e->break_open && !e->quiet && !e->mmio_open;
}

bool break_denies(struct engine *e, enum x86_access access, uint64_t hpa)
{
    if (!is_closed(e) || access == X86_FETCH)
        return false;
    return (access == X86_WRITE && at_hpa(e, BREAK_ACCESS_WRITE, hpa, PAGE_SIZE)) ||
           at_hpa(e, BREAK_ACCESS_READ, hpa, PAGE_SIZE);
}

uint32_t break_perms(struct engine *e, uint32_t perms, uint64_t hpa)
{
    if (!is_closed(e))
        return perms;
    if (at_hpa(e, BREAK_ACCESS_READ, hpa, PAGE_SIZE))
        perms &= ~(uint32_t)(UC_PROT_READ | UC_PROT_WRITE);
    if (at_hpa(e, BREAK_ACCESS_WRITE, hpa, PAGE_SIZE))
        perms &= ~(uint32_t)UC_PROT_WRITE;
    return perms;
}

static struct break_fill *fill_of(struct engine *e, uint64_t hpa)
{
    return &e->break_fills[hpa / PAGE_SIZE % BREAK_FILLS];
}

void break_filled(struct engine *e, uint64_t gva, uint64_t hpa)
{
    if (e->break_open)
        *fill_of(e, hpa) = (struct break_fill){.gva = gva, .hpa = hpa & PAGE_MASK, .known = true};
}

static void forget_fills(struct engine *e)
{
    for (unsigned i = 0; i < BREAK_FILLS; i++)
        e->break_fills[i].known = false;
}

void break_open(struct engine *e)
{
    if (!e->break_open)
        forget_fills(e);
    e->break_open = true;
    e->break_again = ~0ull;
    e->break_until = e->machine->insns + OPEN_INSNS;
}

/*
 * While pages are open each instruction is a start of the engine: an access that is given up needs the
 * flags before its instruction, and behind another one the core does not tell them right.
 */
void break_begin(struct engine *e)
{
    if (!e->break_open && breaks(e)->accesses && count_steps_pay(e))
        break_open(e);
    if (!e->break_open)
        return;
    if (e->break_until <= e->machine->insns || !breaks(e)->accesses) {
        e->break_open = false;
        memory_flush(e);
    } else if (e->machine->insns + 1 < e->limit) {
        e->limit = e->machine->insns + 1;
    }
}

/* Is it unknown where the page at `hpa` is? Once for each instruction that can be helped. */
static bool is_lost(struct engine *e, uint64_t hpa)
{
    const struct break_fill *fill = fill_of(e, hpa);

    if ((fill->known && fill->hpa == (hpa & PAGE_MASK)) || e->break_again == e->machine->insns)
        return false;
    e->break_again = e->machine->insns;
    return true;
}

/* The page behind that at `hpa`; false when the access will fault there. */
static bool next_page(struct engine *e, enum x86_access access, uint64_t hpa, uint64_t *gpa)
{
    struct x86_walk walk;

    machine_walk(e->machine, fill_of(e, hpa)->gva + PAGE_SIZE, access, engine_cpl(e) == 3, &walk);
    *gpa = walk.gpa & PAGE_MASK;
    return walk.verdict == X86_WALK_OK;
}

static uint32_t on_bytes(struct engine *e, bool write, uint64_t hpa, unsigned size)
{
    unsigned access = write ? BREAK_ACCESS_WRITE : BREAK_ACCESS_READ;
    unsigned in_page = PAGE_SIZE - hpa % PAGE_SIZE;
    uint64_t gpa;

    if (size <= in_page)
        return at_hpa(e, access, hpa, size);
    if (!next_page(e, write ? X86_WRITE : X86_READ, hpa, &gpa))
        return 0;
    return at_hpa(e, access, hpa, in_page) | breaks_at_gpa(breaks(e), access, gpa, size - in_page);
}

bool break_access(struct engine *e, enum uc_mem_type type, uint64_t hpa, unsigned size)
{
    uint32_t mask;

    if (!e->break_open || e->mmio_open || e->step_gva == ~0ull)
        return false;
    if (hpa % PAGE_SIZE + size > PAGE_SIZE && is_lost(e, hpa)) {
        engine_abort(e, PRIVATE_EXIT_AGAIN);
        return true;
    }
    mask = on_bytes(e, type == UC_MEM_WRITE, hpa, size);
    if (at_hpa(e, BREAK_ACCESS_READ | BREAK_ACCESS_WRITE, hpa & PAGE_MASK, PAGE_SIZE))
        e->break_until = e->machine->insns + OPEN_INSNS;
    if (!breaks_stop_access(e->machine, e->step_gva, e->machine->insns - 1, mask))
        return false;
    e->break_hit = true;
    e->debug_hit = 0; /* what this instruction met so far it will meet again */
    engine_abort(e, PRIVATE_EXIT_AGAIN);
    return true;
}

/* ---- where the engine came back ---------------------------------------------------------- */

bool break_again(struct engine *e)
{
    if (e->aborted != PRIVATE_EXIT_AGAIN)
        return false;
    forget_fills(e);
    memory_flush(e);
    e->debug_hit = 0;
    e->aborted = 0;
    return true;
}

bool break_fault(struct engine *e, uint64_t gva)
{
    static const unsigned accesses[] = {[X86_READ] = BREAK_ACCESS_READ,
                                        [X86_WRITE] = BREAK_ACCESS_WRITE,
                                        [X86_FETCH] = BREAK_ACCESS_FETCH};
    const struct fault *f = &e->fault;
    uint32_t mask;

    if (!e->loaded || e->mmio_open || f->kind != FAULT_EPT || f->access == X86_FETCH ||
        e->aborted || e->native >= 0)
        return false;
    mask = breaks_at_gpa(breaks(e), accesses[f->access], f->gpa, 1);
    if (!mask)
        return false;
    count_settle(e, gva);
    return breaks_stop_access(e->machine, gva, e->machine->insns, mask);
}

bool break_steps(struct engine *e)
{
    if (!breaks(e)->accesses)
        return false;
    e->fault = (struct fault){.kind = FAULT_WATCHED, .access = X86_READ};
    return true;
}

void break_changed(struct engine *e)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        e->blocks[i].gva = ~0ull;
    if (breaks(e)->accesses)
        memory_flush(e);
}
