/* The run of a /dev/kvm vCPU, and the table of its functions; see cpu.h for the parts. */
#include "backend/kvm/kvm.h"

#include "backend/kvm/cpu.h"
#include "core/breaks.h"
#include "util/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* So many instructions are run in single steps, and so counted; a longer budget is time. */
#define STEPS_MAX 64

/* ---- single steps and breakpoints -------------------------------------------------------- */

/* Single steps begin at the RIP that the kernel has now, and are asked for each time. */
static int set_guest_debug(struct kvm_cpu *cpu, uint32_t control)
{
    struct kvm_guest_debug debug = {.control = control};

    if (!control && !cpu->guest_debug)
        return 0;
    cpu->guest_debug = control;
    return ioctl(cpu->cpu_fd, KVM_SET_GUEST_DEBUG, &debug) ? -errno : 0;
}

/* Instructions that leave the guest whatever they do: there is no need to step over them. */
static bool exits_anyway(struct kvm_cpu *cpu)
{
    const struct kvm_regs *regs = &cpu->run->s.regs.regs;
    unsigned cpl = kvm_cpl(cpu);
    struct x86_insn insn;
    uint8_t bytes[15];

    if (!kvm_decode(cpu, regs->rip, &insn, bytes) || insn.vector || insn.lock)
        return false;
    if (insn.map == 1)
        return cpl == 0 && (insn.opcode == 0x30 || insn.opcode == 0x32);
    if (insn.map)
        return false;
    if (insn.opcode == 0xf4)
        return cpl == 0;
    return cpl <= RFLAGS_IOPL(regs->rflags) && kvm_mode(cpu) != X86_MODE_V86 &&
           ((insn.opcode & 0xf4) == 0xe4 || ((insn.opcode & 0xfc) == 0x6c && !insn.rep));
}

/* ---- the run ----------------------------------------------------------------------------- */

static enum backend_stop broken(struct error *err, int code, const char *what)
{
    error_errno(err, code, "/dev/kvm: %s", what);
    return BACKEND_BROKEN;
}

static bool wants_window(const struct machine *m)
{
    return m->irq.window || (m->controls.primary & PRIMARY_INTERRUPT_WINDOW);
}

/* KVM_RUN once. 0: it came back with an exit; -EINTR: it was interrupted. */
static int enter(struct kvm_cpu *cpu, uint64_t deadline, struct error *err)
{
    int rc = watchdog_begin(cpu, deadline, err), error;

    if (rc)
        return rc;
    cpu->run->request_interrupt_window = wants_window(cpu->machine);
    cpu->run->cr8 = cpu->run->s.regs.sregs.cr8;
    rc = ioctl(cpu->cpu_fd, KVM_RUN, 0);
    error = errno;
    watchdog_end(cpu);
    cpu->run->kvm_dirty_regs = 0;
    cpu->ran = true;
    cpu->unfinished = PENDING_NOTHING;
    kvm_state_forget(cpu);
    return rc < 0 ? -error : 0;
}

/* Everything that has to be so before the guest goes on. */
static int prepare(struct kvm_cpu *cpu, bool *again, struct error *err)
{
    int rc = kvm_slots_update(cpu, err);

    if (rc)
        return rc;
    rc = pending_resolve(cpu, again);
    rc = rc ? rc : irqchip_push(cpu);
    rc = rc ? rc : kvm_state_flush(cpu);
    return rc ? error_errno(err, rc, "/dev/kvm: registers") : 0;
}

/* An exit that the machine sees; false: the guest goes on at once. */
static bool is_exit(struct kvm_cpu *cpu, struct vm_exit *exit, struct error *err)
{
    err->code = 0;
    if (pending_belongs(cpu))
        return false;
    cpu->rest.after = ~0ull;
    if (!kvm_exit_fill(cpu, exit, err))
        return false;
    if (exit->reason != EXIT_EPT_VIOLATION || !cpu->mmio_once)
        return true;
    cpu->mmio_once = false;
    cpu->pending.to_bus = true;
    return false;
}

/*
 * The kernel has to have the registers, and nothing half done, before it is asked for a step. What it has
 * half done is an instruction of its own (*stepped), or behind one that was counted already.
 */
