/* What differs between the machine and QEMU after a step. */
#ifndef VLAB_TESTS_LOCKSTEP_COMPARE_H
#define VLAB_TESTS_LOCKSTEP_COMPARE_H

#include "tests/lockstep/pair.h"
#include "x86/fidelity.h"

struct difference {
    unsigned fields; /* FIDELITY_ bits; 0: none that counts */
    bool any;        /* something is not the same, be it undefined */
    char first[96];  /* the first field that differs, with both values */
};

/* What the manual leaves undefined does not count, see undefined.h. */
void compare(const struct pair *p, struct difference *d);

/* The vector that QEMU's step raised, FIDELITY_NONE: none; the same for the machine's. */
unsigned compare_vector_there(const struct pair *p);
unsigned compare_vector_here(const struct pair *p);

#endif
