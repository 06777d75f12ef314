/*
 * Moving the guest into the engine and out of it.
 *
 * In: the guest's control state goes into a VMCB (AMD manual vol. 2, 15.5 and Appendix B), the
 * parked "host" is put under the registers, and a hidden stub of three instructions executes
 * VMLOAD and VMRUN. The guest's first fetch is denied, so loading never runs guest code; an event
 * in EVENTINJ is delivered on the way, through the guest's IDT, by the core itself.
 * Out: public registers, and the saved context for what they do not tell.
 *
 * x87 and SSE state stays in the engine through all this; it moves only when somebody else set it.
 */
#include "backend/unicorn/engine.h"

#include "backend/unicorn/vmcb.h"
#include "util/bytes.h"
#include "x86/msr.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* The stub: BOOT is run once, from the engine's reset state, LOAD at every load. */
static const uint8_t stub[] = {
    0x0f, 0x01, 0xd8, /* 0: vmrun [rax]   (boot: enters the parked host) */
    0xf4,             /* 3: hlt           (which exits here at once) */
    0x0f, 0x01, 0xda, /* 4: vmload [rax] */
    0x0f, 0x01, 0xd8, /* 7: vmrun [rax] */
    0x0f, 0x01, 0xd1, /* 10: xsetbv      (in the parked host) */
    0xf4,             /* 13: hlt */
};
enum stub_entry { STUB_BOOT = 0, STUB_PARKED = 3, STUB_LOAD = 4, STUB_XSETBV = 10 };

#define MSR_VM_HSAVE_PA 0xc0010117
#define TSS_BUSY 2u

const int engine_gprs[X86_GPR_COUNT] = {
    UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX, UC_X86_REG_RBX, UC_X86_REG_RSP, UC_X86_REG_RBP,
    UC_X86_REG_RSI, UC_X86_REG_RDI, UC_X86_REG_R8,  UC_X86_REG_R9,  UC_X86_REG_R10, UC_X86_REG_R11,
    UC_X86_REG_R12, UC_X86_REG_R13, UC_X86_REG_R14, UC_X86_REG_R15};

uint64_t engine_reg(struct engine *e, int reg)
{
    uint64_t value = 0;

    uc_reg_read(e->uc, reg, &value);
    return value;
}

void engine_set_reg(struct engine *e, int reg, uint64_t value)
{
    uc_reg_write(e->uc, reg, &value);
}

/* Each start of the engine sets RIP anyway: between two of them it is kept here. */
uint64_t engine_rip(struct engine *e)
{
    if (!e->has_rip)
        e->rip = engine_reg(e, UC_X86_REG_RIP);
    e->has_rip = true;
    return e->rip;
}

void engine_set_rip(struct engine *e, uint64_t rip)
{
    e->rip = rip;
    e->has_rip = true;
}

void engine_set_gpr(struct engine *e, enum x86_gpr gpr, uint64_t value)
{
    e->gpr[gpr] = value;
    e->gprs_set |= 1u << gpr;
}

void engine_put_gprs(struct engine *e)
{
    int regs[X86_GPR_COUNT], count = 0;
    void *values[X86_GPR_COUNT];

    for (uint32_t set = e->gprs_set; set; set &= set - 1) {
        unsigned i = (unsigned)__builtin_ctz(set);

        regs[count] = engine_gprs[i];
        values[count++] = &e->gpr[i];
    }
    e->gprs_set = 0;
    if (count)
        uc_reg_write_batch(e->uc, regs, values, count);
}

static uint8_t *vmcb(struct engine *e)
{
    return e->hidden + HIDDEN_VMCB;
}

/* The library's MSR access is subject to the MSR intercept: point the bitmap at zeros meanwhile. */
static void msr_bitmap(struct engine *e, uint64_t page)
{
    put_le64(e->hidden + HIDDEN_VMCB + VMCB_MSRPM, HIDDEN_BASE + page);
    put_le64(e->hidden + HIDDEN_PARK + VMCB_MSRPM, HIDDEN_BASE + page);
}

uint64_t engine_msr(struct engine *e, uint32_t msr)
{
    uc_x86_msr access = {.rid = msr};

    msr_bitmap(e, HIDDEN_ZERO);
    uc_reg_read(e->uc, UC_X86_REG_MSR, &access);
    msr_bitmap(e, HIDDEN_MSRPM);
    return access.value;
}

void engine_set_msr(struct engine *e, uint32_t msr, uint64_t value)
{
    uc_x86_msr access = {.rid = msr, .value = value};

    msr_bitmap(e, HIDDEN_ZERO);
    uc_reg_write(e->uc, UC_X86_REG_MSR, &access);
    msr_bitmap(e, HIDDEN_MSRPM);
}

