/*
 * Counting instructions, exactly and at nearly full speed.
 *
 * A hook at every basic block adds the block's instruction count, decoded once and remembered by
 * address. When the engine comes back in the middle of a block, the instructions before RIP are
 * decoded and the rest is taken off again. A block that would pass the limit is not entered: the
 * run goes on instruction by instruction (step mode), and stays so while steps are short.
 *
 * Each iteration of a REP instruction counts as one instruction, in both modes alike.
 * An instruction that overwrites its own block is begun twice: the core gives the block up and runs
 * the instruction again, alone. `begun_again` finds that by the block's shape.
 *
 * A remembered count is wrong when the code changed: pages that are executed and written
 * (PAGE_MIXED) are compared byte for byte, everything else is covered by `generation`.
 */
#include "backend/unicorn/engine.h"

#include <string.h>

#define STEP_MODE_MAX 64 /* with more than this to go, leaving step mode pays */

static struct block *block_slot(struct engine *e, uint64_t gva)
{
    return &e->blocks[gva % BLOCKS];
}

static unsigned count_bytes(struct engine *e, uint64_t gva, size_t size)
{
    unsigned bits = engine_code_bits(e);
    const uint8_t *bytes;
    uint8_t copy[PAGE_SIZE];
    size_t in_page = 0;

    if (size == 0)
        return 0;
    bytes = memory_code(e, gva, &in_page);
    if (bytes && in_page >= size)
        return x86_count_insns(bytes, size, bits);
    if (size > sizeof(copy))
        size = sizeof(copy);
    return x86_count_insns(copy, memory_read(e, gva, copy, size), bits);
}

/* Decode a block that is not remembered, and remember it where that is safe. */
static uint32_t block_learn(struct engine *e, uint64_t gva, uint32_t size)
{
    struct block *b = block_slot(e, gva);
    size_t in_page = 0;
    const uint8_t *bytes = memory_code(e, gva, &in_page);
    bool mixed = memory_page_is_mixed(e, gva) || memory_page_is_mixed(e, gva + size - 1);

    e->context_fresh = false; /* the guest is running */
    b->gva = ~0ull;
    b->insns = count_bytes(e, gva, size);
    b->size = size;
    b->generation = e->generation;
    b->copied = 0;
    if (mixed) {
        if (!bytes || size > in_page || size > BLOCK_COPY)
            return b->insns;
        b->copied = size;
        b->bytes = bytes;
        memcpy(b->copy, bytes, size);
    }
    b->gva = gva;
    return b->insns;
}

static uint32_t block_insns(struct engine *e, uint64_t gva, uint32_t size)
{
    const struct block *b = block_slot(e, gva);

    if (b->gva == gva && b->size == size && b->generation == e->generation &&
        (!b->copied || memcmp(b->copy, b->bytes, b->copied) == 0))
        return b->insns;
    return block_learn(e, gva, size);
}

/* Can this instruction follow itself? Branches can, and REP, which repeats by being run again. */
static bool repeats(struct engine *e, uint64_t gva, uint32_t size)
{
    struct x86_insn insn;
    uint8_t bytes[15];
    unsigned op;

    e->context_fresh = false;
    size = (uint32_t)memory_read(e, gva, bytes, size < sizeof(bytes) ? size : sizeof(bytes));
    if (!x86_decode(bytes, size, engine_code_bits(e), &insn))
        return true;
    op = insn.opcode;
    if (insn.map == 1)
        return (op & 0xf0) == 0x80;
    return insn.map > 1 || insn.rep || insn.repne || (op & 0xf0) == 0x70 ||
           (op >= 0xe0 && op <= 0xeb) || op == 0xff || op == 0x9a || (op >= 0xc2 && op <= 0xcf);
}

/* The same for a block of one instruction inside the block before it. */
static bool begun_again(struct engine *e, uint64_t gva, uint32_t size)
{
    uint64_t end = e->block_gva + e->block_size;

    return gva - e->block_gva < e->block_size && e->block_insns > 1 &&
           (gva + size != end || !repeats(e, gva, size));
}

void count_block(uc_engine *uc, uint64_t gva, uint32_t size, void *ctx)
{
    struct engine *e = ctx;
    uint32_t insns;

    if (e->quiet || e->stepping)
        return;
    insns = block_insns(e, gva, size);
    if (insns == 1 && begun_again(e, gva, size))
        count_settle(e, gva);
    if (e->machine->insns + insns > e->limit) {
        e->budget_hit = true;
        e->block_size = 0;
        uc_emu_stop(uc);
        return;
    }
    e->block_gva = gva;
    e->block_size = size;
    e->block_insns = insns;
    e->machine->insns += insns;
    if (atomic_load_explicit(&e->machine->stop_requested, memory_order_relaxed))
        uc_emu_stop(uc);
}

/* Step mode: before every instruction. */
static void count_insn(uc_engine *uc, uint64_t gva, uint32_t size, void *ctx)
{
    struct engine *e = ctx;

    if (e->quiet || (gva == e->step_gva && !repeats(e, gva, size)))
        return;
    if (e->fence != ~0ull && ((gva + size - 1) & PAGE_MASK) == e->fence) {
        e->fence_hit = true;
    } else if (e->machine->insns >= e->limit) {
        e->budget_hit = true;
    } else if (!atomic_load_explicit(&e->machine->stop_requested, memory_order_relaxed)) {
        e->machine->insns++;
        e->step_gva = gva;
        return;
    }
    e->step_gva = ~0ull;
    uc_emu_stop(uc);
}

void count_step_mode(struct engine *e, bool on)
{
    if (on == e->stepping)
        return;
    e->stepping = on;
    if (on)
        uc_hook_add(e->uc, &e->step_hook, UC_HOOK_CODE, count_insn, e, 1, 0);
    else
        uc_hook_del(e->uc, e->step_hook);
    uc_ctl_flush_tb(e->uc); /* translations hold the hook's call, or lack it */
}

bool count_steps_pay(const struct engine *e)
{
    uint64_t left = e->limit - e->machine->insns;

    return left <= (e->stepping ? STEP_MODE_MAX : 1);
}

void count_begin(struct engine *e)
{
    e->block_size = 0;
    e->step_gva = ~0ull;
    e->budget_hit = e->fence_hit = false;
}

void count_settle(struct engine *e, uint64_t gva)
{
    bool next_fetch = e->fault.kind != FAULT_NONE && e->fault.access == X86_FETCH;

    if (e->stepping) {
        if (e->step_gva != ~0ull && e->step_gva == gva && !next_fetch)
            e->machine->insns--; /* the instruction at RIP had begun, but did not retire */
    } else if (!next_fetch && gva - e->block_gva < e->block_size) {
        unsigned before = count_bytes(e, e->block_gva, gva - e->block_gva);

        e->machine->insns -= e->block_insns - before;
    }
    e->block_size = 0;
    e->step_gva = ~0ull;
}
