/*
 * The breakpoints of a machine, see breakpoint.h and breaks.h: the list, and when a run ends.
 *
 * The backend marks code and pages that hold one whether or not this run takes notice of it; here
 * it is decided. An instruction that was stopped at is let through by its address and the count of
 * instructions before it: an exit in between, as that of MMIO, does not stop it again.
 */
#include "core/breaks.h"

#include "core/backend.h"
#include "core/machine.h"

#include <errno.h>
#include <string.h>

/* ---- the list ---------------------------------------------------------------------------- */

static bool about_insns(const struct breakpoint *bp)
{
    return bp->kind == BREAK_RIP || (bp->kind == BREAK_GPA && (bp->access & BREAK_ACCESS_FETCH));
}

static bool about_data(const struct breakpoint *bp)
{
    return bp->kind == BREAK_GPA && (bp->access & (BREAK_ACCESS_READ | BREAK_ACCESS_WRITE));
}

static bool about_exits(const struct breakpoint *bp)
{
    return bp->kind == BREAK_REASON || bp->kind == BREAK_PORT || bp->kind == BREAK_MSR;
}

static bool is_on(const struct breakpoint *bp)
{
    return bp->id && bp->enabled;
}

static void changed(struct machine *m)
{
    struct breaks *b = &m->breaks;

    b->insns = b->accesses = b->exits = false;
    for (unsigned i = 0; i < MACHINE_BREAKS_MAX; i++) {
        if (!is_on(&b->list[i]))
            continue;
        b->insns |= about_insns(&b->list[i]);
        b->accesses |= about_data(&b->list[i]);
        b->exits |= about_exits(&b->list[i]);
    }
    m->vcpu->ops->breaks_changed(m->vcpu);
}

static bool makes_sense(const struct breakpoint *bp)
{
    char text[BREAKPOINT_TEXT_MAX];
    struct breakpoint again;
    struct error err;

    return breakpoint_parse(&again, breakpoint_text(bp, text), &err) == 0 &&
           again.kind == bp->kind && again.access == bp->access && again.first == bp->first &&
           again.last == bp->last;
}

static bool same(const struct breakpoint *a, const struct breakpoint *b)
{
    return a->kind == b->kind && a->access == b->access && a->first == b->first &&
           a->last == b->last;
}

int machine_break_add(struct machine *m, const struct breakpoint *bp)
{
    struct breaks *b = &m->breaks;
    int place = -1;

    if (!makes_sense(bp))
        return -EINVAL;
    for (int i = MACHINE_BREAKS_MAX - 1; i >= 0; i--) {
        if (!b->list[i].id)
            place = i;
        else if (same(&b->list[i], bp))
            return -EEXIST;
    }
    if (place < 0)
        return -ENOSPC;
    b->list[place] = *bp;
    b->list[place].id = ++b->last_id;
    b->list[place].hits = 0;
    b->passed &= ~(1u << place);
    b->passed_data &= ~(1u << place);
    changed(m);
    return (int)b->last_id;
}

const struct breakpoint *machine_break_find(const struct machine *m, unsigned id)
{
    for (unsigned i = 0; id && i < MACHINE_BREAKS_MAX; i++)
        if (m->breaks.list[i].id == id)
            return &m->breaks.list[i];
    return NULL;
}

static struct breakpoint *find(struct machine *m, unsigned id)
{
    const struct breakpoint *bp = machine_break_find(m, id);

    return bp ? &m->breaks.list[bp - m->breaks.list] : NULL;
}

int machine_break_remove(struct machine *m, unsigned id)
{
    struct breakpoint *bp = find(m, id);

    if (!bp)
        return -ENOENT;
    *bp = (struct breakpoint){0};
    changed(m);
    return 0;
}

int machine_break_enable(struct machine *m, unsigned id, bool on)
{
    struct breakpoint *bp = find(m, id);

    if (!bp)
        return -ENOENT;
    bp->enabled = on;
    changed(m);
    return 0;
}

unsigned machine_break_list(const struct machine *m, struct breakpoint out[MACHINE_BREAKS_MAX])
{
    unsigned count = 0;

    for (unsigned i = 0; i < MACHINE_BREAKS_MAX; i++) {
        const struct breakpoint *bp = &m->breaks.list[i];
        unsigned at = count;

        if (!bp->id)
            continue;
        for (; at && out[at - 1].id > bp->id; at--)
            out[at] = out[at - 1];
        out[at] = *bp;
        count++;
    }
    return count;
}

/* ---- what is where ----------------------------------------------------------------------- */

