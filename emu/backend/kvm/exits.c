/*
 * From struct kvm_run [5] to struct vm_exit: the Intel SDM's reason and qualification, and the guest in
 * front of the instruction, wherever the kernel has it.
 */
#include "backend/kvm/cpu.h"

#include "util/bytes.h"
#include "x86/insn_info.h"
#include "x86/operand.h"

#include <errno.h>
#include <string.h>

static struct kvm_regs *regs_of(struct kvm_cpu *cpu)
{
    return &cpu->run->s.regs.regs;
}

/* ---- where the guest is ------------------------------------------------------------------ */

uint64_t kvm_linear(struct kvm_cpu *cpu, uint64_t rip)
{
    uint64_t gva = rip + cpu->run->s.regs.sregs.cs.base;

    return kvm_mode(cpu) == X86_MODE_LONG64 ? rip : gva & 0xffffffff;
}

bool kvm_decode(struct kvm_cpu *cpu, uint64_t rip, struct x86_insn *insn, uint8_t bytes[15])
{
    size_t size = machine_read_linear(cpu->machine, kvm_linear(cpu, rip), bytes, 15);

    return x86_decode(bytes, size, x86_mode_bits(kvm_mode(cpu)), insn);
}

static void fill_insn(struct kvm_cpu *cpu, struct vm_exit *exit, struct x86_insn *insn)
{
    uint8_t bytes[15];

    memset(insn, 0, sizeof(*insn));
    if (!kvm_decode(cpu, exit->rip, insn, bytes))
        return;
    exit->insn_len = insn->length;
    memcpy(exit->insn, bytes, insn->length);
    exit->has |= EXIT_HAS_INSN;
}

static void fill_place(struct kvm_cpu *cpu, struct vm_exit *exit)
{
    const struct kvm_sregs *sregs = &cpu->run->s.regs.sregs;

    memset(exit, 0, sizeof(*exit));
    exit->source = EXIT_SOURCE_KVM;
    exit->native = cpu->run->exit_reason;
    exit->insns = cpu->machine->insns;
    exit->rip = regs_of(cpu)->rip;
    exit->cs_base = sregs->cs.base;
    exit->selector = sregs->cs.selector;
    exit->mode = (uint8_t)kvm_mode(cpu);
    exit->cpl = (uint8_t)kvm_cpl(cpu);
}

void kvm_describe(struct kvm_cpu *cpu, struct vm_exit *exit)
{
    struct x86_insn insn;

    fill_place(cpu, exit);
    fill_insn(cpu, exit, &insn);
}

static void set_qualification(struct vm_exit *exit, uint64_t qualification)
{
    exit->qualification = qualification;
    exit->has |= EXIT_HAS_QUALIFICATION;
}

/* The exit is at the instruction at `rip`; when it is not known which, the kernel's RIP stays. */
static void place_at(struct kvm_cpu *cpu, struct vm_exit *exit, bool known, uint64_t rip,
                     struct x86_insn *insn)
{
    memset(insn, 0, sizeof(*insn));
    if (!known)
        return;
    regs_of(cpu)->rip = exit->rip = rip;
    fill_insn(cpu, exit, insn);
}

static void begin_pending(struct kvm_cpu *cpu, const struct vm_exit *exit, enum pending_kind kind,
                          bool in, uint64_t kernel_rip)
{
    cpu->pending = (struct pending){.kind = kind,
                                    .in = in,
                                    .in_kernel = true,
                                    .before = exit->rip,
                                    .after = exit->rip + exit->insn_len,
                                    .kernel_rip = kernel_rip};
    if (exit->mode != X86_MODE_LONG64)
        cpu->pending.after &= 0xffffffff;
}

/* ---- I/O --------------------------------------------------------------------------------- */

/* Let the kernel finish: does RIP move? Then it was in front of the OUT, else behind it. */
static bool finishes_in_front(struct kvm_cpu *cpu)
{
    uint64_t rip = regs_of(cpu)->rip;

    cpu->run->kvm_dirty_regs = 0;
    return !pending_finish(cpu) && regs_of(cpu)->rip != rip;
}

