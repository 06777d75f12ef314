/*
 * Default exit handling, see handlers.h: what the instruction would have done on a bare machine,
 * done by the monitor (Intel SDM vol. 2 for each instruction).
 */
#include "core/handlers.h"

#include "core/handle.h"
#include "core/handle_shadow.h"
#include "core/interrupts.h"
#include "core/string_io.h"
#include "mmu/shadow.h"
#include "x86/cpuid.h"
#include "x86/debug.h"
#include "x86/decode.h"
#include "x86/msr.h"

#include <errno.h>

/* KVM's answer to a hypercall it does not know (linux/kvm_para.h, KVM_ENOSYS). */
#define HYPERCALL_UNKNOWN (-1000)

static enum handled on_triple_fault(struct machine *m, struct vm_exit *exit,
                                    struct run_result *result)
{
    (void)exit;
    m->activity = X86_SHUTDOWN;
    result->stop = STOP_TRIPLE_FAULT;
    return HANDLED_STOP;
}

/* It has no interruption information, and counts as outside event delivery (SDM 28.2.2, 28.2.4). */
static void become_triple_fault(struct vm_exit *exit)
{
    exit->reason = EXIT_TRIPLE_FAULT;
    exit->cause = EXIT_CAUSE_ALWAYS;
    exit->has &= EXIT_HAS_INSN;
    exit->qualification = exit->guest_linear = 0;
    exit->intr_info = exit->intr_error = 0;
    exit->idt_vectoring = exit->idt_error = 0;
}

static enum handled on_interrupt(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    (void)exit, (void)result;
    interrupts_deliver(m);
    return HANDLED;
}

/* Deliver the event that an exit interrupted once more, SDM vol. 3, 28.2.4. */
static void deliver_again(struct machine *m, const struct vm_exit *exit)
{
    struct x86_event event = {.info = exit->idt_vectoring,
                              .error = exit->idt_error,
                              .cr2 = m->vcpu->ops->get_cr(m->vcpu, 2)};

    if (!(exit->has & EXIT_HAS_VECTORING))
        return;
    if (INTR_TYPE(event.info) >= INTR_SOFTWARE)
        event.insn_len = exit->insn_len;
    m->vcpu->ops->inject(m->vcpu, &event);
}

static bool is_page_fault(const struct vm_exit *exit)
{
    return INTR_VECTOR(exit->intr_info) == X86_PF &&
           INTR_TYPE(exit->intr_info) == INTR_HARDWARE_EXCEPTION;
}

/*
 * Shadow paging: true when the page fault is the hypervisor's own affair; then result->stop says
 * whether the run ends. Else it is the guest's, with *error.
 */
static bool shadow_takes(struct machine *m, struct vm_exit *exit, uint32_t *error,
                         struct run_result *result)
{
    static const char *const ends[] = {
        [SHADOW_NO_TABLE] = "a page table lies outside guest memory: page walk",
        [SHADOW_PROTECTED] = "access to memory that the second stage protects",
        [SHADOW_OUT_OF_MEMORY] = "the host has no memory left for shadow tables: access",
    };
    enum shadow_verdict verdict = shadow_page_fault(m, exit, error);

    if (verdict == SHADOW_REFLECT)
        return false;
    if (verdict == SHADOW_MMIO && exit->intr_error & PF_FETCH)
        handle_guest_error(result, "instruction fetch outside guest memory", exit);
    else if (verdict == SHADOW_MMIO && exit->has & EXIT_HAS_VECTORING)
        handle_guest_error(result, "the stack of an event handler is outside guest memory", exit);
    else if (verdict == SHADOW_MMIO)
        m->vcpu->ops->allow_mmio(m->vcpu);
    else if (verdict != SHADOW_AGAIN)
        handle_guest_error(result, ends[verdict], exit);
    else
        deliver_again(m, exit);
    return true;
}

