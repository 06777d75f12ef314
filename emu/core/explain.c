/*
 * VM exits in plain words, see explain.h: what the guest did, why that leaves VMX non-root
 * operation (Intel SDM vol. 3, chapter 26), and where the manual says so. What a single exit was
 * about is in core/explain_*.c, its words field by field in core/fields.c.
 *
 * Only what the record holds is said: a field without its EXIT_HAS_ bit is never mentioned.
 */
#include "core/explain.h"

#include "core/explain_parts.h"

#include <stdio.h>
#include <string.h>

struct explanation {
    const char *manual;
    const char *why;     /* the same for every exit of the reason; NULL: `why_fn` says it all */
    add_fn *why_fn;      /* NULL: nothing to add */
    const char *meaning; /* for the table; NULL: meaning_fn */
    add_fn *meaning_fn;
};

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
                            .why_fn = explain_exception_why,
                            .meaning_fn = explain_exception_meaning},
    [EXIT_EXTERNAL_INTERRUPT] =
        {.manual = OTHER_CAUSES,
         .why = "An interrupt arrived while the guest ran. With external-interrupt exiting on, it "
                "belongs to the host, whatever the guest's IF says.",
         .meaning_fn = explain_external_meaning},
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
                   .meaning_fn = explain_sipi_meaning},
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
         .why_fn = explain_task_why,
         .meaning_fn = explain_task_meaning},
    [EXIT_CPUID] = {.manual = UNCONDITIONAL,
                    .why = "The guest executed CPUID. CPUID always leaves the guest in VMX "
                           "operation, so that the hypervisor decides what the CPU claims to be.",
                    .why_fn = explain_cpuid_why,
                    .meaning_fn = explain_cpuid_meaning},
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
                     .why_fn = explain_invlpg_why,
                     .meaning_fn = explain_invlpg_meaning},
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
    [EXIT_VMCLEAR] = {.manual = UNCONDITIONAL " and 28.2.5, Table 28-13",
                      .why = VMX_WHY("VMCLEAR", "writes a VMCS back to memory and releases it"),
                      .why_fn = explain_memory_why,
                      .meaning = "release a VMCS"},
    [EXIT_VMLAUNCH] = {.manual = UNCONDITIONAL,
                       .why = VMX_WHY("VMLAUNCH", "enters a guest for the first time"),
                       .meaning = "first entry to a guest"},
    [EXIT_VMPTRLD] = {.manual = UNCONDITIONAL " and 28.2.5, Table 28-13",
                      .why = VMX_WHY("VMPTRLD", "makes a VMCS the current one"),
                      .why_fn = explain_memory_why,
                      .meaning = "make a VMCS current"},
    [EXIT_VMPTRST] = {.manual = UNCONDITIONAL " and 28.2.5, Table 28-13",
                      .why = VMX_WHY("VMPTRST", "stores the address of the current VMCS"),
                      .why_fn = explain_memory_why,
                      .meaning = "store the VMCS pointer"},
    [EXIT_VMREAD] = {.manual = CONDITIONAL " and 28.2.5, Table 28-14",
                     .why = SHADOW_WHY("VMREAD", "reads"),
                     .why_fn = explain_field_why,
                     .meaning_fn = explain_field_meaning},
    [EXIT_VMRESUME] = {.manual = UNCONDITIONAL,
                       .why = VMX_WHY("VMRESUME", "goes back into a guest"),
                       .meaning = "back into a guest"},
    [EXIT_VMWRITE] = {.manual = CONDITIONAL " and 28.2.5, Table 28-14",
                      .why = SHADOW_WHY("VMWRITE", "writes"),
                      .why_fn = explain_field_why,
                      .meaning_fn = explain_field_meaning},
    [EXIT_VMXOFF] = {.manual = UNCONDITIONAL,
                     .why = VMX_WHY("VMXOFF", "leaves VMX operation"),
                     .meaning = "leave VMX operation"},
    [EXIT_VMXON] = {.manual = UNCONDITIONAL " and 28.2.5, Table 28-13",
                    .why = VMX_WHY("VMXON", "enters VMX operation"),
                    .why_fn = explain_memory_why,
                    .meaning = "enter VMX operation"},
    [EXIT_CR_ACCESS] = {.manual = "SDM vol. 3, 26.1.3 and 28.2.1, Table 28-3",
                        .why_fn = explain_cr_why,
                        .meaning_fn = explain_cr_meaning},
    [EXIT_DR_ACCESS] = {.manual = "SDM vol. 3, 26.1.3 and 28.2.1, Table 28-4",
                        .why = "The guest moved data to or from a debug register. With MOV-DR "
                               "exiting on, the hypervisor sees it, so that both can use the one "
                               "set of breakpoints.",
                        .why_fn = explain_dr_why,
                        .meaning_fn = explain_dr_meaning},
    [EXIT_IO] = {.manual = "SDM vol. 3, 26.1.3 and 28.2.1, Table 28-5",
                 .why = "The guest executed an I/O instruction. There is no real device behind "
                        "the port: the hypervisor plays it.",
                 .why_fn = explain_io_why,
                 .meaning_fn = explain_io_meaning},
    [EXIT_RDMSR] = {.manual = CONDITIONAL,
                    .why = "The guest executed RDMSR. Unless the MSR bitmap lets it through, the "
                           "hypervisor answers, since many of these registers belong to the host.",
                    .why_fn = explain_rdmsr_why,
                    .meaning_fn = explain_msr_meaning},
    [EXIT_WRMSR] = {.manual = CONDITIONAL,
                    .why = "The guest executed WRMSR. Unless the MSR bitmap lets it through, the "
                           "hypervisor decides what the write may change.",
                    .why_fn = explain_wrmsr_why,
                    .meaning_fn = explain_msr_meaning},
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
                          .meaning_fn = explain_apic_meaning},
    [EXIT_VIRTUALIZED_EOI] =
        {.manual = "SDM vol. 3, 30.1.4",
         .why = "The guest signalled the end of an interrupt, and the hypervisor asked to be told "
                "for this vector.",
         .meaning_fn = explain_eoi_meaning},
    [EXIT_GDTR_IDTR] = {.manual = CONDITIONAL " and 28.2.5, Table 28-10",
                        .why = "The guest executed LGDT, LIDT, SGDT or SIDT. With "
                               "descriptor-table exiting on, the hypervisor sees it.",
                        .why_fn = explain_tables_why,
                        .meaning_fn = explain_tables_meaning},
    [EXIT_LDTR_TR] = {.manual = CONDITIONAL " and 28.2.5, Table 28-11",
                      .why = "The guest executed LLDT, LTR, SLDT or STR. With descriptor-table "
                             "exiting on, the hypervisor sees it.",
                      .why_fn = explain_selectors_why,
                      .meaning_fn = explain_selectors_meaning},
    [EXIT_EPT_VIOLATION] = {.manual = "SDM vol. 3, 29.3.3.2 and 28.2.1, Table 28-7",
                            .why_fn = explain_ept_why,
                            .meaning_fn = explain_ept_meaning},
    [EXIT_EPT_MISCONFIG] =
        {.manual = "SDM vol. 3, 29.3.3.1",
         .why = "The CPU met a second-stage (EPT) entry that makes no sense, such as writable but "
                "not readable. The guest did nothing wrong: the hypervisor wrote the entry.",
         .why_fn = explain_ept_misconfig_why,
         .meaning_fn = explain_ept_misconfig_meaning},
    [EXIT_INVEPT] = {.manual = UNCONDITIONAL " and 28.2.5, Table 28-9",
                     .why = VMX_WHY("INVEPT", "drops cached second-stage translations"),
                     .why_fn = explain_invalidate_why,
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
    [EXIT_INVVPID] = {.manual = UNCONDITIONAL " and 28.2.5, Table 28-9",
                      .why = VMX_WHY("INVVPID", "drops translations cached for one virtual CPU"),
                      .why_fn = explain_invalidate_why,
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
                         .meaning_fn = explain_apic_meaning},
    [EXIT_RDRAND] = {.manual = CONDITIONAL " and 28.2.5, Table 28-12",
                     .why = "The guest executed RDRAND. With RDRAND exiting on, the hypervisor "
                            "supplies the random number.",
                     .why_fn = explain_random_why,
                     .meaning_fn = explain_random_meaning},
    [EXIT_INVPCID] = {.manual = CONDITIONAL " and 28.2.5, Table 28-9",
                      .why = "The guest executed INVPCID, to drop cached translations by process. "
                             "A hypervisor that caches translations asks to see this.",
                      .why_fn = explain_invalidate_why,
                      .meaning = "drop translations of a PCID"},
    [EXIT_VMFUNC] = {.manual = "SDM vol. 3, 26.5.6",
                     .why = "The guest executed VMFUNC and asked for a function that the "
                            "hypervisor does not let the CPU do by itself.",
                     .meaning = "VM function"},
    [EXIT_RDSEED] = {.manual = CONDITIONAL " and 28.2.5, Table 28-12",
                     .why = "The guest executed RDSEED. With RDSEED exiting on, the hypervisor "
                            "supplies the random seed.",
                     .why_fn = explain_random_why,
                     .meaning_fn = explain_random_meaning},
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