static enum backend_stop finish(struct kvm_cpu *cpu, bool *stepped, struct error *err)
{
    enum pending_kind kind = cpu->unfinished;
    int rc;

    *stepped = kind == PENDING_MMIO;
    if (kind == PENDING_NOTHING && !cpu->run->kvm_dirty_regs)
        return BACKEND_BUDGET;
    rc = pending_finish(cpu);
    cpu->ran = true;
    return rc ? broken(err, rc, "an instruction could not be finished") : BACKEND_BUDGET;
}

/* A step of a CPU that waits in the kernel's HLT: time goes on, and brings what it waits for. */
static enum backend_stop wait_on(struct kvm_cpu *cpu, uint64_t begun, struct vm_exit *exit)
{
    cpu->machine->ran += watchdog_now() - begun;
    if (!irqchip_halted_for_good(cpu))
        return BACKEND_BUDGET;
    kvm_fill_halt(cpu, exit);
    return BACKEND_EXIT;
}

/* One instruction; *exit when it exits. BACKEND_BUDGET: it is done, or the CPU waits and time is. */
static enum backend_stop step(struct kvm_cpu *cpu, struct vm_exit *exit, struct error *err)
{
    for (;;) {
        uint64_t begun = watchdog_now();
        bool again, stepped;
        int rc = prepare(cpu, &again, err);

        if (rc)
            return BACKEND_BROKEN;
        if (again)
            return kvm_exit_fill(cpu, exit, err) ? BACKEND_EXIT : BACKEND_BROKEN;
        if (finish(cpu, &stepped, err) != BACKEND_BUDGET)
            return BACKEND_BROKEN;
        if (!stepped) {
            rc = set_guest_debug(
                cpu, exits_anyway(cpu) ? 0 : KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP);
            rc = rc ? rc : enter(cpu, UINT64_MAX, err);
        }
        if (rc && rc != -EINTR)
            return broken(err, rc, "KVM_RUN");
        if (stepped || (!rc && cpu->run->exit_reason == KVM_EXIT_DEBUG)) {
            cpu->machine->insns++;
            return BACKEND_BUDGET;
        }
        if (!rc && is_exit(cpu, exit, err))
            return BACKEND_EXIT;
        if (!rc && err->code)
            return BACKEND_BROKEN;
        if (atomic_load(&cpu->machine->stop_requested))
            return BACKEND_STOPPED;
        if (rc && irqchip_halted(cpu))
            return wait_on(cpu, begun, exit);
    }
}

static bool at_break(struct kvm_cpu *cpu)
{
    struct machine *m = cpu->machine;
    uint64_t gva = kvm_linear(cpu, cpu->run->s.regs.regs.rip);
    uint32_t mask = breaks_at_rip(&m->breaks, gva);

    return mask && breaks_stop_insn(m, gva, mask, false);
}

static enum backend_stop run_steps(struct kvm_cpu *cpu, uint64_t insns, bool breaks,
                                   struct vm_exit *exit, struct error *err)
{
    const struct machine *m = cpu->machine;
    enum backend_stop stop = BACKEND_BUDGET;
    uint64_t before = m->insns + m->ran;

    while (stop == BACKEND_BUDGET && m->insns + m->ran - before < insns) {
        if (breaks && at_break(cpu))
            return BACKEND_BREAK;
        stop = step(cpu, exit, err);
        if (stop == BACKEND_BUDGET && atomic_load(&cpu->machine->stop_requested))
            return BACKEND_STOPPED;
    }
    return stop;
}

/* Let the guest run until an exit, the deadline, or a request to stop. */
static enum backend_stop run_free(struct kvm_cpu *cpu, uint64_t deadline, struct vm_exit *exit,
                                  struct error *err)
{
    struct machine *m = cpu->machine;
    uint64_t now = watchdog_now();

