/*
 * Default exit handling, see handlers.h: what the instruction would have done on a bare machine,
 * done by the monitor (Intel SDM vol. 2 for each instruction).
 */
#include "core/handlers.h"

#include "core/backend.h"
#include "core/string_io.h"
#include "x86/control.h"
#include "x86/cpuid.h"
#include "x86/event.h"
#include "x86/msr.h"

#include <errno.h>

/* KVM's answer to a hypercall it does not know (linux/kvm_para.h, KVM_ENOSYS). */
#define HYPERCALL_UNKNOWN (-1000)

typedef enum handled handler(struct machine *m, struct vm_exit *exit, struct run_result *result);

static uint64_t gpr(struct machine *m, enum x86_gpr n)
{
    return m->vcpu->ops->get_gpr(m->vcpu, n);
}

static void set_gpr(struct machine *m, enum x86_gpr n, uint64_t value)
{
    m->vcpu->ops->set_gpr(m->vcpu, n, value);
}

static enum handled complete(struct machine *m, const struct vm_exit *exit)
{
    m->vcpu->ops->complete(m->vcpu, exit->insn_len);
    return HANDLED;
}

static enum handled guest_error(struct run_result *result, const char *what,
                                const struct vm_exit *exit)
{
    result->stop = STOP_GUEST_ERROR;
    error_set(&result->error, -EFAULT, "%s at rip %#llx", what, (unsigned long long)exit->rip);
    return HANDLED_STOP;
}

static enum handled raise(struct machine *m, unsigned vector, bool has_error)
{
    struct x86_event event = {.info = INTR_VALID | INTR_HARDWARE_EXCEPTION << 8 | vector |
                                      (has_error ? INTR_HAS_ERROR : 0)};

    m->vcpu->ops->inject(m->vcpu, &event);
    return HANDLED;
}

static enum handled raise_gp(struct machine *m)
{
    return raise(m, X86_GP, true);
}

static enum handled raise_ud(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    (void)exit, (void)result;
    return raise(m, X86_UD, false);
}

static enum handled on_triple_fault(struct machine *m, struct vm_exit *exit,
                                    struct run_result *result)
{
    (void)exit;
    m->activity = X86_SHUTDOWN;
    result->stop = STOP_TRIPLE_FAULT;
    return HANDLED_STOP;
}

/* Give the guest its exception, or what two exceptions make together. */
static enum handled on_exception(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    struct x86_event event = {
        .info = exit->intr_info, .error = exit->intr_error, .cr2 = exit->qualification};
    enum x86_combined combined = X86_COMBINED_SECOND;

    if (exit->has & EXIT_HAS_VECTORING)
        combined = x86_combine_events(exit->idt_vectoring, exit->intr_info);
    if (combined == X86_COMBINED_TRIPLE) {
        exit->reason = EXIT_TRIPLE_FAULT;
        return on_triple_fault(m, exit, result);
    }
    if (INTR_VECTOR(event.info) == X86_PF)
        m->vcpu->ops->set_cr(m->vcpu, 2, event.cr2);
    if (combined == X86_COMBINED_DOUBLE)
        event = (struct x86_event){.info = INTR_VALID | INTR_HAS_ERROR |
                                           INTR_HARDWARE_EXCEPTION << 8 | X86_DF};
    if (INTR_TYPE(event.info) == INTR_SOFTWARE_EXCEPTION)
        event.insn_len = exit->insn_len;
    m->vcpu->ops->inject(m->vcpu, &event);
    return HANDLED;
}

static enum handled on_cpuid(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    struct x86_cpuid out = x86_cpuid((uint32_t)gpr(m, X86_RAX), (uint32_t)gpr(m, X86_RCX));

    (void)result;
    set_gpr(m, X86_RAX, out.eax);
    set_gpr(m, X86_RBX, out.ebx);
    set_gpr(m, X86_RCX, out.ecx);
    set_gpr(m, X86_RDX, out.edx);
    return complete(m, exit);
}

static enum handled on_hlt(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    complete(m, exit);
    m->activity = X86_HALTED; /* no device raises interrupts: nothing can wake it */
    result->stop = STOP_HALT;
    return HANDLED_STOP;
}

static enum handled on_nothing(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    (void)result;
    return complete(m, exit);
}

