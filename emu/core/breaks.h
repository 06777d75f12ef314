/*
 * What a machine keeps of its breakpoints (breakpoint.h), and the decisions that its run loop and
 * its backend ask for. Sets of breakpoints are masks, one bit by place in the list.
 */
#ifndef VLAB_CORE_BREAKS_H
#define VLAB_CORE_BREAKS_H

#include "core/breakpoint.h"

struct run_result;

struct breaks {
    struct breakpoint list[MACHINE_BREAKS_MAX]; /* id 0: a free place */
    unsigned last_id;
    /* Is any enabled that looks at instructions, at their data accesses, at exits? */
    bool insns, accesses, exits;
    bool ignored;     /* in this run */
    bool interrupted; /* the last run ended by request */
    unsigned hit;     /* id of the one that ends this run, 0: none */
    /*
     * The instruction that was stopped at, or that a run starts at, by linear address and count of
     * instructions: these do not stop it again, for itself and for its data.
     */
    uint64_t passed_gva, passed_insns;
    uint32_t passed, passed_data;
};

/* Enabled breakpoints about an instruction at a linear address. */
uint32_t breaks_at_rip(const struct breaks *b, uint64_t gva);
/* Is there any in [gva, gva + size)? */
bool breaks_in_code(const struct breaks *b, uint64_t gva, uint64_t size);
/* Those about an access (one BREAK_ACCESS_ bit) to [gpa, gpa + size). */
uint32_t breaks_at_gpa(const struct breaks *b, unsigned access, uint64_t gpa, uint64_t size);

/*
 * The instruction at `gva` is about to run, or about to make an access, and `mask` is about that.
 * True: the run has to end before it. `again`: it is a REP instruction, which may go on.
 */
bool breaks_stop_insn(struct machine *m, uint64_t gva, uint32_t mask, bool again);
bool breaks_stop_access(struct machine *m, uint64_t gva, uint64_t insns, uint32_t mask);
/* An exit was handled. */
void breaks_see_exit(struct machine *m, const struct vm_exit *exit);

/* Around each run. */
void breaks_begin(struct machine *m);
void breaks_end(struct machine *m, const struct run_result *result);

#endif
