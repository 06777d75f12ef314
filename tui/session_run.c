/*
 * Running the machine of a session. See session_run.h.
 *
 * A step goes through the same loop as a long run, so a request to stop means the same in both.
 * A call is run as one by a breakpoint behind it that is taken away again; a return is found step
 * by step, with calls run as one. Both look at the stack pointer, so that recursion does not end
 * them too early; a guest that leaves a procedure without returning is only stopped by `i` or a
 * breakpoint.
 */
#include "tui/session_run.h"
#include "tui/session_ept.h"
#include "tui/session_heat.h"
#include "tui/session_marks.h"
#include "tui/session_memory.h"
#include "tui/session_pages.h"
#include "core/backend.h"
#include "tui/session_insn.h"

static void settle_break(struct session *s)
{
    const struct breakpoint *bp = machine_break_find(s->machine, s->result.breakpoint);
    char text[BREAKPOINT_TEXT_MAX];

    if (!bp)
        return;
    session_mark(s, TIME_BREAK, NULL);
    session_message(s, false, "breakpoint %u: %s", bp->id, breakpoint_text(bp, text));
}

static void settle_halt(struct session *s)
{
    if (devices_serial_wakes(s->machine)) {
        s->run = RUN_PAUSED;
        session_message(s, false, "the guest waits for a key: o and Enter give it one, c goes on");
    } else {
        session_message(s, false, "the guest halted, and nothing can wake it: r restarts the lab");
    }
}

/* What a run that ended means, in the words of the message line. */
static void settle(struct session *s)
{
    const struct run_result *r = &s->result;

    s->run = r->stop == STOP_HALT || r->stop == STOP_TRIPLE_FAULT || r->stop == STOP_GUEST_ERROR
                 ? RUN_ENDED
                 : RUN_PAUSED;
    switch (r->stop) {
    case STOP_DEBUG_EXIT:
        session_message(s, false,
                        "the run ended: the guest wrote %x to the debug-exit port, status %u",
                        s->machine->debug_exit_value, r->status);
        break;
    case STOP_HALT:
        settle_halt(s);
        break;
    case STOP_TRIPLE_FAULT:
        session_message(s, true, "triple fault: the CPU shut down; r restarts the lab");
        break;
    case STOP_GUEST_ERROR:
        session_message(s, true, "%s", r->error.text);
        break;
    case STOP_REQUEST:
        session_message(s, false, "stopped on request");
        break;
    case STOP_MONITOR:
        session_message(s, false, "stopped by a monitor");
        break;
    case STOP_RESET:
        session_message(s, false, "the guest reset the machine; r restarts the lab");
        break;
    case STOP_BREAK:
        settle_break(s);
        break;
    case STOP_BUDGET:
        session_message(s, false, "stopped at the limit of this run");
        break;
    }
}

/* An exit is worth a line, a plain step is not. */
void session_say_reached(struct session *s, bool exited)
{
    const struct vm_exit *exit = exit_ring_get(&s->ring, s->ring.end - 1);

    if (exited && exit)
        session_message(s, false, "exit %llu: %s", (unsigned long long)exit->seq,
                        exit_reason_name(exit->reason));
    else
        session_message(s, false, "%s", "");
}

/* What the functions below return, or a negative errno. */
enum { STOPPED, REACHED }; /* session->result says why it stopped; what was asked for has come */

static bool may_go_on(struct session *s)
{
    return s->pause && s->pause(s->ctx);
}

/* A request to stop that came as the last instruction or exit was done is none. */
static int step(struct session *s)
{
    int rc;

    do {
        rc = timeline_step(s->time, &s->result);
    } while (rc == 0 && s->result.stop == STOP_REQUEST && s->result.insns + s->result.exits == 0 &&
             may_go_on(s));
    if (rc < 0)
        return rc;
    return s->result.stop == STOP_BUDGET ||
           (s->result.stop == STOP_REQUEST && s->result.insns + s->result.exits > 0);
}

/*
 * After a halt that a key can end: true when there is one. What comes in between may also be that
 * the user stops the run.
 */
static bool key_awaited(struct session *s)
{
    if (s->result.stop != STOP_HALT || !s->wait)
        return false;
    while (devices_serial_wakes(s->machine))
        if (!s->wait(s->ctx)) {
            s->result.stop = STOP_REQUEST;
            return false;
        }
    return machine_serial_waiting(s->machine, s->machine->serial.uart);
}