/* RIP of the instruction that made the I/O exit; false: not sure. *behind: the kernel has it done. */
static bool find_io(struct kvm_cpu *cpu, uint64_t *rip, bool *behind)
{
    uint64_t at = regs_of(cpu)->rip, before;
    struct x86_insn insn;
    uint8_t bytes[15];
    bool out = cpu->run->io.direction == KVM_EXIT_IO_OUT;
    bool here = kvm_decode(cpu, at, &insn, bytes) && behind_is_io(cpu, &insn);
    bool there = out && behind_io(cpu, at, &before);

    *behind = there;
    *rip = there && !(here && finishes_in_front(cpu)) ? before : at;
    return here || there;
}

static uint64_t io_qualification(const struct kvm_run *run, const struct x86_insn *insn,
                                 bool string)
{
    uint64_t q = (uint64_t)run->io.port << 16 | (run->io.size - 1u);

    q |= run->io.direction == KVM_EXIT_IO_IN ? IO_QUAL_IN : 0;
    q |= string ? IO_QUAL_STRING : 0;
    q |= string && (insn->rep || insn->repne) ? IO_QUAL_REP : 0;
    return q | ((insn->opcode & 0xfc) == 0xe4 ? IO_QUAL_IMM : 0);
}

static uint32_t io_value(const struct kvm_run *run)
{
    uint8_t bytes[4] = {0};

    memcpy(bytes, (const uint8_t *)run + run->io.data_offset, run->io.size);
    return run->io.direction == KVM_EXIT_IO_OUT ? get_le32(bytes) : 0;
}

static void move_index(uint64_t *gpr, uint64_t by, unsigned address_size)
{
    uint64_t mask = address_size == 8 ? ~0ull : (1ull << 8 * address_size) - 1;
    uint64_t kept = address_size == 4 ? 0 : *gpr & ~mask;

    *gpr = kept | ((*gpr + by) & mask);
}

/* The kernel has done one element of OUTS: take that back, the machine does it. */
static void undo_outs(struct kvm_cpu *cpu, const struct x86_insn *insn)
{
    uint64_t size = cpu->run->io.size;
    bool down = regs_of(cpu)->rflags & RFLAGS_DF;

    move_index(kvm_gpr(cpu, X86_RSI), down ? size : 0 - size, insn->address_size);
    if (insn->rep || insn->repne)
        move_index(kvm_gpr(cpu, X86_RCX), 1, insn->address_size);
}

/*
 * INS has asked for its elements and writes them when the kernel runs next. It gets what memory holds, and
 * so changes nothing; then the machine does it, one element at a time.
 */
static void undo_ins(struct kvm_cpu *cpu, uint64_t gva)
{
    uint8_t *data = (uint8_t *)cpu->run + cpu->run->io.data_offset;
    size_t size = (size_t)cpu->run->io.count * cpu->run->io.size;
    struct kvm_sync_regs saved = cpu->run->s.regs;

    if (regs_of(cpu)->rflags & RFLAGS_DF)
        for (size_t i = 0; i < cpu->run->io.count; i++)
            machine_read_linear(cpu->machine, gva - i * cpu->run->io.size,
                                data + i * cpu->run->io.size, cpu->run->io.size);
    else
        machine_read_linear(cpu->machine, gva, data, size);
    cpu->run->kvm_dirty_regs = 0;
    pending_finish(cpu);
    cpu->run->s.regs = saved;
}

