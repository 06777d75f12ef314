/*
 * A guest for exercise 06: a program of 64-bit code with two address spaces, made from a seed. It reads and
 * writes through its tables, changes them, switches between them, and runs into page faults that are its
 * own. What comes of each instruction is worked out while it is made, without any TLB.
 *
 * Guest-physical memory, in pages of 4 KiB; linear memory is the same but for the window:
 *
 *   1-6     code, read-only                  14-15  PD of space 0 and 1
 *   10-11   PML4 of space 0 and 1            16-17  PT of linear 0-1fffff, of each
 *   12-13   PDPT of each                     18-19  PTs of linear 200000-3fffff: two that take turns
 *   20-3f   data                             40-5f  linear: the window, whatever the PTs say
 */
#ifndef VLAB_GRADER_SHADOW_GUEST_H
#define VLAB_GRADER_SHADOW_GUEST_H

#include "exercises/grader/random.h"
#include "x86/paging.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SHADOW_RAM = 1 << 20,
    SHADOW_CODE = 0x1000,
    SHADOW_CODE_END = 0x7000,
    SHADOW_ROOT = 0x10000, /* + 1000 for the other space; tables from there */
    SHADOW_TABLES_END = 0x1a000,
    SHADOW_OPS_MAX = 400
};

/* What it does, in percent; the rest are reads. */
struct shadow_plan {
    unsigned writes, ptes, pdes, switches;
    unsigned absent, read_only; /* of the entries of the window */
    bool faults;                /* it runs into its own page faults, too */
};

struct shadow_op {
    uint64_t rip;
    uint8_t length; /* of the instruction that accesses memory */
    bool store;
    uint64_t gva;
    uint64_t value; /* of a store */
    unsigned size;
    bool faults; /* the guest's own page fault, */
    uint32_t error_code;
};

struct shadow_guest {
    uint8_t start[SHADOW_RAM]; /* RAM before it runs, */
    uint8_t end[SHADOW_RAM];   /* and as it is to be then */
    struct shadow_op ops[SHADOW_OPS_MAX];
    unsigned count;
    uint64_t cr3;
};

void shadow_guest_make(struct shadow_guest *guest, const struct shadow_plan *plan,
                       struct grader_random *random);

/* Its registers: 4-level paging, CR0.WP; no NXE, SMEP or SMAP. */
void shadow_guest_paging(struct x86_paging *mmu, uint64_t cr3);

/* The operation at an instruction, or NULL. */
const struct shadow_op *shadow_guest_op(const struct shadow_guest *guest, uint64_t rip);

#endif
