/*
 * The emulated CPU: Unicorn (QEMU's TCG) run as the guest of its own AMD-V emulation, so that every
 * event a hypervisor may intercept arrives precisely. See engine.h for the parts.
 *
 * Where the core differs from a real CPU, and cannot be helped from here, is in emu/x86/fidelity.c.
 */
#include "backend/unicorn/engine.h"

#include "backend/unicorn/vmcb.h"
#include "util/bytes.h"
#include "x86/msr.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ---- the engine's hooks ------------------------------------------------------------------ */

static void on_interrupt(uc_engine *uc, uint32_t number, void *ctx)
{
    struct engine *e = ctx;

    /* 100h + SVM exit code; without the intercept an exception's bare vector. */
    e->native = (int)(number >= 0x100 ? number - 0x100 : SVM_EXIT_EXCEPTION + number);
    uc_emu_stop(uc);
}

/* In none of the ranges that the permission map covers: intercepted without a look at it. */
#define MSR_UNMAPPED 0x40000000

/*
 * Reading an intercepted MSR through the library makes its intercept check unwind to the main loop
 * with RIP on the current instruction, before that has done anything. It clobbers RCX.
 */
void engine_abort(struct engine *e, int code)
{
    uc_x86_msr access = {.rid = MSR_UNMAPPED};

    e->aborted = code;
    e->aborted_rcx = engine_reg(e, UC_X86_REG_RCX);
    uc_reg_read(e->uc, UC_X86_REG_MSR, &access);
}

void engine_come_back(struct engine *e, int code)
{
    e->aborted = code;
    e->aborted_rcx = engine_reg(e, UC_X86_REG_RCX);
    uc_emu_stop(e->uc);
}

/*
 * IN and OUT at CPL > IOPL need the TSS's I/O permission bitmap (SDM vol. 1, 19.5.2); the library
 * left this check out along with the intercept.
 */
static bool io_allowed(struct engine *e, uint16_t port, unsigned size)
{
    uint8_t word[2];
    uint64_t flags, at;
    uc_x86_mmr tr;

    if (e->context_fresh && context_cpl(e) == 0)
        return true;
    flags = engine_reg(e, UC_X86_REG_RFLAGS);
    if (!(e->cr0 & CR0_PE) || (!(flags & RFLAGS_VM) && engine_cpl(e) <= RFLAGS_IOPL(flags)))
        return true;
    uc_reg_read(e->uc, UC_X86_REG_TR, &tr);
    if (tr.limit < 103 || machine_read_linear(e->machine, tr.base + 102, word, 2) < 2)
        return false;
    at = get_le16(word) + port / 8u;
    if (at + 1 > tr.limit || machine_read_linear(e->machine, tr.base + at, word, 2) < 2)
        return false;
    return !(get_le16(word) >> (port & 7) & ((1u << size) - 1));
}

static void io_access(struct engine *e, bool in, uint32_t port, int size, uint32_t value)
{
    e->io =
        (struct io_access){.in = in, .port = (uint16_t)port, .size = (uint8_t)size, .value = value};
    engine_abort(e, io_allowed(e, (uint16_t)port, (unsigned)size) ? PRIVATE_EXIT_IO
                                                                  : PRIVATE_EXIT_IO_DENIED);
}

static uint32_t on_in(uc_engine *uc, uint32_t port, int size, void *ctx)
{
    (void)uc;
    io_access(ctx, true, port, size, 0);
    return 0;
}

static void on_out(uc_engine *uc, uint32_t port, int size, uint32_t value, void *ctx)
{
    (void)uc;
    io_access(ctx, false, port, size, value);
}

static void on_system_call(uc_engine *uc, void *ctx)
{
    (void)uc;
    engine_abort(ctx, PRIVATE_EXIT_SYSTEM_CALL);
}

static uint64_t on_mmio_read(uc_engine *uc, uint64_t offset, unsigned size, void *ctx)
{
    struct engine *e = ctx;

    (void)uc;
    return bus_mmio_read(&e->machine->mmio, e->mmio_page + offset, size);
}

static void on_mmio_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *ctx)
{
    struct engine *e = ctx;

    (void)uc;
    bus_mmio_write(&e->machine->mmio, e->mmio_page + offset, size, value);
}

