/* Running and seeking, see timeline.h. */
#include "trace/timeline_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL 1000000u
/* While running again: a checkpoint at each interval, when fewer than this are left to go. */
#define NEAR 8u

/* ---- life -------------------------------------------------------------------------------------- */

static const void *gather(struct timeline *t)
{
    if (t->config.extra_size)
        t->config.keep(t->config.ctx, t->extra);
    return t->extra;
}

int timeline_create(struct timeline **out, struct machine *m, const struct timeline_config *config,
                    struct error *err)
{
    struct timeline *t = calloc(1, sizeof(*t));

    *out = NULL;
    if (!t)
        return error_set(err, -ENOMEM, "timeline: out of memory");
    t->machine = m;
    t->config = *config;
    t->config.memory += config->memory ? 0 : TIMELINE_MEMORY;
    t->config.interval += config->interval ? 0 : INTERVAL;
    t->extra = calloc(1, config->extra_size + 1);
    t->end = timeline_now(t);
    if (!t->extra || checkpoints_begin(&t->checkpoints, m, gather(t), config->extra_size)) {
        timeline_destroy(t);
        return error_set(err, -ENOMEM, "timeline: out of memory");
    }
    *out = t;
    return 0;
}

static void drop_inputs(struct timeline *t, size_t left)
{
    while (t->input_count > left)
        free(t->inputs[--t->input_count].data);
}

void timeline_destroy(struct timeline *t)
{
    if (!t)
        return;
    drop_inputs(t, 0);
    free(t->inputs);
    checkpoints_end(&t->checkpoints);
    free(t->extra);
    free(t);
}

struct moment timeline_now(const struct timeline *t)
{
    return (struct moment){t->machine->exits, t->machine->insns};
}

struct moment timeline_start(const struct timeline *t)
{
    return t->checkpoints.list[0].at;
}

struct moment timeline_end(const struct timeline *t)
{
    return t->end;
}

/* Input that was given at the end comes back only when the run has come there. */
bool timeline_in_past(const struct timeline *t)
{
    return moment_compare(timeline_now(t), t->end) < 0 || t->next_input < t->input_count;
}

void timeline_get_stats(const struct timeline *t, struct timeline_stats *stats)
{
    *stats = (struct timeline_stats){.bytes = t->checkpoints.bytes,
                                     .bytes_max = t->config.memory,
                                     .checkpoints = t->checkpoints.count,
                                     .thinned = t->checkpoints.thinned,
                                     .replayed = t->replayed};
}

/* ---- checkpoints ------------------------------------------------------------------------------- */

/* Without memory for one, going back only takes longer. */
void timeline_mark(struct timeline *t)
{
    size_t place;

    if (!t->machine->config.shadow_paging &&
        !checkpoints_add(&t->checkpoints, t->next_input, gather(t), t->config.extra_size, &place))
        checkpoints_thin(&t->checkpoints, t->config.memory, timeline_now(t));
}

/* How far it is from the last checkpoint to here, and none comes soon. */
static uint64_t since_checkpoint(const struct timeline *t)
{
    const struct checkpoints *c = &t->checkpoints;
    struct moment now = timeline_now(t);
    size_t place = checkpoints_before(c, now);

    if (place + 1 < c->count && moment_cost(now, c->list[place + 1].at) < t->config.interval / 2)
        return 0;
    return moment_cost(c->list[place].at, now);
}

static void checkpoint_when_due(struct timeline *t, bool wanted)
{
    if (wanted && since_checkpoint(t) >= t->config.interval)
        timeline_mark(t);
}

/* ---- input ------------------------------------------------------------------------------------- */

static struct moment input_at(const struct timeline *t)
{
    return t->inputs[t->next_input].at;
}

/* Wait as long as it had waited when the input came. */
static void settle(struct machine *m, uint64_t slept)
{
    uint64_t before;

    do {
        before = m->slept;
        machine_settle(m);
    } while (m->slept < slept && m->slept > before);
}

/* The input that was given at this moment is given again. */
static int give_inputs(struct timeline *t)
{
    while (t->next_input < t->input_count && moment_compare(input_at(t), timeline_now(t)) <= 0) {
        const struct timeline_input *in = &t->inputs[t->next_input];

        settle(t->machine, in->slept);
        if (machine_serial_input(t->machine, in->data, in->size))
            return -ENOMEM;
        t->next_input++;
    }
    return 0;
}

