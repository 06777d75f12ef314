/*
 * Where the machine stands in its time, for the screen. A copy of one moment.
 */
#ifndef VLAB_TUI_TIME_H
#define VLAB_TUI_TIME_H

#include "snapshot/node.h"
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

/* What is to be seen on the line of the time. */
enum time_mark_kind { TIME_SNAPSHOT, TIME_BREAK };
enum { TIME_MARKS = 64 };

struct time_mark {
    enum time_mark_kind kind;
    struct moment at;
    char id[NODE_ID_SIZE]; /* of a snapshot; else "" */
};

struct time_look {
    bool on;   /* there is a machine */
    bool past; /* what comes is recorded: to type, or to change something, makes another future */
    struct moment start, now, end;
    uint64_t checkpoints, thinned, bytes, bytes_max;
    struct time_mark marks[TIME_MARKS]; /* where the machine was kept, or stopped at a breakpoint */
    unsigned mark_count;
};

/* How far `at` is from the start, of `cells` between start and end: 0 to cells - 1. */
unsigned time_cell(const struct time_look *look, struct moment at, unsigned cells);

#endif
