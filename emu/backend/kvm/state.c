/* Registers of a /dev/kvm vCPU: run->s.regs, and what the kernel keeps beside it [4.11 to 4.14, 4.31]. */
#include "backend/kvm/cpu.h"

#include "util/bytes.h"
#include "x86/msr.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

/* ---- general registers ------------------------------------------------------------------- */

uint64_t *kvm_gpr(struct kvm_cpu *cpu, enum x86_gpr gpr)
{
    struct kvm_regs *r = &cpu->run->s.regs.regs;

    switch (gpr) {
    case X86_RAX:
        return (uint64_t *)&r->rax;
    case X86_RCX:
        return (uint64_t *)&r->rcx;
    case X86_RDX:
        return (uint64_t *)&r->rdx;
    case X86_RBX:
        return (uint64_t *)&r->rbx;
    case X86_RSP:
        return (uint64_t *)&r->rsp;
    case X86_RBP:
        return (uint64_t *)&r->rbp;
    case X86_RSI:
        return (uint64_t *)&r->rsi;
    case X86_RDI:
        return (uint64_t *)&r->rdi;
    default: /* the rest follow one another */
        return (uint64_t *)&r->r8 + (gpr - X86_R8);
    }
}

unsigned kvm_cpl(const struct kvm_cpu *cpu)
{
    return cpu->run->s.regs.sregs.ss.dpl & 3;
}

unsigned kvm_mode(const struct kvm_cpu *cpu)
{
    const struct kvm_sregs *s = &cpu->run->s.regs.sregs;

    if (!(s->cr0 & CR0_PE))
        return X86_MODE_REAL;
    if (cpu->run->s.regs.regs.rflags & RFLAGS_VM)
        return X86_MODE_V86;
    if ((s->efer & EFER_LMA) && s->cs.l)
        return X86_MODE_LONG64;
    return s->cs.db ? X86_MODE_PROT32 : X86_MODE_PROT16;
}

/* ---- segments ---------------------------------------------------------------------------- */

static struct kvm_segment *segment(struct kvm_sregs *s, enum x86_seg seg)
{
    struct kvm_segment *const list[X86_SEG_COUNT] = {
        [X86_ES] = &s->es, [X86_CS] = &s->cs, [X86_SS] = &s->ss,    [X86_DS] = &s->ds,
        [X86_FS] = &s->fs, [X86_GS] = &s->gs, [X86_LDTR] = &s->ldt, [X86_TR] = &s->tr};

    return list[seg];
}

static void segment_get(struct x86_segment *to, const struct kvm_segment *from)
{
    to->base = from->base;
    to->limit = from->limit;
    to->selector = from->selector;
    to->access = (from->type & 15u) | (from->s ? SEG_S : 0) | (from->dpl & 3u) << 5 |
                 (from->present ? SEG_P : 0) | (from->avl ? SEG_AVL : 0) | (from->l ? SEG_L : 0) |
                 (from->db ? SEG_DB : 0) | (from->g ? SEG_G : 0) |
                 (from->unusable ? SEG_UNUSABLE : 0);
}

static void segment_set(struct kvm_segment *to, const struct x86_segment *from)
{
    *to = (struct kvm_segment){.base = from->base,
                               .limit = from->limit,
                               .selector = from->selector,
                               .type = SEG_TYPE(from->access),
                               .s = !!(from->access & SEG_S),
                               .dpl = SEG_DPL(from->access),
                               .present = !!(from->access & SEG_P),
                               .avl = !!(from->access & SEG_AVL),
                               .l = !!(from->access & SEG_L),
                               .db = !!(from->access & SEG_DB),
                               .g = !!(from->access & SEG_G),
                               .unusable = !!(from->access & SEG_UNUSABLE)};
}

static void sregs_get(struct kvm_sregs *s, struct x86_state *state)
{
    for (int i = 0; i < X86_SEG_COUNT; i++)
        segment_get(&state->seg[i], segment(s, (enum x86_seg)i));
    state->gdtr = (struct x86_table){.base = s->gdt.base, .limit = s->gdt.limit};
    state->idtr = (struct x86_table){.base = s->idt.base, .limit = s->idt.limit};
    state->cr0 = s->cr0;
    state->cr2 = s->cr2;
    state->cr3 = s->cr3;
    state->cr4 = s->cr4;
    state->cr8 = s->cr8;
    state->efer = s->efer;
    state->apic_base = s->apic_base;
}

