/*
 * Claim: 100 clones of a guest of 64 MiB, all of it in use, that share its pages until one writes
 * (machine_share()), take with it at most 5 % of the memory of 101 such guests, each having run on and
 * written 20 pages.
 *
 * Counted twice: frames of the host memory that back guests and the tables of their second stages, and
 * what this process became larger by (Pss), which has all that a machine needs besides.
 */
#include "support/measure.h"
#include "support/rom_guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLONES 100u
#define WRITTEN 20u
#define IN_USE (ROM_GUEST_PAGES - 256) /* from the first MiB on */
#define FIRST_WORD 0x100000u
#define RAM_BYTES ((uint64_t)ROM_GUEST_MIB << 20)
#define COPIES ((double)(CLONES + 1) * RAM_BYTES)

struct sizes {
    double frames, process; /* bytes */
};

/* Bytes of memory that this process has for itself. */
static int process_size(double *bytes, struct error *err)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    unsigned long kib = 0;
    char line[256];

    if (!file)
        return error_errno(err, -errno, "/proc/self/smaps_rollup");
    while (!kib && fgets(line, sizeof(line), file))
        if (strncmp(line, "Pss:", 4) == 0)
            kib = strtoul(line + 4, NULL, 10);
    fclose(file);
    *bytes = (double)kib * 1024;
    return kib ? 0 : error_set(err, -EIO, "/proc/self/smaps_rollup: no Pss");
}

static int make_base(struct machine **m, struct error *err)
{
    int rc = rom_guest_create_flat(m, "store.bin", err);

    rc = rc ? rc : rom_guest_round(*m, err);
    if (rc)
        return rc;
    rom_guest_put(*m, ROM_GUEST_PARAMETERS, WRITTEN);
    rom_guest_put(*m, ROM_GUEST_PARAMETERS + 4, IN_USE);
    return rom_guest_round(*m, err);
}

/* A machine that stands where the base stands, and a round of it. */
static int make_clone(struct machine *base, struct machine **clone, struct error *err)
{
    struct machine_config config = base->config;
    struct x86_state state;
    int rc;

    config.host = base->ram.host;
    rc = machine_create(clone, &config, err);
    if (!rc && machine_share(base, *clone, 0, RAM_BYTES))
        rc = error_set(err, -ENOMEM, "clone: cannot share the memory");
    if (rc)
        return rc;
    machine_get_state(base, &state);
    machine_set_state(*clone, &state);
    rc = rom_guest_round(*clone, err);
    if (!rc && (rom_guest_get(*clone, FIRST_WORD) != 1 || rom_guest_get(base, FIRST_WORD) != 0))
        rc = error_set(err, -EIO, "clone: what it wrote is not its own");
    return rc;
}

static int measure_all(struct sizes *got, struct error *err)
{
    struct machine *base = NULL, *clones[CLONES] = {NULL};
    double before = 0, after = 0;
    int rc = process_size(&before, err);

    rc = rc ? rc : make_base(&base, err);
    for (unsigned i = 0; !rc && i < CLONES; i++)
        rc = make_clone(base, &clones[i], err);
    rc = rc ? rc : process_size(&after, err);
    if (!rc)
        *got = (struct sizes){(double)base->ram.host->frames_used * PAGE_SIZE, after - before};
    for (unsigned i = 0; i < CLONES; i++)
        machine_destroy(clones[i]);
    machine_destroy(base);
    return rc;
}

/* Each time in a process of its own: what the one before has left free would be found again. */
static int measure_apart(struct sizes *got, struct error *err)
{
    int ends[2], status = 0;
    ssize_t size;
    pid_t pid;

    if (pipe(ends))
        return error_errno(err, -errno, "pipe");
    pid = fork();
    if (pid == 0) {
        int rc = measure_all(got, err);

        if (rc || write(ends[1], got, sizeof(*got)) != sizeof(*got))
            _exit(measure_fail(err));
        _exit(0);
    }
    close(ends[1]);
    size = read(ends[0], got, sizeof(*got));
    close(ends[0]);
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || status || size != sizeof(*got))
        return error_set(err, -EIO, "clones: not measured");
    return 0;
}

static void row(const char *claim, double *bytes)
{
    char peer[64];
    struct spread got;

    for (int i = 0; i < MEASURE_REPEATS; i++)
        bytes[i] = 100 * bytes[i] / COPIES;
    got = measure_spread(bytes, MEASURE_REPEATS);
    snprintf(peer, sizeof(peer), "101 times 64 MiB: %.0f MiB", COPIES / (1 << 20));
    measure_row(claim, peer, "5 % of that", got, "%", got.median <= 5);
}

int main(void)
{
    double frames[MEASURE_REPEATS], process[MEASURE_REPEATS];
    struct error err = {0};

    for (int i = 0; i < MEASURE_REPEATS; i++) {
        struct sizes got = {0};

        if (measure_apart(&got, &err))
            return measure_fail(&err);
        frames[i] = got.frames;
        process[i] = got.process;
    }
    row("a guest of 64 MiB and 100 clones that ran on: frames in use", frames);
    row("the same: what the process grew by", process);
    return 0;
}
