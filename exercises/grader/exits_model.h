/* What an exit has to come to, by the rules of exercises/03_exits/README.md: the judge's own exit handler. */
#ifndef VLAB_GRADER_EXITS_MODEL_H
#define VLAB_GRADER_EXITS_MODEL_H

#include "exercises/grader/exits_world.h"

/* An interrupt that was told, and not injected yet. */
struct exits_model {
    bool waits;
    uint8_t vector;
};

/* Of a string exit: memory that INS has to write. */
struct exits_memory {
    uint64_t address, value;
    unsigned size; /* 0: nothing */
};

/*
 * `state` is as at the exit, and becomes what it has to be behind the answer. `interruptibility`: the guest's,
 * SDM vol. 3, Table 25-3.
 */
void exits_expect(struct exits_model *model, const struct exits_world *w,
                  const struct vm_exit *exit, uint32_t interruptibility, struct exits_state *state,
                  struct exits_memory *memory);

#endif