/* Give the guest its exception, or what two exceptions make together. */
static enum handled on_exception(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    struct x86_event event = {
        .info = exit->intr_info, .error = exit->intr_error, .cr2 = exit->qualification};
    enum x86_combined combined = X86_COMBINED_SECOND;

    if (m->shadow && is_page_fault(exit) && shadow_takes(m, exit, &event.error, result))
        return result->stop == STOP_GUEST_ERROR ? HANDLED_STOP : HANDLED;
    if (exit->has & EXIT_HAS_VECTORING)
        combined = x86_combine_events(exit->idt_vectoring, exit->intr_info);
    if (INTR_TYPE(exit->intr_info) == INTR_NMI)
        return on_interrupt(m, exit, result);
    if (combined == X86_COMBINED_TRIPLE) {
        become_triple_fault(exit);
        return on_triple_fault(m, exit, result);
    }
    if (INTR_VECTOR(event.info) == X86_PF)
        m->vcpu->ops->set_cr(m->vcpu, 2, event.cr2);
    if (INTR_VECTOR(event.info) == X86_DB && INTR_TYPE(event.info) == INTR_HARDWARE_EXCEPTION)
        machine_debug_event(m, exit->qualification);
    if (combined == X86_COMBINED_DOUBLE)
        event = (struct x86_event){.info = INTR_VALID | INTR_HAS_ERROR |
                                           INTR_HARDWARE_EXCEPTION << 8 | X86_DF};
    if (INTR_TYPE(event.info) != INTR_HARDWARE_EXCEPTION) /* INT1, INT3, INTO */
        event.insn_len = exit->insn_len;
    m->vcpu->ops->inject(m->vcpu, &event);
    return HANDLED;
}

static enum handled on_cpuid(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    uint32_t leaf = (uint32_t)handle_gpr(m, X86_RAX);
    uint32_t subleaf = (uint32_t)handle_gpr(m, X86_RCX);
    struct x86_cpuid out = x86_cpuid(leaf, subleaf);
    uint64_t cr4 = m->vcpu->ops->get_cr(m->vcpu, 4);

    (void)result;
    if (leaf == 1 && (cr4 & CR4_OSXSAVE))
        out.ecx |= CPUID_OSXSAVE;
    if (leaf == 7 && subleaf == 0 && (cr4 & CR4_PKE))
        out.ecx |= CPUID_OSPKE;
    handle_set_gpr(m, X86_RAX, out.eax);
    handle_set_gpr(m, X86_RBX, out.ebx);
    handle_set_gpr(m, X86_RCX, out.ecx);
    handle_set_gpr(m, X86_RDX, out.edx);
    return handle_complete(m, exit);
}

static enum handled on_hlt(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    handle_complete(m, exit);
    if (!interrupts_wait(m)) {
        m->activity = X86_HALTED;
        result->stop = STOP_HALT;
        return HANDLED_STOP;
    }
    /* The guest was not running when the interrupt came: that is no exit of its own. */
    if (m->controls.primary & PRIMARY_HLT) {
        m->irq.announced = m->irq.intr;
        interrupts_deliver(m);
    }
    return HANDLED;
}

static enum handled on_window(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    bool nmi = exit->reason == EXIT_NMI_WINDOW;

    (void)result;
    m->controls.primary &= ~(nmi ? PRIMARY_NMI_WINDOW : PRIMARY_INTERRUPT_WINDOW);
    *(nmi ? &m->irq.nmi_window : &m->irq.window) = false;
    interrupts_deliver(m);
    return HANDLED;
}

/* The monitor trap comes between instructions: there is nothing to do but to go on. */
static enum handled on_monitor_trap(struct machine *m, struct vm_exit *exit,
                                    struct run_result *result)
{
    (void)m, (void)exit, (void)result;
    return HANDLED;
}

/* What the CPU can do as well as the monitor, it does itself. */
static enum handled on_native(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    (void)exit, (void)result;
    m->vcpu->ops->allow_insn(m->vcpu);
    return HANDLED;
}

static enum handled on_nothing(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    (void)result;
    return handle_complete(m, exit);
}

static enum handled on_invlpg(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    (void)result;
    if (m->shadow)
        shadow_invlpg(m->shadow, exit->guest_linear);
    m->vcpu->ops->invlpg(m->vcpu, exit->guest_linear);
    return handle_complete(m, exit);
}

