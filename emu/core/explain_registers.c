/*
 * Control and debug registers, MSRs, CPUID and INVLPG in plain words: SDM vol. 3, Tables 28-3 and
 * 28-4. See explain.h.
 */
#include "core/explain_parts.h"

#include <inttypes.h>
#include <string.h>

void explain_cr_meaning(struct text *t, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;
    unsigned cr = CR_QUAL_NUMBER(q);
    const char *gpr = gpr_name(exit, CR_QUAL_GPR(q));

    if (!has_qualification(exit))
        return;
    switch (CR_QUAL_TYPE(q)) {
    case CR_ACCESS_MOV_TO:
        text_add(t, "CR%u <- %s, 0x%" PRIx64, cr, gpr, exit->value);
        return;
    case CR_ACCESS_MOV_FROM:
        text_add(t, "%s <- CR%u, 0x%" PRIx64, gpr, cr, exit->value);
        return;
    case CR_ACCESS_CLTS:
        text_add(t, "CLTS: clear CR0.TS");
        return;
    default:
        text_add(t, "LMSW 0x%x: low bits of CR0", (unsigned)CR_QUAL_LMSW(q));
    }
}

/* What depends on the register that is written. */
static const char *cr_role(unsigned cr)
{
    switch (cr) {
    case 0:
        return "CR0 switches protection, paging and caching";
    case 2:
        return "CR2 holds the address of the last page fault";
    case 3:
        return "CR3 holds the physical address of the top page table";
    case 4:
        return "CR4 enables extensions such as PAE";
    case 8:
        return "CR8 is the task priority, and holds back interrupts below it";
    default:
        return "The register is reserved";
    }
}

void explain_cr_why(struct text *t, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;
    unsigned cr = CR_QUAL_NUMBER(q);

    text_add(t, "The guest ");
    if (!has_qualification(exit))
        text_add(t, "accessed a control register.");
    else if (CR_QUAL_TYPE(q) == CR_ACCESS_MOV_TO)
        text_add(t, "loaded CR%u from %s, value 0x%" PRIx64 ". %s.", cr,
                 gpr_name(exit, CR_QUAL_GPR(q)), exit->value, cr_role(cr));
    else if (CR_QUAL_TYPE(q) == CR_ACCESS_MOV_FROM)
        text_add(t, "read CR%u into %s, value 0x%" PRIx64 ". %s.", cr,
                 gpr_name(exit, CR_QUAL_GPR(q)), exit->value, cr_role(cr));
    else if (CR_QUAL_TYPE(q) == CR_ACCESS_CLTS)
        text_add(t, "executed CLTS, which clears CR0.TS.");
    else
        text_add(t, "executed LMSW with 0x%x, which loads the low four bits of CR0.",
                 (unsigned)CR_QUAL_LMSW(q));
    text_add(t, " The hypervisor asked to see such accesses: what the guest believes to be in the "
                "register need not be what the CPU runs with.");
}

void explain_dr_meaning(struct text *t, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;

    if (!has_qualification(exit))
        return;
    if (q & DR_QUAL_FROM)
        text_add(t, "%s <- DR%u", gpr_name(exit, DR_QUAL_GPR(q)), (unsigned)DR_QUAL_NUMBER(q));
    else
        text_add(t, "DR%u <- %s", (unsigned)DR_QUAL_NUMBER(q), gpr_name(exit, DR_QUAL_GPR(q)));
    text_add(t, ", 0x%" PRIx64, exit->value);
}

void explain_dr_why(struct text *t, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;

    if (has_qualification(exit))
        text_add(t, " It %s DR%u %s %s, value 0x%" PRIx64 ".", q & DR_QUAL_FROM ? "reads" : "loads",
                 (unsigned)DR_QUAL_NUMBER(q), q & DR_QUAL_FROM ? "into" : "from",
                 gpr_name(exit, DR_QUAL_GPR(q)), exit->value);
}

static void add_msr(struct text *t, const struct vm_exit *exit)
{
    if (msr_name(exit->msr))
        text_add(t, "%s", msr_name(exit->msr));
    else
        text_add(t, "MSR 0x%" PRIx32, exit->msr);
}

void explain_msr_meaning(struct text *t, const struct vm_exit *exit)
{
    add_msr(t, exit);
    if (t->used + strlen(" = 0xffffffffffffffff") <= MEANING_MAX || exit->value <= UINT32_MAX)
        text_add(t, " = 0x%" PRIx64, exit->value);
}

void explain_rdmsr_why(struct text *t, const struct vm_exit *exit)
{
    text_add(t, " It read ");
    add_msr(t, exit);
    text_add(t, " (ECX = 0x%" PRIx32 ") and was given 0x%" PRIx64 ".", exit->msr, exit->value);
}

void explain_wrmsr_why(struct text *t, const struct vm_exit *exit)
{
    text_add(t, " It wrote 0x%" PRIx64 " to ", exit->value);
    add_msr(t, exit);
    text_add(t, " (ECX = 0x%" PRIx32 ").", exit->msr);
}

void explain_cpuid_meaning(struct text *t, const struct vm_exit *exit)
{
    text_add(t, "leaf 0x%" PRIx64, exit->value);
}

void explain_cpuid_why(struct text *t, const struct vm_exit *exit)
{
    text_add(t, " It asked for leaf 0x%" PRIx64 ".", exit->value);
}

void explain_invlpg_meaning(struct text *t, const struct vm_exit *exit)
{
    if (has_qualification(exit))
        text_add(t, "linear address 0x%" PRIx64, exit->qualification);
}

void explain_invlpg_why(struct text *t, const struct vm_exit *exit)
{
    if (has_qualification(exit))
        text_add(t, " The linear address is 0x%" PRIx64 ".", exit->qualification);
}