static enum handled on_invlpg(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    (void)result;
    m->vcpu->ops->invlpg(m->vcpu, exit->guest_linear);
    return complete(m, exit);
}

/* There are no performance counters. */
static enum handled on_rdpmc(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    (void)exit, (void)result;
    return raise_gp(m);
}

static void set_edx_eax(struct machine *m, uint64_t value)
{
    set_gpr(m, X86_RAX, (uint32_t)value);
    set_gpr(m, X86_RDX, value >> 32);
}

static bool tsc_denied(struct machine *m, const struct vm_exit *exit)
{
    return (m->vcpu->ops->get_cr(m->vcpu, 4) & 1u << 2) && exit->cpl; /* CR4.TSD */
}

static enum handled on_rdtsc(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    (void)result;
    if (tsc_denied(m, exit))
        return raise_gp(m);
    exit->value = machine_tsc(m);
    set_edx_eax(m, exit->value);
    if (exit->reason == EXIT_RDTSCP)
        set_gpr(m, X86_RCX, m->vcpu->ops->get_msr(m->vcpu, MSR_TSC_AUX));
    return complete(m, exit);
}

static enum handled on_vmcall(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    (void)result;
    exit->value = gpr(m, X86_RAX);
    set_gpr(m, X86_RAX, (uint64_t)(int64_t)HYPERCALL_UNKNOWN);
    return complete(m, exit);
}

/* ---- control registers and MSRs ---------------------------------------------------------- */

static uint64_t lmsw_value(struct machine *m, uint64_t qualification)
{
    uint64_t cr0 = m->vcpu->ops->get_cr(m->vcpu, 0);
    uint64_t source = CR_QUAL_LMSW(qualification) & 0xf;

    return (cr0 & ~(uint64_t)(CR0_MP | CR0_EM | CR0_TS)) | source; /* PE can be set, not cleared */
}

static bool cr_valid(struct machine *m, const struct vm_exit *exit, unsigned cr, uint64_t value)
{
    const struct backend_ops *ops = m->vcpu->ops;
    uint64_t efer = ops->get_msr(m->vcpu, MSR_EFER);

    switch (cr) {
    case 0:
        return x86_cr0_valid(value, ops->get_cr(m->vcpu, 4), efer, exit->mode == X86_MODE_LONG64);
    case 3:
        return x86_cr3_valid(value, efer);
    case 4:
        return x86_cr4_valid(value, efer);
    default:
        return value < 16;
    }
}

static enum handled on_cr_access(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    unsigned cr = CR_QUAL_NUMBER(exit->qualification);
    uint64_t value = exit->value;

    (void)result;
    if (CR_QUAL_TYPE(exit->qualification) == CR_ACCESS_CLTS)
        value = m->vcpu->ops->get_cr(m->vcpu, 0) & ~(uint64_t)CR0_TS;
    else if (CR_QUAL_TYPE(exit->qualification) == CR_ACCESS_LMSW)
        value = lmsw_value(m, exit->qualification);
    if (!cr_valid(m, exit, cr, value))
        return raise_gp(m);
    if (cr == 0)
        value |= CR0_ET; /* hardwired */
    m->vcpu->ops->set_cr(m->vcpu, cr, value);
    return complete(m, exit);
}

static enum handled on_rdmsr(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    (void)result;
    if (!x86_msr_known(exit->msr))
        return raise_gp(m);
    exit->value = exit->msr == MSR_TSC ? machine_tsc(m) : m->vcpu->ops->get_msr(m->vcpu, exit->msr);
    set_edx_eax(m, exit->value);
    return complete(m, exit);
}

static enum handled on_wrmsr(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    uint64_t value = exit->value;
    uint64_t old = m->vcpu->ops->get_msr(m->vcpu, exit->msr);

    (void)result;
    if (!x86_msr_check_write(exit->msr, old, m->vcpu->ops->get_cr(m->vcpu, 0), &value))
        return raise_gp(m);
    m->vcpu->ops->set_msr(m->vcpu, exit->msr, value);
    return complete(m, exit);
}

/* ---- devices ----------------------------------------------------------------------------- */