static uc_err add_hooks(struct engine *e)
{
    uc_engine *uc = e->uc;
    uc_hook hook;
    uc_err rc = uc_hook_add(uc, &hook, UC_HOOK_TLB_FILL, memory_fill, e, 1, 0);

    rc = rc ? rc : uc_hook_add(uc, &hook, UC_HOOK_INTR, on_interrupt, e, 1, 0);
    rc = rc ? rc : uc_hook_add(uc, &hook, UC_HOOK_BLOCK, count_block, e, 1, 0);
    /* For these two pages only: a memory hook keeps every store to its range on a slow path. */
    rc = rc ? rc
            : uc_hook_add(uc, &hook, UC_HOOK_MEM_UNMAPPED, memory_unmapped, e, HPA_NOTHING,
                          HPA_NOTHING + 2 * PAGE_SIZE - 1);
    rc = rc ? rc : uc_hook_add(uc, &hook, UC_HOOK_INSN, on_in, e, 1, 0, UC_X86_INS_IN);
    rc = rc ? rc : uc_hook_add(uc, &hook, UC_HOOK_INSN, on_out, e, 1, 0, UC_X86_INS_OUT);
    rc =
        rc ? rc : uc_hook_add(uc, &hook, UC_HOOK_INSN, on_system_call, e, 1, 0, UC_X86_INS_SYSCALL);
    rc = rc ? rc
            : uc_hook_add(uc, &hook, UC_HOOK_INSN, on_system_call, e, 1, 0, UC_X86_INS_SYSENTER);
    return rc;
}

/* ---- running ----------------------------------------------------------------------------- */

void engine_go(struct engine *e)
{
    e->native = -1;
    e->aborted = 0;
    if (!e->probing)
        e->fault.kind = FAULT_NONE;
    engine_put_gprs(e);
    count_resume(e);
    if (!rescue_emu_start(e, engine_rip(e)))
        e->broken = true;
    count_pause(e);
    e->has_rip = false;
    if (e->stepping || e->quiet)
        e->context_fresh = false;
    if (e->aborted)
        engine_set_reg(e, UC_X86_REG_RCX, e->aborted_rcx);
}

unsigned engine_cpl(struct engine *e)
{
    if (!(e->cr0 & CR0_PE))
        return 0;
    if (engine_reg(e, UC_X86_REG_RFLAGS) & RFLAGS_VM)
        return 3;
    return engine_reg(e, UC_X86_REG_CS) & 3;
}

unsigned engine_code_bits(struct engine *e)
{
    context_read_once(e);
    return e->code_bits;
}

bool engine_decode(struct engine *e, uint64_t gva, struct x86_insn *insn, uint8_t bytes[15])
{
    size_t size = memory_read_code(e, gva, bytes, 15);

    return x86_decode(bytes, size, engine_code_bits(e), insn);
}

uint64_t engine_linear_rip(struct engine *e)
{
    uint64_t rip = engine_rip(e);

    context_read_once(e);
    rip += context_cs_base(e); /* the core adds it in 64-bit mode, too */
    return context_code64(e) ? rip : rip & 0xffffffff;
}

/*
 * A near branch to an address that is not canonical faults itself (SDM vol. 2, CALL, JMP, RET); the
 * core takes it and faults at the target. RSP and RIP are all that it has changed.
 */
static void undo_branch(struct engine *e, uint64_t gva)
{
    uint64_t rsp = engine_reg(e, UC_X86_REG_RSP);
    struct x86_insn insn;
    uint8_t bytes[15];

    if (!engine_decode(e, gva, &insn, bytes) || insn.map != 0 || insn.vector)
        return;
    if (insn.opcode == 0xc3 || insn.opcode == 0xc2)
        rsp -= 8 + (insn.opcode == 0xc2 ? insn.immediate : 0);
    else if (insn.opcode == 0xe8 || (insn.opcode == 0xff && (insn.modrm >> 3 & 7) == 2))
        rsp += 8;
    else if (insn.opcode != 0xe9 && (insn.opcode != 0xff || (insn.modrm >> 3 & 7) != 4))
        return;
    engine_set_gpr(e, X86_RSP, rsp);
    engine_put_gprs(e);
    engine_set_rip(e, gva);
    e->machine->insns--;
}

/* Run up to the page, which holds `fill` meanwhile; true: an instruction reaches it. */
static bool run_to_fence(struct engine *e, uint64_t page, uint8_t fill)
{
    memset(e->hidden + HIDDEN_FENCE, fill, PAGE_SIZE);
    count_settle(e, engine_linear_rip(e));
    e->fence = page;
    count_begin(e);
    count_step_mode(e, true);
    memory_flush(e);
    engine_go(e);
    e->fence = ~0ull;
    uc_ctl_flush_tb(e->uc); /* what was translated from the fence is nonsense */
    memory_flush(e);
    return e->fence_hit;
}

/* An instruction that is #UD with what the fence holds may be none with other bytes. */
static bool is_undefined_before(struct engine *e, uint64_t page)
{
    return e->native == SVM_EXIT_EXCEPTION + X86_UD && !e->aborted &&
           page - engine_linear_rip(e) < 15;
}

