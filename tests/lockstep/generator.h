/*
 * Instruction sequences from a seed: mostly well-formed instructions from a weighted table of
 * opcode forms, with operands in the data window, and a share of raw random bytes.
 */
#ifndef VLAB_TESTS_LOCKSTEP_GENERATOR_H
#define VLAB_TESTS_LOCKSTEP_GENERATOR_H

#include "tests/lockstep/mode.h"
#include "tests/support/prng.h"

#include <stddef.h>

#define SEQUENCE_MAX 640 /* bytes of code */

struct sequence {
    uint8_t code[SEQUENCE_MAX]; /* at AT_CODE; begins with FNINIT */
    size_t size;
    unsigned count; /* instructions, as they were made */
    uint64_t gpr[X86_GPR_COUNT];
    uint64_t rflags;
    uint8_t xmm[256];
};

/* RSP is not for the generator to choose; see lockstep_enter(). */
void generate(struct sequence *s, const struct lockstep_mode *mode, uint64_t seed);

/* What the data window holds at the start of every sequence: integers and floating point. */
void generate_data(uint8_t *data, size_t size);

#endif
