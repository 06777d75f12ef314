/*
 * Exceptions, interrupts and task switches in plain words: SDM vol. 3, 25.6.3, 26.2, Tables 28-1, 28-2
 * and 25-17. See explain.h.
 */
#include "core/explain_parts.h"

#include <inttypes.h>

#define PF_PRESENT 1u
#define PF_WRITE 2u
#define PF_USER 4u
#define PF_RESERVED 8u
#define PF_FETCH 16u
#define PF_PK 32u

#define DEBUG_BD (1u << 13)
#define DEBUG_BS (1u << 14)

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

    text_add(t, ": a %s %s", error & PF_USER ? "user" : "supervisor", pf_access(error));
    if (has_qualification(exit))
        text_add(t, " at linear 0x%" PRIx64, exit->qualification);
    if (error & PF_RESERVED)
        text_add(t, ", through an entry with a reserved bit set");
    else if (error & PF_PK)
        text_add(t, ", not allowed by PKRU for the page's protection key");
    else if (error & PF_PRESENT)
        text_add(t, ", not allowed by the guest's tables");
    else
        text_add(t, ", not present in the guest's tables");
}

/* The error code of vectors 10 to 13 can blame a descriptor, SDM vol. 3, 6.13. */
static bool blames_descriptor(const struct vm_exit *exit)
{
    unsigned vector = INTR_VECTOR(exit->intr_info);

    return vector >= 10 && vector <= 13 && (exit->intr_info & INTR_HAS_ERROR) &&
           (exit->intr_error & 0xfffe);
}

static void selector_error_why(struct text *t, uint32_t error)
{
    text_add(t, ": the error code 0x%" PRIx32 " blames entry 0x%" PRIx32 " of the %s", error,
             (error & 0xffff) >> 3,
             error & 2   ? "IDT"
             : error & 4 ? "LDT"
                         : "GDT");
}

/* Table 28-1 */
static void debug_why(struct text *t, uint64_t q)
{
    const char *separator = ": ";

    for (unsigned i = 0; i < 4; i++) {
        if (q >> i & 1) {
            text_add(t, "%sbreakpoint %u was met", separator, i);
            separator = " and ";
        }
    }
    if (q & DEBUG_BD) {
        text_add(t, "%sDR7.GD forbids the access to a debug register", separator);
        separator = " and ";
    }
    if (q & DEBUG_BS)
        text_add(t, "%sa single step is done (RFLAGS.TF)", separator);
}

/* What each exception means, SDM vol. 3, 6.15; those with more to say are above. */
static const char *vector_meaning(unsigned vector)
{
    static const char *const meanings[32] = {
        [0] = "a division by zero, or a quotient that does not fit",
        [3] = "INT3, a debugger's breakpoint",
        [4] = "INTO with OF set",
        [5] = "an index outside the bounds",
        [6] = "no such instruction, or not in this mode",
        [7] = "x87 or SSE while CR0.TS or CR0.EM is set",
        [8] = "an exception came while another one was delivered",
        [10] = "a task state that cannot be used",
        [11] = "a descriptor with P clear",
        [12] = "an absent stack segment, or an access outside it",
        [13] = "a rule of protection is broken",
        [16] = "an unmasked x87 error waits",
        [17] = "an unaligned access, with CR0.AM and RFLAGS.AC set",
        [18] = "the hardware found an error",
        [19] = "an unmasked SSE error",
        [20] = "an EPT violation turned into an exception",
        [21] = "a branch or return that CET does not allow",
    };

    return meanings[vector & 31];
}

static void add_exception(struct text *t, const struct vm_exit *exit)
{
    unsigned vector = INTR_VECTOR(exit->intr_info);

    text_add(t, "The guest raised ");
    add_event(t, exit->intr_info);
    if (is_page_fault(exit))
        page_fault_why(t, exit);
    else if (INTR_TYPE(exit->intr_info) == INTR_PRIVILEGED_SOFTWARE)
        text_add(t, " by INT1");
    else if (vector == 1 && has_qualification(exit))
        debug_why(t, exit->qualification);
    else if (blames_descriptor(exit))
        selector_error_why(t, exit->intr_error);
    else if (vector < 32 && vector_meaning(vector))
        text_add(t, ": %s", vector_meaning(vector));
    text_add(t, ". ");
}

static void nmi_why(struct text *t)
{
    text_add(t, "A non-maskable interrupt (NMI) arrived. ");
    add_control_on(t, control_of_bit(FIELD_PIN, PIN_NMI));
    text_add(t, ": it goes to the hypervisor, which handles it or injects it into the guest.");
}

void explain_exception_why(struct text *t, const struct vm_exit *exit)
{
    if (!(exit->has & EXIT_HAS_INTR)) {
        text_add(t, "An exception or a non-maskable interrupt came up in the guest, and the "
                    "hypervisor asked to see it first.");
        return;
    }
    if (INTR_TYPE(exit->intr_info) == INTR_NMI) {
        nmi_why(t);
        return;
    }
    add_exception(t, exit);
    if (exit->cause == EXIT_CAUSE_NO_MATCH)
        text_add(t, "Bit 14 of the exception bitmap is clear, and inverted, for the error code "
                    "misses PFEC_MATCH under PFEC_MASK.");
    else
        text_add(t,
                 "Bit %u of the exception bitmap is set: the hypervisor sees it first, to "
                 "mend or inject it.",
                 INTR_VECTOR(exit->intr_info));
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
    text_add(t, "The guest switches tasks");
    if (has_qualification(exit)) {
        text_add(t, ", ");
        explain_task_meaning(t, exit);
    }
    text_add(t, ".");
}

void explain_external_meaning(struct text *t, const struct vm_exit *exit)
{
    if (exit->has & EXIT_HAS_INTR)
        text_add(t, "vector 0x%x", INTR_VECTOR(exit->intr_info));
    else
        text_add(t, "for the host");
}

void explain_external_why(struct text *t, const struct vm_exit *exit)
{
    if (exit->has & EXIT_HAS_INTR)
        text_add(t, ", and is acknowledged: vector 0x%x.", INTR_VECTOR(exit->intr_info));
    else
        text_add(t, ", and waits in the interrupt controller.");
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
