/* Exercise 02: what your classifier is asked, and what it answers. README.md has the rules. */
#ifndef VLAB_EXERCISE_TRAP_H
#define VLAB_EXERCISE_TRAP_H

#include <stdint.h>

enum kind {
    INNOCUOUS,  /* runs as it would in ring 0, and tells nothing */
    PRIVILEGED, /* traps outside of ring 0: the hypervisor gets to know */
    SENSITIVE   /* shows or loses something outside of ring 0, and does not trap */
};

/* You write this: the instruction in `bytes`, `size` bytes (1 to 15) of 32-bit code, all of it. */
enum kind classify(const uint8_t *bytes, unsigned size);

#endif
