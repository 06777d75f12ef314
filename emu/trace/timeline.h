/*
 * The time of one machine: run it, and go to any moment that it has been at.
 *
 * - A moment is (exits handled, instructions retired). To go back is to put the machine back to the last
 *   checkpoint before the moment (trace/checkpoints.h) and to run it again up to there, with the same
 *   input at the same places. Nothing in a run depends on the host, so it comes to the same state.
 * - The furthest moment is the end. From before it, a run goes on as it went; at the end, it goes where
 *   nobody has been. To give input, or to change something by hand, before the end makes another future:
 *   what lay behind is dropped (who wants to keep it takes a snapshot first).
 * - Whoever watches the machine (machine->observer, the text sink) sees exits and text again while it is
 *   run again. What he has gathered can go back with it: `keep` and `put_back`.
 * - Going takes time: `pause` is asked at each request to stop, machine_request_stop(), whether to go on.
 */
#ifndef VLAB_TRACE_TIMELINE_H
#define VLAB_TRACE_TIMELINE_H

#include "core/machine.h"
#include "trace/checkpoints.h"

#include <stdbool.h>
#include <stdint.h>

struct timeline;

#define TIMELINE_MEMORY (256ull << 20)

struct timeline_config {
    uint64_t memory;   /* bytes that checkpoints may take; 0: TIMELINE_MEMORY */
    uint64_t interval; /* ns of run between two (moment_cost()); 0: about 1 ms */
    size_t extra_size; /* bytes that are kept with each checkpoint; 0: none */
    void (*keep)(void *ctx, void *extra);
    void (*put_back)(void *ctx, const void *extra);
    bool (*pause)(void *ctx); /* NULL: a request to stop ends what is under way */
    void *ctx;
};

/* The machine as it stands is the start; it must live as long, and be run through here alone. -ENOMEM. */
int timeline_create(struct timeline **out, struct machine *m, const struct timeline_config *config,
                    struct error *err);
void timeline_destroy(struct timeline *t); /* NULL is fine */

struct moment timeline_now(const struct timeline *t);
struct moment timeline_start(const struct timeline *t);
struct moment timeline_end(const struct timeline *t);

/* As machine_run() and machine_step(). */
int timeline_run(struct timeline *t, const struct run_limits *limits, struct run_result *result);
int timeline_step(struct timeline *t, struct run_result *result);

/*
 * Go to a moment. -ERANGE: the machine was never there, it is before the start or behind the end;
 * -ENOENT: it was before and after, but never at just that; -EINTR: `pause` said no. Then the machine is
 * at some moment on the way.
 */
int timeline_seek(struct timeline *t, struct moment to, struct error *err);
/* Go to the first moment with so many exits, or instructions: right behind exit number `exits` - 1. */
int timeline_seek_exits(struct timeline *t, uint64_t exits, struct error *err);
int timeline_seek_insns(struct timeline *t, uint64_t insns, struct error *err);

/*
 * Backward. -ENOENT: there is no such moment before this one, and the machine is where it was (-EINTR as
 * above).
 */
/* To the stop before this one: what timeline_step() has come from. */
int timeline_step_back(struct timeline *t, struct error *err);
/* To the moment behind an exit, the last before now. */
int timeline_exit_back(struct timeline *t, struct error *err);
/* The same for the last exit that `matches`. */
int timeline_find_back(struct timeline *t, bool (*matches)(void *ctx, const struct vm_exit *exit),
                       void *ctx, struct error *err);
/*
 * To the last place before now where one of the machine's breakpoints would have stopped it; *id is
 * its. `stays` is asked there, with the machine at the place, whether that is one; NULL: all are.
 */
int timeline_break_back(struct timeline *t, bool (*stays)(void *ctx, struct machine *m), void *ctx,
                        unsigned *id, struct error *err);

/* Bytes for COM1, now. -ENOMEM. */
int timeline_input(struct timeline *t, const void *data, size_t size);
/* Would input, or a change, drop a future? */
bool timeline_in_past(const struct timeline *t);
/* The machine was changed by hand: registers, memory. A new future begins here. -ENOMEM. */
int timeline_changed(struct timeline *t);

struct timeline_stats {
    uint64_t bytes, bytes_max; /* of checkpoints */
    uint64_t checkpoints, thinned;
    uint64_t replayed; /* instructions run again since the start */
};
void timeline_get_stats(const struct timeline *t, struct timeline_stats *stats);

#endif
