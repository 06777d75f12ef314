/*
 * What a hypervisor without a second stage does at an exit: fill in its shadow tables (mmu/shadow.h), or
 * give the guest the page fault that its own tables ask for.
 *
 * Exits that shadow paging cannot do without are in force whatever the controls are asked for: #PF, MOV
 * to CR3, INVLPG, and writes of the bits of CR0 and CR4 that change how the guest's tables are read.
 */
#ifndef VLAB_CORE_HANDLE_SHADOW_H
#define VLAB_CORE_HANDLE_SHADOW_H

#include "core/controls.h"
#include "core/exit.h"
#include "core/machine.h"

/* Put those exits into the controls, and take EPT out. */
void shadow_controls(struct controls *c);

/* Before the CPU runs: the root for what the guest has loaded. -ENOMEM, -ENOSPC. */
int shadow_before_run(struct machine *m);

/* At an exit, before it is handled: the one instruction that had an open page is over. */
void shadow_at_exit(struct machine *m, const struct vm_exit *exit);

enum shadow_verdict {
    SHADOW_AGAIN,     /* filled in: the instruction, or the delivery, begins again */
    SHADOW_REFLECT,   /* the guest's own fault, with *error_code */
    SHADOW_MMIO,      /* no memory is there: the bus */
    SHADOW_NO_TABLE,  /* the guest's tables lie outside of its memory */
    SHADOW_PROTECTED, /* memory whose rights somebody took away */
    SHADOW_OUT_OF_MEMORY
};

/* A page fault of the CPU's on the shadow tables. */
enum shadow_verdict shadow_page_fault(struct machine *m, const struct vm_exit *exit,
                                      uint32_t *error_code);

#endif
