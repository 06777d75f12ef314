/*
 * Breakpoints of a machine: what ends a run besides its limits, with STOP_BREAK and the breakpoint's
 * id in the result.
 *
 *   kind          text                          ends the run
 *   BREAK_REASON  cpuid  48  reason=ept violation  behind an exit of that reason, once handled
 *   BREAK_PORT    port=3f8  port=20-21          behind an I/O exit that touches such a port
 *   BREAK_MSR     msr=c0000080                  behind an exit of RDMSR or WRMSR for such an MSR
 *   BREAK_RIP     rip=7c00  rip=7c00-7cff       before an instruction that begins there
 *   BREAK_GPA     gpa=1000-1fff:w               before an instruction that accesses such a byte
 *
 * Numbers are hexadecimal, except the number of an exit reason.
 *
 * - RIP is the linear address, the base of CS added (SDM vol. 3, 3.4), of the instruction's first
 *   byte. It executes next: an interrupt that comes first is delivered first, and an instruction
 *   that cannot be fetched is none. A REP instruction is one, not one for each iteration.
 * - A GPA breakpoint is about accesses of instructions to guest-physical memory, each iteration of a
 *   REP instruction by itself, descriptors that a segment load reads included. Page walks, the
 *   delivery of events, task switches and call gates are the CPU's own and do not count, nor does
 *   what the monitor does. An access that faults does not happen. Fetches are those of instructions
 *   that execute, once for REP. What the instruction stored before this access it stores again when
 *   it goes on. Where no memory is, the first byte of an access alone counts, and an instruction
 *   that also accesses memory is not looked at once more after its exit.
 * - A run that starts in front of an instruction executes it whatever RIP and fetch breakpoints say,
 *   unless the run before ended by machine_request_stop(): that is the same run, interrupted. A data
 *   access that a run was ended for happens in the next.
 * - Of several that are met at once all count a hit, and the result names the lowest id.
 * - machine_step() takes no notice of them, and counts no hits.
 * - They change nothing that the guest, a counter of exits or instructions or the hash of the state
 *   could tell.
 */
#ifndef VLAB_CORE_BREAKPOINT_H
#define VLAB_CORE_BREAKPOINT_H

#include "core/exit.h"
#include "util/error.h"

#include <stdbool.h>
#include <stdint.h>

struct machine;

enum break_kind { BREAK_REASON, BREAK_RIP, BREAK_GPA, BREAK_PORT, BREAK_MSR };

/* For BREAK_GPA; the values are those of an EPT violation's qualification (SDM Table 28-7). */
#define BREAK_ACCESS_READ (1u << 0)
#define BREAK_ACCESS_WRITE (1u << 1)
#define BREAK_ACCESS_FETCH (1u << 2)
#define BREAK_ACCESS_ALL 7u

struct breakpoint {
    enum break_kind kind;
    unsigned access;      /* BREAK_GPA: BREAK_ACCESS_ bits, at least one; else 0 */
    uint64_t first, last; /* inclusive; BREAK_REASON: the basic exit reason, twice */
    bool enabled;
    unsigned id;   /* the machine's, from 1 on and never used again; 0: in no machine */
    uint64_t hits; /* runs that it ended, or helped to end */
};

/*
 * A breakpoint from its text, enabled. A GPA without ":" and some of r, w, x means every access.
 * -EINVAL when the text is none; `err` says why.
 */
int breakpoint_parse(struct breakpoint *bp, const char *text, struct error *err);

/* Its text, which breakpoint_parse() takes. Returns `buf`. */
#define BREAKPOINT_TEXT_MAX 64
const char *breakpoint_text(const struct breakpoint *bp, char buf[BREAKPOINT_TEXT_MAX]);

/*
 * Is the exit one that the breakpoint is about? RIP: it happened there. GPA: an EPT violation or
 * misconfiguration for such an access.
 */
bool breakpoint_matches(const struct breakpoint *bp, const struct vm_exit *exit);

#define MACHINE_BREAKS_MAX 32

/*
 * Between runs. The machine keeps a copy, with a new id and no hits; returns the id, or -ENOSPC when
 * there are MACHINE_BREAKS_MAX, -EEXIST when one is about the same, -EINVAL when it makes no sense.
 */
int machine_break_add(struct machine *m, const struct breakpoint *bp);
int machine_break_remove(struct machine *m, unsigned id);          /* -ENOENT */
int machine_break_enable(struct machine *m, unsigned id, bool on); /* -ENOENT */

/* The one with this id, NULL when there is none. Good until it is removed. */
const struct breakpoint *machine_break_find(const struct machine *m, unsigned id);
/* Copies of all, by id; returns how many. */
unsigned machine_break_list(const struct machine *m, struct breakpoint out[MACHINE_BREAKS_MAX]);
/* The id of an enabled RIP breakpoint on the next instruction, 0: none. A run would execute it. */
unsigned machine_break_here(const struct machine *m);

#endif
