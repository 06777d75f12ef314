/*
 * Claim: a step back in a run of 10 million instructions with a timer interrupt every 10,000 takes at
 * most 20 ms, and at most a tenth of what QEMU needs for a reverse step of its gdb stub in the same
 * guest, recorded and replayed (-icount rr=..., docs/devel/replay.rst); p95 of both.
 *
 * - Both come from the same places, at random. To have come there is not timed.
 * - QEMU goes back to a snapshot and on from there. It has the one at the start (rrsnapshot=init), as its
 *   manual has it; once more, one each million instructions, which somebody would have to take by hand.
 * - Now and then its replay stands still in a reverse step. It is then started anew, the step does not
 *   count, and how often that was is in the row.
 */
#include "support/folder.h"
#include "support/measure.h"
#include "support/qemu_guest.h"
#include "support/rom_guest.h"
#include "tests/support/prng.h"
#include "trace/timeline.h"

#include <errno.h>
#include <stdio.h>

#define INSNS 10000000u
#define PLACES 40
#define SNAPSHOT_INSNS 1000000u
#define HANGS_MAX 20

static const char rom[] = "ticks.bin";

struct places {
    uint64_t at[PLACES]; /* instructions */
};

static void choose(struct places *places, unsigned seed)
{
    struct prng random = {seed};

    for (unsigned i = 0; i < PLACES; i++)
        places->at[i] = 2 + prng_below(&random, INSNS - 2);
}

/* ---- ours -------------------------------------------------------------------------------------- */

static int steps_back(struct timeline *t, const struct places *places, double *ms,
                      struct error *err)
{
    int rc = 0;

    for (unsigned i = 0; !rc && i < PLACES; i++) {
        double start;

        rc = timeline_seek_insns(t, places->at[i], err);
        start = measure_now();
        rc = rc ? rc : timeline_step_back(t, err);
        ms[i] = (measure_now() - start) * 1e3;
        if (!rc && timeline_now(t).insns != places->at[i] - 1)
            rc = error_set(err, -EIO, "a step back came to another place");
    }
    return rc;
}

static int our_steps(const struct places *places, double *p95, struct error *err)
{
    const struct timeline_config config = {0};
    const struct run_limits limits = {.insns = INSNS + 1};
    struct timeline *t = NULL;
    double ms[PLACES];
    struct run_result r;
    struct machine *m;
    int rc = rom_guest_create(&m, rom, err);

    rc = rc ? rc : timeline_create(&t, m, &config, err);
    if (!rc && timeline_run(t, &limits, &r))
        rc = error_set(err, -EIO, "%s", r.error.text);
    rc = rc ? rc : steps_back(t, places, ms, err);
    timeline_destroy(t);
    machine_destroy(m);
    if (!rc)
        *p95 = measure_quantile(ms, PLACES, 95);
    return rc;
}

/* ---- QEMU's ------------------------------------------------------------------------------------ */

struct recording {
    char disk[FOLDER_CAP + 16], icount[FOLDER_CAP + 96];
    bool snapshots; /* more of them than the first */
    unsigned hangs;
};

static void icount_option(struct recording *r, const char *folder, const char *mode)
{
    snprintf(r->icount, sizeof(r->icount), "shift=0,rr=%s,rrfile=%s/replay.bin,rrsnapshot=init",
             mode, folder);
}

/* A whole run, to debug-exit; then a QEMU that replays it, at its start. */
static int record(struct recording *r, const char *folder, struct error *err)
{
    struct qemu_guest g;
    int rc;

    snprintf(r->disk, sizeof(r->disk), "%s/replay.qcow2", folder);
    icount_option(r, folder, "record");
    rc = qemu_guest_disk(r->disk, err);
    rc = rc ? rc : qemu_guest_start(&g, rom, r->disk, r->icount, err);
    if (rc)
        return rc;
    rc = qemu_guest_finish(&g, err);
    qemu_guest_stop(&g);
    icount_option(r, folder, "replay");
    return rc;
}

/* What QEMU says of its replay: the instructions so far. */
static int replayed(struct qemu_guest *g, uint64_t *insns, struct error *err)
{
    json_t *value;
    int rc = qmp_request(&g->qmp, "query-replay", NULL, &value, err);

    if (rc)
        return rc;
    *insns = (uint64_t)json_integer_value(json_object_get(value, "icount"));
    json_decref(value);
    return 0;
}

/* The stub reports each stop, too. */
static int seek(struct qemu_guest *g, uint64_t insns, struct error *err)
{
    int rc = qmp_request(&g->qmp, "replay-seek", json_pack("{s:I}", "icount", (json_int_t)insns),
                         NULL, err);

    rc = rc ? rc : qmp_wait(&g->qmp, "STOP", err);
    if (!rc && gdb_wait(&g->gdb))
        rc = error_set(err, -EIO, "QEMU: its gdb stub does not report a stop");
    return rc;
}

