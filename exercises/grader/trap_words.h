/*
 * Instructions for the two checks of exercise 02 that run no guest: some to classify, and straight code that pushes and
 * pops flags.
 */
#ifndef VLAB_GRADER_TRAP_WORDS_H
#define VLAB_GRADER_TRAP_WORDS_H

#include "exercises/grader/random.h"
#include "exercises/grader/trap_guest.h"
#include "x86/sensitive.h"

/* So many to classify; the first ones are one of each form. */
enum { TRAP_INSNS = 160, TRAP_INSN_SIZE = 16 };

struct trap_insn {
    uint8_t bytes[TRAP_INSN_SIZE]; /* zeros behind it */
    unsigned size;
    enum x86_sensitivity sensitivity;
};

void trap_insn_make(struct trap_insn *insn, unsigned number, struct grader_random *random);

/* As a guest: code of PUSHF, POPF and what exercises/02_trap-and-emulate/README.md names beside them. */
void trap_popf_make(struct trap_guest *g, struct grader_random *random);

#endif
