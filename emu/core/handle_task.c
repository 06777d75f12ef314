/*
 * Task-switch exits: a hypervisor has to do the switch itself (Intel SDM vol. 3, 26.4.2), as
 * x86/task.h does it.
 */
#include "core/handle.h"

#include "x86/task.h"

/* Did an instruction ask for the switch? Then the old task resumes behind it. */
static bool by_instruction(const struct vm_exit *exit)
{
    unsigned type = INTR_TYPE(exit->idt_vectoring);

    return !(exit->has & EXIT_HAS_VECTORING) || type == INTR_SOFTWARE ||
           type == INTR_SOFTWARE_EXCEPTION || type == INTR_PRIVILEGED_SOFTWARE;
}

/* Errors on the way of an event from outside the program say so (EXT, SDM vol. 3, 6.13). */
static void mark_external(struct x86_event *fault, const struct vm_exit *exit)
{
    if (!by_instruction(exit) && (fault->info & INTR_HAS_ERROR) &&
        INTR_VECTOR(fault->info) != X86_PF)
        fault->error |= 1;
}

enum handled handle_task_switch(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    struct x86_event event = {.info = exit->idt_vectoring, .error = exit->idt_error};
    struct x86_linear mem;
    struct x86_state s;
    bool done, in_old_task;
    uint16_t old;

    machine_get_state(m, &s);
    machine_linear(m, &s, &mem);
    old = s.seg[X86_TR].selector;
    s.rip += by_instruction(exit) ? exit->insn_len : 0;
    done = x86_task_switch(&s, &mem, TASK_QUAL_SOURCE(exit->qualification),
                           TASK_QUAL_SELECTOR(exit->qualification),
                           exit->has & EXIT_HAS_VECTORING ? &event : NULL);
    if (!done && !(mem.fault.info & INTR_VALID))
        return handle_guest_error(result, "a task state lies outside guest memory: task switch",
                                  exit);
    in_old_task = !done && s.seg[X86_TR].selector == old;
    if (in_old_task)
        s.rip = exit->rip;
    machine_set_state(m, &s);
    m->insns += !in_old_task && by_instruction(exit);
    if (done)
        return HANDLED;
    mark_external(&mem.fault, exit);
    exit->raised = INTR_VECTOR(mem.fault.info) & 31;
    if (INTR_VECTOR(mem.fault.info) == X86_DB)
        machine_debug_event(m, mem.fault.cr2);
    if (INTR_VECTOR(mem.fault.info) == X86_PF)
        m->vcpu->ops->set_cr(m->vcpu, 2, mem.fault.cr2);
    m->vcpu->ops->inject(m->vcpu, &mem.fault);
    return HANDLED;
}
