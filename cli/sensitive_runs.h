/*
 * The sensitive and the privileged instructions, run on the machine in rings 0, 1 and 3: what each does there,
 * measured by the definitions of x86/sensitive.h.
 *
 * An instruction is run from one state, with other values in what a kernel has to itself (IF, IOPL, CR0, GDTR,
 * IDTR, LDTR, TR), and in each ring. It is privileged if it traps in the ring and not in ring 0; else it is
 * sensitive if what a program sees behind it differs with those values or from ring 0, or if what it
 * changes of them in ring 0 it does not change in the ring.
 */
#ifndef VLAB_CLI_SENSITIVE_RUNS_H
#define VLAB_CLI_SENSITIVE_RUNS_H

#include "util/error.h"
#include "x86/sensitive.h"

#define SENSITIVE_BYTES 8

struct sensitive_case {
    const char *name;
    uint8_t bytes[SENSITIVE_BYTES];
    unsigned length;
    uint32_t eax, ecx;
    unsigned selector_at; /* where in `bytes` the selector of the ring's CS goes; 0: nowhere */
    const char *about;    /* what it reads or changes */
};

/* The instructions, a row each. */
unsigned sensitive_count(void);
const struct sensitive_case *sensitive_get(unsigned index);

enum { SENSITIVE_RING0, SENSITIVE_RING1, SENSITIVE_RING3, SENSITIVE_RINGS };

struct sensitive_row {
    char effect[SENSITIVE_RINGS][48];               /* "#GP", "eax 00000038", "nothing" */
    enum x86_sensitivity measured[SENSITIVE_RINGS]; /* of rings 1 and 3; [0] says nothing */
};

struct sensitive_bench; /* owns a machine */

int sensitive_create(struct sensitive_bench **bench, struct error *err);
void sensitive_destroy(struct sensitive_bench *bench); /* NULL is fine */
int sensitive_measure(struct sensitive_bench *bench, const struct sensitive_case *what,
                      struct sensitive_row *row, struct error *err);

#endif