    for (;;) {
        uint64_t begun = now;
        bool again;
        int rc = prepare(cpu, &again, err);

        if (rc)
            return BACKEND_BROKEN;
        if (again)
            return kvm_exit_fill(cpu, exit, err) ? BACKEND_EXIT : BACKEND_BROKEN;
        rc = set_guest_debug(cpu, 0);
        rc = rc ? rc : enter(cpu, deadline, err);
        now = watchdog_now();
        m->ran += now - begun;
        if (rc && rc != -EINTR)
            return broken(err, rc, "KVM_RUN");
        if (!rc && is_exit(cpu, exit, err))
            return BACKEND_EXIT;
        if (!rc && err->code)
            return BACKEND_BROKEN;
        if (atomic_load(&m->stop_requested))
            return BACKEND_STOPPED;
        if (rc && irqchip_halted_for_good(cpu)) {
            kvm_fill_halt(cpu, exit);
            return BACKEND_EXIT;
        }
        if (now >= deadline)
            return BACKEND_BUDGET;
    }
}

static enum backend_stop kvm_run_guest(struct vcpu *vcpu, uint64_t insns, struct vm_exit *exit,
                                       struct error *err)
{
    struct kvm_cpu *cpu = vcpu->priv;
    const struct breaks *breaks = &cpu->machine->breaks;
    bool look = breaks->insns && !breaks->ignored;
    uint64_t now = watchdog_now();

    if (vcpu->tlb.count)
        x86_tlb_drop_all(&vcpu->tlb); /* of another backend: this CPU has its own */
    if (breaks->accesses && !breaks->ignored) {
        error_set(
            err, -ENOTSUP,
            "/dev/kvm: a breakpoint on memory: only the emulated CPU has those, --backend emu");
        return BACKEND_BROKEN;
    }
    if (insns <= STEPS_MAX || look)
        return run_steps(cpu, insns, look, exit, err);
    return run_free(cpu, insns < UINT64_MAX - now ? now + insns : UINT64_MAX, exit, err);
}

/* ---- state ------------------------------------------------------------------------------- */

static struct kvm_sync_regs *sync_regs(struct vcpu *vcpu)
{
    return &((struct kvm_cpu *)vcpu->priv)->run->s.regs;
}

static void touch(struct vcpu *vcpu, uint64_t regs)
{
    ((struct kvm_cpu *)vcpu->priv)->run->kvm_dirty_regs |= regs;
}

static uint64_t get_gpr(struct vcpu *vcpu, enum x86_gpr gpr)
{
    return *kvm_gpr(vcpu->priv, gpr);
}

static void set_gpr(struct vcpu *vcpu, enum x86_gpr gpr, uint64_t value)
{
    *kvm_gpr(vcpu->priv, gpr) = value;
    touch(vcpu, KVM_SYNC_X86_REGS);
}

static uint64_t get_rip(struct vcpu *vcpu)
{
    return sync_regs(vcpu)->regs.rip;
}

static void set_rip(struct vcpu *vcpu, uint64_t rip)
{
    sync_regs(vcpu)->regs.rip = rip;
    touch(vcpu, KVM_SYNC_X86_REGS);
}

static uint64_t get_rflags(struct vcpu *vcpu)
{
    return sync_regs(vcpu)->regs.rflags;
}

static void set_rflags(struct vcpu *vcpu, uint64_t value)
{
    sync_regs(vcpu)->regs.rflags = value;
    touch(vcpu, KVM_SYNC_X86_REGS);
}

static uint64_t get_cr(struct vcpu *vcpu, unsigned cr)
{
    const struct kvm_sregs *s = &sync_regs(vcpu)->sregs;

    return cr == 0 ? s->cr0 : cr == 2 ? s->cr2 : cr == 3 ? s->cr3 : cr == 4 ? s->cr4 : s->cr8;
}

static void set_cr(struct vcpu *vcpu, unsigned cr, uint64_t value)
{
    struct kvm_sregs *s = &sync_regs(vcpu)->sregs;

    *(cr == 0   ? &s->cr0
      : cr == 2 ? &s->cr2
      : cr == 3 ? &s->cr3
      : cr == 4 ? &s->cr4
                : &s->cr8) = value;
    if (cr == 0)
        s->efer = (value & CR0_PG) && (s->efer & EFER_LME) ? s->efer | EFER_LMA
                                                           : s->efer & ~(uint64_t)EFER_LMA;
    touch(vcpu, KVM_SYNC_X86_SREGS);
}

