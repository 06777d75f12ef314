/*
 * Guests for exercise 03: straight code in flat 32-bit protected mode, made from a seed, that leaves for one
 * kind of reason again and again.
 *
 *   1000 code  5000 GDT  5100 IDT  6000 handlers  7000 stack  8000 data of strings  9000 count of interrupts
 */
#ifndef VLAB_GRADER_EXITS_GUEST_H
#define VLAB_GRADER_EXITS_GUEST_H

#include "core/machine.h"
#include "exercises/grader/random.h"

#include <stdint.h>

enum exits_kind {
    EXITS_NOPS, /* the first exit only: CPUID */
    EXITS_CPUID,
    EXITS_IO,
    EXITS_STRINGS,
    EXITS_MSR,
    EXITS_HYPERCALL,
    EXITS_CR,
    EXITS_INJECT
};

enum { EXITS_CODE = 0x1000, EXITS_DATA = 0x8000, EXITS_COUNT = 0x9000, EXITS_VECTOR = 0x30 };

/* The code into the machine's RAM, and the CPU in front of it. Returns the address behind its end. */
uint64_t exits_guest_load(struct machine *m, enum exits_kind kind, struct grader_random *random);

#endif