static bool touches(const struct breakpoint *bp, uint64_t first, uint64_t size)
{
    return first <= bp->last && first + (size - 1) >= bp->first;
}

uint32_t breaks_at_rip(const struct breaks *b, uint64_t gva)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < MACHINE_BREAKS_MAX; i++)
        if (is_on(&b->list[i]) && b->list[i].kind == BREAK_RIP && touches(&b->list[i], gva, 1))
            mask |= 1u << i;
    return mask;
}

bool breaks_in_code(const struct breaks *b, uint64_t gva, uint64_t size)
{
    for (unsigned i = 0; i < MACHINE_BREAKS_MAX; i++)
        if (is_on(&b->list[i]) && b->list[i].kind == BREAK_RIP && touches(&b->list[i], gva, size))
            return true;
    return false;
}

uint32_t breaks_at_gpa(const struct breaks *b, unsigned access, uint64_t gpa, uint64_t size)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < MACHINE_BREAKS_MAX; i++)
        if (is_on(&b->list[i]) && b->list[i].kind == BREAK_GPA && (b->list[i].access & access) &&
            touches(&b->list[i], gpa, size))
            mask |= 1u << i;
    return mask;
}

static uint64_t next_insn(const struct machine *m)
{
    struct vm_exit here;
    uint64_t gva;

    m->vcpu->ops->describe(m->vcpu, &here);
    gva = here.rip + here.cs_base;
    return here.mode == X86_MODE_LONG64 ? gva : gva & 0xffffffff;
}

/* ---- runs -------------------------------------------------------------------------------- */

static unsigned lowest_id(const struct breaks *b, uint32_t mask)
{
    unsigned id = 0;

    for (unsigned i = 0; i < MACHINE_BREAKS_MAX; i++)
        if ((mask >> i & 1) && (!id || b->list[i].id < id))
            id = b->list[i].id;
    return id;
}

unsigned machine_break_here(const struct machine *m)
{
    return m->breaks.insns ? lowest_id(&m->breaks, breaks_at_rip(&m->breaks, next_insn(m))) : 0;
}

static void hit(struct breaks *b, uint32_t mask)
{
    for (unsigned i = 0; i < MACHINE_BREAKS_MAX; i++)
        b->list[i].hits += mask >> i & 1;
    b->hit = lowest_id(b, mask);
}

/* Those that let this instruction through stay; for another one there are none. */
static void pass(struct breaks *b, uint64_t gva, uint64_t insns)
{
    if (b->passed_gva != gva || b->passed_insns != insns)
        b->passed = b->passed_data = 0;
    b->passed_gva = gva;
    b->passed_insns = insns;
}

bool breaks_stop_insn(struct machine *m, uint64_t gva, uint32_t mask, bool again)
{
    struct breaks *b = &m->breaks;
    uint32_t fresh;

    if (again && b->passed_gva == gva && b->passed_insns + 1 == m->insns) {
        b->passed_insns = m->insns;
        b->passed_data = 0;
    }
    pass(b, gva, m->insns);
    fresh = b->ignored ? 0 : mask & ~b->passed;
    b->passed |= mask;
    if (fresh)
        hit(b, fresh);
    return fresh;
}

bool breaks_stop_access(struct machine *m, uint64_t gva, uint64_t insns, uint32_t mask)
{
    struct breaks *b = &m->breaks;
    uint32_t fresh;

    if (!mask || b->ignored)
        return false;
    pass(b, gva, insns);
    fresh = mask & ~b->passed_data;
    b->passed_data |= mask;
    if (fresh)
        hit(b, fresh);
    return fresh;
}

void breaks_see_exit(struct machine *m, const struct vm_exit *exit)
{
    struct breaks *b = &m->breaks;
    uint32_t mask = 0;

    if (!b->exits || b->ignored)
        return;
    for (unsigned i = 0; i < MACHINE_BREAKS_MAX; i++)
        if (is_on(&b->list[i]) && about_exits(&b->list[i]) && breakpoint_matches(&b->list[i], exit))
            mask |= 1u << i;
    if (mask)
        hit(b, mask);
}

void breaks_begin(struct machine *m)
{
    struct breaks *b = &m->breaks;

    b->hit = 0;
    if (b->interrupted || !(b->insns || b->accesses))
        return;
    pass(b, next_insn(m), m->insns);
    b->passed = ~0u;
}

void breaks_end(struct machine *m, const struct run_result *result)
{
    m->breaks.interrupted = result->stop == STOP_REQUEST;
}
