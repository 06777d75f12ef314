/*
 * Pace: not more frames than the terminal can show.
 *
 * A kernel takes tens of kilobytes for a terminal at the other end of a slow line, so a write that
 * went through says nothing. After each frame the terminal is asked for its status (DSR, ECMA-48
 * 8.3.35): its answer comes behind the frame's bytes. Until then no other frame is written; keys are
 * acted on all the while, and the next frame shows where everything stands by then.
 *
 * - A terminal that never answers is not asked any more after PACE_PATIENCE_NS. Before that keys are
 *   drawn at once, and what changes by itself only every PACE_UNSURE_NS.
 * - An answer that got lost is waited for no longer than PACE_LOST_NS.
 * - Times are nanoseconds of any clock that does not go back.
 */
#ifndef VLAB_TUI_PACE_H
#define VLAB_TUI_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_UNSURE_NS 500000000u
#define PACE_LOST_NS 10000000000u
#define PACE_PATIENCE_NS 15000000000u

struct pace {
    bool can_ask;               /* the caller's: this kind of terminal knows the question */
    bool answers;               /* it has answered once */
    unsigned open;              /* questions without an answer */
    uint64_t first_ns, last_ns; /* when it was asked for the first, the last time */
};

/* A frame was written: is the terminal to be asked? Then it counts as asked. */
bool pace_ask(struct pace *pace, uint64_t now);
void pace_answer(struct pace *pace);

/* May a frame be written now; `urgent`: a key or a new size asks for it. */
bool pace_ready(const struct pace *pace, bool urgent, uint64_t now);

/* Nanoseconds until pace_ready() becomes true without an answer; 0 when it is. */
uint64_t pace_wait(const struct pace *pace, bool urgent, uint64_t now);

#endif
