/* Exercise 05: what your walker is asked, and what it answers. README.md has the rules. */
#ifndef VLAB_EXERCISE_WALK_H
#define VLAB_EXERCISE_WALK_H

#include <stdint.h>

struct cpu {
    uint64_t cr0, cr3, cr4, efer, rflags;
    unsigned cpl; /* 0 or 3 */
};

enum access { READ, WRITE, FETCH };

struct answer {
    unsigned vector;     /* 0: it translates; else 14 (#PF) or 13 (#GP) */
    uint64_t gpa;        /* guest-physical address, when it translates */
    uint32_t error_code; /* of the #PF; 0 for #GP */
};

/* You write this. guest_read() and guest_write(), monitor.h, reach the guest's memory. */
struct answer walk(const struct cpu *cpu, uint64_t gva, enum access access);

#endif
