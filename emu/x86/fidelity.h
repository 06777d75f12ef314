/*
 * Where the emulated CPU differs from a real one, as a table: for students (vlab doctor --fidelity,
 * docs/FIDELITY.md) and for the test that runs it in lock-step with QEMU, which lets pass what is
 * in here and nothing else.
 */
#ifndef VLAB_X86_FIDELITY_H
#define VLAB_X86_FIDELITY_H

#include "x86/decode.h"

#include <stdbool.h>
#include <stdint.h>

enum fidelity_owner {
    FIDELITY_CORE, /* this CPU differs; a newer QEMU does what the manual says */
    FIDELITY_BOTH, /* this CPU differs, and QEMU does as well: lock-step cannot see it */
    FIDELITY_QEMU  /* this CPU does what the manual says, QEMU does not */
};

/* What differed after an instruction. */
enum fidelity_field {
    FIDELITY_GPR = 1 << 0,
    FIDELITY_RFLAGS = 1 << 1,
    FIDELITY_SEGMENT = 1 << 2,
    FIDELITY_CONTROL = 1 << 3,    /* CR0, CR2, CR3, CR4, EFER */
    FIDELITY_X87_STATUS = 1 << 4, /* x87 status word */
    FIDELITY_X87 = 1 << 5,        /* x87 registers, control word */
    FIDELITY_XMM = 1 << 6,
    FIDELITY_MXCSR = 1 << 7,
    FIDELITY_MEMORY = 1 << 8,
    FIDELITY_RIP = 1 << 9,
    FIDELITY_EVENT = 1 << 10 /* another exception, or one and none */
};

#define FIDELITY_EVERYTHING 0x7ff
#define FIDELITY_ANY 0xff  /* any ModRM.reg; either vector */
#define FIDELITY_NONE 0xfe /* no exception */

enum fidelity_prefix { FIDELITY_PLAIN, FIDELITY_LOCK, FIDELITY_OPSIZE, FIDELITY_MANDATORY_TWO };

/* Instructions, and what may differ after them. A pattern with `last` 0 ends the list. */
struct fidelity_pattern {
    uint8_t map, first, last; /* opcode map and range, as struct x86_insn has them */
    uint8_t reg;              /* ModRM.reg, or FIDELITY_ANY */
    uint8_t here, there;      /* vectors raised here and in QEMU, FIDELITY_NONE or FIDELITY_ANY */
    uint8_t prefix;           /* only with this: enum fidelity_prefix */
    uint16_t fields;          /* FIDELITY_ fields that may differ */
};

#define FIDELITY_PATTERNS 12

struct fidelity {
    const char *id;
    const char *text;    /* one plain sentence: what this CPU does instead */
    const char *section; /* where the Intel SDM says otherwise */
    const char *seen;    /* how a program, or the lock-step test, notices */
    enum fidelity_owner owner;
    struct fidelity_pattern patterns[FIDELITY_PATTERNS];
};

extern const struct fidelity fidelity_table[];
extern const unsigned fidelity_count;

/* "this CPU", "this CPU and QEMU", "QEMU" */
const char *fidelity_owner_name(enum fidelity_owner owner);

/*
 * The entry that explains a difference of `fields` (FIDELITY_ bits) after `insn`, with the vectors
 * raised here and in QEMU (FIDELITY_NONE: none); NULL when there is none.
 */
const struct fidelity *fidelity_explain(const struct x86_insn *insn, unsigned fields, unsigned here,
                                        unsigned there);

#endif
