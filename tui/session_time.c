/*
 * Going back. See session_time.h.
 *
 * A step back shows what a step forward to the same place shows: what has changed since the stop before it.
 * So that stop is gone to first. A jump, or a run back, shows what differs from where the user was.
 */
#include "tui/session_time.h"
#include "tui/session_back.h"
#include "tui/session_heat.h"
#include "tui/session_marks.h"
#include "tui/session_run.h"
#include "core/backend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what goes back with the machine ----------------------------------------------------------- */

enum { PAST_EXITS = 64 };

/* What the screen has gathered of the run. */
struct past {
    struct text_tail text;
    struct trace_profile profile;
    unsigned exit_count;
    struct vm_exit exits[PAST_EXITS]; /* the newest */
};

static void keep(void *ctx, void *extra)
{
    const struct session *s = ctx;
    const struct exit_ring *ring = &s->ring;
    uint64_t count = ring->end - ring->begin;
    struct past *past = extra;

    past->text = s->text;
    past->profile = s->profile;
    past->exit_count = count < PAST_EXITS ? (unsigned)count : PAST_EXITS;
    for (unsigned i = 0; i < past->exit_count; i++)
        past->exits[i] = *exit_ring_get(ring, ring->end - past->exit_count + i);
}

static void put_back(void *ctx, const void *extra)
{
    const struct past *past = extra;
    struct session *s = ctx;
    uint64_t end = s->machine->exits;

    s->text = past->text;
    s->profile = past->profile;
    exit_ring_cut(&s->ring, end);
    if (s->ring.end == end && s->ring.end - s->ring.begin >= past->exit_count)
        return;
    exit_ring_empty(&s->ring);
    for (unsigned i = 0; i < past->exit_count; i++)
        exit_ring_add(&s->ring, &past->exits[i]);
}

static bool pause_seek(void *ctx)
{
    struct session *s = ctx;

    return s->pause && s->pause(s->ctx);
}

int session_time_begin(struct session *s, struct error *err)
{
    const struct timeline_config config = {.extra_size = sizeof(struct past),
                                           .keep = keep,
                                           .put_back = put_back,
                                           .pause = pause_seek,
                                           .ctx = s};

    return timeline_create(&s->time, s->machine, &config, err);
}

void session_time_forget(struct session *s)
{
    timeline_destroy(s->time);
    s->time = NULL;
}

void session_time_publish(const struct session *s, struct model *model)
{
    struct time_look *look = &model->time;
    struct timeline_stats stats;

    *look = (struct time_look){.on = s->time};
    if (!s->time)
        return;
    timeline_get_stats(s->time, &stats);
    look->past = timeline_in_past(s->time);
    look->start = timeline_start(s->time);
    look->now = timeline_now(s->time);
    look->end = timeline_end(s->time);
    look->checkpoints = stats.checkpoints;
    look->thinned = stats.thinned;
    look->bytes = stats.bytes;
    look->bytes_max = stats.bytes_max;
    memcpy(look->marks, s->marks, sizeof(look->marks));
    look->mark_count = s->mark_count;
}

/* ---- going ------------------------------------------------------------------------------------- */

typedef int back_fn(struct timeline *t, struct error *err);

/* One back; what has changed there since the one before that. */
static int back_one(struct session *s, back_fn *back, struct error *err)
{
    struct moment at;
    int rc = back(s->time, err);

    if (rc)
        return rc;
    at = timeline_now(s->time);
    session_forget_before(s);
    if (back(s->time, err))
        return moment_compare(timeline_now(s->time), at) != 0 ? timeline_seek(s->time, at, err) : 0;
    session_keep(s);
    s->back_exited = s->machine->exits < at.exits;
    return timeline_seek(s->time, at, err);
}

static bool same_reason(void *ctx, const struct vm_exit *exit)
{
    return exit->reason == *(const unsigned *)ctx;
}

static int back_same(struct session *s, unsigned reason, struct error *err)
{
    session_keep(s);
    return timeline_find_back(s->time, same_reason, &reason, err);
}

static int back_run(struct session *s, unsigned *id, struct error *err)
{
    int rc;

    session_keep(s);
    rc = timeline_break_back(s->time, NULL, NULL, id, err);
    return rc == -ENOENT ? timeline_seek(s->time, timeline_start(s->time), err) : rc;
}

static int go_to(struct session *s, const struct time_place *place, struct error *err)
{
    session_keep(s);
    if (place->by_exits && place->by_insns)
        return timeline_seek(s->time, place->at, err);
    if (place->by_exits)
        return timeline_seek_exits(s->time, place->at.exits, err);
    return timeline_seek_insns(s->time, place->at.insns, err);
}

static int go_kind(struct session *s, const struct command *command, unsigned *id,
                   struct error *err)
{
    switch (command->kind) {
    case COMMAND_STEP_BACK:
        return back_one(s, timeline_step_back, err);
    case COMMAND_EXIT_BACK:
        return back_one(s, timeline_exit_back, err);
    case COMMAND_SAME_BACK:
        return back_same(s, command->reason, err);
    case COMMAND_OVER_BACK:
        return session_over_back(s, err);
    case COMMAND_OUT_BACK:
        return session_out_back(s, err);
    case COMMAND_CONTINUE_BACK:
        return back_run(s, id, err);
    default:
        return go_to(s, &command->time, err);
    }
}

/* ---- what came of it --------------------------------------------------------------------------- */

static void say_place(struct session *s, const struct command *command, unsigned id)
{
    const struct breakpoint *bp = id ? machine_break_find(s->machine, id) : NULL;
    char text[BREAKPOINT_TEXT_MAX];

    if (bp) {
        session_mark(s, TIME_BREAK, NULL);
        session_message(s, false, "back at breakpoint %u: %s", bp->id, breakpoint_text(bp, text));
    } else if (moment_compare(timeline_now(s->time), timeline_start(s->time)) == 0)
        session_message(s, false, "this is the start: there is nothing before");
    else if (command->kind == COMMAND_STEP_BACK || command->kind == COMMAND_EXIT_BACK)
        session_say_reached(s, s->back_exited);
    else
        session_message(s, false, "back at exit %llu, instruction %llu",
                        (unsigned long long)s->machine->exits,
                        (unsigned long long)s->machine->insns);
}

static void say_failed(struct session *s, const struct command *command, int rc,
                       const struct error *err)
{
    const struct moment end = timeline_end(s->time);

    if (rc == -EINTR)
        session_message(s, false, "stopped on the way, at exit %llu, instruction %llu",
                        (unsigned long long)s->machine->exits,
                        (unsigned long long)s->machine->insns);
    else if (rc == -ERANGE)
        session_message(s, true,
                        "the run has not come there: it ends at exit %llu, instruction %llu",
                        (unsigned long long)end.exits, (unsigned long long)end.insns);
    else if (rc == -ENOENT && command->kind != COMMAND_SEEK)
        session_message(s, false, "there is nothing before this that fits");
    else
        session_message(s, true, "%s", err->text);
}

void session_time_go(struct session *s, const struct command *command)
{
    struct error err = {0};
    unsigned id = 0;
    int rc;

    s->run = RUN_RUNNING;
    s->going_back = true;
    s->back_exited = false;
    rc = go_kind(s, command, &id, &err);
    s->going_back = false;
    s->run = RUN_PAUSED;
    session_heat_again(s);
    if (rc)
        say_failed(s, command, rc, &err);
    else
        say_place(s, command, id);
}
