/*
 * Searching backward: run again from a checkpoint, note the last place that fits, go there; when there is
 * none, from the checkpoint before. See timeline.h.
 */
#include "trace/timeline_parts.h"

#include "core/breakpoint.h"

#include <errno.h>
#include <string.h>

static int nothing(struct error *err)
{
    return error_set(err, -ENOENT, "there is nothing before");
}

static bool is_start(const struct timeline *t, struct moment at)
{
    return moment_compare(at, timeline_start(t)) == 0;
}

/* ---- one step ---------------------------------------------------------------------------------- */

/* From a moment before `now`, step by step: the last stop before it. */
static int last_stop(struct timeline *t, struct moment now, struct moment *last, struct error *err)
{
    int rc = 0;

    for (*last = timeline_now(t); !rc; *last = timeline_now(t)) {
        struct run_result r;

        rc = timeline_way(t, timeline_step(t, &r), &r, err);
        if (moment_compare(timeline_now(t), now) >= 0)
            break;
        if (!rc && moment_compare(timeline_now(t), *last) == 0 && r.stop != STOP_REQUEST)
            rc = error_set(err, -ERANGE, "the guest was never there");
    }
    return rc;
}

/*
 * The stop before is one instruction back, or one exit back, or both. To have it near when it is known,
 * a checkpoint is put where the steps begin.
 */
int timeline_step_back(struct timeline *t, struct error *err)
{
    struct moment now = timeline_now(t), last;
    int rc;

    if (is_start(t, now))
        return nothing(err);
    if (now.insns > timeline_start(t).insns)
        rc = timeline_seek_insns(t, now.insns - 1, err);
    else
        rc = timeline_seek(t, timeline_start(t), err);
    if (!rc && now.exits > timeline_now(t).exits + 1) {
        rc = timeline_seek_exits(t, now.exits - 1, err);
        if (!rc && moment_compare(timeline_now(t), now) >= 0)
            rc = timeline_seek_exits(t, now.exits - 2, err);
    }
    if (rc)
        return rc;
    timeline_mark(t);
    rc = last_stop(t, now, &last, err);
    return rc ? rc : timeline_seek(t, last, err);
}

int timeline_exit_back(struct timeline *t, struct error *err)
{
    struct moment now = timeline_now(t);
    int rc;

    if (now.exits <= timeline_start(t).exits)
        return is_start(t, now) ? nothing(err) : timeline_seek(t, timeline_start(t), err);
    rc = timeline_seek_exits(t, now.exits, err);
    if (!rc && moment_compare(timeline_now(t), now) == 0)
        rc = timeline_seek_exits(t, now.exits - 1, err);
    return rc;
}

/* ---- segments ---------------------------------------------------------------------------------- */

/*
 * From checkpoint to checkpoint, backward: `look` runs on from one of them up to `until` and says 1 when
 * there was a place, having gone there.
 */
typedef int look_fn(struct timeline *t, size_t place, struct moment until, void *ctx,
                    struct error *err);

static int search(struct timeline *t, look_fn *look, void *ctx, struct error *err)
{
    struct moment now = timeline_now(t), until = now;
    size_t place = checkpoints_before(&t->checkpoints, now);
    int rc = 0;

    if (place > 0 && moment_compare(t->checkpoints.list[place].at, now) == 0)
        place--;
    while (rc == 0) {
        struct moment from = t->checkpoints.list[place].at;

        rc = timeline_restore(t, place, err);
        rc = rc ? rc : look(t, place, until, ctx, err);
        if (rc == 0 && is_start(t, from)) {
            rc = timeline_seek(t, now, err);
            return rc ? rc : nothing(err);
        }
        until = from;
        place = checkpoints_before(&t->checkpoints, from);
        place -= place > 0; /* more may have come between meanwhile */
    }
    return rc < 0 ? rc : 0;
}

/* ---- exits ------------------------------------------------------------------------------------- */

struct exit_search {
    bool (*matches)(void *ctx, const struct vm_exit *exit);
    void *ctx;
    struct moment now;
    bool found;
    uint64_t seq;
};