/* ---- VMCB -------------------------------------------------------------------------------- */

static void put_segment(uint8_t *at, const struct x86_segment *seg)
{
    uint32_t access = seg->access & SEG_UNUSABLE ? seg->access & ~SEG_P : seg->access;

    put_le16(at, seg->selector);
    put_le16(at + 2, (uint16_t)((access & 0xff) | (access >> 4 & 0xf00)));
    put_le32(at + 4, seg->limit);
    put_le64(at + 8, seg->base);
}

/*
 * The core wants TR available, not busy, and ends the process over anything else. A TR that is no
 * TSS at all gets one without room: what needs it raises #TS.
 */
static void put_task_register(uint8_t *at, const struct x86_segment *tr)
{
    struct x86_segment seg = *tr;
    bool is_tss = (seg.access & (SEG_P | SEG_S | 5)) == (SEG_P | 1);

    if (!is_tss || (seg.access & SEG_UNUSABLE))
        seg = (struct x86_segment){.selector = tr->selector, .access = 0x89};
    seg.access &= ~TSS_BUSY;
    put_segment(at, &seg);
}

static void put_table(uint8_t *at, const struct x86_table *table)
{
    put_le32(at + 4, table->limit);
    put_le64(at + 8, table->base);
}

static void put_intercepts(uint8_t *cb)
{
    static const uint8_t codes[] = {
        SVM_EXIT_RDTSC, SVM_EXIT_RDPMC,   SVM_EXIT_CPUID,  SVM_EXIT_SOFTWARE_INT, SVM_EXIT_INVD,
        SVM_EXIT_HLT,   SVM_EXIT_INVLPG,  SVM_EXIT_IOIO,   SVM_EXIT_MSR,          SVM_EXIT_SHUTDOWN,
        SVM_EXIT_VMRUN, SVM_EXIT_VMMCALL, SVM_EXIT_VMLOAD, SVM_EXIT_VMSAVE,       SVM_EXIT_STGI,
        SVM_EXIT_CLGI,  SVM_EXIT_SKINIT,  SVM_EXIT_RDTSCP, SVM_EXIT_WBINVD,       SVM_EXIT_MONITOR,
        SVM_EXIT_MWAIT, SVM_EXIT_XSETBV};
    uint64_t intercepts = 0;

    for (size_t i = 0; i < sizeof(codes); i++)
        intercepts |= SVM_INTERCEPT(codes[i]);
    put_le16(cb + VMCB_CR_WRITE, 0x0119); /* CR0, CR3, CR4, CR8 */
    put_le16(cb + VMCB_DR_READ, 0xff);
    put_le16(cb + VMCB_DR_WRITE, 0xff);
    put_le32(cb + VMCB_EXCEPTIONS, 0xffffffff);
    put_le64(cb + VMCB_INTERCEPTS, intercepts);
    put_le64(cb + VMCB_IOPM, HIDDEN_BASE + HIDDEN_IOPM);
    put_le64(cb + VMCB_MSRPM, HIDDEN_BASE + HIDDEN_MSRPM);
    put_le32(cb + VMCB_ASID, 1);
    cb[VMCB_TLB_CONTROL] = 1;
}

/*
 * CR0 and CR4 are read as the controls' shadows say; the core does not have all bits of CR4, nor
 * knows where CR8 is.
 */
static uint16_t cr_read_intercepts(const struct engine *e)
{
    const struct controls *c = &e->machine->controls;
    uint16_t bits = 1u << 8;

    if ((e->cr0 ^ c->cr0_shadow) & c->cr0_mask)
        bits |= 1u << 0;
    if (c->primary & PRIMARY_CR3_STORE)
        bits |= 1u << 3;
    if (((e->cr4 ^ c->cr4_shadow) & c->cr4_mask) || (e->cr4 & CR4_HIDDEN))
        bits |= 1u << 4;
    return bits;
}

void world_intercepts(struct engine *e)
{
    const struct controls *c = &e->machine->controls;
    uint8_t *cb = vmcb(e);
    uint64_t bits;

    put_intercepts(cb);
    bits = get_le64(cb + VMCB_INTERCEPTS);
    if (c->primary & PRIMARY_PAUSE)
        bits |= SVM_INTERCEPT(SVM_EXIT_PAUSE);
    if ((c->primary & PRIMARY_SECONDARY) && (c->secondary & SECONDARY_DESCRIPTOR_TABLE))
        bits |= SVM_INTERCEPT_TABLES;
    if (e->nmi_blocked)
        bits |= SVM_INTERCEPT(SVM_EXIT_IRET);
    put_le64(cb + VMCB_INTERCEPTS, bits);
    put_le16(cb + VMCB_CR_READ, cr_read_intercepts(e));
    if (e->loaded)
        context_put_intercepts(e, bits, cr_read_intercepts(e));
}

