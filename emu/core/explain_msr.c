/* RDMSR and WRMSR in plain words: SDM vol. 3, 25.6.9 and 26.1.3. See explain.h. */
#include "core/explain_parts.h"

#include <inttypes.h>
#include <string.h>

#define MSR_HIGH 0xc0000000u

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
    if (exit->raised)
        text_add(t, ", refused");
    else if (t->used + strlen(" = 0xffffffffffffffff") <= MEANING_MAX || exit->value <= UINT32_MAX)
        text_add(t, " = 0x%" PRIx64, exit->value);
}

static void add_cause(struct text *t, const struct vm_exit *exit)
{
    bool read = exit->reason == EXIT_RDMSR, high = exit->msr >= MSR_HIGH;

    switch ((enum exit_cause)exit->cause) {
    case EXIT_CAUSE_BITMAP:
        text_add(t, "Bit 0x%" PRIx32 " of the %s bitmap for %s MSRs is set",
                 high ? exit->msr - MSR_HIGH : exit->msr, read ? "read" : "write",
                 high ? "high" : "low");
        return;
    case EXIT_CAUSE_NO_BITMAP:
        text_add(t, "Use MSR bitmaps (bit 28, primary controls) is off, so every %s exits",
                 read ? "RDMSR" : "WRMSR");
        return;
    case EXIT_CAUSE_BEYOND:
        text_add(t, "The MSR bitmaps have no bit for it, so it always exits");
        return;
    default:
        text_add(t, "The MSR bitmaps ask for it, or there are none");
    }
}

void explain_msr_why(struct text *t, const struct vm_exit *exit)
{
    bool read = exit->reason == EXIT_RDMSR;

    text_add(t, "The guest executed %s: it %s ", read ? "RDMSR" : "WRMSR",
             read ? "reads" : "writes");
    add_msr(t, exit);
    if (msr_name(exit->msr))
        text_add(t, " (0x%" PRIx32 ")", exit->msr);
    if (!read)
        text_add(t, ", value 0x%" PRIx64, exit->value);
    else if (!exit->raised)
        text_add(t, ", answer 0x%" PRIx64, exit->value);
    text_add(t, ". ");
    add_cause(t, exit);
    text_add(t, ": much in MSRs is the host's, so the hypervisor decides.");
}