static void set_xcr0(struct vcpu *vcpu, uint64_t value)
{
    struct kvm_cpu *cpu = vcpu->priv;

    kvm_part_fetch(cpu, PART_XCR);
    cpu->xcr.xcrs[0].value = value;
    cpu->changed |= PART_XCR;
}

static uint64_t get_dr(struct vcpu *vcpu, unsigned dr)
{
    struct kvm_cpu *cpu = vcpu->priv;

    kvm_part_fetch(cpu, PART_DEBUG);
    return dr < 4 ? cpu->debug.db[dr] : dr == 6 ? cpu->debug.dr6 : cpu->debug.dr7;
}

static void set_dr(struct vcpu *vcpu, unsigned dr, uint64_t value)
{
    struct kvm_cpu *cpu = vcpu->priv;

    kvm_part_fetch(cpu, PART_DEBUG);
    *(dr < 4 ? &cpu->debug.db[dr] : dr == 6 ? &cpu->debug.dr6 : &cpu->debug.dr7) = value;
    cpu->changed |= PART_DEBUG;
}

/* The kernel reads them from memory with CR3. */
static void set_pdptes(struct vcpu *vcpu, const uint64_t pdpte[4])
{
    (void)pdpte;
    touch(vcpu, KVM_SYNC_X86_SREGS);
}

static uint64_t get_msr(struct vcpu *vcpu, uint32_t msr)
{
    return kvm_msr_get(vcpu->priv, msr);
}

static void set_msr(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
    kvm_msr_set(vcpu->priv, msr, value);
}

/* Never an exit here: the CPU executes INVLPG itself. */
static void invlpg(struct vcpu *vcpu, uint64_t gva)
{
    (void)gva;
    touch(vcpu, KVM_SYNC_X86_SREGS); /* loads CR3 anew */
}

static void get_state(struct vcpu *vcpu, struct x86_state *state)
{
    kvm_state_get(vcpu->priv, state);
}

static void set_state(struct vcpu *vcpu, const struct x86_state *state)
{
    struct kvm_cpu *cpu = vcpu->priv;

    x86_tlb_drop_all(&vcpu->tlb);
    pending_drop(cpu);
    cpu->irqchip_stale = true;
    kvm_state_set(cpu, state);
}

static void complete(struct vcpu *vcpu, unsigned insn_len)
{
    pending_complete(vcpu->priv, insn_len);
}

static void inject(struct vcpu *vcpu, const struct x86_event *event)
{
    kvm_event_set(vcpu->priv, event);
}

static void allow_mmio(struct vcpu *vcpu)
{
    struct kvm_cpu *cpu = vcpu->priv;

    if (cpu->pending.kind == PENDING_MMIO)
        cpu->pending.to_bus = true;
    else
        cpu->mmio_once = true;
}

/* What makes an exit here, the kernel has done or never shows. */
static void allow_insn(struct vcpu *vcpu)
{
    (void)vcpu;
}

/* The kernel itself holds an NMI back until the guest can take it. */
static bool interruptible(struct vcpu *vcpu, bool nmi)
{
    const struct kvm_vcpu_events *e = &sync_regs(vcpu)->events;

    if (nmi)
        return !e->nmi.pending;
    return (sync_regs(vcpu)->regs.rflags & RFLAGS_IF) && !e->interrupt.shadow &&
           !e->interrupt.injected && !e->exception.injected && !e->exception.pending &&
           !e->nmi.pending && !e->nmi.injected;
}

static void describe(struct vcpu *vcpu, struct vm_exit *exit)
{
    kvm_describe(vcpu->priv, exit);
}

/* Read anew before every run. */
static void changed(struct vcpu *vcpu)
{
    (void)vcpu;
}

static bool read_table(void *ctx, uint64_t gpa, unsigned size, uint64_t *value)
{
    const struct machine *m = ctx;
    uint8_t bytes[8] = {0};

    if (!ram_read(&m->ram, gpa, bytes, size))
        return false;
    *value = get_le64(bytes);
    return true;
}

/*
 * The PDPTEs that the CPU has loaded, from memory without a system call: reserved bits were clear then. What
 * sets them since is the CPU itself, where it takes the entries for a table of another level.
 */
#define PDPTE_RESERVED 0x1e6ull