/* The "host": flat 64-bit code at CPL 0 that has nothing to do but halt. */
static void put_parked(uint8_t *cb)
{
    static const struct x86_segment code = {.selector = 8, .limit = ~0u, .access = 0xa09b};
    static const struct x86_segment data = {.selector = 16, .limit = ~0u, .access = 0xc093};
    uint64_t own = SVM_INTERCEPT(SVM_EXIT_VMRUN) | SVM_INTERCEPT(SVM_EXIT_VMLOAD) |
                   SVM_INTERCEPT(SVM_EXIT_VMSAVE);

    put_intercepts(cb);
    put_le64(cb + VMCB_INTERCEPTS, get_le64(cb + VMCB_INTERCEPTS) & ~own);
    put_segment(cb + VMCB_CS, &code);
    put_segment(cb + VMCB_ES, &data);
    put_segment(cb + VMCB_SS, &data);
    put_segment(cb + VMCB_DS, &data);
    put_le64(cb + VMCB_EFER, EFER_SVME | EFER_NXE | EFER_LMA | EFER_LME);
    put_le64(cb + VMCB_CR0, CR0_PE | CR0_ET);
    put_le64(cb + VMCB_CR4, CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE);
    put_le64(cb + VMCB_RIP, HIDDEN_BASE + HIDDEN_STUB + STUB_PARKED);
    put_le64(cb + VMCB_RFLAGS, RFLAGS_FIXED);
    put_le64(cb + VMCB_DR7, DR7_FIXED);
}

static void put_guest(struct engine *e)
{
    static const uint16_t at[X86_SEG_COUNT] = {VMCB_ES, VMCB_CS, VMCB_SS,   VMCB_DS,
                                               VMCB_FS, VMCB_GS, VMCB_LDTR, VMCB_TR};
    const struct x86_state *s = &e->state;
    uint8_t *cb = vmcb(e);

    for (int i = 0; i < X86_SEG_COUNT; i++)
        put_segment(cb + at[i], &s->seg[i]);
    if ((s->efer & EFER_LMA) && (s->seg[X86_CS].access & SEG_L))
        put_le64(cb + VMCB_CS + 8, 0); /* the core would add it: see fidelity.c, cs-base */
    put_task_register(cb + VMCB_TR, &s->seg[X86_TR]);
    put_table(cb + VMCB_GDTR, &s->gdtr);
    put_table(cb + VMCB_IDTR, &s->idtr);
    cb[VMCB_CPL] = (uint8_t)x86_cpl(s);
    put_le64(cb + VMCB_EFER, (s->efer & ~(uint64_t)EFER_SCE) | EFER_SVME);
    put_le64(cb + VMCB_CR0, s->cr0);
    put_le64(cb + VMCB_CR2, s->cr2);
    put_le64(cb + VMCB_CR3, s->cr3);
    put_le64(cb + VMCB_CR4, s->cr4 & ~(uint64_t)CR4_HIDDEN);
    put_le64(cb + VMCB_DR6, DR6_FIXED);
    put_le64(cb + VMCB_DR7, DR7_FIXED); /* breakpoints are count.c's */
    put_le64(cb + VMCB_RFLAGS, s->rflags);
    put_le64(cb + VMCB_RIP, s->rip);
    put_le64(cb + VMCB_RSP, s->gpr[X86_RSP]);
    put_le64(cb + VMCB_RAX, s->gpr[X86_RAX]);
    put_le64(cb + VMCB_KERNEL_GS_BASE, s->kernel_gs_base);
    put_le64(cb + VMCB_SYSENTER_CS, s->sysenter_cs);
    put_le64(cb + VMCB_SYSENTER_ESP, s->sysenter_esp);
    put_le64(cb + VMCB_SYSENTER_EIP, s->sysenter_eip);
    cb[VMCB_TLB_CONTROL] = 1;
}

/* ---- x87 and SSE ------------------------------------------------------------------------- */

/* The library numbers physical registers, FXSAVE stack positions: ST(i) is (TOP + i) mod 8. */
static int fpu_register(const uint8_t *fxsave, unsigned i)
{
    unsigned top = get_le16(fxsave + 2) >> 11 & 7;

    return UC_X86_REG_FP0 + (int)((top + i) & 7);
}