static int start_replay(struct recording *r, struct qemu_guest *g, struct error *err)
{
    int rc = qemu_guest_start(g, rom, r->disk, r->icount, err);
    char line[64];

    if (rc || !r->snapshots)
        return rc;
    for (unsigned at = SNAPSHOT_INSNS; !rc && at < INSNS; at += SNAPSHOT_INSNS) {
        snprintf(line, sizeof(line), "savevm at%u", at);
        rc = seek(g, at, err);
        rc = rc ? rc : qmp_monitor(&g->qmp, line, err);
    }
    if (rc)
        qemu_guest_stop(g);
    return rc;
}

static int reverse_step(struct qemu_guest *g, uint64_t from, double *ms, struct error *err)
{
    uint64_t insns = 0;
    double start;
    int rc = seek(g, from, err);

    if (rc)
        return rc;
    start = measure_now();
    if (gdb_request(&g->gdb, "bs"))
        return error_set(err, -EIO, "QEMU: its reverse step does not come to an end");
    *ms = (measure_now() - start) * 1e3;
    rc = qmp_wait(&g->qmp, "STOP", err);
    rc = rc ? rc : replayed(g, &insns, err);
    if (!rc && insns != from - 1)
        rc = error_set(err, -EPROTO, "QEMU: a reverse step came to another place");
    return rc;
}

static int replay_steps(struct recording *r, const struct places *places, double *ms,
                        struct error *err)
{
    struct qemu_guest g;
    int rc = start_replay(r, &g, err);

    for (unsigned i = 0; !rc && i < PLACES;) {
        rc = reverse_step(&g, places->at[i], &ms[i], err);
        if (!rc) {
            i++;
        } else if (rc == -EIO && r->hangs < HANGS_MAX) {
            r->hangs++;
            qemu_guest_stop(&g);
            rc = start_replay(r, &g, err);
        } else {
            qemu_guest_stop(&g);
        }
    }
    if (!rc)
        qemu_guest_stop(&g);
    return rc;
}

static int qemu_steps(struct recording *r, const struct places *places, const char *folder,
                      double *p95, struct error *err)
{
    double ms[PLACES];
    int rc = record(r, folder, err);

    rc = rc ? rc : replay_steps(r, places, ms, err);
    if (!rc)
        *p95 = measure_quantile(ms, PLACES, 95);
    return rc;
}

/* ---- claims ------------------------------------------------------------------------------------ */

static void ratio_row(const struct recording *r, double *qemu, double *ratio)
{
    struct spread theirs = measure_spread(qemu, MEASURE_REPEATS);
    struct spread got = measure_spread(ratio, MEASURE_REPEATS);
    char peer[200];

    snprintf(peer, sizeof(peer),
             "QEMU's reverse step, %s: %.1f (%.1f to %.1f) ms; %u of %u stood still",
             r->snapshots ? "snapshots each million instructions" : "a snapshot at the start",
             theirs.median, theirs.min, theirs.max, r->hangs, r->hangs + MEASURE_REPEATS * PLACES);
    measure_row("the same, against QEMU's", peer,
                r->snapshots ? "none: for comparison" : "0.10 of that", got, "",
                r->snapshots || got.median <= 0.1);
}

static int measure_qemu(const char *folder, bool snapshots, struct error *err)
{
    struct recording r = {.snapshots = snapshots};
    double qemu[MEASURE_REPEATS], ratio[MEASURE_REPEATS], ours;

    for (unsigned i = 0; i < MEASURE_REPEATS; i++) {
        struct places places;
        int rc;

        choose(&places, i + 1);
        rc = our_steps(&places, &ours, err);
        rc = rc ? rc : qemu_steps(&r, &places, folder, &qemu[i], err);
        if (rc)
            return rc;
        ratio[i] = ours / qemu[i];
    }
    ratio_row(&r, qemu, ratio);
    return 0;
}

static int measure_ours(struct error *err)
{
    double ours[MEASURE_REPEATS];
    struct spread got;

    for (unsigned i = 0; i < MEASURE_REPEATS; i++) {
        struct places places;
        int rc;

        choose(&places, i + 1);
        rc = our_steps(&places, &ours[i], err);
        if (rc)
            return rc;
    }
    got = measure_spread(ours, MEASURE_REPEATS);
    measure_row("a step back in 10 million instructions: p95 of 40", "none: a goal of its own",
                "20 ms", got, "ms", got.median <= 20);
    return 0;
}

int main(void)
{
    char folder[FOLDER_CAP];
    struct error err = {0};
    const char *missing;
    int rc = measure_ours(&err);

    if (rc)
        return measure_fail(&err);
    if (!qemu_guest_possible(&missing)) {
        measure_skip("the same, against QEMU's", "QEMU's reverse step", "0.10 of that", missing);
        return 0;
    }
    rc = folder_make(folder, &err);
    if (rc)
        return measure_fail(&err);
    rc = measure_qemu(folder, false, &err);
    rc = rc ? rc : measure_qemu(folder, true, &err);
    folder_remove(folder);
    return rc ? measure_fail(&err) : 0;
}