static void merge_rax(struct machine *m, uint32_t value, unsigned size)
{
    uint64_t rax = gpr(m, X86_RAX);

    if (size == 4)
        rax = value;
    else
        rax = (rax & ~((1ull << (8 * size)) - 1)) | value;
    set_gpr(m, X86_RAX, rax);
}

static enum handled io_done(struct machine *m, struct run_result *result)
{
    if (!m->debug_exit)
        return HANDLED;
    result->stop = STOP_DEBUG_EXIT;
    result->status = ((unsigned)m->debug_exit_value << 1 | 1) & 0xff;
    m->debug_exit = false;
    return HANDLED_STOP;
}

static enum handled on_io(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    uint16_t port = IO_QUAL_PORT(exit->qualification);
    unsigned size = IO_QUAL_SIZE(exit->qualification);

    if (exit->qualification & IO_QUAL_STRING) {
        string_io(m, exit);
    } else if (exit->qualification & IO_QUAL_IN) {
        exit->value = bus_port_read(&m->ports, port, size);
        merge_rax(m, (uint32_t)exit->value, size);
        complete(m, exit);
    } else {
        bus_port_write(&m->ports, port, size, (uint32_t)exit->value);
        complete(m, exit);
    }
    return io_done(m, result);
}

/*
 * A data access where no memory is goes to the MMIO bus. Memory that is there, but whose rights
 * somebody took away, is nothing this handler could repair.
 */
static enum handled on_ept_violation(struct machine *m, struct vm_exit *exit,
                                     struct run_result *result)
{
    uint64_t q = exit->qualification;
    bool rom_write = (q & EPT_QUAL_WRITE) && (q & EPT_QUAL_READABLE);

    if (!(q & EPT_QUAL_TRANSLATION))
        return guest_error(result, "a page table lies outside guest memory: page walk", exit);
    if (q & EPT_QUAL_FETCH)
        return guest_error(result, "instruction fetch outside guest memory", exit);
    if (exit->has & EXIT_HAS_VECTORING)
        return guest_error(result, "the stack of an event handler is outside guest memory", exit);
    if (rom_write && ram_find(&m->ram, exit->guest_physical) &&
        !ram_find(&m->ram, exit->guest_physical)->read_only)
        return guest_error(result, "write to memory that the second stage protects", exit);
    m->vcpu->ops->allow_mmio(m->vcpu);
    return HANDLED;
}

static handler *const handlers[EXIT_REASON_COUNT] = {
    [EXIT_EXCEPTION_NMI] = on_exception,
    [EXIT_TRIPLE_FAULT] = on_triple_fault,
    [EXIT_CPUID] = on_cpuid,
    [EXIT_HLT] = on_hlt,
    [EXIT_INVD] = on_nothing,
    [EXIT_WBINVD] = on_nothing,
    [EXIT_PAUSE] = on_nothing,
    [EXIT_INVLPG] = on_invlpg,
    [EXIT_RDPMC] = on_rdpmc,
    [EXIT_RDTSC] = on_rdtsc,
    [EXIT_RDTSCP] = on_rdtsc,
    [EXIT_VMCALL] = on_vmcall,
    [EXIT_VMCLEAR] = raise_ud,
    [EXIT_VMLAUNCH] = raise_ud,
    [EXIT_VMPTRLD] = raise_ud,
    [EXIT_VMPTRST] = raise_ud,
    [EXIT_VMREAD] = raise_ud,
    [EXIT_VMRESUME] = raise_ud,
    [EXIT_VMWRITE] = raise_ud,
    [EXIT_VMXOFF] = raise_ud,
    [EXIT_VMXON] = raise_ud,
    [EXIT_MONITOR] = raise_ud,
    [EXIT_MWAIT] = raise_ud,
    [EXIT_XSETBV] = raise_ud,
    [EXIT_CR_ACCESS] = on_cr_access,
    [EXIT_IO] = on_io,
    [EXIT_RDMSR] = on_rdmsr,
    [EXIT_WRMSR] = on_wrmsr,
    [EXIT_EPT_VIOLATION] = on_ept_violation,
};

enum handled handlers_dispatch(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    handler *handle = exit->reason < EXIT_REASON_COUNT ? handlers[exit->reason] : NULL;

    return handle ? handle(m, exit, result)
                  : guest_error(result, "an exit that this machine does not handle", exit);
}