/*
 * The core translates ahead, also into the next page, and reports a fetch denied there with RIP at
 * the block's start. Only an instruction that reaches that page may fault: run up to it, one by
 * one, with the page fenced off. False: something else came first, which may be a fault to settle.
 */
static bool settle_fetch(struct engine *e)
{
    uint64_t page = e->fault.gva, rip = engine_linear_rip(e);
    struct fault fault = e->fault;

    if (fault.kind == FAULT_CANONICAL && count_last_insn(e, &rip)) {
        undo_branch(e, rip);
        return true;
    }
    if ((rip & PAGE_MASK) == page) {
        memory_locate(e, rip);
        return true;
    }
    if (!run_to_fence(e, page, 0x90) && is_undefined_before(e, page)) {
        e->native = -1;
        run_to_fence(e, page, 0x00);
    }
    if (!e->fence_hit)
        return false;
    e->fault = fault;
    rip = engine_linear_rip(e);
    if ((rip & PAGE_MASK) == page)
        memory_locate(e, rip);
    return true;
}

/* The access is to be tried again, with what is known now. */
static bool is_no_fault(const struct engine *e)
{
    return (e->fault.kind == FAULT_SYSTEM_TABLE || e->fault.kind == FAULT_CODE_WRITTEN ||
            e->fault.kind == FAULT_WATCHED || e->fault.kind == FAULT_TLB_FULL) &&
           !e->aborted && e->native < 0;
}

static bool is_open(const struct engine *e)
{
    return e->fault.kind != FAULT_NONE && e->fault.kind != FAULT_WATCHED && !e->aborted &&
           e->native < 0;
}

static bool is_denied_fetch(const struct engine *e)
{
    return e->fault.access == X86_FETCH && e->fault.kind != FAULT_TLB_FULL;
}

static void settle_fault(struct engine *e)
{
    while (is_open(e) && is_denied_fetch(e))
        if (settle_fetch(e))
            return;
    if (!is_open(e))
        return;
    if (e->fault.kind == FAULT_SYSTEM_TABLE)
        memory_settle_table_access(e);
    else if (e->fault.kind == FAULT_TLB_FULL)
        memory_flush_tlb(e);
    else if (e->fault.access == X86_WRITE && !e->fault.exact && !is_no_fault(e))
        memory_locate_write(e);
    else
        memory_flush(e); /* the page of nothing is still mapped */
}

/* Intercepts that allow_insn() lifts for one instruction. */
#define LIFTED_CR_READS 0x11 /* SMSW, MOV from CR4 */

static void begin_once(struct engine *e)
{
    e->mmio_open = e->mmio_once;
    if (e->bare_once)
        context_lift_intercepts(e, SVM_INTERCEPT_TABLES, LIFTED_CR_READS);
    if ((e->mmio_once || e->bare_once || e->table_access) && e->machine->insns + 1 < e->limit)
        e->limit = e->machine->insns + 1;
}

/* What was allowed for one instruction is over. */
static void end_once(struct engine *e)
{
    if (e->mmio_open)
        memory_flush(e);
    e->mmio_open = e->mmio_once = false;
    if (e->table_access)
        memory_flush(e);
    e->table_access = TABLE_ACCESS_UNKNOWN;
    if (e->bare_once)
        world_intercepts(e);
    e->bare_once = false;
}

/* Leaving step mode throws all translations away: stay a little, the next such block may be near. */
#define STEPS_BEHIND 256

/* One stretch: until an exit, the limit, a stop request, or something only this file cares for. */
static void stretch(struct engine *e, uint64_t limit)
{
    e->limit = limit;
    break_begin(e);
    begin_once(e);
    count_begin(e);
    watch_memory(e);
    count_step_mode(e, count_steps_pay(e));
    engine_go(e);
    if (e->inspect_hit || (e->budget_hit && e->machine->insns < e->limit)) {
        /* A block has to be looked at, or would pass the limit. */
        if (break_steps(e))
            return;
        if (e->inspect_hit && e->limit - e->machine->insns > e->inspect_insns + STEPS_BEHIND)
            e->limit = e->machine->insns + e->inspect_insns + STEPS_BEHIND;
        count_step_mode(e, true);
        count_begin(e);
        engine_go(e);
    }
    settle_fault(e);
}

/* A fetch that is denied behind the last instruction of the budget belongs to the next run. */
static bool fetches_behind(struct engine *e, uint64_t limit)
{
    if (e->aborted || e->native >= 0 || e->fault.access != X86_FETCH || !e->loaded)
        return false;
    count_settle(e, engine_linear_rip(e));
    return e->machine->insns >= limit;
}