/* A run that came back: on request, or because the guest waits for a key. True: it goes on. */
static bool goes_on(struct session *s, bool one)
{
    if (one && s->result.exits > 0)
        return false;
    if (s->result.stop == STOP_REQUEST)
        return may_go_on(s);
    return key_awaited(s);
}

/* Until the machine stops for a reason of its own, or `pause` does not let it go on. */
static int run_on(struct session *s, const struct run_limits *limits)
{
    bool one = limits->exits == 1;
    int rc;

    do {
        rc = timeline_run(s->time, limits, &s->result);
    } while (rc == 0 && goes_on(s, one));
    if (rc < 0)
        return rc;
    return one && s->result.exits > 0 &&
           (s->result.stop == STOP_BUDGET || s->result.stop == STOP_REQUEST);
}

/* To a breakpoint of our own, which is taken away again; another one ends the run as ever. */
static int run_to(struct session *s, const struct breakpoint *bp, const struct run_limits *limits)
{
    int id = machine_break_add(s->machine, bp);
    int rc = run_on(s, limits);

    if (id > 0 && rc == STOPPED && s->result.stop == STOP_BREAK &&
        s->result.breakpoint == (unsigned)id)
        rc = REACHED;
    if (id > 0)
        machine_break_remove(s->machine, (unsigned)id);
    return rc;
}

static uint64_t stack_pointer(const struct session *s)
{
    return s->machine->vcpu->ops->get_gpr(s->machine->vcpu, X86_RSP);
}

static int step_over(struct session *s, const struct run_limits *limits)
{
    uint64_t stack = stack_pointer(s), linear;
    struct breakpoint behind = {.kind = BREAK_RIP, .enabled = true};
    struct x86_insn insn;
    int rc;

    if (!session_insn_here(s, &insn, &linear) ||
        !(session_is_call(&insn) || session_is_repeated(&insn)))
        return step(s);
    behind.first = behind.last = linear + insn.length;
    do {
        rc = run_to(s, &behind, limits);
    } while (rc == REACHED && stack_pointer(s) < stack);
    return rc;
}

/* Turns of the machine so far: a guest whose every instruction faults retires none. */
static uint64_t turns(const struct session *s)
{
    return s->machine->insns + s->machine->exits;
}

static int step_out(struct session *s, const struct run_limits *limits)
{
    uint64_t stack = stack_pointer(s), start = turns(s), linear;
    struct x86_insn insn;
    bool returned;
    int rc;

    do {
        returned = session_insn_here(s, &insn, &linear) && session_is_return(&insn);
        rc = step_over(s, limits);
        returned = returned && stack_pointer(s) > stack;
        if (limits->insns && turns(s) - start >= limits->insns && !returned) {
            s->result.stop = STOP_BUDGET;
            return STOPPED;
        }
    } while (rc == REACHED && !returned);
    return rc;
}

static int run_kind(struct session *s, const struct command *command,
                    const struct run_limits *limits)
{
    struct breakpoint same = {.kind = BREAK_REASON, .enabled = true};
    struct run_limits one = *limits;

    switch (command->kind) {
    case COMMAND_STEP:
        return step(s);
    case COMMAND_OVER:
        return step_over(s, limits);
    case COMMAND_OUT:
        return step_out(s, limits);
    case COMMAND_NEXT_SAME:
        same.first = same.last = command->reason;
        return run_to(s, &same, limits);
    case COMMAND_NEXT_EXIT:
        one.exits = 1;
        return run_on(s, &one);
    default:
        return run_on(s, limits);
    }
}

void session_keep(struct session *s)
{
    machine_get_state(s->machine, &s->before);
    devices_read(s->machine, &s->devices_before);
    s->has_before = true;
    session_memory_keep(s);
    session_pages_keep(s);
    session_ept_keep(s);
}

void session_forget_before(struct session *s)
{
    s->has_before = false;
    s->memory_before.on = false;
    session_pages_forget(s);
    session_ept_forget(s);
}

void session_go(struct session *session, const struct command *command,
                const struct run_limits *limits)
{
    uint64_t exits = session->machine->exits;
    int rc;

    session_keep(session);
    session_heat_keep(session);
    session->run = RUN_RUNNING;
    rc = run_kind(session, command, limits);
    if (rc < 0) {
        session->run = RUN_ENDED;
        session_message(session, true, "%s", session->result.error.text);
    } else if (rc == REACHED) {
        session->result.stop = STOP_BUDGET;
        session->run = RUN_PAUSED;
        session_say_reached(session, session->machine->exits > exits);
    } else {
        settle(session);
    }
}
