/*
 * VM exits in plain words, see explain.h: what the guest did, why that leaves VMX non-root
 * operation (Intel SDM vol. 3, chapter 26), and where the manual says so. The qualification field
 * by field is in core/qualification.c.
 *
 * Only what the record holds is said: a field without its EXIT_HAS_ bit is never mentioned.
 */
#include "core/explain.h"

#include "core/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MEANING_MAX 40 /* characters, for a column of a table */

/* Adds what this one exit was about. */
typedef void add_fn(struct text *t, const struct vm_exit *exit);

struct explanation {
    const char *manual;
    const char *why;     /* the same for every exit of the reason; NULL: `why_fn` says it all */
    add_fn *why_fn;      /* NULL: nothing to add */
    const char *meaning; /* for the table; NULL: meaning_fn */
    add_fn *meaning_fn;
};

static bool has_qualification(const struct vm_exit *exit)
{
    return exit->has & EXIT_HAS_QUALIFICATION;
}

/* ---- I/O ------------------------------------------------------------------------------------- */

static const char *bytes_of(unsigned size)
{
    return size == 1 ? "1 byte" : size == 2 ? "2 bytes" : "4 bytes";
}

static bool is_printable(uint64_t value)
{
    return value >= ' ' && value <= '~';
}

static void io_meaning(struct text *t, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;
    unsigned size = IO_QUAL_SIZE(q);

    if (!has_qualification(exit))
        return;
    text_add(t, "%s%s%s 0x%x, %s", q & IO_QUAL_REP ? "rep " : "", q & IO_QUAL_IN ? "in" : "out",
             q & IO_QUAL_STRING ? "s" : "", (unsigned)IO_QUAL_PORT(q), bytes_of(size));
    if (q & IO_QUAL_STRING)
        return;
    if (size == 1 && is_printable(exit->value))
        text_add(t, ", '%c'", (char)exit->value);
    else
        text_add(t, ", 0x%" PRIx64, exit->value);
}

static void io_why(struct text *t, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;
    bool in = q & IO_QUAL_IN;

    if (!has_qualification(exit))
        return;
    text_add(t, " It %s %s %s port 0x%x", in ? "reads" : "writes", bytes_of(IO_QUAL_SIZE(q)),
             in ? "from" : "to", (unsigned)IO_QUAL_PORT(q));
    if (q & IO_QUAL_STRING)
        text_add(t, ", %s memory%s.", in ? "straight to" : "straight from",
                 q & IO_QUAL_REP ? ", as often as the count register says" : "");
    else
        text_add(t, in ? "; the answer was 0x%" PRIx64 "." : ": 0x%" PRIx64 ".", exit->value);
}

/* ---- control and debug registers, MSRs, CPUID ------------------------------------------------ */

static void cr_meaning(struct text *t, const struct vm_exit *exit)
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

static void cr_why(struct text *t, const struct vm_exit *exit)
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

#define DR_NUMBER(q) ((unsigned)((q)&7))
#define DR_READ(q) ((q) >> 4 & 1)
#define DR_GPR(q) ((unsigned)((q) >> 8 & 15))

static void dr_meaning(struct text *t, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;

    if (!has_qualification(exit))
        return;
    if (DR_READ(q))
        text_add(t, "%s <- DR%u", gpr_name(exit, DR_GPR(q)), DR_NUMBER(q));
    else
        text_add(t, "DR%u <- %s", DR_NUMBER(q), gpr_name(exit, DR_GPR(q)));
    text_add(t, ", 0x%" PRIx64, exit->value);
}

static void dr_why(struct text *t, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;

    if (has_qualification(exit))
        text_add(t, " It %s DR%u %s %s, value 0x%" PRIx64 ".", DR_READ(q) ? "reads" : "loads",
                 DR_NUMBER(q), DR_READ(q) ? "into" : "from", gpr_name(exit, DR_GPR(q)),
                 exit->value);
}