static bool came_back(const struct engine *e)
{
    return e->native >= 0 || e->aborted || e->fault.kind != FAULT_NONE;
}

/* ---- interrupts -------------------------------------------------------------------------- */

static bool waits_for_interrupt(const struct machine *m)
{
    return m->irq.window || (m->controls.primary & PRIMARY_INTERRUPT_WINDOW);
}

static bool waits_for_nmi(const struct machine *m)
{
    return m->irq.nmi_window || (m->controls.primary & PRIMARY_NMI_WINDOW);
}

/* Unless an NMI wants in, this looks at RFLAGS alone: it is asked before every block. */
static bool interruptible(struct engine *e, bool nmi)
{
    uint64_t flags;

    if (e->event.info & INTR_VALID)
        return false;
    if (!e->loaded)
        return !(e->state.interruptibility & (X86_BLOCKING_BY_STI | X86_BLOCKING_BY_MOV_SS)) &&
               (nmi ? !e->nmi_blocked : (e->state.rflags & RFLAGS_IF) != 0);
    flags = engine_reg(e, UC_X86_REG_RFLAGS);
    if (nmi ? e->nmi_blocked : !(flags & RFLAGS_IF))
        return false;
    context_read(e);
    return !context_shadow(e);
}

bool engine_window_open(struct engine *e)
{
    if (e->window_later)
        return false;
    return (waits_for_interrupt(e->machine) && interruptible(e, false)) ||
           (waits_for_nmi(e->machine) && interruptible(e, true));
}

/* The guest can take what waits for it: tell, before it runs on. NMIs go first (SDM Table 7-2). */
static bool window_exit(struct engine *e, struct vm_exit *exit)
{
    const struct machine *m = e->machine;

    e->watching = waits_for_interrupt(m) || waits_for_nmi(m);
    if (!e->watching || !engine_window_open(e))
        return false;
    exit_describe(e, exit);
    exit->reason =
        waits_for_nmi(m) && interruptible(e, true) ? EXIT_NMI_WINDOW : EXIT_INTERRUPT_WINDOW;
    return true;
}

/* A data breakpoint was hit by an instruction that then exited. */
static bool breakpoint_exit(struct engine *e, struct vm_exit *exit)
{
    if (!e->debug_hit || e->event.info & INTR_VALID)
        return false;
    e->aborted = PRIVATE_EXIT_BREAKPOINT;
    return exit_fill(e, exit);
}

static bool unicorn_interruptible(struct vcpu *vcpu, bool nmi)
{
    return interruptible(vcpu->priv, nmi);
}

/* ---- the run ----------------------------------------------------------------------------- */

static enum backend_stop gave_up(struct engine *e, struct error *err)
{
    error_set(err, -EFAULT,
              "the emulated CPU: its core cannot translate the code at rip %#llx, see vlab doctor "
              "--fidelity",
              (unsigned long long)engine_rip(e));
    return BACKEND_BROKEN;
}

static enum backend_stop unicorn_run(struct vcpu *vcpu, uint64_t insns, struct vm_exit *exit,
                                     struct error *err)
{
    struct engine *e = vcpu->priv;
    struct machine *m = e->machine;
    uint64_t limit = insns < UINT64_MAX - m->insns ? m->insns + insns : UINT64_MAX, begun;

    if (memory_map(e, err))
        return BACKEND_BROKEN;
    if (e->broken)
        return gave_up(e, err);
    for (unsigned idle = 0; idle < 3;) {
        if (e->loaded && (e->event.info & INTR_VALID))
            world_park(e);
        if (!e->loaded && !deliver_enter(e)) {
            exit_fill(e, exit);
            return BACKEND_EXIT;
        }
        if (m->insns >= limit)
            return BACKEND_BUDGET;
        if (breakpoint_exit(e, exit) || window_exit(e, exit))
            return BACKEND_EXIT;
        begun = m->insns;
        stretch(e, limit);
        if (e->broken)
            return gave_up(e, err);
        if (break_again(e) || e->break_hit || is_no_fault(e)) {
            count_settle(e, engine_linear_rip(e));
            if (e->break_hit)
                return BACKEND_BREAK;
            if (e->fault.kind == FAULT_WATCHED)
                break_open(e);
            continue;
        }
        if (m->breaks.accesses && break_fault(e, engine_linear_rip(e)))
            return BACKEND_BREAK;
        if (came_back(e)) {
            end_once(e);
            if (fetches_behind(e, limit))
                return BACKEND_BUDGET;
            if (exit_fill(e, exit))
                return BACKEND_EXIT;
            continue;
        }
        idle += !e->budget_hit && !e->window_hit && !e->align_hit;
        count_settle(e, engine_linear_rip(e));
        if (m->insns != begun) /* else the instruction that is allowed more is still to come */
            end_once(e);
        if (m->insns >= limit)
            return BACKEND_BUDGET;
        if (atomic_load(&m->stop_requested))
            return BACKEND_STOPPED;
    }
    error_set(err, -EIO, "Unicorn: the CPU stopped at rip %#llx without a reason",
              (unsigned long long)engine_rip(e));
    return BACKEND_BROKEN;
}

