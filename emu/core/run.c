/*
 * The run loop: run the vCPU until an exit, let the monitor table or the default handler take it,
 * record it, go on. Every exit passes here exactly once.
 */
#include "core/backend.h"
#include "core/clock.h"
#include "core/handle_shadow.h"
#include "core/handlers.h"
#include "core/interrupts.h"
#include "core/machine.h"

#include <errno.h>
#include <string.h>
#include <x86intrin.h>

static enum handled handle(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    enum monitor_action action = MONITOR_PASS;

    if (exit->reason < EXIT_REASON_COUNT && m->monitor.on_exit[exit->reason])
        action = m->monitor.on_exit[exit->reason](m->monitor.ctx, m, exit);
    if (action == MONITOR_PASS)
        return handlers_dispatch(m, exit, result);
    result->stop = STOP_MONITOR;
    return action == MONITOR_STOP ? HANDLED_STOP : HANDLED;
}

/* A debug exception that the handler raised leaves its reasons in DR6. */
static void note_debug_event(struct machine *m)
{
    if ((m->raised.info & INTR_VALID) && INTR_VECTOR(m->raised.info) == X86_DB)
        machine_debug_event(m, m->raised.cr2);
    m->raised.info = 0;
}

/* A handler that could not do what the instruction asked for: a #DB instead comes behind it. */
static void note_raised(const struct machine *m, struct vm_exit *exit)
{
    if ((m->raised.info & INTR_VALID) && INTR_VECTOR(m->raised.info) != X86_DB)
        exit->raised = INTR_VECTOR(m->raised.info) & 31;
}

/* An instruction that the controls let pass met the second stage: `exit` becomes what that makes. */
static bool refused_exits(const struct machine *m, struct vm_exit *exit)
{
    exit->reason = m->refused.reason;
    exit->has = (uint8_t)((exit->has & EXIT_HAS_INSN) | m->refused.has);
    exit->qualification = m->refused.qualification;
    exit->guest_physical = m->refused.guest_physical;
    exit->value = 0;
    exit->insn_info = 0;
    return true;
}

/*
 * An instruction that the controls let pass raised an exception: does that leave the guest? Then
 * `exit` becomes the exception's.
 */
static bool raised_exits(struct machine *m, struct vm_exit *exit)
{
    static const struct x86_event none = {0};
    struct vm_exit other = *exit;

    if (m->refused.reason)
        return refused_exits(m, exit);
    if (!(m->raised.info & INTR_VALID))
        return false;
    other.reason = EXIT_EXCEPTION_NMI;
    other.intr_info = m->raised.info;
    other.intr_error = m->raised.error;
    other.qualification = INTR_VECTOR(m->raised.info) == X86_DB ? m->raised.cr2 : 0;
    other.value = 0;
    other.insn_info = 0;
    other.has = (uint8_t)((exit->has & EXIT_HAS_INSN) | EXIT_HAS_INTR |
                          (other.qualification ? EXIT_HAS_QUALIFICATION : 0));
    if (!controls_exit(&m->controls, &other)) {
        note_debug_event(m);
        return false;
    }
    m->vcpu->ops->inject(m->vcpu, &none);
    m->raised.info = 0;
    *exit = other;
    return true;
}

static enum handled take_exit(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    uint64_t begin = __rdtsc();
    enum handled handled = HANDLED;
    bool silent;

    m->raised.info = 0;
    m->refused.reason = 0;
    silent = !controls_exit(&m->controls, exit); /* the controls let it pass */
    if (m->shadow)
        shadow_at_exit(m, exit);
    if (silent) {
        handled = handlers_dispatch(m, exit, result);
        silent = !controls_exit(&m->controls, exit); /* it may have come to a triple fault */
        if (silent && (handled == HANDLED_STOP || !raised_exits(m, exit)))
            return handled;
        silent = handled == HANDLED_STOP;
    }
    if (exit->source == EXIT_SOURCE_EMULATED) /* a kernel does not tell what its controls are */
        controls_cause(&m->controls, exit);   /* now: the handler may change the controls */
    exit->seq = m->exits++;
    exit->vcpu = (uint8_t)m->vcpu->id;
    if (!silent)
        handled = handle(m, exit, result);
    note_raised(m, exit);
    note_debug_event(m);
    result->exits++;
    if (exit->reason < EXIT_REASON_COUNT)
        m->exit_counts[exit->reason]++;
    exit->cost = (uint32_t)(__rdtsc() - begin);
    breaks_see_exit(m, exit);
    if (m->observer.seen)
        m->observer.seen(m->observer.ctx, m, exit);
    return handled;
}

void machine_settle(struct machine *m)
{
    if (m->activity == X86_HALTED && interrupts_wait(m))
        m->activity = X86_ACTIVE;
}

/* A CPU that is halted or shut down for good does not run; say so again. */
static bool cannot_run(struct machine *m, struct run_result *result)
{
    machine_settle(m);
    if (m->activity == X86_ACTIVE)
        return false;
    result->stop = m->activity == X86_HALTED ? STOP_HALT : STOP_TRIPLE_FAULT;
    return true;
}

/* What a budget counts: instructions, or nanoseconds where the CPU does not count them. */
static uint64_t work_done(const struct machine *m)
{
    return m->insns + m->ran;
}

