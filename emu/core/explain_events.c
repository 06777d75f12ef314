/*
 * Exceptions, interrupts and task switches in plain words: SDM vol. 3, 26.2, Tables 28-2 and 25-17.
 * See explain.h.
 */
#include "core/explain_parts.h"

#include <inttypes.h>

#define PF_PRESENT 1u
#define PF_WRITE 2u
#define PF_USER 4u
#define PF_RESERVED 8u
#define PF_FETCH 16u

static const char *pf_access(uint32_t error)
{
    if (error & PF_FETCH)
        return "fetch";
    return error & PF_WRITE ? "write" : "read";
}

static bool is_page_fault(const struct vm_exit *exit)
{
    return INTR_TYPE(exit->intr_info) == INTR_HARDWARE_EXCEPTION &&
           INTR_VECTOR(exit->intr_info) == 14;
}

void explain_exception_meaning(struct text *t, const struct vm_exit *exit)
{
    unsigned vector = INTR_VECTOR(exit->intr_info);
    const char *mnemonic = vector_mnemonic(vector);

    if (!(exit->has & EXIT_HAS_INTR))
        return;
    if (mnemonic)
        text_add(t, "%s", mnemonic);
    else
        text_add(t, "vector %u", vector);
    if (is_page_fault(exit)) {
        if (has_qualification(exit))
            text_add(t, " 0x%" PRIx64, exit->qualification);
        text_add(t, ", %s%s", exit->intr_error & PF_USER ? "user " : "",
                 pf_access(exit->intr_error));
    } else if (exit->intr_info & INTR_HAS_ERROR) {
        text_add(t, ", error code 0x%" PRIx32, exit->intr_error);
    } else if (vector_name(vector)) {
        text_add(t, ", %s", vector_name(vector));
    }
}

static void page_fault_why(struct text *t, const struct vm_exit *exit)
{
    uint32_t error = exit->intr_error;

    text_add(t, " The %s %s", error & PF_USER ? "user-mode" : "supervisor", pf_access(error));
    if (has_qualification(exit))
        text_add(t, " at linear 0x%" PRIx64, exit->qualification);
    if (error & PF_RESERVED)
        text_add(t, " met a page-table entry with a reserved bit set.");
    else if (error & PF_PRESENT)
        text_add(t, " is not allowed by the guest's page tables.");
    else
        text_add(t, " found no present page in the guest's page tables.");
}

static void selector_error_why(struct text *t, uint32_t error)
{
    if ((error & 0xffff) == 0)
        text_add(t, " The error code is 0: no particular descriptor is to blame.");
    else if (error & 2)
        text_add(t, " The error code 0x%" PRIx32 " names entry 0x%" PRIx32 " of the IDT.", error,
                 (error & 0xffff) >> 3);
    else
        text_add(t, " The error code 0x%" PRIx32 " names entry 0x%" PRIx32 " of the %s.", error,
                 (error & 0xffff) >> 3, error & 4 ? "LDT" : "GDT");
}

/* Of the hardware exceptions with an error code, these have one that names a descriptor. */
static bool has_selector_error(unsigned vector)
{
    return vector >= 10 && vector <= 13;
}

void explain_exception_why(struct text *t, const struct vm_exit *exit)
{
    unsigned vector = INTR_VECTOR(exit->intr_info);

    if (!(exit->has & EXIT_HAS_INTR)) {
        text_add(t, "An exception or a non-maskable interrupt came up in the guest, and the "
                    "hypervisor asked to see it first.");
        return;
    }
    if (INTR_TYPE(exit->intr_info) == INTR_NMI) {
        text_add(t, "A non-maskable interrupt (NMI) arrived. With NMI exiting on, it goes to the "
                    "hypervisor and not to the guest.");
        return;
    }
    text_add(t, "The guest raised ");
    add_event(t, exit->intr_info);
    text_add(t,
             ". The exception bitmap has bit %u set, so the hypervisor sees it before the "
             "guest's own handler does.",
             vector);
    if (is_page_fault(exit))
        page_fault_why(t, exit);
    else if (exit->intr_info & INTR_HAS_ERROR && has_selector_error(vector))
        selector_error_why(t, exit->intr_error);
}

void explain_task_meaning(struct text *t, const struct vm_exit *exit)
{
    static const char *const sources[] = {"CALL", "IRET", "JMP", "task gate"};
    uint64_t q = exit->qualification;

    if (has_qualification(exit))
        text_add(t, "to TSS 0x%x by %s", (unsigned)TASK_QUAL_SELECTOR(q),
                 sources[TASK_QUAL_SOURCE(q)]);
}

void explain_task_why(struct text *t, const struct vm_exit *exit)
{
    if (!has_qualification(exit))
        return;
    text_add(t, " This one goes ");
    explain_task_meaning(t, exit);
    text_add(t, ".");
}

void explain_external_meaning(struct text *t, const struct vm_exit *exit)
{
    if (exit->has & EXIT_HAS_INTR)
        text_add(t, "vector 0x%x", INTR_VECTOR(exit->intr_info));
    else
        text_add(t, "for the host");
}

void explain_sipi_meaning(struct text *t, const struct vm_exit *exit)
{
    if (has_qualification(exit))
        text_add(t, "start at 0x%05x", (unsigned)(exit->qualification & 0xff) << 12);
}

void explain_eoi_meaning(struct text *t, const struct vm_exit *exit)
{
    if (has_qualification(exit))
        text_add(t, "vector 0x%x", (unsigned)(exit->qualification & 0xff));
}

void explain_apic_meaning(struct text *t, const struct vm_exit *exit)
{
    if (has_qualification(exit))
        text_add(t, "offset 0x%03x", (unsigned)(exit->qualification & 0xfff));
}
