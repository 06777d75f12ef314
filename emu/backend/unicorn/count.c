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

#include "backend/unicorn/vmcb.h"

#include <string.h>

#define NO_KEY (~0ull << 32)
#define LONGEST_INSN 15
#define STEP_MODE_MAX 64 /* with more than this to go, leaving step mode pays */

/* The bytes of [gva, gva + size): where they are, or in `copy` when they span pages. */
static const uint8_t *code_bytes(struct engine *e, uint64_t gva, size_t *size,
                                 uint8_t copy[PAGE_SIZE])
{
    size_t in_page = 0, done = 0;
    const uint8_t *bytes = memory_code(e, gva, &in_page);

    if (bytes && in_page >= *size)
        return bytes;
    while (bytes && done < *size && done < PAGE_SIZE) {
        size_t part = in_page < *size - done ? in_page : *size - done;

        if (part > PAGE_SIZE - done)
            part = PAGE_SIZE - done;
        memcpy(copy + done, bytes, part);
        done += part;
        bytes = memory_code(e, gva + done, &in_page);
    }
    *size = done;
    return copy;
}

/* Instructions in [gva, gva + size), and where the last of them begins. */
static unsigned count_bytes(struct engine *e, uint64_t gva, size_t size, uint32_t *last)
{
    uint8_t copy[PAGE_SIZE];
    const uint8_t *bytes = code_bytes(e, gva, &size, copy);

    return x86_count_insns(bytes, size, engine_code_bits(e), last);
}

static enum suspicion suspect_bytes(struct engine *e, uint64_t gva, size_t size, bool mixed)
{
    uint8_t copy[PAGE_SIZE];
    size_t known = size + LONGEST_INSN;
    const uint8_t *bytes = code_bytes(e, gva, &known, copy);

    if (known < size)
        size = known;
    if (mixed && inspect_rep_stores(e, bytes, size))
        return SUSPECT;
    return inspect_code(e, bytes, size, known - size);
}

static uint64_t block_key(const struct engine *e, uint32_t size)
{
    return (uint64_t)e->generation << 32 | size;
}

void count_forget(struct engine *e)
{
    bool looked_at = e->watching || (e->state_changed && (e->cr0 & CR0_AM));

    e->hot_key = looked_at ? NO_KEY : block_key(e, 0);
}

/* Most IRETs switch no task: RFLAGS.NT, which cannot change inside a block, tells. */
static bool needs_inspection(struct engine *e, enum suspicion suspect)
{
    return suspect == SUSPECT ||
           (suspect == SUSPECT_IRET && (engine_reg(e, UC_X86_REG_RFLAGS) & RFLAGS_NT));
}

/* Stop before what is about to run. */
static void stop(struct engine *e, bool *why)
{
    *why = true;
    e->block = NULL;
    e->context_fresh = false;
    uc_emu_stop(e->uc);
}

/* What holds for a block of a page that is also written while its bytes are the same. */
static void count_mixed(struct engine *e, uint32_t size, struct block *b)
{
    struct block_copy *c = &e->copies[b->gva % BLOCK_COPIES];
    size_t in_page = 0;
    const uint8_t *bytes = memory_code(e, b->gva, &in_page);

    if (bytes && size <= in_page && c->block.gva == b->gva && c->block.key == b->key &&
        memcmp(c->bytes, bytes, size) == 0) {
        *b = c->block;
        return;
    }
    b->insns = count_bytes(e, b->gva, size, &b->last);
    b->suspect = suspect_bytes(e, b->gva, size, true);
    if (!bytes || size > in_page || size > sizeof(c->bytes))
        return;
    c->block = *b;
    memcpy(c->bytes, bytes, size);
}

/* Jumps, CPUID and port instructions: a few that end a block and cannot have overwritten it. */
static bool stores_nothing(struct engine *e, uint64_t gva)
{
    size_t size = 0;
    const uint8_t *bytes = memory_code(e, gva, &size);
    unsigned op = bytes ? bytes[0] : 0;

    if (op == 0x0f)
        return size > 1 && ((bytes[1] & 0xf0) == 0x80 || bytes[1] == 0xa2);
    return (op & 0xf0) == 0x70 || (op >= 0xe0 && op <= 0xe7) || op == 0xe9 || op == 0xeb ||
           (op >= 0xec && op <= 0xef);
}

/*
 * The block that is not remembered becomes e->block. A single instruction is remembered only when
 * begun_again() need not see it each time.
 */