static void add_msr(struct text *t, const struct vm_exit *exit)
{
    if (msr_name(exit->msr))
        text_add(t, "%s", msr_name(exit->msr));
    else
        text_add(t, "MSR 0x%" PRIx32, exit->msr);
}

static void msr_meaning(struct text *t, const struct vm_exit *exit)
{
    add_msr(t, exit);
    if (t->used + strlen(" = 0xffffffffffffffff") <= MEANING_MAX || exit->value <= UINT32_MAX)
        text_add(t, " = 0x%" PRIx64, exit->value);
}

static void rdmsr_why(struct text *t, const struct vm_exit *exit)
{
    text_add(t, " It read ");
    add_msr(t, exit);
    text_add(t, " (ECX = 0x%" PRIx32 ") and was given 0x%" PRIx64 ".", exit->msr, exit->value);
}

static void wrmsr_why(struct text *t, const struct vm_exit *exit)
{
    text_add(t, " It wrote 0x%" PRIx64 " to ", exit->value);
    add_msr(t, exit);
    text_add(t, " (ECX = 0x%" PRIx32 ").", exit->msr);
}

static void cpuid_meaning(struct text *t, const struct vm_exit *exit)
{
    text_add(t, "leaf 0x%" PRIx64, exit->value);
}

static void cpuid_why(struct text *t, const struct vm_exit *exit)
{
    text_add(t, " It asked for leaf 0x%" PRIx64 ".", exit->value);
}

static void invlpg_meaning(struct text *t, const struct vm_exit *exit)
{
    if (has_qualification(exit))
        text_add(t, "linear address 0x%" PRIx64, exit->qualification);
}

static void invlpg_why(struct text *t, const struct vm_exit *exit)
{
    if (has_qualification(exit))
        text_add(t, " The linear address is 0x%" PRIx64 ".", exit->qualification);
}

/* ---- EPT violation --------------------------------------------------------------------------- */

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

static void ept_meaning(struct text *t, const struct vm_exit *exit)
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
    if (!ept_is_mapped(q))
        text_add(t, "does not map ");
    else
        text_add(t, "does not allow this %s to ", ept_access(q));
    if (exit->has & EXIT_HAS_GPA)
        text_add(t, "guest-physical 0x%" PRIx64, exit->guest_physical);
    else
        text_add(t, "the address");
    if (ept_is_mapped(q)) {
        text_add(t, " (only ");
        add_ept_rights(t, q);
        text_add(t, ")");
    }
    text_add(t, ", so the CPU left the guest.");
}

/* The record does not hold CR0.PG; equal addresses outside 64-bit mode leave it open. */
static bool may_lack_paging(const struct vm_exit *exit)
{
    if (exit->mode == X86_MODE_LONG64)
        return false;
    return !(exit->has & EXIT_HAS_GVA) || exit->guest_linear == exit->guest_physical;
}

static void ept_why(struct text *t, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;

    if (!has_qualification(exit)) {
        text_add(t, "The guest touched memory that the second stage (EPT) does not allow.");
        return;
    }
    if (q & EPT_QUAL_GLA_VALID && !(q & EPT_QUAL_TRANSLATION)) {
        text_add(t, "The CPU was walking the guest's page tables and needed an entry; ");
        add_ept_verdict(t, exit);
        text_add(t, " This is not a #PF: the walk did not get as far as a verdict.");
        return;
    }
    if (exit->mode == X86_MODE_REAL) {
        text_add(t, "Real mode has no page tables to forbid the %s; ", ept_access(q));
        add_ept_verdict(t, exit);
        return;
    }
    if (may_lack_paging(exit)) {
        text_add(t, "Nothing in the guest forbids the %s; ", ept_access(q));
        add_ept_verdict(t, exit);
        text_add(t, " This is not a #PF: the guest's own side is fine.");
        return;
    }
    text_add(t, "Guest page tables allow the %s; ", ept_access(q));
    add_ept_verdict(t, exit);
    text_add(t, " This is not a #PF: the guest's own tables are fine.");
}

