/*
 * What core/explain*.c and the fields of an exit share: names out of the SDM's tables. Private to them.
 */
#ifndef VLAB_CORE_WORDS_H
#define VLAB_CORE_WORDS_H

#include "core/exit.h"
#include "util/text.h"

#include <stdint.h>

/* "#PF", or NULL for a vector that is no exception (SDM Table 6-1); the long name likewise. */
const char *vector_mnemonic(unsigned vector);
const char *vector_name(unsigned vector);

/* "#PF (page fault)", "vector 32", "an NMI": an event by its interruption information. */
void add_event(struct text *t, uint32_t info);

/* A general-purpose register as the mode at the exit spells it: "rax" or "eax". */
const char *gpr_name(const struct vm_exit *exit, unsigned gpr);

/* The same register as an address or operand of `bytes` (2, 4 or 8) names it: "cx", "r9d". */
const char *gpr_sized(unsigned gpr, unsigned bytes);

/* "DS"; "not used" for a number that is no segment's. */
const char *segment_name(unsigned segment);

/* "COM1", or NULL for a port where a PC has nothing that is named here. */
const char *port_name(unsigned port);

/* The bits of CR0 or CR4 by name: "PE, PG"; of more than three the rest is counted. */
void add_cr_bits(struct text *t, unsigned cr, uint32_t bits);

/* "IA32_EFER", or NULL when the number is not one of those named here (SDM vol. 4, Table 2-2). */
const char *msr_name(uint32_t msr);

#endif
