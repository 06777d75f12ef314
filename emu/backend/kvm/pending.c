/*
 * An instruction that left the guest half done [5.4, "KVM_EXIT_IO"]: for IN, RDMSR and accesses to where
 * no memory is the kernel waits for data, and finishes the instruction when it runs next.
 *
 * The machine sees the guest in front of that instruction, as hardware has it, and says what is to happen:
 * - pending_complete(): the instruction is done. What it read lies in RAX, EDX:EAX, and goes to the kernel.
 * - allow_mmio(): the access may reach the bus.
 * - Anything else, an exception instead, other registers: the kernel finishes with what is of no use, and
 *   gets the registers put back.
 */
#include "backend/kvm/cpu.h"

#include "util/bytes.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

/* Parts of one access, and reads that lead to a write. */
#define FINISH_MAX 16

static uint8_t *io_data(struct kvm_cpu *cpu)
{
    return (uint8_t *)cpu->run + cpu->run->io.data_offset;
}

/* ---- the answer -------------------------------------------------------------------------- */

void pending_complete(struct kvm_cpu *cpu, unsigned len)
{
    struct kvm_regs *regs = &cpu->run->s.regs.regs;

    regs->rip += len;
    if (kvm_mode(cpu) != X86_MODE_LONG64)
        regs->rip &= 0xffffffff;
    if (regs->rflags & RFLAGS_RF) {
        regs->rflags &= ~(uint64_t)RFLAGS_RF;
        cpu->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
    }
    cpu->run->s.regs.events.interrupt.shadow = 0;
    cpu->pending.done = true;
}

static void answer(struct kvm_cpu *cpu)
{
    struct kvm_run *run = cpu->run;

    if (cpu->pending.kind == PENDING_IO && cpu->pending.in) {
        uint8_t rax[8];

        put_le64(rax, *kvm_gpr(cpu, X86_RAX));
        memcpy(io_data(cpu), rax, run->io.size);
    } else if (cpu->pending.kind == PENDING_MSR) {
        run->msr.error = 0;
        if (cpu->pending.in)
            run->msr.data = *kvm_gpr(cpu, X86_RDX) << 32 | (uint32_t)*kvm_gpr(cpu, X86_RAX);
    }
}

/* ---- taking back ------------------------------------------------------------------------- */

/* What the kernel gets where nobody wants the result. */
static void answer_nothing(struct kvm_cpu *cpu)
{
    struct kvm_run *run = cpu->run;

    if (run->exit_reason == KVM_EXIT_MMIO && !run->mmio.is_write)
        memset(run->mmio.data, 0, sizeof(run->mmio.data));
    else if (run->exit_reason == KVM_EXIT_X86_RDMSR || run->exit_reason == KVM_EXIT_X86_WRMSR)
        run->msr.error = 0;
}

static int resolve_mmio(struct kvm_cpu *cpu, bool *again);

int pending_finish(struct kvm_cpu *cpu)
{
    bool again;
    int rc = 0;

    for (int i = 0; i < FINISH_MAX; i++) {
        cpu->run->immediate_exit = 1;
        rc = ioctl(cpu->cpu_fd, KVM_RUN, 0);
        cpu->run->immediate_exit = 0;
        if (rc < 0)
            break;
        if (!pending_belongs(cpu) || resolve_mmio(cpu, &again))
            answer_nothing(cpu);
    }
    cpu->run->kvm_dirty_regs = 0;
    cpu->unfinished = PENDING_NOTHING;
    kvm_state_forget(cpu);
    return rc < 0 && errno == EINTR ? 0 : rc < 0 ? -errno : -EIO;
}

static int take_back(struct kvm_cpu *cpu)
{
    struct kvm_sync_regs saved = cpu->run->s.regs;
    int rc = 0;

    cpu->rest.after = ~0ull;
    if (cpu->pending.in_kernel) {
        cpu->run->kvm_dirty_regs = 0;
        answer_nothing(cpu);
        rc = pending_finish(cpu);
    }
    cpu->run->s.regs = saved;
    cpu->run->kvm_dirty_regs = KVM_SYNC_X86_VALID_FIELDS;
    cpu->pending.kind = PENDING_NOTHING;
    cpu->pending.to_bus = false;
    return rc;
}

/* ---- MMIO -------------------------------------------------------------------------------- */

/* Instructions that write what they have read (SDM vol. 2, Appendix A), with a memory operand. */
static bool writes_back(const struct x86_insn *insn)
{
    unsigned reg = insn->modrm >> 3 & 7;

    if (insn->vector || !insn->has_modrm)
        return false;
    if (insn->map == 1)
        return (insn->opcode & 0xf6) == 0xa4 || (insn->opcode & 0xf6) == 0xb0 ||
               insn->opcode == 0xab || insn->opcode == 0xbb || (insn->opcode & 0xfe) == 0xc0 ||
               (insn->opcode == 0xba && reg >= 5) || (insn->opcode == 0xc7 && reg == 1);
    if (insn->map)
        return false;
    if (insn->opcode < 0x38)
        return (insn->opcode & 6) == 0;
    if (insn->opcode >= 0x80 && insn->opcode <= 0x83)
        return reg != 7;
    return insn->opcode == 0x86 || insn->opcode == 0x87 || (insn->opcode & 0xfe) == 0xc0 ||
           (insn->opcode & 0xfc) == 0xd0 ||
           ((insn->opcode & 0xfe) == 0xf6 && reg >= 2 && reg <= 3) ||
           ((insn->opcode & 0xfe) == 0xfe && reg <= 1);
}

static bool is_string(const struct x86_insn *insn)
{
    return !insn->map && ((insn->opcode >= 0xa4 && insn->opcode <= 0xa7) ||
                          (insn->opcode >= 0xaa && insn->opcode <= 0xaf));
}