/* ---- state ------------------------------------------------------------------------------- */

static uint64_t unicorn_get_gpr(struct vcpu *vcpu, enum x86_gpr gpr)
{
    struct engine *e = vcpu->priv;

    if (e->gprs_set >> gpr & 1)
        return e->gpr[gpr];
    return e->loaded ? engine_reg(e, engine_gprs[gpr]) : e->state.gpr[gpr];
}

static void unicorn_set_gpr(struct vcpu *vcpu, enum x86_gpr gpr, uint64_t value)
{
    struct engine *e = vcpu->priv;

    if (e->loaded)
        engine_set_gpr(e, gpr, value);
    e->state.gpr[gpr] = value;
}

static uint64_t unicorn_get_rip(struct vcpu *vcpu)
{
    struct engine *e = vcpu->priv;

    return e->loaded ? engine_rip(e) : e->state.rip;
}

static void unicorn_set_rip(struct vcpu *vcpu, uint64_t rip)
{
    struct engine *e = vcpu->priv;

    if (e->loaded)
        engine_set_rip(e, rip);
    e->state.rip = rip;
}

static uint64_t unicorn_get_rflags(struct vcpu *vcpu)
{
    struct engine *e = vcpu->priv;

    return e->loaded ? engine_reg(e, UC_X86_REG_RFLAGS) : e->state.rflags;
}

static void unicorn_set_rflags(struct vcpu *vcpu, uint64_t value)
{
    struct engine *e = vcpu->priv;

    if (e->loaded)
        engine_set_reg(e, UC_X86_REG_RFLAGS, value);
    e->state.rflags = value;
}

static uint64_t unicorn_get_cr(struct vcpu *vcpu, unsigned cr)
{
    struct engine *e = vcpu->priv;

    switch (cr) {
    case 0:
        return e->loaded ? e->cr0 : e->state.cr0;
    case 2:
        return e->loaded ? engine_reg(e, UC_X86_REG_CR2) : e->state.cr2;
    case 3:
        return e->loaded ? e->cr3 : e->state.cr3;
    case 4:
        return e->loaded ? e->cr4 : e->state.cr4;
    default:
        return e->loaded ? e->cr8 : e->state.cr8;
    }
}

/* IA-32e mode becomes active with paging and ends with it (SDM vol. 3, 9.8.5). */
static void update_lma(struct engine *e)
{
    bool active = (e->cr0 & CR0_PG) && (e->efer & EFER_LME);

    e->efer = active ? e->efer | EFER_LMA : e->efer & ~(uint64_t)EFER_LMA;
    e->state.efer = e->efer;
}

static void unicorn_set_cr(struct vcpu *vcpu, unsigned cr, uint64_t value)
{
    struct engine *e = vcpu->priv;

    x86_tlb_control_written(&vcpu->tlb, cr, unicorn_get_cr(vcpu, cr), value,
                            unicorn_get_cr(vcpu, 4));
    switch (cr) {
    case 0:
        e->state.cr0 = e->cr0 = value;
        if (e->loaded)
            engine_set_reg(e, UC_X86_REG_CR0, value);
        e->context_fresh = false;
        update_lma(e);
        break;
    case 2:
        e->state.cr2 = value;
        if (e->loaded)
            engine_set_reg(e, UC_X86_REG_CR2, value);
        return;
    case 3:
        e->state.cr3 = e->cr3 = value;
        if (e->loaded)
            engine_set_reg(e, UC_X86_REG_CR3, value);
        break;
    case 4:
        e->state.cr4 = e->cr4 = value;
        if (e->loaded) {
            engine_set_reg(e, UC_X86_REG_CR4, value & ~(uint64_t)CR4_HIDDEN);
            world_intercepts(e); /* a bit that the core does not have is read with its help */
        }
        break;
    default:
        e->state.cr8 = e->cr8 = value;
        return;
    }
    memory_flush(e);
}

/* In force from the next load on: a guest sets it once. */
static void unicorn_set_xcr0(struct vcpu *vcpu, uint64_t value)
{
    struct engine *e = vcpu->priv;

    if (e->loaded)
        world_park(e);
    e->state.xcr0 = value;
}

