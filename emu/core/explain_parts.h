/*
 * Words for single groups of exit reasons: what core/explain.c puts into its table. Private to
 * core/explain*.c.
 */
#ifndef VLAB_CORE_EXPLAIN_PARTS_H
#define VLAB_CORE_EXPLAIN_PARTS_H

#include "core/control_names.h"
#include "core/exit.h"
#include "core/words.h"

#define MEANING_MAX 40 /* characters, for a column of a table */

/* Adds what this one exit was about. */
typedef void add_fn(struct text *t, const struct vm_exit *exit);

static inline bool has_qualification(const struct vm_exit *exit)
{
    return exit->has & EXIT_HAS_QUALIFICATION;
}

/* explain_cause.c: "HLT exiting (bit 7, primary controls) is on", no full stop; nothing for NULL */
void add_control_on(struct text *t, const struct control_name *control);

/* explain_io.c */
add_fn explain_io_meaning, explain_io_why;

/* explain_registers.c: control and debug registers, CPUID, INVLPG */
add_fn explain_cr_meaning, explain_cr_why, explain_dr_meaning, explain_dr_why,
    explain_cpuid_meaning, explain_cpuid_why, explain_invlpg_meaning, explain_invlpg_why,
    explain_vmcall_why, explain_xsetbv_why;

/* explain_msr.c */
add_fn explain_msr_meaning, explain_msr_why;

/* explain_memory.c: EPT */
add_fn explain_ept_meaning, explain_ept_why, explain_ept_misconfig_meaning,
    explain_ept_misconfig_why;

/* explain_events.c: exceptions, interrupts, task switches, the APIC */
add_fn explain_exception_meaning, explain_exception_why, explain_task_meaning, explain_task_why,
    explain_external_meaning, explain_external_why, explain_sipi_meaning, explain_eoi_meaning,
    explain_apic_meaning;

/* explain_operands.c: what the instruction information names */
add_fn explain_memory_why, explain_tables_meaning, explain_tables_why, explain_selectors_meaning,
    explain_selectors_why, explain_field_meaning, explain_field_why, explain_invalidate_why,
    explain_random_meaning, explain_random_why;

/* How the kernel told it, and what it did not tell. */
void add_kernel(struct text *t, const struct vm_exit *exit);

#endif