static void see_exit(void *ctx, const struct machine *m, const struct vm_exit *exit)
{
    struct exit_search *s = ctx;
    struct moment behind = {m->exits, m->insns};

    if (moment_compare(behind, s->now) < 0 && s->matches(s->ctx, exit)) {
        s->found = true;
        s->seq = exit->seq;
    }
}

static int look_for_exit(struct timeline *t, size_t place, struct moment until, void *ctx,
                         struct error *err)
{
    struct exit_observer before = t->machine->observer;
    struct exit_search *s = ctx;
    int rc;

    (void)place;
    t->machine->observer = (struct exit_observer){.seen = see_exit, .ctx = s};
    rc = timeline_run_to(t, until, until, err);
    t->machine->observer = before;
    if (rc || !s->found)
        return rc;
    rc = timeline_seek_exits(t, s->seq + 1, err);
    return rc ? rc : 1;
}

int timeline_find_back(struct timeline *t, bool (*matches)(void *ctx, const struct vm_exit *exit),
                       void *ctx, struct error *err)
{
    struct exit_search s = {.matches = matches, .ctx = ctx, .now = timeline_now(t)};

    return search(t, look_for_exit, &s, err);
}

/* ---- breakpoints ------------------------------------------------------------------------------- */

struct break_search {
    bool (*stays)(void *ctx, struct machine *m);
    void *ctx;
    struct moment now;
    unsigned id;
};

/*
 * Run on with the breakpoints in force, for `stops` of them at most (0: all before `until`): how many
 * there were, and the number of the last that is a place.
 */
static int run_breaks(struct timeline *t, struct break_search *s, struct moment until,
                      unsigned stops, unsigned *last, struct error *err)
{
    unsigned count = 0, idle = 0;
    int rc = 0;

    *last = 0;
    t->machine->breaks.interrupted = true; /* one in front of the first instruction counts */
    while (!rc && moment_compare(timeline_now(t), until) < 0 && !(stops && count == stops)) {
        struct moment now = timeline_now(t);
        struct run_limits left = timeline_left(now, until);
        struct run_result r;

        rc = timeline_slice(t, left, &r);
        rc = timeline_way(t, rc, &r, err);
        idle = moment_compare(now, timeline_now(t)) ? 0 : idle + 1;
        if (rc || idle > TIMELINE_IDLE_MAX)
            return rc ? rc : error_set(err, -ERANGE, "the guest was never there");
        if (r.stop != STOP_BREAK) {
            t->machine->breaks.interrupted = true;
            continue;
        }
        count++;
        if (moment_compare(timeline_now(t), s->now) < 0 &&
            (!s->stays || s->stays(s->ctx, t->machine))) {
            *last = count;
            s->id = r.breakpoint;
        }
    }
    return rc;
}

static int look_for_break(struct timeline *t, size_t place, struct moment until, void *ctx,
                          struct error *err)
{
    struct moment from = t->checkpoints.list[place].at;
    struct break_search *s = ctx;
    unsigned last, again;
    int rc = run_breaks(t, s, until, 0, &last, err);

    if (rc || !last)
        return rc;
    rc = timeline_restore(t, checkpoints_before(&t->checkpoints, from), err);
    rc = rc ? rc : run_breaks(t, s, until, last, &again, err);
    return rc ? rc : 1;
}

/* The breakpoints count what the user has seen; a search is none of that. */
int timeline_break_back(struct timeline *t, bool (*stays)(void *ctx, struct machine *m), void *ctx,
                        unsigned *id, struct error *err)
{
    struct break_search s = {.stays = stays, .ctx = ctx, .now = timeline_now(t)};
    struct breaks before = t->machine->breaks;
    int rc = search(t, look_for_break, &s, err);

    for (unsigned i = 0; i < MACHINE_BREAKS_MAX; i++)
        t->machine->breaks.list[i].hits = before.list[i].hits;
    *id = s.id;
    return rc;
}