static void unicorn_set_pdptes(struct vcpu *vcpu, const uint64_t pdpte[4])
{
    struct engine *e = vcpu->priv;

    memcpy(e->state.pdpte, pdpte, sizeof(e->state.pdpte));
    memory_flush_tlb(e);
}

static uint64_t unicorn_get_dr(struct vcpu *vcpu, unsigned dr)
{
    const struct x86_state *s = &((struct engine *)vcpu->priv)->state;

    return dr < 4 ? s->dr[dr] : dr == 6 ? s->dr6 : s->dr7;
}

static void unicorn_set_dr(struct vcpu *vcpu, unsigned dr, uint64_t value)
{
    struct x86_state *s = &((struct engine *)vcpu->priv)->state;

    *(dr < 4 ? &s->dr[dr] : dr == 6 ? &s->dr6 : &s->dr7) = value;
}

/* MSRs that the core uses; all others live in the state alone. */
static bool msr_in_core(uint32_t msr)
{
    switch (msr) {
    case MSR_SYSENTER_CS: /* for SYSEXIT */
    case MSR_SYSENTER_ESP:
    case MSR_SYSENTER_EIP:
    case MSR_EFER:
    case MSR_FS_BASE:
    case MSR_GS_BASE:
    case MSR_KERNEL_GS_BASE:
        return true;
    default:
        return false;
    }
}

static uint64_t *msr_field(struct engine *e, uint32_t msr)
{
    struct x86_state *s = &e->state;

    switch (msr) {
    case MSR_APIC_BASE:
        return &s->apic_base;
    case MSR_SYSENTER_CS:
        return &s->sysenter_cs;
    case MSR_SYSENTER_ESP:
        return &s->sysenter_esp;
    case MSR_SYSENTER_EIP:
        return &s->sysenter_eip;
    case MSR_MISC_ENABLE:
        return &s->misc_enable;
    case MSR_PAT:
        return &s->pat;
    case MSR_EFER:
        return &s->efer;
    case MSR_STAR:
        return &s->star;
    case MSR_LSTAR:
        return &s->lstar;
    case MSR_CSTAR:
        return &s->cstar;
    case MSR_FMASK:
        return &s->fmask;
    case MSR_FS_BASE:
        return &s->seg[X86_FS].base;
    case MSR_GS_BASE:
        return &s->seg[X86_GS].base;
    case MSR_KERNEL_GS_BASE:
        return &s->kernel_gs_base;
    case MSR_TSC_AUX:
        return &s->tsc_aux;
    default:
        return NULL;
    }
}

static uint64_t unicorn_get_msr(struct vcpu *vcpu, uint32_t msr)
{
    struct engine *e = vcpu->priv;
    const uint64_t *field = msr_field(e, msr);

    if (msr == MSR_EFER)
        return e->loaded ? e->efer : e->state.efer;
    if (e->loaded && msr_in_core(msr))
        return engine_msr(e, msr);
    return field ? *field : 0;
}

static void unicorn_set_msr(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
    struct engine *e = vcpu->priv;
    bool in_core = e->loaded && msr_in_core(msr);
    uint64_t *field;

    if (msr == MSR_EFER) {
        e->efer = value;
        memory_flush_tlb(e);
    }
    field = msr_field(e, msr);
    if (field)
        *field = value;
    if (!in_core)
        return;
    engine_set_msr(e, msr, msr == MSR_EFER ? (value & ~(uint64_t)EFER_SCE) | EFER_SVME : value);
}

static void unicorn_invlpg(struct vcpu *vcpu, uint64_t gva)
{
    x86_tlb_drop_page(&vcpu->tlb, gva);
    memory_flush(vcpu->priv); /* the library flushes all or nothing */
}

static void unicorn_get_state(struct vcpu *vcpu, struct x86_state *state)
{
    struct engine *e = vcpu->priv;

    world_read(e);
    *state = e->state;
    state->pending = e->event;
    state->pending_debug = e->debug_hit;
    state->once = (e->mmio_once ? X86_ONCE_MMIO : 0) | (e->bare_once ? X86_ONCE_INSN : 0) |
                  (e->window_later ? X86_ONCE_NO_WINDOW : 0);
}

/* Another instruction comes next than that which was allowed more. */
static void forget_once(struct engine *e)
{
    e->mmio_once = e->bare_once = false;
}