static void fill_string(struct kvm_cpu *cpu, struct vm_exit *exit, const struct x86_insn *insn)
{
    bool in = exit->qualification & IO_QUAL_IN;
    unsigned bits = x86_mode_bits(exit->mode);
    struct x86_state state;

    if (!in)
        undo_outs(cpu, insn);
    kvm_registers_get(cpu, &state);
    exit->guest_linear = x86_string_linear(insn, bits, state.seg[x86_string_segment(insn)].base,
                                           *kvm_gpr(cpu, in ? X86_RDI : X86_RSI));
    exit->has |= EXIT_HAS_GVA;
    if (x86_insn_info(insn, exit->insn, bits, EXIT_IO, &exit->insn_info))
        exit->has |= EXIT_HAS_INSN_INFO;
    if (in)
        undo_ins(cpu, exit->guest_linear);
    cpu->run->kvm_dirty_regs |= KVM_SYNC_X86_VALID_FIELDS;
}

static void fill_io(struct kvm_cpu *cpu, struct vm_exit *exit)
{
    uint64_t kernel_rip = exit->rip, rip;
    struct x86_insn insn;
    bool behind, known = find_io(cpu, &rip, &behind), string;

    exit->reason = EXIT_IO;
    exit->value = io_value(cpu->run);
    place_at(cpu, exit, known, rip, &insn);
    string = known && (insn.opcode & 0xfc) == 0x6c;
    set_qualification(exit, io_qualification(cpu->run, &insn, string));
    if (string) {
        fill_string(cpu, exit, &insn);
        return;
    }
    begin_pending(cpu, exit, PENDING_IO, exit->qualification & IO_QUAL_IN, kernel_rip);
    cpu->pending.in_kernel = !behind;
}

/* ---- memory ------------------------------------------------------------------------------ */

/* The linear address, when the instruction's operand is where the access was. */
static void fill_linear(struct kvm_cpu *cpu, struct vm_exit *exit, const struct x86_insn *insn)
{
    struct x86_state state;
    struct x86_walk walk;
    uint64_t gva;

    if (!(exit->has & EXIT_HAS_INSN) || !insn->has_modrm || insn->modrm >> 6 == 3)
        return;
    kvm_registers_get(cpu, &state);
    gva = x86_operand_linear(insn, exit->insn, &state);
    machine_walk(cpu->machine, gva, X86_READ, exit->cpl == 3, &walk);
    if (walk.verdict != X86_WALK_OK || walk.gpa != exit->guest_physical)
        return;
    exit->guest_linear = gva;
    exit->has |= EXIT_HAS_GVA;
    exit->qualification |= EPT_QUAL_GLA_VALID;
}

/* Whose delivery the access interrupted, if any. */
static void fill_vectoring(struct kvm_cpu *cpu, struct vm_exit *exit)
{
    struct x86_event event;

    kvm_event_get(cpu, &event);
    if (!(event.info & INTR_VALID))
        return;
    exit->idt_vectoring = event.info;
    exit->idt_error = event.error;
    exit->has |= EXIT_HAS_VECTORING;
}

/* The kernel tells of the access itself alone, never of a page walk's. */
static void fill_mmio(struct kvm_cpu *cpu, struct vm_exit *exit)
{
    const struct kvm_run *run = cpu->run;
    uint64_t kernel_rip = exit->rip, rip = kernel_rip;
    bool write = run->mmio.is_write, known = !write || behind_store(cpu, kernel_rip, &rip);
    const struct ram_slot *slot = ram_find(&cpu->machine->ram, run->mmio.phys_addr);
    struct x86_insn insn;

    exit->reason = EXIT_EPT_VIOLATION;
    exit->guest_physical = run->mmio.phys_addr;
    exit->has |= EXIT_HAS_GPA;
    place_at(cpu, exit, known, rip, &insn);
    set_qualification(exit, (write ? EPT_QUAL_WRITE : EPT_QUAL_READ) | EPT_QUAL_TRANSLATION |
                                (slot ? EPT_QUAL_READABLE | EPT_QUAL_EXECUTABLE : 0));
    fill_linear(cpu, exit, &insn);
    fill_vectoring(cpu, exit);
    begin_pending(cpu, exit, PENDING_MMIO, !write, kernel_rip);
}

/* ---- the others -------------------------------------------------------------------------- */