static void block_enter(struct engine *e, uint64_t gva, uint32_t size)
{
    bool mixed = memory_page_is_mixed(e, gva) || memory_page_is_mixed(e, gva + size - 1);
    struct block b = {.gva = gva, .key = block_key(e, size)};
    size_t in_page = 0;

    b.bytes = memory_code(e, gva, &in_page);
    if (b.bytes && in_page < size)
        b.next = memory_code(e, gva + in_page, &in_page);
    if (b.bytes && PAGE_SIZE - gva % PAGE_SIZE < size && !b.next)
        b.bytes = NULL;
    if (mixed) {
        count_mixed(e, size, &b);
    } else {
        b.insns = count_bytes(e, gva, size, &b.last);
        b.suspect = suspect_bytes(e, gva, size, false);
    }
    if (break_in_block(e, gva, size))
        b.suspect = SUSPECT;
    e->block = &e->unremembered;
    if (!mixed && !b.suspect && (b.insns > 1 || stores_nothing(e, gva)))
        e->block = &e->blocks[gva % BLOCKS];
    *e->block = b;
}

static uint32_t block_size(const struct block *b)
{
    return (uint32_t)b->key;
}

/* REP INS, OUTS, MOVS to SCAS; with others the prefix says nothing. */
static bool is_repeated(const struct x86_insn *insn)
{
    unsigned op = insn->opcode;

    return (insn->rep || insn->repne) && insn->map == 0 &&
           ((op & 0xfc) == 0x6c || (op >= 0xa4 && op <= 0xaf && (op & 0xfe) != 0xa8));
}

/* Near and far JMP, CALL and RET, Jcc, LOOP, INT, IRET. */
static bool is_branch(const struct x86_insn *insn)
{
    unsigned op = insn->opcode, reg = insn->modrm >> 3 & 7;

    if (insn->map == 1)
        return (op & 0xf0) == 0x80;
    if (insn->map != 0)
        return false;
    return (op & 0xf0) == 0x70 || op == 0x9a || (op & 0xfe) == 0xc2 || (op >= 0xca && op <= 0xcf) ||
           (op >= 0xe0 && op <= 0xeb) || (op == 0xff && reg >= 2 && reg <= 5);
}

/* Can this instruction follow itself? Branches can, and REP, which repeats by being run again. */
static bool repeats(struct engine *e, uint64_t gva, uint32_t size)
{
    struct x86_insn insn;
    uint8_t bytes[15];

    size = (uint32_t)memory_read_code(e, gva, bytes, size < sizeof(bytes) ? size : sizeof(bytes));
    if (!x86_decode(bytes, size, engine_code_bits(e), &insn))
        return true;
    return is_branch(&insn) || is_repeated(&insn);
}

/* Its first `size` bytes, where they were when it was entered: the guest's tables may have changed. */
static const uint8_t *block_bytes(const struct block *b, size_t size, uint8_t copy[2 * PAGE_SIZE])
{
    size_t first = PAGE_SIZE - b->gva % PAGE_SIZE;

    if (size <= first || !b->next)
        return b->bytes;
    memcpy(copy, b->bytes, first);
    memcpy(copy + first, b->next, size - first < PAGE_SIZE ? size - first : PAGE_SIZE);
    return copy;
}

static uint32_t count_left(struct engine *e, const struct block *b, uint64_t gva)
{
    uint8_t copy[2 * PAGE_SIZE];
    uint32_t last;

    return b->insns - x86_count_insns(block_bytes(b, gva - b->gva, copy), gva - b->gva,
                                      engine_code_bits(e), &last);
}

/*
 * How many instructions of block `b` have not retired when RIP is at `gva` inside it. The place of
 * the last exit is remembered with the block, and holds as long as its count does.
 */
static uint32_t not_retired(struct engine *e, struct block *b, uint64_t gva)
{
    uint32_t left;

    if (!b || gva - b->gva >= block_size(b))
        return 0;
    if (gva - b->gva == b->last)
        return 1;
    if (!b->bytes)
        return b->insns;
    if (b->left && gva - b->gva == b->left_at)
        return b->left;
    left = count_left(e, b, gva);
    if (left <= UINT16_MAX && gva - b->gva <= UINT16_MAX) {
        b->left = (uint16_t)left;
        b->left_at = (uint16_t)(gva - b->gva);
    }
    return left;
}