/* There are no performance counters. */
static enum handled on_rdpmc(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    (void)exit, (void)result;
    return handle_raise_gp(m);
}

static bool tsc_denied(struct machine *m, const struct vm_exit *exit)
{
    return (m->vcpu->ops->get_cr(m->vcpu, 4) & 1u << 2) && exit->cpl; /* CR4.TSD */
}

static enum handled on_rdtsc(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    (void)result;
    if (tsc_denied(m, exit))
        return handle_raise_gp(m);
    exit->value = machine_tsc(m);
    handle_set_edx_eax(m, exit->value);
    if (exit->reason == EXIT_RDTSCP)
        handle_set_gpr(m, X86_RCX, m->vcpu->ops->get_msr(m->vcpu, MSR_TSC_AUX));
    return handle_complete(m, exit);
}

/* SplitMix64: numbers that look random and repeat with the run. */
static uint64_t next_random(struct machine *m)
{
    uint64_t z = m->random += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

/* RDRAND, RDSEED: a number is always there, CF says so (SDM vol. 2). */
static enum handled on_random(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    const uint64_t cleared = RFLAGS_OF | RFLAGS_SF | RFLAGS_ZF | RFLAGS_AF | RFLAGS_PF;
    struct x86_insn insn;

    (void)result;
    x86_decode(exit->insn, exit->insn_len, x86_mode_bits(exit->mode), &insn);
    exit->value = next_random(m);
    handle_merge_gpr(m, x86_insn_rm(&insn), exit->value, insn.operand_size);
    m->vcpu->ops->set_rflags(m->vcpu, (m->vcpu->ops->get_rflags(m->vcpu) & ~cleared) | RFLAGS_CF);
    return handle_complete(m, exit);
}

static enum handled on_vmcall(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    (void)result;
    exit->value = handle_gpr(m, X86_RAX);
    handle_set_gpr(m, X86_RAX, (uint64_t)(int64_t)HYPERCALL_UNKNOWN);
    return handle_complete(m, exit);
}

/* ---- devices ----------------------------------------------------------------------------- */

/* A breakpoint on a port traps behind the instruction, with CR4.DE (SDM vol. 3, 18.2.4). */
static void check_breakpoints(struct machine *m, uint16_t port, unsigned size)
{
    const struct backend_ops *ops = m->vcpu->ops;
    uint64_t dr[4], dr7;
    unsigned hit;

    if (!(ops->get_cr(m->vcpu, 4) & CR4_DE)) /* first: debug registers may be a system call away */
        return;
    dr7 = ops->get_dr(m->vcpu, 7);
    if (!x86_breakpoints_enabled(dr7))
        return;
    for (unsigned i = 0; i < 4; i++)
        dr[i] = ops->get_dr(m->vcpu, i);
    hit = x86_breakpoints_hit(dr, dr7, X86_BREAK_IO, port, size);
    if (hit)
        handle_raise_db(m, hit);
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
        handle_merge_gpr(m, X86_RAX, exit->value, size);
        handle_complete(m, exit);
    } else {
        bus_port_write(&m->ports, port, size, (uint32_t)exit->value);
        handle_complete(m, exit);
    }
    check_breakpoints(m, port, size);
    return io_done(m, result);
}

/* RAM, or ROM that is read: not what the bus answers for. */
static bool is_protected(const struct machine *m, const struct vm_exit *exit)
{
    const struct ram_slot *slot = ram_find(&m->ram, exit->guest_physical);

    return slot && !(slot->read_only && (exit->qualification & EPT_QUAL_WRITE));
}

/* The writer gets a frame of its own, and does it again: with the event that it was delivering. */
static enum handled break_sharing(struct machine *m, struct vm_exit *exit,
                                  struct run_result *result)
{
    if (ram_own(&m->ram, exit->guest_physical))
        return handle_guest_error(result, "the host has no memory left for a copy: write", exit);
    deliver_again(m, exit);
    return HANDLED;
}

