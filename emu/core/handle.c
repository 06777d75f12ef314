/* What the default exit handlers share, see handle.h. */
#include "core/handle.h"

#include <errno.h>

void handle_merge_gpr(struct machine *m, enum x86_gpr n, uint64_t value, unsigned size)
{
    uint64_t mask = size == 8 ? ~0ull : (1ull << (8 * size)) - 1;
    uint64_t old = size == 4 ? 0 : handle_gpr(m, n);

    handle_set_gpr(m, n, (old & ~mask) | (value & mask));
}

static enum handled raise(struct machine *m, unsigned vector, bool has_error)
{
    struct x86_event event = {.info = INTR_VALID | INTR_HARDWARE_EXCEPTION << 8 | vector |
                                      (has_error ? INTR_HAS_ERROR : 0)};

    m->raised = event;
    m->vcpu->ops->inject(m->vcpu, &event);
    return HANDLED;
}

enum handled handle_raise(struct machine *m, unsigned vector)
{
    return raise(m, vector, false);
}

enum handled handle_raise_gp(struct machine *m)
{
    return raise(m, X86_GP, true);
}

enum handled handle_raise_db(struct machine *m, uint64_t dr6)
{
    raise(m, X86_DB, false);
    m->raised.cr2 = dr6;
    return HANDLED;
}

enum handled handle_ud(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    (void)exit, (void)result;
    return raise(m, X86_UD, false);
}

enum handled handle_guest_error(struct run_result *result, const char *what,
                                const struct vm_exit *exit)
{
    result->stop = STOP_GUEST_ERROR;
    error_set(&result->error, -EFAULT, "%s at rip %#llx", what, (unsigned long long)exit->rip);
    return HANDLED_STOP;
}