static void sregs_set(struct kvm_sregs *s, const struct x86_state *state)
{
    memset(s, 0, sizeof(*s));
    for (int i = 0; i < X86_SEG_COUNT; i++)
        segment_set(segment(s, (enum x86_seg)i), &state->seg[i]);
    s->gdt = (struct kvm_dtable){.base = state->gdtr.base, .limit = state->gdtr.limit};
    s->idt = (struct kvm_dtable){.base = state->idtr.base, .limit = state->idtr.limit};
    s->cr0 = state->cr0;
    s->cr2 = state->cr2;
    s->cr3 = state->cr3;
    s->cr4 = state->cr4;
    s->cr8 = state->cr8;
    s->efer = state->efer;
    s->apic_base = state->apic_base;
}

/* ---- events ------------------------------------------------------------------------------ */

void kvm_event_get(const struct kvm_cpu *cpu, struct x86_event *event)
{
    const struct kvm_vcpu_events *e = &cpu->run->s.regs.events;

    memset(event, 0, sizeof(*event));
    if (e->exception.injected || e->exception.pending) {
        event->info = INTR_VALID | INTR_HARDWARE_EXCEPTION << 8 | e->exception.nr |
                      (e->exception.has_error_code ? INTR_HAS_ERROR : 0);
        event->error = e->exception.has_error_code ? e->exception.error_code : 0;
        event->cr2 = e->exception.nr == X86_PF ? cpu->run->s.regs.sregs.cr2 : 0;
    } else if (e->nmi.injected || e->nmi.pending) {
        event->info = INTR_VALID | INTR_NMI << 8 | X86_NMI;
    } else if (e->interrupt.injected) {
        event->info = INTR_VALID | INTR_EXTERNAL << 8 | e->interrupt.nr;
    }
}

/* The kernel has no word for the length of INT n: RIP goes behind it, and it comes as an interrupt. */
static void set_software(struct kvm_cpu *cpu, const struct x86_event *event)
{
    struct kvm_vcpu_events *e = &cpu->run->s.regs.events;

    cpu->run->s.regs.regs.rip += event->insn_len;
    cpu->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
    e->interrupt.injected = 1;
    e->interrupt.nr = INTR_VECTOR(event->info);
}

/* An NMI waits in the kernel until nothing blocks it. */
void kvm_event_set(struct kvm_cpu *cpu, const struct x86_event *event)
{
    struct kvm_vcpu_events *e = &cpu->run->s.regs.events;

    memset(&e->exception, 0, sizeof(e->exception));
    e->interrupt.injected = e->interrupt.soft = 0;
    e->nmi.injected = e->nmi.pending = 0;
    e->flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW;
    cpu->run->kvm_dirty_regs |= KVM_SYNC_X86_EVENTS;
    if (!(event->info & INTR_VALID))
        return;
    switch (INTR_TYPE(event->info)) {
    case INTR_EXTERNAL:
        e->interrupt.injected = 1;
        e->interrupt.nr = INTR_VECTOR(event->info);
        break;
    case INTR_NMI:
        e->nmi.pending = 1;
        break;
    case INTR_HARDWARE_EXCEPTION:
        e->exception.injected = 1;
        e->exception.nr = INTR_VECTOR(event->info);
        e->exception.has_error_code = !!(event->info & INTR_HAS_ERROR);
        e->exception.error_code = event->error;
        if (e->exception.nr == X86_PF) {
            cpu->run->s.regs.sregs.cr2 = event->cr2;
            cpu->run->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
        }
        break;
    default:
        set_software(cpu, event);
    }
}

#define SHADOW_STI KVM_X86_SHADOW_INT_STI
#define SHADOW_MOV_SS KVM_X86_SHADOW_INT_MOV_SS

static uint32_t interruptibility(const struct kvm_vcpu_events *e)
{
    return (e->interrupt.shadow & SHADOW_STI ? X86_BLOCKING_BY_STI : 0) |
           (e->interrupt.shadow & SHADOW_MOV_SS ? X86_BLOCKING_BY_MOV_SS : 0) |
           (e->nmi.masked ? X86_BLOCKING_BY_NMI : 0);
}

