/* What the files of the timeline share: timeline.c runs and seeks, backward.c searches. */
#ifndef VLAB_TRACE_TIMELINE_PARTS_H
#define VLAB_TRACE_TIMELINE_PARTS_H

#include "trace/timeline.h"

struct timeline_input {
    struct moment at;
    uint64_t slept; /* ns that the CPU had waited: it may do so at one and the same moment */
    uint8_t *data;
    size_t size;
};

struct timeline {
    struct machine *machine;
    struct timeline_config config;
    struct checkpoints checkpoints;
    void *extra; /* gathered for the next checkpoint */
    struct moment end;
    struct timeline_input *inputs; /* in the order in which they came */
    size_t input_count;
    size_t next_input; /* those before it, the machine has got */
    uint64_t replayed;
};

/* Run for a while: `left` at most (0: no limit), no further than the next input, which is given then. */
int timeline_slice(struct timeline *t, struct run_limits left, struct run_result *result);

/* A run on the way to somewhere has come back with `rc`. 0: it goes on, also when it was asked to stop. */
int timeline_way(struct timeline *t, int rc, const struct run_result *r, struct error *err);

int timeline_restore(struct timeline *t, size_t place, struct error *err);

/*
 * Run on from here until both numbers are reached, and not behind `last`; breakpoints do not matter.
 * -ENOENT: the guest stood at no such moment.
 */
int timeline_run_to(struct timeline *t, struct moment to, struct moment last, struct error *err);

/* What is left from one moment to another, as limits of a run: to the first of the two that is reached. */
struct run_limits timeline_left(struct moment now, struct moment to);

/* A checkpoint here, if there is memory for one. */
void timeline_mark(struct timeline *t);

/* Turns without an exit or an instruction: events that the controls let pass, and their faults. */
#define TIMELINE_IDLE_MAX 64u

#endif
