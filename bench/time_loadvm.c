/*
 * Claim: a guest of 64 MiB that runs, and has written 10 or 100 pages since, is put back to a
 * checkpoint 1,000 times faster than QEMU's loadvm puts back the same guest, from a qcow2 disk.
 *
 * Only the putting back is timed. How much RAM is in use makes no difference here, but to QEMU, which
 * reads all of it but pages of zeros: once all of it is, once nothing but what is written.
 */
#include "support/folder.h"
#include "support/measure.h"
#include "support/qemu_guest.h"
#include "support/rom_guest.h"
#include "trace/checkpoints.h"

#include <errno.h>
#include <stdio.h>

#define GOAL 1000
#define ROUNDS 2000
#define PEER_ROUNDS 5
#define IN_USE (ROM_GUEST_PAGES - 512) /* but for the first MiB, and a bit */
#define FIRST_WORD 0x100000u           /* where the guest counts its rounds */

static const char peer_name[] = "qemu-system-x86_64 -accel tcg, loadvm from qcow2";

static int not_back(const char *who, struct error *err)
{
    return error_set(err, -EIO, "%s: the guest was not put back", who);
}

struct work {
    uint32_t pages, in_use;
};

/* Seconds for each. */
static int our_restores(const struct work *work, double *seconds, struct error *err)
{
    struct checkpoints c = {0};
    struct machine *m;
    int rc = rom_guest_create(&m, "store.bin", err);

    *seconds = 0;
    if (!rc) {
        rc = rom_guest_round(m, err);
        rom_guest_put(m, ROM_GUEST_PARAMETERS, work->pages);
        rom_guest_put(m, ROM_GUEST_PARAMETERS + 4, work->in_use);
        rc = rc ? rc : rom_guest_round(m, err);
    }
    if (!rc && checkpoints_begin(&c, m, NULL, 0))
        rc = error_set(err, -ENOMEM, "checkpoints: out of memory");
    for (unsigned i = 0; !rc && i < ROUNDS; i++) {
        double start;

        rc = rom_guest_round(m, err);
        if (!rc && rom_guest_get(m, FIRST_WORD) != 1)
            rc = not_back("restore", err);
        start = measure_now();
        rc = rc ? rc : checkpoints_restore(&c, 0, err);
        *seconds += (measure_now() - start) / ROUNDS;
    }
    checkpoints_end(&c);
    machine_destroy(m);
    return rc;
}

static int loadvm_rounds(struct qemu_guest *g, double *seconds, struct error *err)
{
    int rc = 0;

    for (unsigned i = 0; !rc && i < PEER_ROUNDS; i++) {
        uint32_t count = 0;
        double start;

        rc = qemu_guest_round(g, err);
        rc = rc ? rc : qemu_guest_get(g, FIRST_WORD, &count, err);
        if (!rc && count != 1)
            rc = not_back("loadvm", err);
        start = measure_now();
        rc = rc ? rc : qmp_monitor(&g->qmp, "loadvm start", err);
        *seconds += (measure_now() - start) / PEER_ROUNDS;
    }
    return rc;
}

static int begin_qemu(struct qemu_guest *g, const struct work *work, struct error *err)
{
    int rc = qemu_guest_round(g, err);

    rc = rc ? rc : qemu_guest_put(g, ROM_GUEST_PARAMETERS, work->pages, err);
    rc = rc ? rc : qemu_guest_put(g, ROM_GUEST_PARAMETERS + 4, work->in_use, err);
    rc = rc ? rc : qemu_guest_round(g, err);
    return rc ? rc : qmp_monitor(&g->qmp, "savevm start", err);
}

static int qemu_restores(const char *folder, const struct work *work, double *seconds,
                         struct error *err)
{
    char disk[FOLDER_CAP + 16];
    struct qemu_guest g;
    int rc;

    *seconds = 0;
    snprintf(disk, sizeof(disk), "%s/disk.qcow2", folder);
    rc = qemu_guest_disk(disk, err);
    rc = rc ? rc : qemu_guest_start(&g, "store.bin", disk, NULL, err);
    if (rc)
        return rc;
    rc = begin_qemu(&g, work, err);
    rc = rc ? rc : loadvm_rounds(&g, seconds, err);
    qemu_guest_stop(&g);
    return rc;
}

static int measure_work(const char *folder, const struct work *work, struct error *err)
{
    double ours[MEASURE_REPEATS], qemu[MEASURE_REPEATS], ratio[MEASURE_REPEATS];
    struct spread mine, theirs, got;
    char claim[128], peer[160];

    for (int i = 0; i < MEASURE_REPEATS; i++) {
        int rc = our_restores(work, &ours[i], err);

        rc = rc ? rc : qemu_restores(folder, work, &qemu[i], err);
        if (rc)
            return rc;
        ratio[i] = qemu[i] / ours[i];
        ours[i] *= 1e6;
        qemu[i] *= 1e3;
    }
    mine = measure_spread(ours, MEASURE_REPEATS);
    theirs = measure_spread(qemu, MEASURE_REPEATS);
    got = measure_spread(ratio, MEASURE_REPEATS);
    snprintf(claim, sizeof(claim),
             "a running 64 MiB guest put back, %u pages written, RAM %s: %.1f (%.1f to %.1f) us",
             work->pages, work->in_use ? "in use" : "else zero", mine.median, mine.min, mine.max);
    snprintf(peer, sizeof(peer), "%s: %.1f (%.1f to %.1f) ms", peer_name, theirs.median, theirs.min,
             theirs.max);
    measure_row(claim, peer, "1000 times as fast", got, "times", got.median >= GOAL);
    return 0;
}

int main(void)
{
    static const struct work works[] = {{10, IN_USE}, {100, IN_USE}, {10, 0}, {100, 0}};
    char folder[FOLDER_CAP];
    struct error err = {0};
    const char *missing;
    int rc = 0;

    if (!qemu_guest_possible(&missing)) {
        measure_skip("a running 64 MiB guest put back", peer_name, "1000 times as fast", missing);
        return 0;
    }
    if (folder_make(folder, &err))
        return measure_fail(&err);
    for (size_t i = 0; !rc && i < sizeof(works) / sizeof(works[0]); i++)
        rc = measure_work(folder, &works[i], &err);
    folder_remove(folder);
    return rc ? measure_fail(&err) : 0;
}
