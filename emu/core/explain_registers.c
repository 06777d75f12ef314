/*
 * Control and debug registers, CPUID, VMCALL, XSETBV and INVLPG in plain words: SDM vol. 3, 25.6.6,
 * Tables 28-3 and 28-4. See explain.h.
 */
#include "core/explain_parts.h"

#include <inttypes.h>

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

static const char *cr_role(unsigned cr)
{
    switch (cr) {
    case 3:
        return " (the top page table)";
    case 8:
        return " (the task priority)";
    default:
        return "";
    }
}

/* Bits that the hypervisor owns and that are not as the guest reads them. */
static void add_owned(struct text *t, const struct vm_exit *exit, unsigned cr)
{
    text_add(t, "The guest/host mask makes ");
    if (exit->owned)
        add_cr_bits(t, cr, exit->owned);
    else
        text_add(t, "bits of it");
    text_add(t, " the hypervisor's, and the read shadow has %s otherwise",
             exit->owned && !(exit->owned & (exit->owned - 1)) ? "it" : "them");
}

static const struct control_name *cr_control(unsigned cr, bool load)
{
    static const uint32_t masks[2][2] = {{PRIMARY_CR3_STORE, PRIMARY_CR3_LOAD},
                                         {PRIMARY_CR8_STORE, PRIMARY_CR8_LOAD}};

    return control_of_bit(FIELD_PRIMARY, masks[cr == 8][load]);
}

static void move_why(struct text *t, const struct vm_exit *exit, bool load)
{
    unsigned cr = CR_QUAL_NUMBER(exit->qualification);

    text_add(t, "The guest %s CR%u%s %s %s, value 0x%" PRIx64 ". ", load ? "loads" : "reads", cr,
             cr_role(cr), load ? "from" : "into", gpr_name(exit, CR_QUAL_GPR(exit->qualification)),
             exit->value);
    if (cr != 3 && cr != 8) {
        add_owned(t, exit, cr);
        text_add(t, ": it decides what the CPU runs with and what the guest reads.");
        return;
    }
    add_control_on(t, cr_control(cr, load));
    if (cr == 8)
        text_add(t, ": the hypervisor plays the local APIC.");
    else if (load)
        text_add(t, ", and no CR3-target value matches: with shadow page tables the hypervisor "
                    "switches them now.");
    else
        text_add(t, ": the real CR3 may hold the hypervisor's own tables, so it answers.");
}

void explain_cr_why(struct text *t, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;

    if (!has_qualification(exit)) {
        text_add(t, "The guest accessed a control register that the hypervisor shares with it.");
        return;
    }
    switch ((enum cr_access)CR_QUAL_TYPE(q)) {
    case CR_ACCESS_MOV_TO:
    case CR_ACCESS_MOV_FROM:
        move_why(t, exit, CR_QUAL_TYPE(q) == CR_ACCESS_MOV_TO);
        return;
    case CR_ACCESS_CLTS:
        text_add(t, "The guest executed CLTS, which clears CR0.TS. ");
        add_owned(t, exit, 0);
        text_add(t, ": a hypervisor that switches FPU states late does so now.");
        return;
    case CR_ACCESS_LMSW:
        text_add(t, "The guest executed LMSW with 0x%x, for bits 3:0 of CR0. ",
                 (unsigned)CR_QUAL_LMSW(q));
        add_owned(t, exit, 0);
        text_add(t, ": it decides what the CPU runs with.");
    }
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
        text_add(t, "The guest %s DR%u %s %s, value 0x%" PRIx64 ".",
                 q & DR_QUAL_FROM ? "reads" : "loads", (unsigned)DR_QUAL_NUMBER(q),
                 q & DR_QUAL_FROM ? "into" : "from", gpr_name(exit, DR_QUAL_GPR(q)), exit->value);
    else
        text_add(t, "The guest moved data to or from a debug register.");
}

void explain_cpuid_meaning(struct text *t, const struct vm_exit *exit)
{
    text_add(t, "leaf 0x%" PRIx64, exit->value);
}

void explain_cpuid_why(struct text *t, const struct vm_exit *exit)
{
    text_add(t, "The guest executed CPUID, leaf 0x%" PRIx64 ".", exit->value);
}

void explain_vmcall_why(struct text *t, const struct vm_exit *exit)
{
    text_add(t, " Here RAX is 0x%" PRIx64 ".", exit->value);
}

void explain_xsetbv_why(struct text *t, const struct vm_exit *exit)
{
    text_add(t,
             "The guest executed XSETBV, value 0x%" PRIx64 ": which register sets XSAVE handles.",
             exit->value);
}

void explain_invlpg_meaning(struct text *t, const struct vm_exit *exit)
{
    if (has_qualification(exit))
        text_add(t, "linear address 0x%" PRIx64, exit->qualification);
}

void explain_invlpg_why(struct text *t, const struct vm_exit *exit)
{
    text_add(t, "The guest executed INVLPG");
    if (has_qualification(exit))
        text_add(t, " for linear 0x%" PRIx64, exit->qualification);
    text_add(t, ": it changed a page-table entry, and the old translation has to go.");
}
