/* What the manual leaves undefined after an instruction: not compared. */
#ifndef VLAB_TESTS_LOCKSTEP_UNDEFINED_H
#define VLAB_TESTS_LOCKSTEP_UNDEFINED_H

#include "x86/decode.h"
#include "x86/regs.h"

/* RFLAGS bits that are undefined once `insn` has run from the state `before`. */
uint64_t undefined_flags(const struct x86_insn *insn, const struct x86_state *before);

/*
 * Is what the instruction wrote, register or memory, undefined or only given within an error?
 * FIDELITY_ fields.
 */
unsigned undefined_results(const struct x86_insn *insn, const struct x86_state *before,
                           bool zero_source);

#endif
