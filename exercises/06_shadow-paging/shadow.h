/* Exercise 06: what your hypervisor is told, and what it has to do. README.md has the rules. */
#ifndef VLAB_EXERCISE_SHADOW_H
#define VLAB_EXERCISE_SHADOW_H

#include <stdint.h>

enum { RAM_PAGES = 256 }; /* of 4 KiB, from guest-physical 0 on */

/*
 * The guest begins with that CR3. Its RAM lies in host memory, one piece from `ram` on: guest-physical g is
 * host-physical ram + g. Return the root of its shadow: the value of the CPU's CR3.
 */
uint64_t shadow_create(uint64_t cr3, uint64_t ram);

enum what {
    AGAIN,   /* the shadow has it now: the guest may try again */
    REFLECT, /* the guest's own page fault, with error_code */
    EMULATE  /* a store to one of the guest's tables: the judge makes it, and table_written() is told */
};

struct verdict {
    enum what what;
    uint32_t error_code; /* for REFLECT */
};

/* The CPU met a page fault on the shadow, at a linear address; the error code is the shadow's. */
struct verdict page_fault(uint64_t address, uint32_t error_code);

/* The store was made, in the entry at `gpa`. */
void table_written(uint64_t gpa);

/* The guest loads CR3: return the root for it. */
uint64_t load_cr3(uint64_t cr3);

/* The guest runs INVLPG. */
void invlpg(uint64_t address);

#endif