/* A #DB that is due behind the last instruction comes as any other exception. */
static void events_set(struct kvm_cpu *cpu, const struct x86_state *state)
{
    struct kvm_vcpu_events *e = &cpu->run->s.regs.events;
    struct x86_event event = state->pending;

    memset(e, 0, sizeof(*e));
    if (state->pending_debug && !(event.info & INTR_VALID))
        event.info = INTR_VALID | INTR_HARDWARE_EXCEPTION << 8 | X86_DB;
    kvm_event_set(cpu, &event);
    e->interrupt.shadow = (state->interruptibility & X86_BLOCKING_BY_STI ? SHADOW_STI : 0) |
                          (state->interruptibility & X86_BLOCKING_BY_MOV_SS ? SHADOW_MOV_SS : 0);
    e->nmi.masked = !!(state->interruptibility & X86_BLOCKING_BY_NMI);
}

/* ---- what KVM_RUN does not take along ---------------------------------------------------- */

static const uint32_t state_msrs[KVM_STATE_MSRS] = {
    MSR_STAR,        MSR_LSTAR,        MSR_CSTAR,        MSR_FMASK, MSR_KERNEL_GS_BASE,
    MSR_SYSENTER_CS, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP, MSR_PAT,   MSR_MISC_ENABLE,
    MSR_TSC_AUX};

static uint64_t *state_msr(struct x86_state *state, uint32_t msr)
{
    switch (msr) {
    case MSR_STAR:
        return &state->star;
    case MSR_LSTAR:
        return &state->lstar;
    case MSR_CSTAR:
        return &state->cstar;
    case MSR_FMASK:
        return &state->fmask;
    case MSR_KERNEL_GS_BASE:
        return &state->kernel_gs_base;
    case MSR_SYSENTER_CS:
        return &state->sysenter_cs;
    case MSR_SYSENTER_ESP:
        return &state->sysenter_esp;
    case MSR_SYSENTER_EIP:
        return &state->sysenter_eip;
    case MSR_PAT:
        return &state->pat;
    case MSR_MISC_ENABLE:
        return &state->misc_enable;
    default:
        return &state->tsc_aux;
    }
}

/* One by one where a CPU lacks some: what the kernel refuses reads 0 and is not written. */
static void fetch_msrs(struct kvm_cpu *cpu)
{
    struct kvm_msr_list_fixed *m = &cpu->msrs;

    for (int i = 0; i < KVM_STATE_MSRS; i++)
        m->entries[i] = (struct kvm_msr_entry){.index = state_msrs[i]};
    m->head.nmsrs = KVM_STATE_MSRS;
    if (ioctl(cpu->cpu_fd, KVM_GET_MSRS, &m->head) == KVM_STATE_MSRS)
        return;
    for (int i = 0; i < KVM_STATE_MSRS; i++) {
        struct {
            struct kvm_msrs head;
            struct kvm_msr_entry entry;
        } one = {.head = {.nmsrs = 1}, .entry = {.index = state_msrs[i]}};

        ioctl(cpu->cpu_fd, KVM_GET_MSRS, &one.head);
        m->entries[i].data = one.entry.data;
    }
}

static int flush_msrs(struct kvm_cpu *cpu)
{
    struct kvm_msr_list_fixed list = cpu->msrs;

    list.head.nmsrs = KVM_STATE_MSRS;
    if (ioctl(cpu->cpu_fd, KVM_SET_MSRS, &list.head) == KVM_STATE_MSRS)
        return 0;
    for (int i = 0; i < KVM_STATE_MSRS; i++) {
        struct {
            struct kvm_msrs head;
            struct kvm_msr_entry entry;
        } one = {.head = {.nmsrs = 1}, .entry = cpu->msrs.entries[i]};

        if (ioctl(cpu->cpu_fd, KVM_SET_MSRS, &one.head) < 0)
            return -errno;
    }
    return 0;
}

void kvm_part_fetch(struct kvm_cpu *cpu, enum kvm_part part)
{
    if (cpu->known & part)
        return;
    switch (part) {
    case PART_DEBUG:
        memset(&cpu->debug, 0, sizeof(cpu->debug));
        ioctl(cpu->cpu_fd, KVM_GET_DEBUGREGS, &cpu->debug);
        break;
    case PART_FPU:
        memset(&cpu->fpu, 0, sizeof(cpu->fpu));
        ioctl(cpu->cpu_fd, KVM_GET_FPU, &cpu->fpu);
        break;
    case PART_XCR:
        memset(&cpu->xcr, 0, sizeof(cpu->xcr));
        cpu->xcr.nr_xcrs = 1;
        cpu->xcr.xcrs[0].value = XCR0_X87;
        if (cpu->has_xcrs)
            ioctl(cpu->cpu_fd, KVM_GET_XCRS, &cpu->xcr);
        break;
    default:
        fetch_msrs(cpu);
    }
    cpu->known |= part;
}

