/*
 * Exits that read and write control, debug and model-specific registers: what the instruction does
 * on a bare machine (Intel SDM vol. 2), under the execution controls' masks and shadows (vol. 3,
 * 25.6.6, 26.3).
 *
 * When a control register access exits, the monitor lets the guest have what it asked for, and the
 * shadow follows; when it does not, the bits that the monitor owns stay as they are.
 */
#include "core/handle.h"

#include "core/clock.h"
#include "core/nested.h"
#include "x86/control.h"
#include "x86/msr.h"

/* ---- control registers ------------------------------------------------------------------- */

static uint64_t cr(struct machine *m, unsigned number)
{
    return m->vcpu->ops->get_cr(m->vcpu, number);
}

static bool cr_valid(struct machine *m, const struct vm_exit *exit, unsigned number, uint64_t value)
{
    uint64_t efer = m->vcpu->ops->get_msr(m->vcpu, MSR_EFER);

    switch (number) {
    case 0:
        return x86_cr0_valid(value, cr(m, 4), efer, exit->mode == X86_MODE_LONG64);
    case 3:
        return x86_cr3_valid(value, efer);
    case 4:
        return x86_cr4_valid(value, cr(m, 4), efer);
    default:
        return value < 16;
    }
}

static uint64_t cr0_as_read(struct machine *m)
{
    const struct controls *c = &m->controls;

    return (cr(m, 0) & ~c->cr0_mask) | (c->cr0_shadow & c->cr0_mask);
}

/* What the instruction means to write. LMSW loads four bits, and can set PE but not clear it. */
static uint64_t cr_value(struct machine *m, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification, cr0 = cr0_as_read(m);

    switch ((enum cr_access)CR_QUAL_TYPE(q)) {
    case CR_ACCESS_CLTS:
        return cr0 & ~(uint64_t)CR0_TS;
    case CR_ACCESS_LMSW:
        return (cr0 & ~(uint64_t)(CR0_MP | CR0_EM | CR0_TS)) | (CR_QUAL_LMSW(q) & 0xf);
    default:
        return exit->value;
    }
}

/*
 * The monitor owns the bits of `mask`: they follow the guest's wish only through an exit, and what
 * the guest reads there follows with them.
 */
static uint64_t own(uint64_t value, uint64_t mask, uint64_t real, bool exits)
{
    return exits ? value : (real & mask) | (value & ~mask);
}

/* Bits whose change makes PAE paging load its PDPTEs again, SDM 4.4.1. */
#define PDPTE_CR0 (CR0_PG | CR0_CD | CR0_NW)
#define PDPTE_CR4 (CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP)

/*
 * Does the second stage let the CPU read the four PDPTEs? No linear address is translated then: bit 7 of
 * the qualification is clear (SDM vol. 3, Table 28-7).
 */
static bool pdptes_refused(struct machine *m, uint64_t gpa)
{
    struct ept_walk walk;
    struct nested_access access = {
        .refused = &walk, .access = nested_table_right(m->cpu_ept), .no_linear = true};

    ept_walk(m->cpu_ept, gpa, access.access, &walk);
    if (walk.verdict == EPT_OK)
        return false;
    m->refused =
        (struct vm_exit){.reason = EXIT_EPT_MISCONFIG, .guest_physical = gpa, .has = EXIT_HAS_GPA};
    if (walk.verdict != EPT_MISCONFIGURED) {
        m->refused.reason = EXIT_EPT_VIOLATION;
        m->refused.has |= EXIT_HAS_QUALIFICATION;
        m->refused.qualification = nested_qualification(&access);
    }
    return true;
}

/* False: the new PDPTEs have reserved bits set, or cannot be read: then m->refused says so. */
static bool load_pdptes(struct machine *m, unsigned number, uint64_t value)
{
    struct x86_paging mmu;
    uint64_t pdpte[4];

    m->vcpu->ops->get_paging(m->vcpu, &mmu);
    if ((number == 0 && !((value ^ mmu.cr0) & PDPTE_CR0)) ||
        (number == 4 && !((value ^ mmu.cr4) & PDPTE_CR4)) || number == 8)
        return true;
    *(number == 0 ? &mmu.cr0 : number == 3 ? &mmu.cr3 : &mmu.cr4) = value;
    if ((mmu.efer & (EFER_LMA | EFER_LME)) || !x86_paging_is_pae(&mmu))
        return true;
    if (pdptes_refused(m, mmu.cr3 & 0xffffffe0) || !x86_load_pdptes(&mmu, pdpte))
        return false;
    m->vcpu->ops->set_pdptes(m->vcpu, pdpte);
    return true;
}