static void fill_msr(struct kvm_cpu *cpu, struct vm_exit *exit)
{
    bool in = cpu->run->exit_reason == KVM_EXIT_X86_RDMSR;
    struct x86_insn insn;

    exit->reason = in ? EXIT_RDMSR : EXIT_WRMSR;
    exit->msr = cpu->run->msr.index;
    exit->value = in ? 0 : cpu->run->msr.data;
    fill_insn(cpu, exit, &insn);
    begin_pending(cpu, exit, PENDING_MSR, in, exit->rip);
}

/* The kernel has gone behind HLT. */
static void fill_hlt(struct kvm_cpu *cpu, struct vm_exit *exit)
{
    struct x86_insn insn;
    uint8_t bytes[15];
    uint64_t before = exit->rip - 1;
    bool known = kvm_decode(cpu, before, &insn, bytes) && bytes[0] == 0xf4;

    exit->reason = EXIT_HLT;
    place_at(cpu, exit, known, before, &insn);
    cpu->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
}

void kvm_fill_halt(struct kvm_cpu *cpu, struct vm_exit *exit)
{
    fill_place(cpu, exit);
    fill_hlt(cpu, exit);
}

static void fill_hypercall(struct kvm_cpu *cpu, struct vm_exit *exit)
{
    struct x86_insn insn;

    exit->reason = EXIT_VMCALL;
    exit->value = cpu->run->hypercall.nr;
    fill_insn(cpu, exit, &insn);
}

static bool internal_error(struct kvm_cpu *cpu, struct error *broken)
{
    static const char *const errors[] = {
        [0] = "no reason",
        [KVM_INTERNAL_ERROR_EMULATION] = "it cannot emulate the instruction",
        [KVM_INTERNAL_ERROR_SIMUL_EX] = "two exceptions at once",
        [KVM_INTERNAL_ERROR_DELIVERY_EV] = "an event could not be delivered",
        [KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON] = "an exit that it does not know"};
    uint32_t which = cpu->run->internal.suberror;

    error_set(broken, -EFAULT, "/dev/kvm gave up at rip %#llx: %s (internal error %u)",
              (unsigned long long)regs_of(cpu)->rip,
              which < sizeof(errors) / sizeof(errors[0]) && errors[which] ? errors[which] : "?",
              which);
    return false;
}

bool kvm_exit_fill(struct kvm_cpu *cpu, struct vm_exit *exit, struct error *broken)
{
    struct kvm_run *run = cpu->run;

    fill_place(cpu, exit);
    switch (run->exit_reason) {
    case KVM_EXIT_IO:
        fill_io(cpu, exit);
        return true;
    case KVM_EXIT_MMIO:
        fill_mmio(cpu, exit);
        return true;
    case KVM_EXIT_X86_RDMSR:
    case KVM_EXIT_X86_WRMSR:
        fill_msr(cpu, exit);
        return true;
    case KVM_EXIT_HLT:
        fill_hlt(cpu, exit);
        return true;
    case KVM_EXIT_SHUTDOWN:
        exit->reason = EXIT_TRIPLE_FAULT;
        return true;
    case KVM_EXIT_IRQ_WINDOW_OPEN:
        exit->reason = EXIT_INTERRUPT_WINDOW;
        return true;
    case KVM_EXIT_HYPERCALL:
        fill_hypercall(cpu, exit);
        return true;
    case KVM_EXIT_SET_TPR: /* MOV to CR8, done */
    case KVM_EXIT_INTR:
        return false;
    case KVM_EXIT_INTERNAL_ERROR:
        return internal_error(cpu, broken);
    case KVM_EXIT_FAIL_ENTRY:
        error_set(broken, -EFAULT,
                  "/dev/kvm: the CPU refused to enter the guest at rip %#llx: %#llx",
                  (unsigned long long)regs_of(cpu)->rip,
                  (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
        return false;
    default:
        error_set(broken, -EFAULT, "/dev/kvm: exit %u, which this version does not know",
                  run->exit_reason);
        return false;
    }
}