int kvm_state_flush(struct kvm_cpu *cpu)
{
    unsigned changed = cpu->changed;
    int rc = 0;

    if (!changed)
        return 0;
    if (changed & PART_DEBUG)
        rc = ioctl(cpu->cpu_fd, KVM_SET_DEBUGREGS, &cpu->debug);
    if (!rc && (changed & PART_FPU))
        rc = ioctl(cpu->cpu_fd, KVM_SET_FPU, &cpu->fpu);
    if (!rc && (changed & PART_XCR) && cpu->has_xcrs)
        rc = ioctl(cpu->cpu_fd, KVM_SET_XCRS, &cpu->xcr);
    if (!rc && (changed & PART_MSRS))
        return flush_msrs(cpu);
    cpu->changed = 0;
    return rc ? -errno : 0;
}

void kvm_state_forget(struct kvm_cpu *cpu)
{
    cpu->known = cpu->changed = 0;
}

/* x87 and SSE between the kernel's struct and FXSAVE64 (SDM vol. 1, Table 10-2). */
static void fpu_get(const struct kvm_fpu *fpu, uint8_t image[512])
{
    memset(image, 0, 512);
    put_le16(image, fpu->fcw);
    put_le16(image + 2, fpu->fsw);
    image[4] = fpu->ftwx;
    put_le16(image + 6, fpu->last_opcode);
    put_le64(image + 8, fpu->last_ip);
    put_le64(image + 16, fpu->last_dp);
    put_le32(image + 24, fpu->mxcsr);
    memcpy(image + 32, fpu->fpr, sizeof(fpu->fpr));
    memcpy(image + 160, fpu->xmm, sizeof(fpu->xmm));
}

static void fpu_set(struct kvm_fpu *fpu, const uint8_t image[512])
{
    memset(fpu, 0, sizeof(*fpu));
    fpu->fcw = get_le16(image);
    fpu->fsw = get_le16(image + 2);
    fpu->ftwx = image[4];
    fpu->last_opcode = get_le16(image + 6);
    fpu->last_ip = get_le64(image + 8);
    fpu->last_dp = get_le64(image + 16);
    fpu->mxcsr = get_le32(image + 24);
    memcpy(fpu->fpr, image + 32, sizeof(fpu->fpr));
    memcpy(fpu->xmm, image + 160, sizeof(fpu->xmm));
}

/* ---- single MSRs ------------------------------------------------------------------------- */

static uint64_t *msr_place(struct kvm_cpu *cpu, uint32_t msr, uint32_t *dirty)
{
    struct kvm_sregs *s = &cpu->run->s.regs.sregs;

    *dirty = KVM_SYNC_X86_SREGS;
    switch (msr) {
    case MSR_EFER:
        return (uint64_t *)&s->efer;
    case MSR_APIC_BASE:
        return (uint64_t *)&s->apic_base;
    case MSR_FS_BASE:
        return (uint64_t *)&s->fs.base;
    case MSR_GS_BASE:
        return (uint64_t *)&s->gs.base;
    default:
        break;
    }
    *dirty = 0;
    for (int i = 0; i < KVM_STATE_MSRS; i++) {
        if (state_msrs[i] != msr)
            continue;
        kvm_part_fetch(cpu, PART_MSRS);
        return (uint64_t *)&cpu->msrs.entries[i].data;
    }
    return NULL;
}

uint64_t kvm_msr_get(struct kvm_cpu *cpu, uint32_t msr)
{
    uint32_t dirty;
    const uint64_t *place = msr_place(cpu, msr, &dirty);

    return place ? *place : 0;
}

void kvm_msr_set(struct kvm_cpu *cpu, uint32_t msr, uint64_t value)
{
    uint32_t dirty;
    uint64_t *place = msr_place(cpu, msr, &dirty);

    if (!place)
        return;
    *place = value;
    cpu->run->kvm_dirty_regs |= dirty;
    if (!dirty)
        cpu->changed |= PART_MSRS;
}

/* ---- the whole state --------------------------------------------------------------------- */