static void fpu_read(struct engine *e)
{
    uint8_t *f = e->state.fxsave;
    uint64_t tags;

    memset(f, 0, sizeof(e->state.fxsave));
    put_le16(f, (uint16_t)engine_reg(e, UC_X86_REG_FPCW));
    put_le16(f + 2, (uint16_t)engine_reg(e, UC_X86_REG_FPSW));
    tags = engine_reg(e, UC_X86_REG_FPTAG);
    for (unsigned i = 0; i < 8; i++) /* two bits a register here, one (not empty) in FXSAVE */
        if ((tags >> (2 * i) & 3) != 3)
            f[4] |= (uint8_t)(1u << i);
    put_le16(f + 6, (uint16_t)engine_reg(e, UC_X86_REG_FOP));
    put_le64(f + 8, engine_reg(e, UC_X86_REG_FIP));
    put_le64(f + 16, engine_reg(e, UC_X86_REG_FDP));
    put_le32(f + 24, (uint32_t)engine_reg(e, UC_X86_REG_MXCSR));
    put_le32(f + 28, 0xffff);
    for (unsigned i = 0; i < 8; i++)
        uc_reg_read(e->uc, fpu_register(f, i), f + 32 + 16 * i);
    for (int i = 0; i < 16; i++)
        uc_reg_read(e->uc, UC_X86_REG_XMM0 + i, f + 160 + 16 * i);
}

static void fpu_write(struct engine *e)
{
    const uint8_t *f = e->state.fxsave;
    uint16_t tags = 0;

    for (unsigned i = 0; i < 8; i++)
        if (!(f[4] >> i & 1))
            tags |= (uint16_t)(3u << (2 * i));
    for (unsigned i = 0; i < 8; i++)
        uc_reg_write(e->uc, fpu_register(f, i), f + 32 + 16 * i);
    engine_set_reg(e, UC_X86_REG_FPCW, get_le16(f));
    engine_set_reg(e, UC_X86_REG_FPSW, get_le16(f + 2));
    engine_set_reg(e, UC_X86_REG_FPTAG, tags);
    engine_set_reg(e, UC_X86_REG_FOP, get_le16(f + 6));
    engine_set_reg(e, UC_X86_REG_FIP, get_le64(f + 8));
    engine_set_reg(e, UC_X86_REG_FDP, get_le64(f + 16));
    engine_set_reg(e, UC_X86_REG_MXCSR, get_le32(f + 24));
    for (int i = 0; i < 16; i++)
        uc_reg_write(e->uc, UC_X86_REG_XMM0 + i, f + 160 + 16 * i);
    e->fpu_changed = false;
}

/* ---- out and in -------------------------------------------------------------------------- */

void world_read(struct engine *e)
{
    struct x86_state *s = &e->state;

    if (!e->loaded)
        return;
    engine_put_gprs(e);
    context_read(e);
    for (int i = 0; i < X86_GPR_COUNT; i++)
        s->gpr[i] = engine_reg(e, engine_gprs[i]);
    s->rip = engine_rip(e);
    s->rflags = engine_reg(e, UC_X86_REG_RFLAGS);
    for (int i = 0; i < X86_SEG_COUNT; i++)
        context_segment(e, i, &s->seg[i]);
    s->seg[X86_TR].access |= TSS_BUSY;
    context_tables(e, s);
    s->cr0 = e->cr0;
    s->cr2 = engine_reg(e, UC_X86_REG_CR2);
    s->cr3 = e->cr3;
    s->cr4 = e->cr4;
    s->cr8 = e->cr8;
    s->efer = e->efer;
    s->kernel_gs_base = engine_msr(e, MSR_KERNEL_GS_BASE);
    s->interruptibility =
        (context_shadow(e) ? X86_BLOCKING_BY_STI : 0) | (e->nmi_blocked ? X86_BLOCKING_BY_NMI : 0);
    fpu_read(e);
}

void world_park(struct engine *e)
{
    world_read(e);
    e->loaded = false;
}

/* VMRUN drops the TLB, so a stub that goes on behind it (boot) is fetched twice. */
static void run_stub(struct engine *e, enum stub_entry entry, uint64_t rax)
{
    e->quiet = true;
    e->stub_fetches = entry == STUB_BOOT ? 2 : 1;
    memory_flush(e);
    engine_set_reg(e, UC_X86_REG_RAX, rax);
    engine_set_rip(e, HIDDEN_BASE + HIDDEN_STUB + entry);
    engine_go(e);
    e->quiet = false;
    e->stub_fetches = 0;
}

