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
    const char *why;     /* what the guest did, the same for every exit of the reason, or NULL */
    add_fn *why_fn;      /* what this one was about, or NULL */
    const char *next;    /* behind the name of the control, if one decides: what it is good for */
    const char *meaning; /* for the table; NULL: meaning_fn */
    add_fn *meaning_fn;
};

#define UNCONDITIONAL "SDM vol. 3, 26.1.2"
#define BY_PRIMARY "SDM vol. 3, 26.1.3 and Table 25-6"
#define BY_SECONDARY "SDM vol. 3, 26.1.3 and Table 25-7"
#define OTHER_CAUSES "SDM vol. 3, 26.2"

/* A guest that is itself a hypervisor: every VMX instruction leaves it. */
#define VMX_WHY(name, does) "The guest executed " name ", which " does "."
#define VMX_NEXT                                                                                   \
    " VMX instructions always leave a guest: the hypervisor plays VT-x for it, or refuses."

/* VMREAD and VMWRITE alone can be let through, by VMCS shadowing. */
#define SHADOW_NEXT                                                                                \
    " Without VMCS shadowing that always leaves the guest: the hypervisor plays VT-x for it, or "  \
    "refuses."

static const struct explanation explanations[EXIT_REASON_COUNT] = {
    [EXIT_EXCEPTION_NMI] = {.manual = "SDM vol. 3, 25.6.3, 26.2, 28.2.1 and Table 25-17",
                            .why_fn = explain_exception_why,
                            .meaning_fn = explain_exception_meaning},
    [EXIT_EXTERNAL_INTERRUPT] =
        {.manual = "SDM vol. 3, 26.2 and Table 25-5",
         .why = "An interrupt arrived while the guest ran",
         .why_fn = explain_external_why,
         .next = ": it is the hypervisor's, whatever the guest's IF says, to serve "
                 "or to inject.",
         .meaning_fn = explain_external_meaning},
    [EXIT_TRIPLE_FAULT] =
        {.manual = OTHER_CAUSES,
         .why = "An exception came up while the CPU was delivering a double fault, so the guest "
                "has no handler left that works. A real machine would reset; a virtual one always "
                "tells its hypervisor.",
         .meaning = "the guest cannot go on"},
    [EXIT_INIT] = {.manual = OTHER_CAUSES,
                   .why =
                       "The CPU received an INIT signal. In a guest it resets nothing: it always "
                       "goes to the hypervisor, which resets the virtual CPU.",
                   .meaning = "INIT signal received"},
    [EXIT_SIPI] = {.manual = "SDM vol. 3, 26.2 and 28.2.1",
                   .why =
                       "A start-up IPI reached a virtual CPU that waited for one. It always goes "
                       "to the hypervisor, which starts the guest there.",
                   .meaning_fn = explain_sipi_meaning},
    [EXIT_INTERRUPT_WINDOW] =
        {.manual = "SDM vol. 3, 26.2 and Table 25-6",
         .why = "The guest can take an interrupt from here on: IF is 1, and no STI or MOV SS holds "
                "it back.",
         .next = ": the hypervisor has one waiting, and injects it now.",
         .meaning = "the guest can take an interrupt"},
    [EXIT_NMI_WINDOW] = {.manual = "SDM vol. 3, 26.2 and Table 25-6",
                         .why =
                             "The guest can take an NMI from here on: no earlier one, STI or MOV "
                             "SS holds it back.",
                         .next = ": the hypervisor has one waiting, and injects it now.",
                         .meaning = "the guest can take an NMI"},
    [EXIT_TASK_SWITCH] =
        {.manual = "SDM vol. 3, 26.4.2 and 28.2.1, Table 28-2",
         .why_fn = explain_task_why,
         .next = " VMX cannot switch tasks in a guest, so this always leaves it: the hypervisor "
                 "saves the old TSS and loads the new one.",
         .meaning_fn = explain_task_meaning},
    [EXIT_CPUID] = {.manual = UNCONDITIONAL,
                    .why_fn = explain_cpuid_why,
                    .next = " CPUID always leaves the guest, so that the hypervisor decides what "
                            "the CPU claims to be: it fills EAX, EBX, ECX and EDX.",
                    .meaning_fn = explain_cpuid_meaning},
    [EXIT_GETSEC] = {.manual = UNCONDITIONAL,
                     .why = "The guest executed GETSEC, the entry to Safer Mode Extensions. It "
                            "always leaves a guest: a measured launch is not the guest's to make.",
                     .meaning = "Safer Mode Extensions"},
    [EXIT_HLT] = {.manual = BY_PRIMARY,
                  .why = "The guest executed HLT: it has nothing to do until an interrupt.",
                  .next = ": the hypervisor gets the CPU instead of letting it sleep, and goes on "
                          "when one comes.",
                  .meaning = "waits for an interrupt"},
    [EXIT_INVD] = {.manual = UNCONDITIONAL,
                   .why = "The guest executed INVD, which throws caches away without writing them "
                          "back. It always leaves the guest, for the caches hold the host's data, "
                          "too: the hypervisor skips it or writes back.",
                   .meaning = "caches, not written back"},
    [EXIT_INVLPG] = {.manual = "SDM vol. 3, 26.1.3, 28.2.1 and Table 25-6",
                     .why_fn = explain_invlpg_why,
                     .next = ": with shadow page tables the hypervisor drops it there.",
                     .meaning_fn = explain_invlpg_meaning},
    [EXIT_RDPMC] = {.manual = BY_PRIMARY,
                    .why = "The guest executed RDPMC, to read a performance counter.",
                    .next = ": the counters count the host's work, too, so the hypervisor answers.",
                    .meaning = "performance counter"},
    [EXIT_RDTSC] = {.manual = BY_PRIMARY,
                    .why = "The guest executed RDTSC, to read the time-stamp counter.",
                    .next = ": the hypervisor decides what time it is, in EDX:EAX.",
                    .meaning = "time-stamp counter"},
    [EXIT_RSM] = {.manual = "SDM vol. 3, 26.1.3",
                  .why = "The guest executed RSM in system-management mode, to return from its "
                         "handler. The monitor that owns SMM takes it from here.",
                  .meaning = "return from SMM"},
    [EXIT_VMCALL] = {.manual = UNCONDITIONAL,
                     .why = "The guest executed VMCALL, which always leaves: it calls the "
                            "hypervisor on purpose, as a program calls its kernel. Registers carry "
                            "what it asks for, and the answer.",
                     .why_fn = explain_vmcall_why,
                     .meaning = "call to the hypervisor"},
    [EXIT_VMCLEAR] = {.manual = UNCONDITIONAL " and 28.2.5, Table 28-13",
                      .why = VMX_WHY("VMCLEAR", "writes a VMCS to memory and releases it"),
                      .why_fn = explain_memory_why,
                      .next = VMX_NEXT,
                      .meaning = "release a VMCS"},
    [EXIT_VMLAUNCH] = {.manual = UNCONDITIONAL,
                       .why = VMX_WHY("VMLAUNCH", "enters a guest for the first time"),
                       .next = VMX_NEXT,
                       .meaning = "first entry to a guest"},
    [EXIT_VMPTRLD] = {.manual = UNCONDITIONAL " and 28.2.5, Table 28-13",
                      .why = VMX_WHY("VMPTRLD", "makes a VMCS the current one"),
                      .why_fn = explain_memory_why,
                      .next = VMX_NEXT,
                      .meaning = "make a VMCS current"},
    [EXIT_VMPTRST] = {.manual = UNCONDITIONAL " and 28.2.5, Table 28-13",
                      .why = VMX_WHY("VMPTRST", "stores the current VMCS's address"),
                      .why_fn = explain_memory_why,
                      .next = VMX_NEXT,
                      .meaning = "store the VMCS pointer"},
    [EXIT_VMREAD] = {.manual = "SDM vol. 3, 26.1.3 and 28.2.5, Table 28-14",
                     .why = "The guest executed VMREAD, which reads a field of the current VMCS",
                     .why_fn = explain_field_why,
                     .next = SHADOW_NEXT,
                     .meaning_fn = explain_field_meaning},
    [EXIT_VMRESUME] = {.manual = UNCONDITIONAL,
                       .why = VMX_WHY("VMRESUME", "goes back into a guest"),
                       .next = VMX_NEXT,
                       .meaning = "back into a guest"},
    [EXIT_VMWRITE] = {.manual = "SDM vol. 3, 26.1.3 and 28.2.5, Table 28-14",
                      .why = "The guest executed VMWRITE, which writes a field of the current VMCS",
                      .why_fn = explain_field_why,
                      .next = SHADOW_NEXT,
                      .meaning_fn = explain_field_meaning},
    [EXIT_VMXOFF] = {.manual = UNCONDITIONAL,
                     .why = VMX_WHY("VMXOFF", "leaves VMX operation"),
                     .next = VMX_NEXT,
                     .meaning = "leave VMX operation"},
    [EXIT_VMXON] = {.manual = UNCONDITIONAL " and 28.2.5, Table 28-13",
                    .why = VMX_WHY("VMXON", "enters VMX operation"),
                    .why_fn = explain_memory_why,
                    .next = VMX_NEXT,
                    .meaning = "enter VMX operation"},
    [EXIT_CR_ACCESS] = {.manual = "SDM vol. 3, 25.6.6, 26.1.3 and 28.2.1, Table 28-3",
                        .why_fn = explain_cr_why,
                        .meaning_fn = explain_cr_meaning},
    [EXIT_DR_ACCESS] = {.manual = "SDM vol. 3, 26.1.3, 28.2.1, Tables 25-6 and 28-4",
                        .why_fn = explain_dr_why,
                        .next = ": guest and hypervisor share the CPU's breakpoints, so the "
                                "hypervisor does the access.",
                        .meaning_fn = explain_dr_meaning},
    [EXIT_IO] = {.manual = "SDM vol. 3, 25.6.4, 26.1.3 and 28.2.1, Table 28-5",
                 .why_fn = explain_io_why,
                 .meaning_fn = explain_io_meaning},
    [EXIT_RDMSR] = {.manual = "SDM vol. 3, 25.6.9 and 26.1.3",
                    .why_fn = explain_msr_why,
                    .meaning_fn = explain_msr_meaning},
    [EXIT_WRMSR] = {.manual = "SDM vol. 3, 25.6.9 and 26.1.3",
                    .why_fn = explain_msr_why,
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
    [EXIT_MWAIT] = {.manual = "SDM vol. 3, 26.1.3, 28.2.1 and Table 25-6",
                    .why = "The guest executed MWAIT, to sleep until memory is written.",
                    .next = ": the hypervisor uses the CPU meanwhile, or refuses, as its CPUID "
                            "says.",
                    .meaning = "waits for a write to memory"},
    [EXIT_MONITOR_TRAP] = {.manual = "SDM vol. 3, 26.5.2 and Table 25-6",
                           .why = "The guest has executed one instruction, or taken one event.",
                           .next = ": this is how a hypervisor single-steps a guest that cannot "
                                   "notice, as it could with RFLAGS.TF.",
                           .meaning = "one instruction done"},
    [EXIT_MONITOR] = {.manual = BY_PRIMARY,
                      .why = "The guest executed MONITOR: MWAIT is to wait for a write to DS:rAX.",
                      .next = ": the hypervisor emulates the pair, or refuses, as its CPUID "
                              "says.",
                      .meaning = "address for MWAIT"},
    [EXIT_PAUSE] = {.manual = BY_PRIMARY,
                    .why = "The guest executed PAUSE: it spins for a lock.",
                    .next = ": the owner of the lock may be a virtual CPU that is not running, and "
                            "the hypervisor can let it run.",
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
    [EXIT_GDTR_IDTR] = {.manual = "SDM vol. 3, 26.1.3, 28.2.5, Tables 25-7 and 28-10",
                        .why_fn = explain_tables_why,
                        .next = ": the hypervisor can guard the table, then lets it happen.",
                        .meaning_fn = explain_tables_meaning},
    [EXIT_LDTR_TR] = {.manual = "SDM vol. 3, 26.1.3, 28.2.5, Tables 25-7 and 28-11",
                      .why_fn = explain_selectors_why,
                      .next = ": the hypervisor can guard it, then lets it happen.",
                      .meaning_fn = explain_selectors_meaning},
    [EXIT_EPT_VIOLATION] = {.manual = "SDM vol. 3, 29.3.3.2 and 28.2.1, Table 28-7",
                            .why_fn = explain_ept_why,
                            .meaning_fn = explain_ept_meaning},
    [EXIT_EPT_MISCONFIG] = {.manual = "SDM vol. 3, 29.3.3.1",
                            .why_fn = explain_ept_misconfig_why,
                            .meaning_fn = explain_ept_misconfig_meaning},
    [EXIT_INVEPT] = {.manual = UNCONDITIONAL " and 28.2.5, Table 28-9",
                     .why = "The guest executed INVEPT: cached EPT translations have to go.",
                     .why_fn = explain_invalidate_why,
                     .next = VMX_NEXT,
                     .meaning = "drop EPT translations"},
    [EXIT_RDTSCP] = {.manual = BY_PRIMARY,
                     .why = "The guest executed RDTSCP, to read time-stamp counter and CPU number.",
                     .next = ": the hypervisor decides what time it is, in EDX:EAX, and on which "
                             "CPU, in ECX.",
                     .meaning = "time-stamp counter and CPU"},
    [EXIT_PREEMPTION_TIMER] =
        {.manual = "SDM vol. 3, 26.5.1",
         .why = "The VMX-preemption timer counted down to zero: the hypervisor gave the guest this "
                "much time and takes the CPU back.",
         .meaning = "the guest's time is up"},
    [EXIT_INVVPID] = {.manual = UNCONDITIONAL " and 28.2.5, Table 28-9",
                      .why = "The guest executed INVVPID: a VPID's translations have to go.",
                      .why_fn = explain_invalidate_why,
                      .next = VMX_NEXT,
                      .meaning = "drop translations of a VPID"},
    [EXIT_WBINVD] = {.manual = BY_SECONDARY,
                     .why = "The guest executed WBINVD or WBNOINVD, which writes all caches back.",
                     .next = ": that is slow for everyone, so the hypervisor does it only where a "
                             "device reads past the caches.",
                     .meaning = "caches, written back"},
    [EXIT_XSETBV] = {.manual = UNCONDITIONAL,
                     .why_fn = explain_xsetbv_why,
                     .next = " It always leaves the guest, for the host has to save those sets, "
                             "too: the hypervisor checks the value and loads XCR0.",
                     .meaning = "write to XCR0"},
    [EXIT_APIC_WRITE] = {.manual = "SDM vol. 3, 30.4.3",
                         .why = "The guest wrote to its virtual APIC page; the write is done, and "
                                "the hypervisor has to carry out what it means.",
                         .meaning_fn = explain_apic_meaning},
    [EXIT_RDRAND] = {.manual = "SDM vol. 3, 26.1.3, 28.2.5, Tables 25-7 and 28-12",
                     .why_fn = explain_random_why,
                     .next = ": the hypervisor supplies the random number, and sets CF.",
                     .meaning_fn = explain_random_meaning},
    [EXIT_INVPCID] = {.manual = "SDM vol. 3, 26.1.3 and 28.2.5, Table 28-9",
                      .why = "The guest executed INVPCID, to drop cached translations by process. "
                             "A hypervisor with shadow page tables asks to see this.",
                      .why_fn = explain_invalidate_why,
                      .meaning = "drop translations of a PCID"},
    [EXIT_VMFUNC] = {.manual = "SDM vol. 3, 26.5.6",
                     .why = "The guest executed VMFUNC and asked for a function that the "
                            "hypervisor does not let the CPU do by itself.",
                     .meaning = "VM function"},
    [EXIT_RDSEED] = {.manual = "SDM vol. 3, 26.1.3, 28.2.5, Tables 25-7 and 28-12",
                     .why_fn = explain_random_why,
                     .next = ": the hypervisor supplies the random seed, and sets CF.",
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

/* The event was not to blame, and has not come: exceptions are combined, task gates are the event. */
static bool is_retried(const struct vm_exit *exit)
{
    return exit->reason == EXIT_EPT_VIOLATION || exit->reason == EXIT_EPT_MISCONFIG;
}

/* What is said behind the cause: an event that waits, and what the hypervisor did instead. */
static void add_outcome(struct text *t, const struct vm_exit *exit)
{
    if (exit->has & EXIT_HAS_VECTORING && exit->idt_vectoring & INTR_VALID) {
        text_add(t, " It came while the CPU was delivering ");
        add_event(t, exit->idt_vectoring);
        text_add(t, "%s.", is_retried(exit) ? ", which the hypervisor injects again" : "");
    }
    if (exit->raised && vector_mnemonic(exit->raised))
        text_add(t, " Here it raised %s.", vector_mnemonic(exit->raised));
}

void exit_why(const struct vm_exit *exit, char *buf, size_t size)
{
    const struct explanation *e = explanation_of(exit->reason);
    const struct control_name *control = control_of_reason(exit->reason);
    struct text t;

    text_start(&t, buf, size);
    if (e->why)
        text_add(&t, "%s", e->why);
    if (e->why_fn)
        e->why_fn(&t, exit);
    if (control) {
        text_add(&t, " ");
        add_control_on(&t, control);
    }
    if (e->next)
        text_add(&t, "%s", e->next);
    add_outcome(&t, exit);
    if (exit->source == EXIT_SOURCE_KVM)
        add_kernel(&t, exit);
}

const char *exit_manual(uint32_t reason)
{
    return explanation_of(reason)->manual;
}