/* In PAE paging the CPU has its PDPTEs loaded; older kernels do not tell, memory has them mostly. */
static void get_pdptes(struct kvm_cpu *cpu, struct x86_state *state)
{
    struct kvm_sregs2 sregs = {0};

    memset(state->pdpte, 0, sizeof(state->pdpte));
    if (!(state->cr0 & CR0_PG) || !(state->cr4 & CR4_PAE) || (state->efer & EFER_LMA))
        return;
    if (ioctl(cpu->cpu_fd, KVM_GET_SREGS2, &sregs) ||
        !(sregs.flags & KVM_SREGS2_FLAGS_PDPTRS_VALID))
        ram_read(&cpu->machine->ram, state->cr3 & 0xffffffe0, sregs.pdptrs, sizeof(sregs.pdptrs));
    memcpy(state->pdpte, sregs.pdptrs, sizeof(state->pdpte));
}

void kvm_registers_get(struct kvm_cpu *cpu, struct x86_state *state)
{
    struct kvm_sync_regs *regs = &cpu->run->s.regs;

    memset(state, 0, sizeof(*state));
    for (int i = 0; i < X86_GPR_COUNT; i++)
        state->gpr[i] = *kvm_gpr(cpu, (enum x86_gpr)i);
    state->rip = regs->regs.rip;
    state->rflags = regs->regs.rflags;
    sregs_get(&regs->sregs, state);
    state->interruptibility = interruptibility(&regs->events);
    kvm_event_get(cpu, &state->pending);
    state->once = cpu->mmio_once || cpu->pending.to_bus ? X86_ONCE_MMIO : 0;
}

void kvm_state_get(struct kvm_cpu *cpu, struct x86_state *state)
{
    kvm_registers_get(cpu, state);
    kvm_part_fetch(cpu, PART_DEBUG);
    kvm_part_fetch(cpu, PART_FPU);
    kvm_part_fetch(cpu, PART_XCR);
    kvm_part_fetch(cpu, PART_MSRS);
    get_pdptes(cpu, state);
    for (int i = 0; i < 4; i++)
        state->dr[i] = cpu->debug.db[i];
    state->dr6 = cpu->debug.dr6;
    state->dr7 = cpu->debug.dr7;
    state->xcr0 = cpu->xcr.xcrs[0].value;
    for (int i = 0; i < KVM_STATE_MSRS; i++)
        *state_msr(state, state_msrs[i]) = cpu->msrs.entries[i].data;
    fpu_get(&cpu->fpu, state->fxsave);
}

/* A busy TSS in TR is what a CPU that runs has; the emulated one does not insist. */
static void make_tr_busy(struct kvm_segment *tr)
{
    if (!tr->s && (tr->type == 1 || tr->type == 9))
        tr->type |= 2;
}

void kvm_state_set(struct kvm_cpu *cpu, const struct x86_state *state)
{
    struct kvm_sync_regs *regs = &cpu->run->s.regs;
    struct x86_state copy = *state;

    for (int i = 0; i < X86_GPR_COUNT; i++)
        *kvm_gpr(cpu, (enum x86_gpr)i) = state->gpr[i];
    regs->regs.rip = state->rip;
    regs->regs.rflags = state->rflags;
    sregs_set(&regs->sregs, state);
    make_tr_busy(&regs->sregs.tr);
    cpu->run->cr8 = state->cr8;
    memset(&cpu->debug, 0, sizeof(cpu->debug));
    for (int i = 0; i < 4; i++)
        cpu->debug.db[i] = state->dr[i];
    cpu->debug.dr6 = state->dr6 | state->pending_debug;
    cpu->debug.dr7 = state->dr7;
    memset(&cpu->xcr, 0, sizeof(cpu->xcr));
    cpu->xcr.nr_xcrs = 1;
    cpu->xcr.xcrs[0].value = state->xcr0;
    for (int i = 0; i < KVM_STATE_MSRS; i++)
        cpu->msrs.entries[i] = (struct kvm_msr_entry){.index = state_msrs[i],
                                                      .data = *state_msr(&copy, state_msrs[i])};
    fpu_set(&cpu->fpu, state->fxsave);
    cpu->known = cpu->changed = PART_DEBUG | PART_FPU | PART_XCR | PART_MSRS;
    cpu->run->kvm_dirty_regs = KVM_SYNC_X86_VALID_FIELDS;
    events_set(cpu, state);
    cpu->mmio_once = state->once & X86_ONCE_MMIO;
}

void kvm_state_reset(struct kvm_cpu *cpu)
{
    struct x86_state state;

    x86_state_reset(&state);
    kvm_state_set(cpu, &state);
}
