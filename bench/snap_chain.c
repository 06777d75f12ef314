/*
 * Claims, for a chain of snapshots of a guest of 64 MiB, 16 MiB of them in use, that writes 1 MiB
 * before each (bench/guest/work.asm):
 * - the store is at most a fifth of what QEMU's savevm adds to a qcow2 file for the same guest;
 * - where nothing can be compressed, it is at most 1.15 times the bytes that were written, pages of
 *   the same content counted once.
 *
 * Sizes are the files' lengths. Each repetition has other contents and other places that are written.
 */
#include "core/pages.h"
#include "snapshot/snapshot.h"
#include "support/folder.h"
#include "support/measure.h"
#include "support/page_set.h"
#include "support/qemu_guest.h"
#include "support/rom_guest.h"

#include <errno.h>
#include <stdio.h>

#define SNAPSHOTS 20u
#define PAGES_IN_USE 4096u
#define RUNS 32u /* of 8 pages */
#define ROUND_PAGES (8 * RUNS)
#define MIXED 0x3210u  /* text, records, copies, random bytes: a quarter of the pages each */
#define RANDOM 0x3233u /* random bytes, every fourth page a copy */

static const char peer_name[] = "qemu-system-x86_64 -accel tcg, savevm: what its qcow2 file grows";

struct work {
    uint32_t kinds, seed;
};

/* Of one chain. `last`: the guest's random number at its end, which depends on all that it did. */
struct chain {
    double stored, unique; /* bytes */
    uint32_t last;
};

#define LAST (ROM_GUEST_PARAMETERS + 8)

static void parameters_of(const struct work *work, uint32_t numbers[4])
{
    numbers[0] = PAGES_IN_USE;
    numbers[1] = RUNS;
    numbers[2] = work->seed;
    numbers[3] = work->kinds;
}

/* ---- ours -------------------------------------------------------------------------------------- */

static int start_ours(struct machine **m, const struct work *work, struct error *err)
{
    uint32_t numbers[4];
    int rc = rom_guest_create(m, "work.bin", err);

    rc = rc ? rc : rom_guest_round(*m, err);
    parameters_of(work, numbers);
    for (unsigned i = 0; !rc && i < 4; i++)
        rom_guest_put(*m, ROM_GUEST_PARAMETERS + 4 * i, numbers[i]);
    return rc;
}

static void add_pages(struct page_set *set, const struct machine *m)
{
    for (uint32_t i = 0; i < machine_ram_pages(m); i++)
        if (machine_page(m, i))
            page_set_add(set, machine_page(m, i));
}

/* Rounds and snapshots, each below the one before; the pages of all of them to `set`. */
static int take_chain(struct store *store, struct machine *m, struct page_set *set,
                      struct error *err)
{
    char id[NODE_ID_SIZE] = "", parent[NODE_ID_SIZE] = "";
    int rc = 0;

    for (unsigned i = 0; !rc && i < SNAPSHOTS; i++) {
        struct snapshot_about about = {.name = "link", .created = 1 + i};

        snprintf(parent, sizeof(parent), "%s", id);
        about.parent = *parent ? parent : NULL;
        rc = rom_guest_round(m, err);
        rc = rc ? rc : snapshot_take(store, m, &about, id, err);
        if (!rc)
            add_pages(set, m);
    }
    return rc;
}

static int store_size(struct store *store, double *bytes, struct error *err)
{
    struct store_usage usage;
    int rc = store_usage(store, &usage, err);

    if (rc)
        return rc;
    *bytes = (double)usage.on_disk;
    store_usage_free(&usage);
    return 0;
}

static int our_chain(const char *folder, const struct work *work, struct chain *got,
                     struct error *err)
{
    char dir[FOLDER_CAP + 32];
    struct store *store = NULL;
    struct page_set set = {0};
    struct machine *m;
    int rc = start_ours(&m, work, err);

    snprintf(dir, sizeof(dir), "%s/%x-%u", folder, work->kinds, work->seed);
    if (!rc && !page_set_make(&set, ROM_GUEST_PAGES + (size_t)SNAPSHOTS * ROUND_PAGES))
        rc = error_set(err, -ENOMEM, "pages: out of memory");
    rc = rc ? rc : store_open(&store, dir, true, err);
    rc = rc ? rc : take_chain(store, m, &set, err);
    rc = rc ? rc : store_size(store, &got->stored, err);
    got->unique = (double)set.count * PAGE_SIZE;
    got->last = rc ? 0 : rom_guest_get(m, LAST);
    if (store)
        store_close(store);
    page_set_free(&set);
    machine_destroy(m);
    return rc;
}

/* ---- QEMU's ------------------------------------------------------------------------------------ */