static void unicorn_set_state(struct vcpu *vcpu, const struct x86_state *state)
{
    struct engine *e = vcpu->priv;

    x86_tlb_drop_all(&vcpu->tlb);
    e->state = *state;
    e->loaded = false;
    e->gprs_set =
        0; /* what a handler set, and the engine has not got yet, is of the state before */
    e->has_rip = false;
    e->fpu_changed = true;
    e->event = state->pending;
    e->debug_hit = state->pending_debug;
    e->nmi_blocked = state->interruptibility & X86_BLOCKING_BY_NMI;
    e->nmi_unblocked_at = e->break_again = ~0ull;
    e->mmio_once = state->once & X86_ONCE_MMIO;
    e->bare_once = state->once & X86_ONCE_INSN;
    e->window_later = state->once & X86_ONCE_NO_WINDOW;
}

static void unicorn_inject(struct vcpu *vcpu, const struct x86_event *event)
{
    struct engine *e = vcpu->priv;

    e->event = *event;
    if (event->info & INTR_VALID)
        forget_once(e);
}

static void complete_parked(struct engine *e, unsigned insn_len)
{
    e->state.rip += insn_len;
    if (e->state.rflags & RFLAGS_TF)
        e->debug_hit |= DR6_BS;
    e->state.rflags &= ~(uint64_t)RFLAGS_RF;
    e->state.interruptibility &= ~(X86_BLOCKING_BY_STI | X86_BLOCKING_BY_MOV_SS);
}

static void unicorn_complete(struct vcpu *vcpu, unsigned insn_len)
{
    struct engine *e = vcpu->priv;
    uint64_t flags = unicorn_get_rflags(vcpu), rip;

    e->machine->insns++;
    if (!e->loaded) {
        complete_parked(e, insn_len);
        return;
    }
    rip = engine_rip(e) + insn_len;
    if (context_shadow(e)) { /* as of the exit: the instruction ends it */
        context_read(e);
        context_set_shadow(e, false);
    }
    if (!(e->efer & EFER_LMA) || !context_code64(e))
        rip &= 0xffffffff;
    engine_set_rip(e, rip);
    if (flags & RFLAGS_RF)
        engine_set_reg(e, UC_X86_REG_RFLAGS, flags & ~(uint64_t)RFLAGS_RF);
    if (flags & RFLAGS_TF)
        e->debug_hit |= DR6_BS;
}

static void unicorn_allow_mmio(struct vcpu *vcpu)
{
    struct engine *e = vcpu->priv;

    e->mmio_once = true;
}

static void unicorn_allow_insn(struct vcpu *vcpu)
{
    struct engine *e = vcpu->priv;

    e->bare_once = true;
}

static void unicorn_describe(struct vcpu *vcpu, struct vm_exit *exit)
{
    exit_describe(vcpu->priv, exit);
}

static void unicorn_controls_changed(struct vcpu *vcpu)
{
    world_intercepts(vcpu->priv);
}

static void unicorn_breaks_changed(struct vcpu *vcpu)
{
    break_changed(vcpu->priv);
}

static void unicorn_get_paging(struct vcpu *vcpu, struct x86_paging *mmu)
{
    struct engine *e = vcpu->priv;

    memory_paging(e, mmu);
    if (!e->loaded) {
        mmu->cr0 = e->state.cr0;
        mmu->cr3 = e->state.cr3;
        mmu->cr4 = e->state.cr4;
        mmu->efer = e->state.efer;
    }
    mmu->ac = unicorn_get_rflags(vcpu) & RFLAGS_AC;
}

static void unicorn_invalidate(struct vcpu *vcpu, uint64_t gpa, uint64_t size)
{
    memory_invalidate(vcpu->priv, gpa, size);
}

/* ---- life -------------------------------------------------------------------------------- */

static void unicorn_close(struct vcpu *vcpu)
{
    struct engine *e = vcpu->priv;

    if (!e)
        return;
    if (e->context)
        uc_context_free(e->context);
    if (e->parked_context)
        uc_context_free(e->parked_context);
    if (e->probe_context)
        uc_context_free(e->probe_context);
    if (e->uc)
        uc_close(e->uc);
    if (e->hidden)
        munmap(e->hidden, HIDDEN_SIZE);
    memory_unmap(e);
    free(e);
    vcpu->priv = NULL;
}

static int check_version(struct error *err)
{
    unsigned version = uc_version(NULL, NULL);

    if (version >> 8 >= 0x020104)
        return 0;
    return error_set(err, -ENOTSUP,
                     "Unicorn: version %u.%u.%u is too old, 2.1.4 or newer is needed",
                     version >> 24, version >> 16 & 0xff, version >> 8 & 0xff);
}

/* Generated code a machine may keep; when it is full the core starts over. */
#define CODE_BUFFER (64u << 20)

