/* EPT violations and misconfigurations in plain words: SDM vol. 3, 29.3.3 and Table 28-7. */
#include "core/explain_parts.h"

#include <inttypes.h>

static const char *ept_access(uint64_t q)
{
    if (q & EPT_QUAL_FETCH)
        return "fetch";
    return q & EPT_QUAL_WRITE ? "write" : "read";
}

static bool ept_is_mapped(uint64_t q)
{
    return q & (EPT_QUAL_READABLE | EPT_QUAL_WRITABLE | EPT_QUAL_EXECUTABLE);
}

void explain_ept_meaning(struct text *t, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;

    if (!has_qualification(exit))
        return;
    text_add(t, "%s", ept_access(q));
    if (exit->has & EXIT_HAS_GPA)
        text_add(t, " 0x%" PRIx64, exit->guest_physical);
    text_add(t, ", %s", ept_is_mapped(q) ? "not allowed" : "not mapped");
}

static void add_ept_rights(struct text *t, uint64_t q)
{
    static const struct {
        uint64_t bit;
        const char *name;
    } rights[] = {{EPT_QUAL_READABLE, "reads"},
                  {EPT_QUAL_WRITABLE, "writes"},
                  {EPT_QUAL_EXECUTABLE, "fetches"}};
    const char *separator = "";

    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
        if (q & rights[i].bit) {
            text_add(t, "%s%s", separator, rights[i].name);
            separator = " and ";
        }
    }
}

static void add_ept_verdict(struct text *t, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;

    text_add(t, "the second stage (EPT) ");
    if (ept_is_mapped(q)) {
        text_add(t, "allows only ");
        add_ept_rights(t, q);
        text_add(t, " at ");
    } else {
        text_add(t, "does not map ");
    }
    if (exit->has & EXIT_HAS_GPA)
        text_add(t, "guest-physical 0x%" PRIx64, exit->guest_physical);
    else
        text_add(t, "the address");
    text_add(t, ", so the CPU left the guest.");
}

/* What a hypervisor does about it, by what it found. */
static const char *ept_next(uint64_t q)
{
    bool fetch = q & EPT_QUAL_FETCH;

    if (!ept_is_mapped(q))
        return fetch ? " The hypervisor maps memory there, or gives up."
                     : " The hypervisor maps memory there, or plays a device (MMIO).";
    if (q & EPT_QUAL_WRITE && !fetch)
        return " That is how hypervisors log writes, share pages and keep ROM.";
    return " The hypervisor gives the right back, or stops the guest.";
}

/* The record does not hold CR0.PG; equal addresses outside 64-bit mode leave it open. */
static bool may_lack_paging(const struct vm_exit *exit)
{
    if (exit->mode == X86_MODE_LONG64)
        return false;
    return !(exit->has & EXIT_HAS_GVA) || exit->guest_linear == exit->guest_physical;
}

void explain_ept_why(struct text *t, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;

    if (!has_qualification(exit)) {
        text_add(t, "The guest touched memory that the second stage (EPT) does not allow.");
        return;
    }
    if (!(q & EPT_QUAL_GLA_VALID)) {
        text_add(t, "The CPU was to load the four PDPTEs of PAE paging, which translates no linear "
                    "address; ");
        add_ept_verdict(t, exit);
        return;
    }
    if (!(q & EPT_QUAL_TRANSLATION)) {
        text_add(t, "The CPU was walking the guest's page tables and needed %s; ",
                 q & EPT_QUAL_WRITE ? "to set the A or D flag of an entry" : "an entry");
        add_ept_verdict(t, exit);
        text_add(t, " This is not a #PF: the walk did not get as far as a verdict.");
        return;
    }
    if (exit->mode == X86_MODE_REAL)
        text_add(t, "Real mode has no page tables to forbid the %s; ", ept_access(q));
    else if (may_lack_paging(exit))
        text_add(t, "Nothing in the guest forbids the %s; ", ept_access(q));
    else
        text_add(t, "Guest page tables allow the %s, so this is no #PF; ", ept_access(q));
    add_ept_verdict(t, exit);
    text_add(t, "%s", ept_next(q));
}

void explain_ept_misconfig_meaning(struct text *t, const struct vm_exit *exit)
{
    if (exit->has & EXIT_HAS_GPA)
        text_add(t, "GPA 0x%" PRIx64, exit->guest_physical);
}

void explain_ept_misconfig_why(struct text *t, const struct vm_exit *exit)
{
    text_add(t, "The EPT entry for ");
    if (exit->has & EXIT_HAS_GPA)
        text_add(t, "guest-physical 0x%" PRIx64, exit->guest_physical);
    else
        text_add(t, "what the guest touched");
    text_add(t, " makes no sense, such as writable but not readable. The hypervisor wrote it, by "
                "mistake or to mark MMIO; the guest did nothing wrong.");
}
