/*
 * What the default exit handlers share; private to them.
 */
#ifndef VLAB_CORE_HANDLE_H
#define VLAB_CORE_HANDLE_H

#include "core/backend.h"
#include "core/handlers.h"

/* Takes one exit: completes its instruction, injects an event, or stops the run. */
typedef enum handled handler(struct machine *m, struct vm_exit *exit, struct run_result *result);

static inline uint64_t handle_gpr(struct machine *m, enum x86_gpr n)
{
    return m->vcpu->ops->get_gpr(m->vcpu, n);
}

static inline void handle_set_gpr(struct machine *m, enum x86_gpr n, uint64_t value)
{
    m->vcpu->ops->set_gpr(m->vcpu, n, value);
}

static inline void handle_set_edx_eax(struct machine *m, uint64_t value)
{
    handle_set_gpr(m, X86_RAX, (uint32_t)value);
    handle_set_gpr(m, X86_RDX, value >> 32);
}

/* The low `size` bytes of a register; 4 clear the upper half, as in 64-bit mode. */
void handle_merge_gpr(struct machine *m, enum x86_gpr n, uint64_t value, unsigned size);

/* The instruction is done: RIP goes behind it. */
static inline enum handled handle_complete(struct machine *m, const struct vm_exit *exit)
{
    m->vcpu->ops->complete(m->vcpu, exit->insn_len);
    return HANDLED;
}

/* Give the guest a hardware exception. */
enum handled handle_raise(struct machine *m, unsigned vector);
enum handled handle_raise_gp(struct machine *m); /* with error code 0 */
/* A debug exception for the reasons in `dr6`, SDM vol. 3, 18.2.3. */
enum handled handle_raise_db(struct machine *m, uint64_t dr6);
/* An instruction that this CPU does not have: #UD. */
handler handle_ud;

/* What the guest did leaves nothing to go on from: the run ends. */
enum handled handle_guest_error(struct run_result *result, const char *what,
                                const struct vm_exit *exit);

/* handle_registers.c */
handler handle_cr_access, handle_dr_access, handle_rdmsr, handle_wrmsr, handle_xsetbv;

/* handle_task.c */
handler handle_task_switch;

#endif
