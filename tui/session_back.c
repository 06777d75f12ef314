/*
 * Calls, backward. See session_back.h.
 *
 * - Over: one step back has come into a procedure when what it took back is a return. Then the last
 *   instruction before now that is a call, ends here, and had the stack pointer of now, is where to go.
 * - Out: a word of the stack that points behind a call is a return address; the last time that the call
 *   in front of it pushed just there began the procedure. Words are tried from the top of the stack on,
 *   so a local variable that looks like a return address may mislead it.
 */
#include "tui/session_back.h"
#include "tui/session_insn.h"
#include "tui/session_run.h"
#include "core/backend.h"

#include <errno.h>

enum { STACK_WORDS = 64, CALL_MAX = 7, CALLS_MAX = 8 };

struct call_site {
    uint64_t linear, stack; /* of the call instruction; the stack pointer in front of it */
    bool any_stack;         /* RET n took more than it had pushed: the stack may be lower by that */
};

static uint64_t stack_of(struct machine *m)
{
    return m->vcpu->ops->get_gpr(m->vcpu, X86_RSP);
}

static bool stays(void *ctx, struct machine *m)
{
    const struct call_site *site = ctx;
    uint64_t stack = stack_of(m);

    return stack == site->stack ||
           (site->any_stack && stack < site->stack && site->stack - stack <= 256);
}

/* Back to the last time that the instruction at `linear` was to run, and the stack fits. */
static int back_to(struct session *s, struct call_site *site, struct error *err)
{
    const struct breakpoint bp = {
        .kind = BREAK_RIP, .first = site->linear, .last = site->linear, .enabled = true};
    struct breaks before = s->machine->breaks;
    unsigned which;
    int id, rc;

    for (unsigned i = 0; i < MACHINE_BREAKS_MAX; i++)
        if (before.list[i].id)
            machine_break_remove(s->machine, before.list[i].id);
    id = machine_break_add(s->machine, &bp);
    rc = id < 0 ? id : timeline_break_back(s->time, stays, site, &which, err);
    s->machine->breaks = before;
    s->machine->vcpu->ops->breaks_changed(s->machine->vcpu);
    return rc;
}

/* ---- over -------------------------------------------------------------------------------------- */

/* The call that ends at `linear`: true with its place. */
static bool call_before(const struct session *s, uint64_t linear, uint64_t *call)
{
    struct x86_insn insn;

    for (unsigned length = 2; length <= CALL_MAX && length <= linear; length++)
        if (session_insn_at(s, linear - length, &insn) && insn.length == length &&
            session_is_call(&insn)) {
            *call = linear - length;
            return true;
        }
    return false;
}

/* To the first of its turns: each had one in RCX less to go. */
static int first_turn(struct session *s, struct error *err)
{
    struct machine *m = s->machine;
    struct call_site site = {.linear = session_linear_rip(s), .stack = stack_of(m)};
    struct moment here = timeline_now(s->time);
    uint64_t count = m->vcpu->ops->get_gpr(m->vcpu, X86_RCX), more;
    int rc = back_to(s, &site, err);

    if (rc == -ENOENT)
        return timeline_seek(s->time, here, err);
    more = m->vcpu->ops->get_gpr(m->vcpu, X86_RCX) - count;
    if (!rc && more != here.insns - m->insns) /* another time that it ran */
        rc = timeline_seek(s->time, here, err);
    return rc;
}

int session_over_back(struct session *s, struct error *err)
{
    struct moment now = timeline_now(s->time), before;
    struct call_site site = {.stack = stack_of(s->machine), .any_stack = true};
    uint64_t behind = session_linear_rip(s), linear;
    struct x86_insn insn;
    int rc;

    session_keep(s);
    rc = timeline_step_back(s->time, err);
    if (rc || !session_insn_here(s, &insn, &linear))
        return rc;
    before = timeline_now(s->time);
    if (session_is_repeated(&insn))
        return first_turn(s, err);
    if (!session_is_return(&insn) || !call_before(s, behind, &site.linear))
        return 0;
    rc = timeline_seek(s->time, now, err);
    rc = rc ? rc : back_to(s, &site, err);
    return rc == -ENOENT ? timeline_seek(s->time, before, err) : rc;
}

/* ---- out --------------------------------------------------------------------------------------- */

/* Return addresses on the stack, from its top on: the calls they belong to. */
static unsigned find_calls(struct session *s, struct call_site *sites)
{
    struct x86_state state;
    unsigned bits, size, count = 0;
    uint64_t stack, base;

    machine_get_state(s->machine, &state);
    bits = x86_mode_bits(x86_mode_of(&state));
    size = bits / 8;
    stack = state.gpr[X86_RSP];
    base = bits == 64 ? 0 : state.seg[X86_SS].base;
    for (unsigned i = 0; i < STACK_WORDS && count < CALLS_MAX; i++, stack += size) {
        uint64_t word = 0;

        if (machine_read_linear(s->machine, base + stack, &word, size) < size)
            break;
        word += bits == 64 ? 0 : state.seg[X86_CS].base;
        if (call_before(s, word, &sites[count].linear))
            sites[count++].stack = stack + size;
    }
    return count;
}

int session_out_back(struct session *s, struct error *err)
{
    struct call_site sites[CALLS_MAX] = {0};
    unsigned count = find_calls(s, sites);
    int rc = -ENOENT;

    session_keep(s);
    for (unsigned i = 0; i < count && rc == -ENOENT; i++)
        rc = back_to(s, &sites[i], err);
    return rc == -ENOENT ? error_set(err, -ENOENT, "no call is found that led here") : rc;
}