static int remember_input(struct timeline *t, const void *data, size_t size)
{
    struct timeline_input *inputs = realloc(t->inputs, (t->input_count + 1) * sizeof(*inputs));
    uint8_t *copy = malloc(size + 1);

    if (inputs)
        t->inputs = inputs;
    if (!inputs || !copy) {
        free(copy);
        return -ENOMEM;
    }
    memcpy(copy, data, size);
    inputs[t->input_count++] = (struct timeline_input){
        .at = timeline_now(t), .slept = t->machine->slept, .data = copy, .size = size};
    return 0;
}

static void drop_future(struct timeline *t)
{
    drop_inputs(t, t->next_input);
    checkpoints_cut(&t->checkpoints, timeline_now(t));
    t->end = timeline_now(t);
}

int timeline_input(struct timeline *t, const void *data, size_t size)
{
    int rc;

    if (size == 0)
        return 0;
    drop_future(t);
    machine_settle(t->machine);
    rc = remember_input(t, data, size);
    return rc ? rc : give_inputs(t);
}

int timeline_changed(struct timeline *t)
{
    size_t place;
    int rc;

    drop_future(t);
    if (t->machine->config.shadow_paging)
        return -ENOTSUP;
    rc = checkpoints_add(&t->checkpoints, t->next_input, gather(t), t->config.extra_size, &place);
    if (!rc)
        t->checkpoints.list[place].kept = true;
    return rc;
}

/* ---- running ----------------------------------------------------------------------------------- */

/* The smaller of a limit (0: none) and a distance that is left. */
static uint64_t at_most(uint64_t limit, uint64_t left)
{
    return !limit || left < limit ? left : limit;
}

/* No further than to the next input, and not past the next checkpoint. */
static struct run_limits slice_of(const struct timeline *t, struct run_limits left)
{
    struct moment now = timeline_now(t);

    left.insns = at_most(left.insns, t->config.interval);
    left.exits = at_most(left.exits, t->config.interval / 700 + 1);
    if (t->next_input == t->input_count)
        return left;
    if (input_at(t).insns > now.insns)
        left.insns = at_most(left.insns, input_at(t).insns - now.insns);
    else
        left.exits = at_most(left.exits, input_at(t).exits - now.exits);
    return left;
}

int timeline_slice(struct timeline *t, struct run_limits left, struct run_result *result)
{
    struct run_limits slice = slice_of(t, left);
    bool again = timeline_in_past(t);
    int rc = machine_run(t->machine, &slice, result);

    t->replayed += again ? result->insns : 0;
    if (!rc)
        rc = give_inputs(t);
    if (moment_compare(timeline_now(t), t->end) > 0)
        t->end = timeline_now(t);
    return rc;
}

/* Nothing that could end the run has happened: only the slice is over. */
static bool slice_is_over(const struct run_result *r)
{
    return r->stop == STOP_BUDGET;
}

/* Has the guest come no further, and never will? It used up the slice without an instruction. */
static bool is_idle(const struct run_result *r)
{
    return r->insns == 0 && r->exits == 0;
}

int timeline_run(struct timeline *t, const struct run_limits *limits, struct run_result *result)
{
    uint64_t insns = 0, exits = 0;
    int rc;

    do {
        struct run_limits left = *limits;

        left.insns -= left.insns ? insns : 0;
        left.exits -= left.exits ? exits : 0;
        rc = timeline_slice(t, left, result);
        insns += result->insns;
        exits += result->exits;
        checkpoint_when_due(t, true);
        t->machine->breaks.interrupted |= result->stop == STOP_BUDGET; /* should it go on */
    } while (rc == 0 && slice_is_over(result) && !(limits->insns && is_idle(result)) &&
             (!limits->insns || insns < limits->insns) &&
             (!limits->exits || exits < limits->exits));
    t->machine->breaks.interrupted &= result->stop != STOP_BUDGET;
    result->insns = insns;
    result->exits = exits;
    return rc;
}

int timeline_step(struct timeline *t, struct run_result *result)
{
    struct run_limits one = {.insns = 1, .exits = 1};
    int rc;

    t->machine->breaks.ignored = true;
    rc = timeline_run(t, &one, result);
    t->machine->breaks.ignored = false;
    return rc;
}

/* ---- seeking ----------------------------------------------------------------------------------- */

int timeline_restore(struct timeline *t, size_t place, struct error *err)
{
    const struct checkpoint *c = &t->checkpoints.list[place];
    int rc = checkpoints_restore(&t->checkpoints, place, err);

    t->next_input = c->inputs;
    if (!rc && t->config.extra_size)
        t->config.put_back(t->config.ctx, c->extra);
    if (!rc && give_inputs(t))
        rc = error_set(err, -ENOMEM, "timeline: out of memory");
    return rc;
}