/* A guest whose every instruction faults retires none: turns without one end such a run. */
static uint64_t budget_left(const struct run_limits *limits, uint64_t used, uint64_t idle)
{
    if (!limits->insns)
        return UINT64_MAX;
    if (idle > limits->insns)
        return 0;
    return used < limits->insns ? limits->insns - used : 0;
}

/* Instructions until something else than the guest has its turn: a device, or the monitor trap. */
static uint64_t stretch_length(const struct machine *m, uint64_t due, uint64_t left)
{
    uint64_t until_due = due - clock_now(m);

    if (m->controls.primary & PRIMARY_MONITOR_TRAP)
        return 1;
    return until_due < left ? until_due : left;
}

/* The exit after an instruction under the monitor trap flag, SDM vol. 3, 26.5.2. */
static bool monitor_trap(struct machine *m, struct vm_exit *exit)
{
    if (!(m->controls.primary & PRIMARY_MONITOR_TRAP))
        return false;
    m->vcpu->ops->describe(m->vcpu, exit);
    exit->reason = EXIT_MONITOR_TRAP;
    return true;
}

/*
 * Run the guest, for at most `left` instructions, until a device is due. True when the run is over.
 */
static bool run_guest(struct machine *m, uint64_t due, uint64_t left, struct run_result *result)
{
    struct vm_exit exit;

    if (m->shadow && shadow_before_run(m)) {
        result->stop = STOP_GUEST_ERROR;
        error_set(&result->error, -ENOMEM, "the host has no memory left for shadow tables");
        return true;
    }
    if (interrupts_arrive(m, &exit))
        return take_exit(m, &exit, result) == HANDLED_STOP;
    switch (m->vcpu->ops->run(m->vcpu, stretch_length(m, due, left), &exit, &result->error)) {
    case BACKEND_EXIT:
        return take_exit(m, &exit, result) == HANDLED_STOP;
    case BACKEND_BUDGET:
        return monitor_trap(m, &exit) && take_exit(m, &exit, result) == HANDLED_STOP;
    case BACKEND_STOPPED:
        result->stop = STOP_REQUEST;
        return true;
    case BACKEND_BREAK:
        result->stop = STOP_BREAK;
        return true;
    default:
        result->stop = STOP_GUEST_ERROR;
        return true;
    }
}

/* True when the run is over and result->stop says why. */
static bool run_once(struct machine *m, const struct run_limits *limits, uint64_t before,
                     uint64_t idle, struct run_result *result)
{
    uint64_t left = budget_left(limits, work_done(m) - before, idle), due;

    due = clock_deadline(m);
    if (due <= clock_now(m)) { /* first: a moment is the same whatever ends the run there */
        clock_tick(m);
        due = clock_deadline(m);
    }
    result->stop = STOP_BUDGET;
    if (left == 0 || (limits->exits && result->exits >= limits->exits))
        return true;
    return run_guest(m, due, left, result);
}

/* What ends a run from outside the CPU, looked at after each turn. */
static bool was_ended(struct machine *m, struct run_result *result)
{
    if (m->reset_requested)
        result->stop = STOP_RESET;
    else if (atomic_load(&m->stop_requested))
        result->stop = STOP_REQUEST;
    else
        return false;
    m->reset_requested = false;
    return true;
}

/* The exit that was handled last is one that a breakpoint is about. A reset says so itself. */
static bool broke(struct machine *m, struct run_result *result)
{
    if (!m->breaks.hit || m->reset_requested)
        return false;
    result->stop = STOP_BREAK;
    return true;
}

int machine_run(struct machine *m, const struct run_limits *limits, struct run_result *result)
{
    uint64_t insns_before = m->insns, before = work_done(m), idle = 0;
    bool done = false;

    memset(result, 0, sizeof(*result));
    breaks_begin(m);
    while (!done && !cannot_run(m, result)) {
        uint64_t done_before = work_done(m);

        done =
            run_once(m, limits, before, idle, result) || broke(m, result) || was_ended(m, result);
        idle += work_done(m) == done_before;
    }
    if (m->vcpu->ops->rest)
        m->vcpu->ops->rest(m->vcpu);
    atomic_store(&m->stop_requested, false);
    breaks_end(m, result);
    result->breakpoint = result->stop == STOP_BREAK ? m->breaks.hit : 0;
    result->insns = m->insns - insns_before;
    return result->stop == STOP_GUEST_ERROR && result->error.code == -EIO ? -EIO : 0;
}

int machine_step(struct machine *m, struct run_result *result)
{
    struct run_limits one = {.insns = 1, .exits = 1};
    int rc;

    m->breaks.ignored = true;
    rc = machine_run(m, &one, result);
    m->breaks.ignored = false;
    return rc;
}

void machine_request_stop(struct machine *m)
{
    atomic_store(&m->stop_requested, true);
}

const char *stop_reason_name(enum stop_reason stop)
{
    static const char *const names[] = {
        [STOP_DEBUG_EXIT] = "debug-exit",     [STOP_HALT] = "halt",
        [STOP_TRIPLE_FAULT] = "triple-fault", [STOP_BUDGET] = "budget",
        [STOP_GUEST_ERROR] = "guest-error",   [STOP_REQUEST] = "request",
        [STOP_MONITOR] = "monitor",           [STOP_RESET] = "reset",
        [STOP_BREAK] = "breakpoint"};

    return (unsigned)stop < sizeof(names) / sizeof(names[0]) ? names[stop] : "unknown";
}