/* The library ends the process when it gets no room for its code: ask the kernel first. */
static int check_room(struct error *err)
{
    void *room = mmap(NULL, CODE_BUFFER, PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (room == MAP_FAILED)
        return error_set(err, -ENOMEM, "Unicorn: no room for %u MiB of generated code: %s",
                         CODE_BUFFER >> 20, strerror(errno));
    munmap(room, CODE_BUFFER);
    return 0;
}

static int engine_open(struct engine *e, struct error *err)
{
    uc_err rc = uc_open(UC_ARCH_X86, UC_MODE_64, &e->uc);

    if (rc)
        return error_set(err, -ENOMEM, "Unicorn: %s", uc_strerror(rc));
    rc = uc_ctl_set_cpu_model(e->uc, UC_CPU_X86_EPYC);
    rc = rc ? rc : uc_ctl_set_tcg_buffer_size(e->uc, CODE_BUFFER);
    rc = rc ? rc : uc_ctl_exits_enable(e->uc);
    rc = rc ? rc : uc_ctl_tlb_mode(e->uc, UC_TLB_VIRTUAL);
    rc = rc ? rc : add_hooks(e);
    rc = rc ? rc : uc_mmio_map(e->uc, HPA_MMIO, PAGE_SIZE, on_mmio_read, e, on_mmio_write, e);
    if (rc)
        return error_set(err, -ENOTSUP, "Unicorn: %s", uc_strerror(rc));
    return world_create(e, err);
}

int engine_attach(struct vcpu *vcpu, struct error *err)
{
    struct engine *e;
    int rc = check_version(err);

    rc = rc ? rc : check_room(err);
    if (rc)
        return rc;
    e = calloc(1, sizeof(*e));
    if (!e)
        return error_set(err, -ENOMEM, "Unicorn: out of memory");
    e->vcpu = vcpu;
    e->machine = vcpu->machine;
    e->fence = e->step_gva = e->nmi_unblocked_at = ~0ull;
    e->generation = 1;
    for (int i = 0; i < BLOCKS; i++)
        e->blocks[i].gva = ~0ull;
    vcpu->priv = e;
    rescue_install();
    rc = engine_open(e, err);
    if (rc) {
        unicorn_close(vcpu);
        return rc;
    }
    x86_state_reset(&e->state);
    e->core_xcr0 = XCR0_X87;
    e->fpu_changed = true;
    return 0;
}

static int unicorn_open(struct vcpu *vcpu, struct error *err)
{
    int rc = engine_selftest(err);

    return rc ? rc : engine_attach(vcpu, err);
}

static void unicorn_probe(struct backend_report *report, uint32_t needs)
{
    unsigned version = uc_version(NULL, NULL);
    struct error err = {0};

    (void)needs;
    memset(report, 0, sizeof(*report));
    snprintf(report->version, sizeof(report->version), "Unicorn %u.%u.%u", version >> 24,
             version >> 16 & 0xff, version >> 8 & 0xff);
    if (engine_selftest(&err) == 0) {
        report->level = BACKEND_FULL;
        return;
    }
    report->level = BACKEND_ABSENT;
    snprintf(report->missing, sizeof(report->missing), "%s", err.text);
}

const struct backend_ops backend_unicorn = {
    .name = "emu",
    .counts_insns = true,
    .second_stage = true,
    .probe = unicorn_probe,
    .open = unicorn_open,
    .close = unicorn_close,
    .run = unicorn_run,
    .get_gpr = unicorn_get_gpr,
    .set_gpr = unicorn_set_gpr,
    .get_rip = unicorn_get_rip,
    .set_rip = unicorn_set_rip,
    .get_rflags = unicorn_get_rflags,
    .set_rflags = unicorn_set_rflags,
    .get_cr = unicorn_get_cr,
    .set_cr = unicorn_set_cr,
    .set_xcr0 = unicorn_set_xcr0,
    .set_pdptes = unicorn_set_pdptes,
    .get_dr = unicorn_get_dr,
    .set_dr = unicorn_set_dr,
    .get_msr = unicorn_get_msr,
    .set_msr = unicorn_set_msr,
    .invlpg = unicorn_invlpg,
    .get_state = unicorn_get_state,
    .set_state = unicorn_set_state,
    .complete = unicorn_complete,
    .inject = unicorn_inject,
    .allow_mmio = unicorn_allow_mmio,
    .allow_insn = unicorn_allow_insn,
    .interruptible = unicorn_interruptible,
    .describe = unicorn_describe,
    .controls_changed = unicorn_controls_changed,
    .breaks_changed = unicorn_breaks_changed,
    .get_paging = unicorn_get_paging,
    .invalidate = unicorn_invalidate,
};