static enum handled cr_write(struct machine *m, const struct vm_exit *exit)
{
    struct controls *c = &m->controls;
    unsigned number = CR_QUAL_NUMBER(exit->qualification);
    uint64_t value = cr_value(m, exit);
    bool exits = controls_exit(c, exit);

    if (!cr_valid(m, exit, number, value))
        return handle_raise_gp(m);
    if (number == 0)
        value = own(value | CR0_ET, c->cr0_mask, cr(m, 0), exits);
    else if (number == 4)
        value = own(value, c->cr4_mask, cr(m, 4), exits);
    if (!load_pdptes(m, number, value)) /* who intercepts reads them for the guest, and cannot */
        return m->refused.reason && !exits ? HANDLED : handle_raise_gp(m);
    if (exits && number == 0)
        c->cr0_shadow = value;
    else if (exits && number == 4)
        c->cr4_shadow = value;
    m->vcpu->ops->set_cr(m->vcpu, number, value);
    return handle_complete(m, exit);
}

/* MOV from CR3 and CR8: those of CR0 and CR4 never exit. */
static enum handled cr_read(struct machine *m, const struct vm_exit *exit)
{
    handle_set_gpr(m, CR_QUAL_GPR(exit->qualification), exit->value);
    return handle_complete(m, exit);
}

enum handled handle_cr_access(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    (void)result;
    if (CR_QUAL_TYPE(exit->qualification) == CR_ACCESS_MOV_FROM)
        return cr_read(m, exit);
    return cr_write(m, exit);
}

/* ---- debug registers --------------------------------------------------------------------- */

#define DR6_WRITABLE 0xe00fu
#define DR7_WRITABLE 0xffff23ffu

/* DR4 and DR5 are other names of DR6 and DR7, unless CR4.DE takes them away (SDM 18.2.2). */
static unsigned dr_number(const struct vm_exit *exit)
{
    unsigned number = DR_QUAL_NUMBER(exit->qualification);

    return number == 4 || number == 5 ? number + 2 : number;
}

static enum handled dr_write(struct machine *m, const struct vm_exit *exit, unsigned number)
{
    uint64_t value = exit->value;

    if (number >= 6 && value >> 32)
        return handle_raise_gp(m);
    if (number == 6)
        value = (value & DR6_WRITABLE) | DR6_FIXED;
    else if (number == 7)
        value = (value & DR7_WRITABLE) | DR7_FIXED;
    m->vcpu->ops->set_dr(m->vcpu, number, value);
    return handle_complete(m, exit);
}

enum handled handle_dr_access(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    const struct backend_ops *ops = m->vcpu->ops;
    unsigned number = dr_number(exit);

    (void)result;
    if (exit->cpl)
        return handle_raise_gp(m);
    if (number != DR_QUAL_NUMBER(exit->qualification) && (cr(m, 4) & CR4_DE))
        return handle_raise(m, X86_UD);
    if (ops->get_dr(m->vcpu, 7) & DR7_GD)
        return handle_raise_db(m, DR6_BD);
    if (!(exit->qualification & DR_QUAL_FROM))
        return dr_write(m, exit, number);
    exit->value = ops->get_dr(m->vcpu, number);
    handle_set_gpr(m, DR_QUAL_GPR(exit->qualification), exit->value);
    return handle_complete(m, exit);
}

/* ---- model-specific registers and XCR0 --------------------------------------------------- */

enum handled handle_rdmsr(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    (void)result;
    if (!x86_msr_known(exit->msr))
        return handle_raise_gp(m);
    exit->value = exit->msr == MSR_TSC ? machine_tsc(m) : m->vcpu->ops->get_msr(m->vcpu, exit->msr);
    handle_set_edx_eax(m, exit->value);
    return handle_complete(m, exit);
}

enum handled handle_wrmsr(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    uint64_t value = exit->value;
    uint64_t old = m->vcpu->ops->get_msr(m->vcpu, exit->msr);

    (void)result;
    if (!x86_msr_check_write(exit->msr, old, cr(m, 0), &value))
        return handle_raise_gp(m);
    m->vcpu->ops->set_msr(m->vcpu, exit->msr, value);
    return handle_complete(m, exit);
}

enum handled handle_xsetbv(struct machine *m, struct vm_exit *exit, struct run_result *result)
{
    (void)result;
    exit->value = handle_gpr(m, X86_RDX) << 32 | (uint32_t)handle_gpr(m, X86_RAX);
    if ((uint32_t)handle_gpr(m, X86_RCX) || !x86_xcr0_valid(exit->value))
        return handle_raise_gp(m);
    m->vcpu->ops->set_xcr0(m->vcpu, exit->value);
    return handle_complete(m, exit);
}