/* The library has no name for XCR0: it is set as a guest would set it. */
static void load_xcr0(struct engine *e)
{
    if (e->core_xcr0 == e->state.xcr0)
        return;
    engine_set_reg(e, UC_X86_REG_RCX, 0);
    engine_set_reg(e, UC_X86_REG_RDX, e->state.xcr0 >> 32);
    run_stub(e, STUB_XSETBV, (uint32_t)e->state.xcr0);
    e->core_xcr0 = e->state.xcr0;
    context_splice_parked(e);
}

static void load_registers(struct engine *e)
{
    context_splice_parked(e);
    load_xcr0(e);
    for (int i = 0; i < X86_GPR_COUNT; i++)
        if (i != X86_RAX && i != X86_RSP)
            engine_set_gpr(e, i, e->state.gpr[i]);
    if (e->fpu_changed)
        fpu_write(e);
}

/* More pages than any delivery touches: TLB entries that it finds free, so that it is not denied. */
#define DELIVERY_PAGES 64

int world_load(struct engine *e)
{
    bool deliver = e->event.info & INTR_VALID;

    if (deliver && e->vcpu->tlb.count > X86_TLB_SIZE - DELIVERY_PAGES)
        memory_flush_tlb(e);
    e->cr0 = e->state.cr0;
    e->cr3 = e->state.cr3;
    e->cr4 = e->state.cr4;
    e->cr8 = e->state.cr8;
    e->efer = e->state.efer;
    put_guest(e);
    world_intercepts(e);
    load_registers(e);
    put_le32(vmcb(e) + VMCB_EVENTINJ,
             deliver ? VMCB_EVENTINJ_VALID | INTR_VECTOR(e->event.info) : 0);
    e->delivering = deliver;
    e->stop_fetch = true;
    run_stub(e, STUB_LOAD, HIDDEN_BASE + HIDDEN_VMCB);
    e->stop_fetch = e->delivering = false;
    memory_settle_pushes(e);
    put_le32(vmcb(e) + VMCB_EVENTINJ, 0);
    memory_flush(e);
    if (e->fault.kind != FAULT_STOP_FETCH)
        return -EFAULT;
    e->fault.kind = FAULT_NONE;
    e->loaded = true;
    if (!deliver && e->state.interruptibility & (X86_BLOCKING_BY_STI | X86_BLOCKING_BY_MOV_SS)) {
        context_read(e);
        context_set_shadow(e, true);
    }
    return 0;
}

static int map_hidden(struct engine *e, struct error *err)
{
    void *hidden =
        mmap(NULL, HIDDEN_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uc_err rc;

    if (hidden == MAP_FAILED)
        return error_set(err, -ENOMEM, "Unicorn: out of memory for its hidden pages");
    e->hidden = hidden;
    rc = uc_mem_map_ptr(e->uc, HIDDEN_BASE, HIDDEN_SIZE, UC_PROT_ALL, e->hidden);
    if (rc)
        return error_set(err, -ENOMEM, "Unicorn: %s", uc_strerror(rc));
    memcpy(e->hidden + HIDDEN_STUB, stub, sizeof(stub));
    memset(e->hidden + HIDDEN_IOPM, 0xff, 3 * PAGE_SIZE);
    memset(e->hidden + HIDDEN_MSRPM, 0xff, 2 * PAGE_SIZE);
    return 0;
}

int world_create(struct engine *e, struct error *err)
{
    int rc = map_hidden(e, err);

    if (rc)
        return rc;
    put_parked(e->hidden + HIDDEN_PARK);
    engine_set_msr(e, MSR_EFER, EFER_SVME | EFER_NXE | EFER_LMA | EFER_LME);
    engine_set_msr(e, MSR_VM_HSAVE_PA, HIDDEN_BASE + HIDDEN_HSAVE);
    engine_set_reg(e, UC_X86_REG_CR4, CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT);
    rc = context_calibrate(e, err);
    if (rc)
        return rc;
    /* Enter the parked host once: from here on its state can be put back at any time. */
    run_stub(e, STUB_BOOT, HIDDEN_BASE + HIDDEN_PARK);
    if (e->native != SVM_EXIT_HLT)
        return error_set(err, -ENOTSUP,
                         "Unicorn: VMRUN did not reach its first exit (got %#x); version 2.1.4 or "
                         "newer is needed",
                         (unsigned)e->native);
    uc_context_save(e->uc, e->parked_context);
    return 0;
}