/*
 * A data access where no memory is goes to the MMIO bus. Memory that is there, but whose rights
 * somebody took away, is nothing this handler could repair.
 */
static enum handled on_ept_violation(struct machine *m, struct vm_exit *exit,
                                     struct run_result *result)
{
    uint64_t q = exit->qualification;

    if ((q & EPT_QUAL_WRITE) && ram_is_shared(&m->ram, exit->guest_physical))
        return break_sharing(m, exit, result);
    if (is_protected(m, exit))
        return handle_guest_error(result, "access to memory that the second stage protects", exit);
    if (!(q & EPT_QUAL_TRANSLATION))
        return handle_guest_error(result, "a page table lies outside guest memory: page walk",
                                  exit);
    if (q & EPT_QUAL_FETCH)
        return handle_guest_error(result, "instruction fetch outside guest memory", exit);
    if (exit->has & EXIT_HAS_VECTORING)
        return handle_guest_error(result, "the stack of an event handler is outside guest memory",
                                  exit);
    m->vcpu->ops->allow_mmio(m->vcpu);
    return HANDLED;
}

static enum handled on_ept_misconfig(struct machine *m, struct vm_exit *exit,
                                     struct run_result *result)
{
    (void)m;
    return handle_guest_error(result, "the second stage's entry makes no sense: access", exit);
}

static handler *const handlers[EXIT_REASON_COUNT] = {
    [EXIT_EXCEPTION_NMI] = on_exception,
    [EXIT_EXTERNAL_INTERRUPT] = on_interrupt,
    [EXIT_INTERRUPT_WINDOW] = on_window,
    [EXIT_NMI_WINDOW] = on_window,
    [EXIT_MONITOR_TRAP] = on_monitor_trap,
    [EXIT_GDTR_IDTR] = on_native,
    [EXIT_LDTR_TR] = on_native,
    [EXIT_TRIPLE_FAULT] = on_triple_fault,
    [EXIT_CPUID] = on_cpuid,
    [EXIT_RDRAND] = on_random,
    [EXIT_RDSEED] = on_random,
    [EXIT_HLT] = on_hlt,
    [EXIT_INVD] = on_nothing,
    [EXIT_WBINVD] = on_nothing,
    [EXIT_PAUSE] = on_nothing,
    [EXIT_INVLPG] = on_invlpg,
    [EXIT_RDPMC] = on_rdpmc,
    [EXIT_RDTSC] = on_rdtsc,
    [EXIT_RDTSCP] = on_rdtsc,
    [EXIT_VMCALL] = on_vmcall,
    [EXIT_INVEPT] = handle_ud,
    [EXIT_INVVPID] = handle_ud,
    [EXIT_VMCLEAR] = handle_ud,
    [EXIT_VMLAUNCH] = handle_ud,
    [EXIT_VMPTRLD] = handle_ud,
    [EXIT_VMPTRST] = handle_ud,
    [EXIT_VMREAD] = handle_ud,
    [EXIT_VMRESUME] = handle_ud,
    [EXIT_VMWRITE] = handle_ud,
    [EXIT_VMXOFF] = handle_ud,
    [EXIT_VMXON] = handle_ud,
    [EXIT_MONITOR] = handle_ud,
    [EXIT_MWAIT] = handle_ud,
    [EXIT_XSETBV] = handle_xsetbv,
    [EXIT_TASK_SWITCH] = handle_task_switch,
    [EXIT_CR_ACCESS] = handle_cr_access,
    [EXIT_DR_ACCESS] = handle_dr_access,
    [EXIT_IO] = on_io,
    [EXIT_RDMSR] = handle_rdmsr,
    [EXIT_WRMSR] = handle_wrmsr,
    [EXIT_EPT_VIOLATION] = on_ept_violation,
    [EXIT_EPT_MISCONFIG] = on_ept_misconfig,
};

enum handled handlers_dispatch(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    handler *handle = exit->reason < EXIT_REASON_COUNT ? handlers[exit->reason] : NULL;

    return handle ? handle(m, exit, result)
                  : handle_guest_error(result, "an exit that this machine does not handle", exit);
}