const uint8_t *count_code(const struct engine *e, uint64_t gva, size_t size)
{
    const struct block *b = e->block;

    if (!b || !b->bytes || gva - b->gva >= block_size(b) || PAGE_SIZE - gva % PAGE_SIZE < size ||
        ((gva ^ b->gva) & PAGE_MASK))
        return NULL;
    return b->bytes + (gva - b->gva);
}

/* Does one of its instructions begin at `offset`? A jump into the middle of one is possible. */
static bool begins_at(struct engine *e, const struct block *b, size_t offset)
{
    uint8_t copy[2 * PAGE_SIZE];
    const uint8_t *bytes = b->bytes ? block_bytes(b, block_size(b), copy) : NULL;
    unsigned bits = engine_code_bits(e);
    struct x86_insn insn;
    size_t at = 0;

    while (bytes && at < offset && x86_decode(bytes + at, block_size(b) - at, bits, &insn))
        at += insn.length;
    return !bytes || at == offset;
}

/* A block of one instruction, inside the block before it, that cannot have been jumped to. */
static bool begun_again(struct engine *e, const struct block *before, uint64_t gva, uint32_t size)
{
    return gva - before->gva < block_size(before) &&
           (gva + size != before->gva + block_size(before) || !repeats(e, gva, size)) &&
           begins_at(e, before, gva - before->gva);
}

/*
 * The core gave an instruction up that had overwritten its block, and begins it once more: it cannot
 * follow itself, or RCX says that this is the same iteration of a REP.
 */
static bool begins_anew(struct engine *e, uint64_t gva, uint32_t size)
{
    struct x86_insn insn;
    uint8_t bytes[15];

    if (!repeats(e, gva, size))
        return true;
    size = (uint32_t)memory_read_code(e, gva, bytes, size < 15 ? size : 15);
    return x86_decode(bytes, size, engine_code_bits(e), &insn) && is_repeated(&insn) &&
           engine_reg(e, UC_X86_REG_RCX) == e->step_rcx;
}

bool count_last_insn(struct engine *e, uint64_t *gva)
{
    *gva = e->step_gva;
    if (e->stepping || !e->block)
        return e->step_gva != ~0ull;
    *gva = e->block->gva + e->block->last;
    return true;
}

static bool stop_requested(const struct engine *e)
{
    return atomic_load_explicit(&e->machine->stop_requested, memory_order_relaxed);
}

/* Behind an instruction, which has ended its block: its flags are those before it. */
static void keep_flags(struct engine *e)
{
    if (e->step_keeps && e->step_gva != ~0ull)
        engine_set_reg(e, UC_X86_REG_RFLAGS, e->step_rflags & ~(uint64_t)RFLAGS_RF);
    e->step_keeps = false;
}

__attribute__((noinline)) /* keeps the hot path below free of its stack frame */
static void
count_block_slowly(struct engine *e, uint64_t gva, uint32_t size)
{
    struct block before = e->block ? *e->block : (struct block){0};
    bool state_changed = e->state_changed;

    if (e->quiet)
        return;
    if (e->stepping) {
        keep_flags(e);
        if (gva == e->step_gva && begins_anew(e, gva, size)) {
            engine_set_reg(e, UC_X86_REG_RFLAGS, e->step_rflags); /* see flags.c */
            torn_mend(e, gva, e->step_block);
        }
        e->step_block = gva;
        e->inspecting = suspect_bytes(e, gva, size, false) != NOT_SUSPECT;
        e->block_begins = true;
        return;
    }
    if (state_changed)
        e->context_fresh = false;
    block_enter(e, gva, size);
    e->state_changed = e->block->suspect != NOT_SUSPECT;
    if (e->block->insns == 1 && begun_again(e, &before, gva, size)) {
        torn_mend(e, gva, before.gva);
        e->left += not_retired(e, &before, gva);
    } else if (e->watching && engine_window_open(e)) {
        stop(e, &e->window_hit);
        return;
    }
    e->window_later = false;
    if (state_changed && watch_alignment(e) != e->aligning) {
        stop(e, &e->align_hit);
        return;
    }
    if (needs_inspection(e, e->block->suspect)) {
        e->inspect_insns = e->block->insns;
        stop(e, &e->inspect_hit);
        return;
    }
    if (e->block->insns > e->left) {
        stop(e, &e->budget_hit);
        return;
    }
    e->left -= e->block->insns;
    /* A shadow, as that of STI, is over with the block behind it. */
    e->context_fresh &= !state_changed && !e->state_changed;
    count_forget(e);
    if (stop_requested(e))
        uc_emu_stop(e->uc);
}

