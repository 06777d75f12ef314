/*
 * The run loop: run the vCPU until an exit, let the monitor table or the default handler take it,
 * record it, go on. Every exit passes here exactly once.
 */
#include "core/backend.h"
#include "core/handlers.h"
#include "core/machine.h"

#include <errno.h>
#include <string.h>
#include <x86intrin.h>

/* Exceptions outside the exception bitmap are delivered without anybody seeing an exit. */
static bool is_silent(const struct machine *m, const struct vm_exit *exit)
{
    return exit->reason == EXIT_EXCEPTION_NMI &&
           !(m->config.exception_bitmap >> (INTR_VECTOR(exit->intr_info) & 31) & 1);
}

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

static enum handled take_exit(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    uint64_t begin = __rdtsc();
    enum handled handled;

    if (is_silent(m, exit) && handlers_dispatch(m, exit, result) == HANDLED)
        return HANDLED;
    exit->seq = m->exits++;
    exit->vcpu = (uint8_t)m->vcpu->id;
    handled = is_silent(m, exit) ? HANDLED_STOP : handle(m, exit, result);
    result->exits++;
    if (exit->reason < EXIT_REASON_COUNT)
        m->exit_counts[exit->reason]++;
    exit->cost = (uint32_t)(__rdtsc() - begin);
    if (m->observer.seen)
        m->observer.seen(m->observer.ctx, m, exit);
    return handled;
}

/* A CPU that is halted or shut down for good does not run; say so again. */
static bool cannot_run(const struct machine *m, struct run_result *result)
{
    if (m->activity == X86_ACTIVE)
        return false;
    result->stop = m->activity == X86_HALTED ? STOP_HALT : STOP_TRIPLE_FAULT;
    return true;
}

/* A guest whose every instruction faults retires none: its turns end such a run. */
static uint64_t budget_left(const struct run_limits *limits, uint64_t used, uint64_t turns)
{
    if (!limits->insns)
        return UINT64_MAX;
    if (turns > limits->insns)
        return 0;
    return used < limits->insns ? limits->insns - used : 0;
}

/* True when the run is over and result->stop says why. */
static bool run_once(struct machine *m, const struct run_limits *limits, uint64_t insns_before,
                     uint64_t turn, struct run_result *result)
{
    uint64_t left = budget_left(limits, m->insns - insns_before, turn);
    struct vm_exit exit;

    result->stop = STOP_BUDGET;
    if (left == 0 || (limits->exits && result->exits >= limits->exits))
        return true;
    switch (m->vcpu->ops->run(m->vcpu, left, &exit, &result->error)) {
    case BACKEND_EXIT:
        return take_exit(m, &exit, result) == HANDLED_STOP;
    case BACKEND_BUDGET:
        return true;
    case BACKEND_STOPPED:
        result->stop = STOP_REQUEST;
        return true;
    default:
        result->stop = STOP_GUEST_ERROR;
        return true;
    }
}

int machine_run(struct machine *m, const struct run_limits *limits, struct run_result *result)
{
    uint64_t insns_before = m->insns;
    bool done = false;

    memset(result, 0, sizeof(*result));
    for (uint64_t turn = 0; !done; turn++) {
        if (cannot_run(m, result))
            break;
        done = run_once(m, limits, insns_before, turn, result);
        if (!done && atomic_load(&m->stop_requested)) {
            result->stop = STOP_REQUEST;
            done = true;
        }
    }
    atomic_store(&m->stop_requested, false);
    result->insns = m->insns - insns_before;
    return result->stop == STOP_GUEST_ERROR && result->error.code == -EIO ? -EIO : 0;
}

int machine_step(struct machine *m, struct run_result *result)
{
    struct run_limits one = {.insns = 1, .exits = 1};

    return machine_run(m, &one, result);
}

void machine_request_stop(struct machine *m)
{
    atomic_store(&m->stop_requested, true);
}

const char *stop_reason_name(enum stop_reason stop)
{
    static const char *const names[] = {[STOP_DEBUG_EXIT] = "debug-exit",
                                        [STOP_HALT] = "halt",
                                        [STOP_TRIPLE_FAULT] = "triple-fault",
                                        [STOP_BUDGET] = "budget",
                                        [STOP_GUEST_ERROR] = "guest-error",
                                        [STOP_REQUEST] = "request",
                                        [STOP_MONITOR] = "monitor"};

    return (unsigned)stop < sizeof(names) / sizeof(names[0]) ? names[stop] : "unknown";
}
