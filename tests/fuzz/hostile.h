/*
 * Guests that mean harm, from a seed: code that jumps anywhere, page tables that point at
 * themselves or at nothing, random control registers, MSRs and descriptor tables, storms of port
 * accesses, stacks at the edge of memory, code that overwrites itself, and noise.
 */
#ifndef VLAB_TESTS_FUZZ_HOSTILE_H
#define VLAB_TESTS_FUZZ_HOSTILE_H

#include "core/machine.h"

#define HOSTILE_RAM (1u << 20) /* bytes */

/* Write the guest into a new machine of HOSTILE_RAM bytes and set its CPU. Returns its kind. */
const char *hostile_load(struct machine *m, uint64_t seed);

#endif