static void ept_misconfig_meaning(struct text *t, const struct vm_exit *exit)
{
    if (exit->has & EXIT_HAS_GPA)
        text_add(t, "GPA 0x%" PRIx64, exit->guest_physical);
}

static void ept_misconfig_why(struct text *t, const struct vm_exit *exit)
{
    if (exit->has & EXIT_HAS_GPA)
        text_add(t, " The guest-physical address is 0x%" PRIx64 ".", exit->guest_physical);
}

/* ---- exceptions ------------------------------------------------------------------------------ */

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

static void exception_meaning(struct text *t, const struct vm_exit *exit)
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

static void exception_why(struct text *t, const struct vm_exit *exit)
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

/* ---- the rest -------------------------------------------------------------------------------- */

static void task_meaning(struct text *t, const struct vm_exit *exit)
{
    static const char *const sources[] = {"CALL", "IRET", "JMP", "task gate"};
    uint64_t q = exit->qualification;

    if (has_qualification(exit))
        text_add(t, "to TSS 0x%x by %s", (unsigned)(q & 0xffff), sources[q >> 30 & 3]);
}

static void task_why(struct text *t, const struct vm_exit *exit)
{
    if (!has_qualification(exit))
        return;
    text_add(t, " This one goes ");
    task_meaning(t, exit);
    text_add(t, ".");
}

static void external_meaning(struct text *t, const struct vm_exit *exit)
{
    if (exit->has & EXIT_HAS_INTR)
        text_add(t, "vector 0x%x", INTR_VECTOR(exit->intr_info));
    else
        text_add(t, "for the host");
}

static void sipi_meaning(struct text *t, const struct vm_exit *exit)
{
    if (has_qualification(exit))
        text_add(t, "start at 0x%05x", (unsigned)(exit->qualification & 0xff) << 12);
}

static void eoi_meaning(struct text *t, const struct vm_exit *exit)
{
    if (has_qualification(exit))
        text_add(t, "vector 0x%x", (unsigned)(exit->qualification & 0xff));
}

static void apic_meaning(struct text *t, const struct vm_exit *exit)
{
    if (has_qualification(exit))
        text_add(t, "offset 0x%03x", (unsigned)(exit->qualification & 0xfff));
}

#define UNCONDITIONAL "SDM vol. 3, 26.1.2"
#define CONDITIONAL "SDM vol. 3, 26.1.3"
#define OTHER_CAUSES "SDM vol. 3, 26.2"

/* A guest that is itself a hypervisor: every VMX instruction leaves it. */
#define VMX_WHY(name, does)                                                                        \
    "The guest executed " name ", which " does ". VMX instructions always leave a guest: only "    \
    "the hypervisor below may use VT-x, and a guest that is one itself gets it emulated."

/* VMREAD and VMWRITE alone can be let through, by VMCS shadowing. */
#define SHADOW_WHY(name, does)                                                                     \
    "The guest executed " name ", which " does " a field of the current VMCS. Unless VMCS "        \
    "shadowing lets it through, it leaves the guest, and the hypervisor below emulates the VMCS."

