/*
 * What has to see each memory access: breakpoints on data and alignment checks. Those of the machine
 * (breaks.c) share the hook.
 *
 * Breakpoints (DR0-DR3, Intel SDM vol. 3, 18.2 and 18.3.1): while any is enabled the guest runs
 * instruction by instruction; those on data also hook every memory access. Alignment checks (6.15,
 * #AC) hook them while CR0.AM, RFLAGS.AC and CPL 3 come together, at full length of a block.
 *
 * The hook is told where an access lies in the engine's own memory, not at which linear address: two
 * mappings of one page count as one. Left out: the delay of a data breakpoint behind MOV SS.
 */
#include "backend/unicorn/engine.h"

#include "backend/unicorn/vmcb.h"
#include "x86/debug.h"

bool watch_armed(const struct engine *e)
{
    return x86_breakpoints_enabled(e->state.dr7);
}

bool watch_fetch(struct engine *e, uint64_t gva)
{
    const struct x86_state *s = &e->state;
    unsigned hit = x86_breakpoints_hit(s->dr, s->dr7, X86_BREAK_FETCH, gva, 1);

    /* RF is for the instruction that an IRET came back to, no further. */
    if (!hit || (e->block_begins && (engine_reg(e, UC_X86_REG_RFLAGS) & RFLAGS_RF)))
        return false;
    e->debug_hit |= hit;
    return true;
}

/* Where breakpoint `i` is in host memory; false when nothing is mapped there. */
static bool breakpoint_hpa(struct engine *e, unsigned i, uint64_t *hpa)
{
    const struct x86_state *s = &e->state;
    struct x86_walk walk;
    unsigned size;

    machine_walk(e->machine, x86_breakpoint_range(s->dr, s->dr7, i, &size), X86_READ,
                 engine_cpl(e) == 3, &walk);
    return walk.verdict == X86_WALK_OK && memory_hpa(e, walk.gpa, hpa);
}

static const struct x86_event alignment_check = {.info = INTR_VALID | INTR_HAS_ERROR |
                                                         INTR_HARDWARE_EXCEPTION << 8 | X86_AC};

/* By the size of the access; 10 bytes of x87 and 16 of SSE come here in parts. */
static bool aligned(uint64_t address, unsigned size)
{
    return (size & (size - 1)) || !(address & (size - 1));
}

static void on_access(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                      void *ctx)
{
    struct engine *e = ctx;
    uint64_t hpa = address - HPA_HOST_BASE;
    const struct x86_state *s = &e->state;
    enum x86_breakpoint kind = type == UC_MEM_WRITE ? X86_BREAK_WRITE : X86_BREAK_ACCESS;
    uint64_t dr[4];

    (void)uc, (void)value;
    if (e->quiet)
        return;
    flags_keep(e);
    if (e->aligning && !aligned(hpa, (unsigned)size)) {
        e->raised = alignment_check;
        engine_abort(e, PRIVATE_EXIT_EVENT);
        return;
    }
    if (break_access(e, type, hpa, (unsigned)size))
        return;
    if (type == UC_MEM_READ)
        far_access(e, hpa);
    if (!x86_breakpoints_on_data(s->dr7))
        return;
    for (unsigned i = 0; i < 4; i++)
        if (!breakpoint_hpa(e, i, &dr[i]))
            dr[i] = ~0ull;
    e->debug_hit |= x86_breakpoints_hit(dr, s->dr7, kind, hpa, (unsigned)size);
}

bool watch_alignment(struct engine *e)
{
    return (e->cr0 & CR0_AM) && (engine_reg(e, UC_X86_REG_RFLAGS) & RFLAGS_AC) &&
           engine_cpl(e) == 3;
}

void watch_memory(struct engine *e)
{
    bool watch = x86_breakpoints_on_data(e->state.dr7);

    e->aligning = watch_alignment(e);
    watch |= e->aligning || e->break_open;
    if (watch == e->watching_memory)
        return;
    e->watching_memory = watch;
    if (watch)
        uc_hook_add(e->uc, &e->memory_hook, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, on_access, e, 1,
                    0);
    else
        uc_hook_del(e->uc, e->memory_hook);
    uc_ctl_flush_tb(e->uc); /* translations go to the hook, or do not */
}