/* The hot path of the whole machine: every basic block of the guest begins here. */
void count_block(uc_engine *uc, uint64_t gva, uint32_t size, void *ctx)
{
    struct engine *e = ctx;
    struct block *b = &e->blocks[gva % BLOCKS];

    (void)uc;
    if (b->gva != gva || b->key != e->hot_key + size || b->insns > e->left || stop_requested(e)) {
        count_block_slowly(e, gva, size);
        return;
    }
    e->left -= b->insns;
    e->block = b;
}

/* Step mode: before every instruction. */
static void count_insn(uc_engine *uc, uint64_t gva, uint32_t size, void *ctx)
{
    struct engine *e = ctx;

    if (e->quiet || (gva == e->step_gva && begins_anew(e, gva, size)))
        return;
    inspect_unclamp(e);
    e->context_fresh = false;
    if (e->fence != ~0ull && ((gva + size - 1) & PAGE_MASK) == e->fence) {
        e->fence_hit = true;
    } else if (e->debug_hit || (watch_armed(e) && watch_fetch(e, gva))) {
        engine_come_back(e, PRIVATE_EXIT_BREAKPOINT);
    } else if (e->machine->insns >= e->limit) {
        e->budget_hit = true;
    } else if (e->watching && engine_window_open(e)) {
        e->window_hit = true;
    } else if (e->block_begins && (e->cr0 & CR0_AM) && watch_alignment(e) != e->aligning) {
        e->align_hit = true;
    } else if (break_insn(e, gva, size)) {
        e->break_hit = true;
    } else if (e->inspecting && inspect_insn(e, gva)) {
        e->step_gva = ~0ull;
        return;
    } else if (!stop_requested(e)) {
        e->window_later = e->block_begins = false;
        e->machine->insns++;
        e->step_gva = gva;
        e->step_keeps = e->inspecting && inspect_keeps_flags(e, gva);
        e->step_rcx = engine_reg(e, UC_X86_REG_RCX);
        e->step_rflags = engine_reg(e, UC_X86_REG_RFLAGS);
        return;
    }
    e->step_gva = ~0ull;
    uc_emu_stop(uc);
}

/* The library fetches from wherever the hook was: not from the guest's memory, see memory.c. */
static void unhook(struct engine *e)
{
    e->unhooking = true;
    uc_hook_del(e->uc, e->step_hook);
    uc_ctl_flush_tlb(e->uc);
    e->unhooking = false;
}

void count_step_mode(struct engine *e, bool on)
{
    if (on == e->stepping)
        return;
    e->stepping = on;
    if (on)
        uc_hook_add(e->uc, &e->step_hook, UC_HOOK_CODE, count_insn, e, 1, 0);
    else
        unhook(e);
    uc_ctl_flush_tb(e->uc); /* translations hold the hook's call, or lack it */
}

bool count_steps_pay(const struct engine *e)
{
    uint64_t left = e->limit - e->machine->insns;

    return watch_armed(e) || e->break_open || left <= (e->stepping ? STEP_MODE_MAX : 1);
}

void count_resume(struct engine *e)
{
    e->left = e->quiet || e->stepping ? 0 : e->limit - e->machine->insns;
    count_forget(e);
    if (!e->quiet) /* a probe comes before the run it belongs to is settled */
        e->block = NULL;
}

void count_pause(struct engine *e)
{
    if (!e->quiet && !e->stepping)
        e->machine->insns = e->limit - e->left;
}

void count_begin(struct engine *e)
{
    e->step_gva = ~0ull;
    e->budget_hit = e->fence_hit = e->window_hit = e->align_hit = false;
    e->inspect_hit = e->inspecting = e->break_hit = false;
}

/* The instruction at RIP had begun, but did not retire. Its flags are those before it. */
static void unbegin(struct engine *e)
{
    e->machine->insns--;
    engine_set_reg(e, UC_X86_REG_RFLAGS, e->step_rflags);
}

void count_settle(struct engine *e, uint64_t gva)
{
    bool next_fetch;

    inspect_unclamp(e);
    next_fetch = e->fault.kind != FAULT_NONE && e->fault.access == X86_FETCH;
    if (e->stepping) {
        keep_flags(e);
        if (e->step_gva != ~0ull && e->step_gva == gva && !next_fetch)
            unbegin(e);
    } else if (!next_fetch) {
        e->machine->insns -= not_retired(e, e->block, gva);
    }
    e->block = NULL;
    e->step_gva = ~0ull;
}