static const struct explanation explanations[EXIT_REASON_COUNT] = {
    [EXIT_EXCEPTION_NMI] = {.manual = "SDM vol. 3, 26.2, 28.2.1 and Table 25-17",
                            .why_fn = exception_why,
                            .meaning_fn = exception_meaning},
    [EXIT_EXTERNAL_INTERRUPT] =
        {.manual = OTHER_CAUSES,
         .why = "An interrupt arrived while the guest ran. With external-interrupt exiting on, it "
                "belongs to the host, whatever the guest's IF says.",
         .meaning_fn = external_meaning},
    [EXIT_TRIPLE_FAULT] =
        {.manual = OTHER_CAUSES,
         .why = "An exception came up while the CPU was delivering a double fault, so the guest "
                "has no handler left that works. A real machine would reset here; a virtual one "
                "tells its hypervisor.",
         .meaning = "the guest cannot go on"},
    [EXIT_INIT] = {.manual = OTHER_CAUSES,
                   .why = "The CPU received an INIT signal. In a guest it resets nothing: it is "
                          "reported to the hypervisor.",
                   .meaning = "INIT signal received"},
    [EXIT_SIPI] = {.manual = OTHER_CAUSES,
                   .why =
                       "A start-up IPI reached a virtual CPU that waited for one. The hypervisor "
                       "is told where the guest wants it to start.",
                   .meaning_fn = sipi_meaning},
    [EXIT_INTERRUPT_WINDOW] =
        {.manual = OTHER_CAUSES,
         .why = "The guest can take an interrupt from here on: IF is 1 and nothing blocks. The "
                "hypervisor asked to be told, because it has one to inject.",
         .meaning = "the guest can take an interrupt"},
    [EXIT_NMI_WINDOW] = {.manual = OTHER_CAUSES,
                         .why = "The guest can take an NMI from here on. The hypervisor asked to "
                                "be told, because it has one to inject.",
                         .meaning = "the guest can take an NMI"},
    [EXIT_TASK_SWITCH] =
        {.manual = "SDM vol. 3, 26.4.2 and 28.2.1, Table 28-2",
         .why = "The guest started a hardware task switch. VMX cannot switch tasks in a guest, so "
                "it always leaves it and the hypervisor does the switch.",
         .why_fn = task_why,
         .meaning_fn = task_meaning},
    [EXIT_CPUID] = {.manual = UNCONDITIONAL,
                    .why = "The guest executed CPUID. CPUID always leaves the guest in VMX "
                           "operation, so that the hypervisor decides what the CPU claims to be.",
                    .why_fn = cpuid_why,
                    .meaning_fn = cpuid_meaning},
    [EXIT_GETSEC] = {.manual = UNCONDITIONAL,
                     .why = "The guest executed GETSEC, the entry to Safer Mode Extensions. It "
                            "always leaves a guest: a measured launch is not the guest's to make.",
                     .meaning = "Safer Mode Extensions"},
    [EXIT_HLT] = {.manual = CONDITIONAL,
                  .why = "The guest executed HLT: it has nothing to do until an interrupt. With "
                         "HLT exiting on, the hypervisor gets the CPU back instead of letting it "
                         "sleep.",
                  .meaning = "waits for an interrupt"},
    [EXIT_INVD] = {.manual = UNCONDITIONAL,
                   .why = "The guest executed INVD, which throws caches away without writing them "
                          "back. It always leaves the guest: the caches hold the host's data, too.",
                   .meaning = "caches, not written back"},
    [EXIT_INVLPG] = {.manual = "SDM vol. 3, 26.1.3 and 28.2.1",
                     .why = "The guest executed INVLPG: it changed a page-table entry and wants "
                            "the CPU to forget the old translation. A hypervisor that caches "
                            "translations asks to see this.",
                     .why_fn = invlpg_why,
                     .meaning_fn = invlpg_meaning},
    [EXIT_RDPMC] = {.manual = CONDITIONAL,
                    .why = "The guest executed RDPMC. With RDPMC exiting on, the hypervisor "
                           "decides what the performance counters show.",
                    .meaning = "performance counter"},
    [EXIT_RDTSC] = {.manual = CONDITIONAL,
                    .why = "The guest executed RDTSC. With RDTSC exiting on, the hypervisor "
                           "decides what time it is.",
                    .meaning = "time-stamp counter"},
    [EXIT_RSM] = {.manual = CONDITIONAL,
                  .why = "The guest executed RSM in system-management mode, to return from its "
                         "handler. The monitor that owns SMM takes it from here.",
                  .meaning = "return from SMM"},
    [EXIT_VMCALL] = {.manual = UNCONDITIONAL,
                     .why = "The guest executed VMCALL: it calls the hypervisor on purpose, as a "
                            "program calls its kernel. Registers carry what it asks for.",
                     .meaning = "call to the hypervisor"},
    [EXIT_VMCLEAR] = {.manual = UNCONDITIONAL,
                      .why = VMX_WHY("VMCLEAR", "writes a VMCS back to memory and releases it"),
                      .meaning = "release a VMCS"},
    [EXIT_VMLAUNCH] = {.manual = UNCONDITIONAL,
                       .why = VMX_WHY("VMLAUNCH", "enters a guest for the first time"),
                       .meaning = "first entry to a guest"},
    [EXIT_VMPTRLD] = {.manual = UNCONDITIONAL,
                      .why = VMX_WHY("VMPTRLD", "makes a VMCS the current one"),
                      .meaning = "make a VMCS current"},
    [EXIT_VMPTRST] = {.manual = UNCONDITIONAL,
                      .why = VMX_WHY("VMPTRST", "stores the address of the current VMCS"),
                      .meaning = "store the VMCS pointer"},
    [EXIT_VMREAD] = {.manual = CONDITIONAL,
                     .why = SHADOW_WHY("VMREAD", "reads"),
                     .meaning = "read a VMCS field"},
    [EXIT_VMRESUME] = {.manual = UNCONDITIONAL,
                       .why = VMX_WHY("VMRESUME", "goes back into a guest"),
                       .meaning = "back into a guest"},
    [EXIT_VMWRITE] = {.manual = CONDITIONAL,
                      .why = SHADOW_WHY("VMWRITE", "writes"),
                      .meaning = "write a VMCS field"},
    [EXIT_VMXOFF] = {.manual = UNCONDITIONAL,
                     .why = VMX_WHY("VMXOFF", "leaves VMX operation"),
                     .meaning = "leave VMX operation"},
    [EXIT_VMXON] = {.manual = UNCONDITIONAL,
                    .why = VMX_WHY("VMXON", "enters VMX operation"),
                    .meaning = "enter VMX operation"},
    [EXIT_CR_ACCESS] = {.manual = "SDM vol. 3, 26.1.3 and 28.2.1, Table 28-3",
                        .why_fn = cr_why,
                        .meaning_fn = cr_meaning},
    [EXIT_DR_ACCESS] = {.manual = "SDM vol. 3, 26.1.3 and 28.2.1, Table 28-4",
                        .why = "The guest moved data to or from a debug register. With MOV-DR "
                               "exiting on, the hypervisor sees it, so that both can use the one "
                               "set of breakpoints.",
                        .why_fn = dr_why,
                        .meaning_fn = dr_meaning},
    [EXIT_IO] = {.manual = "SDM vol. 3, 26.1.3 and 28.2.1, Table 28-5",
                 .why = "The guest executed an I/O instruction. There is no real device behind "
                        "the port: the hypervisor plays it.",
                 .why_fn = io_why,
                 .meaning_fn = io_meaning},
    [EXIT_RDMSR] = {.manual = CONDITIONAL,
                    .why = "The guest executed RDMSR. Unless the MSR bitmap lets it through, the "
                           "hypervisor answers, since many of these registers belong to the host.",
                    .why_fn = rdmsr_why,
                    .meaning_fn = msr_meaning},
    [EXIT_WRMSR] = {.manual = CONDITIONAL,
                    .why = "The guest executed WRMSR. Unless the MSR bitmap lets it through, the "
                           "hypervisor decides what the write may change.",
                    .why_fn = wrmsr_why,
                    .meaning_fn = msr_meaning},
    [EXIT_ENTRY_GUEST_STATE] =
        {.manual = "SDM vol. 3, 27.3.1 and 27.8",
         .why = "The CPU refused to enter the guest: its state breaks a rule of the checks on the "
                "guest-state area. No guest instruction was executed.",
         .meaning = "guest state refused"},
    [EXIT_ENTRY_MSR_LOAD] =
        {.manual = "SDM vol. 3, 27.4 and 27.8",
         .why = "The CPU refused to enter the guest: an entry of the MSR-load area is not "
                "allowed. No guest instruction was executed.",
         .meaning = "MSR-load area refused"},
    [EXIT_MWAIT] = {.manual = CONDITIONAL,
                    .why = "The guest executed MWAIT, to sleep until a line of memory is written. "
                           "The hypervisor may use the CPU for something else meanwhile.",
                    .meaning = "waits for a write to memory"},
    [EXIT_MONITOR_TRAP] =
        {.manual = "SDM vol. 3, 26.5.2",
         .why = "The monitor trap flag was set, and the guest has executed one instruction: this "
                "is how a hypervisor single-steps a guest that cannot notice.",
         .meaning = "one instruction done"},
    [EXIT_MONITOR] = {.manual = CONDITIONAL,
                      .why = "The guest executed MONITOR, which names the line of memory that "
                             "MWAIT will wait for. MONITOR exiting is on.",
                      .meaning = "address for MWAIT"},
    [EXIT_PAUSE] = {.manual = CONDITIONAL,
                    .why = "The guest executed PAUSE: it spins for a lock. The hypervisor asked "
                           "to be told, since the owner of the lock may be a CPU that is not "
                           "running.",
                    .meaning = "spins in a loop"},
    [EXIT_ENTRY_MACHINE_CHECK] =
        {.manual = "SDM vol. 3, 27.9",
         .why = "A machine check came up while the CPU was entering the guest. It is about the "
                "hardware, not about the guest.",
         .meaning = "machine check on entry"},
    [EXIT_TPR_THRESHOLD] =
        {.manual = "SDM vol. 3, 30.1.2",
         .why = "The guest lowered its task priority below the threshold that the hypervisor set: "
                "an interrupt that was held back can be injected.",
         .meaning = "task priority is low enough"},
    [EXIT_APIC_ACCESS] = {.manual = "SDM vol. 3, 30.4 and 28.2.1, Table 28-6",
                          .why = "The guest accessed the page of its local APIC. The CPU does not "
                                 "virtualize this access, so the hypervisor emulates it.",
                          .meaning_fn = apic_meaning},
    [EXIT_VIRTUALIZED_EOI] =
        {.manual = "SDM vol. 3, 30.1.4",
         .why = "The guest signalled the end of an interrupt, and the hypervisor asked to be told "
                "for this vector.",
         .meaning_fn = eoi_meaning},
    [EXIT_GDTR_IDTR] = {.manual = CONDITIONAL,
                        .why = "The guest executed LGDT, LIDT, SGDT or SIDT. With "
                               "descriptor-table exiting on, the hypervisor sees it.",
                        .meaning = "LGDT, LIDT, SGDT or SIDT"},
    [EXIT_LDTR_TR] = {.manual = CONDITIONAL,
                      .why = "The guest executed LLDT, LTR, SLDT or STR. With descriptor-table "
                             "exiting on, the hypervisor sees it.",
                      .meaning = "LLDT, LTR, SLDT or STR"},
    [EXIT_EPT_VIOLATION] = {.manual = "SDM vol. 3, 29.3.3.2 and 28.2.1, Table 28-7",
                            .why_fn = ept_why,
                            .meaning_fn = ept_meaning},
    [EXIT_EPT_MISCONFIG] =
        {.manual = "SDM vol. 3, 29.3.3.1",
         .why = "The CPU met a second-stage (EPT) entry that makes no sense, such as writable but "
                "not readable. The guest did nothing wrong: the hypervisor wrote the entry.",
         .why_fn = ept_misconfig_why,
         .meaning_fn = ept_misconfig_meaning},
    [EXIT_INVEPT] = {.manual = UNCONDITIONAL,
                     .why = VMX_WHY("INVEPT", "drops cached second-stage translations"),
                     .meaning = "drop EPT translations"},
    [EXIT_RDTSCP] = {.manual = CONDITIONAL,
                     .why = "The guest executed RDTSCP. With RDTSC exiting on, the hypervisor "
                            "decides what time it is and on which CPU.",
                     .meaning = "time-stamp counter and CPU"},
    [EXIT_PREEMPTION_TIMER] =
        {.manual = "SDM vol. 3, 26.5.1",
         .why = "The VMX-preemption timer counted down to zero: the hypervisor gave the guest this "
                "much time and takes the CPU back.",
         .meaning = "the guest's time is up"},
    [EXIT_INVVPID] = {.manual = UNCONDITIONAL,
                      .why = VMX_WHY("INVVPID", "drops translations cached for one virtual CPU"),
                      .meaning = "drop translations of a VPID"},
    [EXIT_WBINVD] = {.manual = CONDITIONAL,
                     .why = "The guest executed WBINVD or WBNOINVD, which writes all caches back. "
                            "That is slow for everyone, so the hypervisor asked to see it.",
                     .meaning = "caches, written back"},
    [EXIT_XSETBV] = {.manual = UNCONDITIONAL,
                     .why = "The guest executed XSETBV, which says which register sets XSAVE "
                            "handles. It always leaves the guest: the host has to save them, too.",
                     .meaning = "write to XCR0"},
    [EXIT_APIC_WRITE] = {.manual = "SDM vol. 3, 30.4.3",
                         .why = "The guest wrote to its virtual APIC page; the write is done, and "
                                "the hypervisor has to carry out what it means.",
                         .meaning_fn = apic_meaning},
    [EXIT_RDRAND] = {.manual = CONDITIONAL,
                     .why = "The guest executed RDRAND. With RDRAND exiting on, the hypervisor "
                            "supplies the random number.",
                     .meaning = "random number"},
    [EXIT_INVPCID] = {.manual = CONDITIONAL,
                      .why = "The guest executed INVPCID, to drop cached translations by process. "
                             "A hypervisor that caches translations asks to see this.",
                      .meaning = "drop translations of a PCID"},
    [EXIT_VMFUNC] = {.manual = "SDM vol. 3, 26.5.6",
                     .why = "The guest executed VMFUNC and asked for a function that the "
                            "hypervisor does not let the CPU do by itself.",
                     .meaning = "VM function"},
    [EXIT_RDSEED] = {.manual = CONDITIONAL,
                     .why = "The guest executed RDSEED. With RDSEED exiting on, the hypervisor "
                            "supplies the random seed.",
                     .meaning = "random seed"},
};