static int qemu_rounds(struct qemu_guest *g, const struct work *work, struct error *err)
{
    char line[32];
    uint32_t numbers[4];
    int rc = qemu_guest_round(g, err);

    parameters_of(work, numbers);
    for (unsigned i = 0; !rc && i < 4; i++)
        rc = qemu_guest_put(g, ROM_GUEST_PARAMETERS + 4 * i, numbers[i], err);
    for (unsigned i = 0; !rc && i < SNAPSHOTS; i++) {
        snprintf(line, sizeof(line), "savevm link%u", i);
        rc = qemu_guest_round(g, err);
        rc = rc ? rc : qmp_monitor(&g->qmp, line, err);
    }
    return rc;
}

static int qemu_chain(const char *folder, const struct work *work, struct chain *got,
                      struct error *err)
{
    char disk[FOLDER_CAP + 16];
    uint64_t before = 0, after = 0;
    struct qemu_guest g;
    int rc;

    snprintf(disk, sizeof(disk), "%s/disk.qcow2", folder);
    rc = qemu_guest_disk(disk, err);
    rc = rc ? rc : folder_file_size(disk, &before, err);
    rc = rc ? rc : qemu_guest_start(&g, "work.bin", disk, NULL, err);
    if (rc)
        return rc;
    rc = qemu_rounds(&g, work, err);
    rc = rc ? rc : qemu_guest_get(&g, LAST, &got->last, err);
    rc = rc ? rc : folder_file_size(disk, &after, err);
    qemu_guest_stop(&g);
    got->stored = (double)(after - before);
    return rc;
}

/* ---- claims ------------------------------------------------------------------------------------ */

static void in_mib(double *bytes)
{
    for (int i = 0; i < MEASURE_REPEATS; i++)
        bytes[i] /= 1 << 20;
}

static void describe(char *text, size_t cap, const char *what, double *bytes)
{
    struct spread s;

    in_mib(bytes);
    s = measure_spread(bytes, MEASURE_REPEATS);
    snprintf(text, cap, "%s: %.1f (%.1f to %.1f) MiB", what, s.median, s.min, s.max);
}

static int measure_qemu(const char *folder, struct error *err)
{
    double ours[MEASURE_REPEATS], qemu[MEASURE_REPEATS], ratio[MEASURE_REPEATS];
    char claim[128], peer[160];
    struct spread got;

    for (uint32_t i = 0; i < MEASURE_REPEATS; i++) {
        const struct work work = {MIXED, 1 + i};
        struct chain mine = {0}, theirs = {0};
        int rc = our_chain(folder, &work, &mine, err);

        rc = rc ? rc : qemu_chain(folder, &work, &theirs, err);
        if (!rc && mine.last != theirs.last)
            rc = error_set(err, -EIO, "the guest did not do the same in QEMU");
        if (rc)
            return rc;
        ours[i] = mine.stored;
        qemu[i] = theirs.stored;
        ratio[i] = ours[i] / qemu[i];
    }
    describe(claim, sizeof(claim), "20 snapshots of a guest, stored", ours);
    describe(peer, sizeof(peer), peer_name, qemu);
    got = measure_spread(ratio, MEASURE_REPEATS);
    measure_row(claim, peer, "0.20 of that", got, "", got.median <= 0.2);
    return 0;
}

static int measure_unique(const char *folder, struct error *err)
{
    double ours[MEASURE_REPEATS], unique[MEASURE_REPEATS], ratio[MEASURE_REPEATS];
    char claim[128], peer[160];
    struct spread got;

    for (uint32_t i = 0; i < MEASURE_REPEATS; i++) {
        const struct work work = {RANDOM, 1 + i};
        struct chain mine = {0};
        int rc = our_chain(folder, &work, &mine, err);

        if (rc)
            return rc;
        ours[i] = mine.stored;
        unique[i] = mine.unique;
        ratio[i] = ours[i] / unique[i];
    }
    describe(claim, sizeof(claim), "the same, nothing compressible", ours);
    describe(peer, sizeof(peer), "the different pages written", unique);
    got = measure_spread(ratio, MEASURE_REPEATS);
    measure_row(claim, peer, "1.15 of that", got, "", got.median <= 1.15);
    return 0;
}

int main(void)
{
    char folder[FOLDER_CAP];
    struct error err = {0};
    const char *missing;
    int rc = folder_make(folder, &err);

    if (rc)
        return measure_fail(&err);
    if (qemu_guest_possible(&missing))
        rc = measure_qemu(folder, &err);
    else
        measure_skip("20 snapshots of a guest, stored", peer_name, "0.20 of that", missing);
    rc = rc ? rc : measure_unique(folder, &err);
    folder_remove(folder);
    return rc ? measure_fail(&err) : 0;
}