/* A run on the way to somewhere has come back: may it go on? */
int timeline_way(struct timeline *t, int rc, const struct run_result *r, struct error *err)
{
    if (rc)
        return error_errno(err, rc, "timeline: cannot run again");
    if (r->stop == STOP_REQUEST && !(t->config.pause && t->config.pause(t->config.ctx)))
        return error_set(err, -EINTR, "interrupted on the way");
    return 0;
}

struct run_limits timeline_left(struct moment now, struct moment to)
{
    return (struct run_limits){.insns = to.insns > now.insns ? to.insns - now.insns : 0,
                               .exits = to.exits > now.exits ? to.exits - now.exits : 0};
}

/* About; 0: far, or unknown. */
static bool is_near(const struct timeline *t, struct run_limits left)
{
    return moment_cost((struct moment){0}, (struct moment){left.exits, left.insns}) <
           NEAR * t->config.interval;
}

/*
 * A run that ends for a reason of the guest's goes on, as it did the first time, as long as that brings it
 * further.
 */
int timeline_run_to(struct timeline *t, struct moment to, struct moment last, struct error *err)
{
    unsigned idle = 0;
    int rc = 0;

    t->machine->breaks.ignored = true;
    while (!rc) {
        struct moment now = timeline_now(t);
        struct run_limits left = timeline_left(now, to), most = timeline_left(now, last);
        struct run_result r;

        if (!left.insns && !left.exits)
            break;
        if (moment_compare(now, last) >= 0 || idle > TIMELINE_IDLE_MAX) {
            rc = error_set(err, -ENOENT, "the guest never stood at just that place");
            break;
        }
        left.insns = at_most(left.insns, most.insns + !most.insns);
        rc = timeline_slice(t, left, &r);
        rc = timeline_way(t, rc, &r, err);
        idle = r.stop == STOP_REQUEST || moment_compare(now, timeline_now(t)) ? 0 : idle + 1;
        checkpoint_when_due(t, is_near(t, left));
    }
    t->machine->breaks.ignored = t->machine->breaks.interrupted = false;
    return rc;
}

/* From the last checkpoint before, or from here when that is nearer. */
static int come_near(struct timeline *t, struct moment to, struct error *err)
{
    size_t place = checkpoints_before(&t->checkpoints, to);
    struct moment now = timeline_now(t);

    if (moment_compare(now, to) <= 0 && moment_compare(t->checkpoints.list[place].at, now) <= 0)
        return 0;
    return timeline_restore(t, place, err);
}

int timeline_seek(struct timeline *t, struct moment to, struct error *err)
{
    struct moment end = t->end;
    int rc;

    if (moment_compare(to, timeline_start(t)) < 0 || moment_compare(to, end) > 0)
        return error_set(err, -ERANGE, "the guest was never there");
    rc = come_near(t, to, err);
    rc = rc ? rc : timeline_run_to(t, to, to, err);
    if (!rc && moment_compare(timeline_now(t), to) != 0)
        rc = error_set(err, -ENOENT, "the guest never stood at just that place");
    return rc;
}

/* The last checkpoint with fewer exits; the first one has none before it. */
static size_t place_before_exit(const struct timeline *t, uint64_t exits)
{
    size_t place = t->checkpoints.count - 1;

    while (place > 0 && t->checkpoints.list[place].at.exits >= exits)
        place--;
    return place;
}

int timeline_seek_exits(struct timeline *t, uint64_t exits, struct error *err)
{
    size_t place = place_before_exit(t, exits);
    struct moment now = timeline_now(t), from = t->checkpoints.list[place].at;
    int rc = 0;

    if (exits < timeline_start(t).exits || exits > t->end.exits)
        return error_set(err, -ERANGE, "the guest was never there");
    if (now.exits >= exits || moment_compare(now, from) < 0)
        rc = timeline_restore(t, place, err);
    return rc ? rc : timeline_run_to(t, (struct moment){.exits = exits}, t->end, err);
}

int timeline_seek_insns(struct timeline *t, uint64_t insns, struct error *err)
{
    struct moment to = {.insns = insns};
    int rc;

    if (insns < timeline_start(t).insns || insns > t->end.insns)
        return error_set(err, -ERANGE, "the guest was never there");
    rc = come_near(t, to, err);
    return rc ? rc : timeline_run_to(t, to, t->end, err);
}