static const struct explanation *explanation_of(uint32_t reason)
{
    static const struct explanation unknown = {
        .manual = "SDM vol. 3, Appendix C",
        .why = "The CPU left the guest for a reason that the SDM does not name.",
        .meaning = ""};

    if (reason >= EXIT_REASON_COUNT || !explanations[reason].manual)
        return &unknown;
    return &explanations[reason];
}

/* ---- what the header promises ---------------------------------------------------------------- */

/* Drop what is past `max` characters, back to the end of a word. */
static void cut_at_word(char *text, size_t max)
{
    size_t end = max;

    if (strlen(text) <= max)
        return;
    while (end > 0 && text[end] != ' ')
        end--;
    while (end > 0 && strchr(" ,:", text[end - 1]))
        end--;
    text[end] = '\0';
}

void exit_meaning(const struct vm_exit *exit, char *buf, size_t size)
{
    const struct explanation *e = explanation_of(exit->reason);
    char whole[128];
    struct text t;

    text_start(&t, whole, sizeof(whole));
    if (e->meaning)
        text_add(&t, "%s", e->meaning);
    else
        e->meaning_fn(&t, exit);
    cut_at_word(whole, MEANING_MAX);
    snprintf(buf, size, "%s", whole);
}

void exit_why(const struct vm_exit *exit, char *buf, size_t size)
{
    const struct explanation *e = explanation_of(exit->reason);
    struct text t;

    text_start(&t, buf, size);
    if (e->why)
        text_add(&t, "%s", e->why);
    if (e->why_fn)
        e->why_fn(&t, exit);
    if (exit->has & EXIT_HAS_VECTORING && exit->idt_vectoring & INTR_VALID) {
        text_add(&t, " It happened while the CPU was delivering ");
        add_event(&t, exit->idt_vectoring);
        text_add(&t, " to the guest.");
    }
}

const char *exit_manual(uint32_t reason)
{
    return explanation_of(reason)->manual;
}