static const uint64_t *loaded_pdptes(struct kvm_cpu *cpu, const struct x86_paging *mmu)
{
    if (!x86_paging_is_pae(mmu))
        return NULL;
    for (unsigned i = 0; i < 4; i++) {
        cpu->pdpte[i] = 0;
        read_table(cpu->machine, (mmu->cr3 & 0xffffffe0) + 8 * i, 8, &cpu->pdpte[i]);
        cpu->pdpte[i] &= ~PDPTE_RESERVED;
    }
    return cpu->pdpte;
}

static void get_paging(struct vcpu *vcpu, struct x86_paging *mmu)
{
    const struct kvm_sregs *s = &sync_regs(vcpu)->sregs;

    *mmu = (struct x86_paging){.cr0 = s->cr0,
                               .cr3 = s->cr3,
                               .cr4 = s->cr4,
                               .efer = s->efer,
                               .ac = sync_regs(vcpu)->regs.rflags & RFLAGS_AC,
                               .read = read_table,
                               .ctx = vcpu->machine};
    mmu->pdpte = loaded_pdptes(vcpu->priv, mmu);
}

/* The machine's memory is the kernel's: it sees what is written, and slots follow m->ram.layout. */
static void invalidate(struct vcpu *vcpu, uint64_t gpa, uint64_t size)
{
    (void)vcpu, (void)gpa, (void)size;
}

static void rest(struct vcpu *vcpu)
{
    kvm_slots_log(vcpu->priv);
    irqchip_pull(vcpu->priv);
}

static void irq_line(struct vcpu *vcpu, unsigned line, bool level)
{
    irqchip_line(vcpu->priv, line, level);
}

/* ---- life -------------------------------------------------------------------------------- */

static void close_cpu(struct vcpu *vcpu)
{
    struct kvm_cpu *cpu = vcpu->priv;

    if (!cpu)
        return;
    watchdog_stop(cpu);
    kvm_vm_destroy(cpu);
    kvm_slots_free(cpu);
    free(cpu);
    vcpu->priv = NULL;
}

static int check_config(const struct machine_config *config, struct error *err)
{
    if (config->shadow_paging || config->ept_accessed_dirty)
        return error_set(
            err, -ENOTSUP,
            "/dev/kvm: the second stage is the kernel's own: shadow paging and its A and "
            "D flags need the emulated CPU");
    return 0;
}

static int open_cpu(struct vcpu *vcpu, struct error *err)
{
    struct kvm_cpu *cpu;
    int rc = check_config(&vcpu->machine->config, err);

    if (rc)
        return rc;
    cpu = calloc(1, sizeof(*cpu));
    if (!cpu)
        return error_set(err, -ENOMEM, "/dev/kvm: out of memory");
    cpu->vcpu = vcpu;
    cpu->machine = vcpu->machine;
    cpu->slots.layout = cpu->rest.after = ~0ull;
    cpu->irqchip_stale = true;
    vcpu->priv = cpu;
    rc = kvm_vm_create(cpu, err);
    if (rc) {
        close_cpu(vcpu);
        return rc;
    }
    kvm_state_reset(cpu);
    return 0;
}

const struct backend_ops backend_kvm = {
    .name = "kvm",
    .probe = kvm_probe,
    .open = open_cpu,
    .close = close_cpu,
    .run = kvm_run_guest,
    .get_gpr = get_gpr,
    .set_gpr = set_gpr,
    .get_rip = get_rip,
    .set_rip = set_rip,
    .get_rflags = get_rflags,
    .set_rflags = set_rflags,
    .get_cr = get_cr,
    .set_cr = set_cr,
    .set_xcr0 = set_xcr0,
    .get_dr = get_dr,
    .set_dr = set_dr,
    .set_pdptes = set_pdptes,
    .get_msr = get_msr,
    .set_msr = set_msr,
    .invlpg = invlpg,
    .get_state = get_state,
    .set_state = set_state,
    .complete = complete,
    .inject = inject,
    .allow_mmio = allow_mmio,
    .allow_insn = allow_insn,
    .interruptible = interruptible,
    .describe = describe,
    .controls_changed = changed,
    .breaks_changed = changed,
    .get_paging = get_paging,
    .invalidate = invalidate,
    .rest = rest,
    .irq_line = irq_line,
};