static void note_rest(struct kvm_cpu *cpu)
{
    const struct pending *p = &cpu->pending;
    struct x86_insn insn;
    uint8_t bytes[15];

    if (p->part) {
        cpu->rest.gpa = cpu->run->mmio.phys_addr;
        cpu->rest.size = cpu->run->mmio.len;
        cpu->rest.write_back = false;
        return;
    }
    cpu->rest = (struct mmio_rest){.after = ~0ull};
    if (p->before == p->after || !kvm_decode(cpu, p->before, &insn, bytes))
        return;
    cpu->rest = (struct mmio_rest){.write_back = p->in && writes_back(&insn),
                                   .gpa = cpu->run->mmio.phys_addr,
                                   .size = cpu->run->mmio.len,
                                   .after = p->after,
                                   .wide = !is_string(&insn)};
}

bool pending_belongs(struct kvm_cpu *cpu)
{
    const struct kvm_run *run = cpu->run;
    const struct mmio_rest *rest = &cpu->rest;
    bool belongs;

    if (run->exit_reason != KVM_EXIT_MMIO || rest->after == ~0ull)
        return false;
    belongs = run->mmio.is_write && rest->write_back && run->mmio.phys_addr == rest->gpa &&
              run->s.regs.regs.rip == rest->after;
    belongs = belongs || (rest->wide && run->mmio.phys_addr == rest->gpa + rest->size &&
                          (run->mmio.is_write ? run->s.regs.regs.rip == rest->after : true) &&
                          !run->mmio.is_write == cpu->pending.in);
    if (!belongs)
        return false;
    cpu->pending = (struct pending){.kind = PENDING_MMIO,
                                    .in_kernel = true,
                                    .to_bus = true,
                                    .part = true,
                                    .in = !run->mmio.is_write,
                                    .before = run->s.regs.regs.rip,
                                    .after = rest->after,
                                    .kernel_rip = run->s.regs.regs.rip};
    return true;
}

/* The page may have got memory meanwhile, or its own copy of it. */
static bool do_in_memory(struct kvm_cpu *cpu)
{
    struct ram *ram = &cpu->machine->ram;
    struct kvm_run *run = cpu->run;
    uint64_t gpa = run->mmio.phys_addr;

    if (!run->mmio.is_write)
        return ram_read(ram, gpa, run->mmio.data, run->mmio.len);
    return !ram_is_shared(ram, gpa) && ram_write(ram, gpa, run->mmio.data, run->mmio.len);
}

static void do_on_bus(struct kvm_cpu *cpu)
{
    struct bus *bus = &cpu->machine->mmio;
    struct kvm_run *run = cpu->run;
    uint8_t bytes[8] = {0};

    if (run->mmio.is_write) {
        memcpy(bytes, run->mmio.data, run->mmio.len);
        bus_mmio_write(bus, run->mmio.phys_addr, run->mmio.len, get_le64(bytes));
    } else {
        put_le64(bytes, bus_mmio_read(bus, run->mmio.phys_addr, run->mmio.len));
        memcpy(run->mmio.data, bytes, run->mmio.len);
    }
}

/* The registers are those that the instruction began with: the kernel has taken its operands already. */
static int resolve_mmio(struct kvm_cpu *cpu, bool *again)
{
    struct pending *p = &cpu->pending;

    if (p->done || cpu->run->s.regs.regs.rip != p->before || cpu->run->kvm_dirty_regs) {
        cpu->mmio_once = p->to_bus && !p->done;
        return take_back(cpu);
    }
    if (!do_in_memory(cpu)) {
        *again = !p->to_bus;
        if (*again)
            return 0;
        do_on_bus(cpu);
    }
    note_rest(cpu);
    cpu->run->s.regs.regs.rip = p->kernel_rip;
    cpu->unfinished = p->kind;
    p->kind = PENDING_NOTHING;
    p->to_bus = false;
    return 0;
}

/* With more to change than the kernel expects of an answer: it finishes first, and gets the rest then. */
static int finish_then_change(struct kvm_cpu *cpu)
{
    struct kvm_sync_regs saved = cpu->run->s.regs;
    unsigned known = cpu->known, changed = cpu->changed;
    int rc;

    cpu->run->kvm_dirty_regs = 0;
    cpu->pending.kind = PENDING_NOTHING;
    rc = pending_finish(cpu);
    if (cpu->pending.before == cpu->pending.after) /* how long it is, only the kernel knows */
        saved.regs.rip = cpu->run->s.regs.regs.rip;
    cpu->known = known;
    cpu->changed = changed;
    cpu->run->s.regs = saved;
    cpu->run->kvm_dirty_regs = KVM_SYNC_X86_VALID_FIELDS;
    return rc;
}

int pending_resolve(struct kvm_cpu *cpu, bool *again)
{
    struct pending *p = &cpu->pending;
    struct kvm_regs *regs = &cpu->run->s.regs.regs;

    *again = false;
    if (p->kind == PENDING_NOTHING)
        return 0;
    if (p->kind == PENDING_MMIO)
        return resolve_mmio(cpu, again);
    if (!p->done || regs->rip != p->after)
        return take_back(cpu);
    if (p->in_kernel) {
        answer(cpu);
        if (cpu->run->kvm_dirty_regs & ~(uint64_t)KVM_SYNC_X86_REGS)
            return finish_then_change(cpu);
        regs->rip = p->kernel_rip;
        cpu->unfinished = p->kind;
    }
    p->kind = PENDING_NOTHING;
    return 0;
}

void pending_drop(struct kvm_cpu *cpu)
{
    if (cpu->pending.kind != PENDING_NOTHING)
        take_back(cpu);
}
