/*
 * Where the machine stands in its time, for the screen. A copy of one moment.
 */
#ifndef VLAB_TUI_TIME_H
#define VLAB_TUI_TIME_H

#include "trace/timeline.h"

/* A moment that a user names: by exit, by instruction, or both. */
struct time_place {
    struct moment at;
    bool by_exits, by_insns;
};

/*
 * "12": behind exit number 11, 12 exits handled; "i4503": after so many instructions; "12 i4503": both.
 * "start" and "end". Decimal. False: none of these.
 */
bool time_parse(struct time_place *place, const char *text, struct moment start, struct moment end);

struct time_look {
    bool on;   /* there is a machine */
    bool past; /* what comes is recorded: to type, or to change something, makes another future */
    struct moment start, now, end;
    uint64_t checkpoints, thinned, bytes, bytes_max;
};

/* How far `at` is from the start, of `cells` between start and end: 0 to cells - 1. */
unsigned time_cell(const struct time_look *look, struct moment at, unsigned cells);

#endif
