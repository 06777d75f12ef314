/*
 * Claim: our run loop, with paging, the second stage and every intercept on, runs the same
 * arithmetic at 0.9 of the speed of a bare Unicorn engine or better.
 */
#include "support/guest64.h"
#include "support/measure.h"

#include <errno.h>
#include <stdio.h>

#define GOAL 0.9

static int run_bare(struct guest64 *g, uint64_t count, double *seconds, uint64_t *rdx,
                    struct error *err)
{
    int failed = guest64_reset_bare(g, count, err);
    double start = measure_now();
    uc_err stopped;

    if (failed)
        return failed;
    stopped = uc_emu_start(g->bare, GUEST64_CODE, g->end, 0, 0);
    *seconds = measure_now() - start;
    if (!stopped)
        stopped = uc_reg_read(g->bare, UC_X86_REG_RDX, rdx);
    if (stopped)
        return error_set(err, -EIO, "bare Unicorn: %s", uc_strerror(stopped));
    return 0;
}

/* One repetition: the speed of ours in parts of the bare engine's. */
static int compare(struct guest64 *g, uint64_t count, double *ratio, struct error *err)
{
    uint64_t ours_rdx = 0, bare_rdx = 0;
    double ours, bare;
    int failed = guest64_run_machine(g, count, &ours, &ours_rdx, err);

    if (!failed)
        failed = run_bare(g, count, &bare, &bare_rdx, err);
    if (failed)
        return failed;
    if (ours_rdx != bare_rdx)
        return error_set(err, -EIO, "results differ: rdx %#llx here, %#llx in bare Unicorn",
                         (unsigned long long)ours_rdx, (unsigned long long)bare_rdx);
    *ratio = bare / ours;
    return 0;
}

static int measure(const char *name, const char *claim, uint64_t count, struct error *err)
{
    double ratios[MEASURE_REPEATS], warm;
    struct guest64 g;
    struct spread got;
    int failed = guest64_open(&g, name, NULL, err);

    if (failed)
        return failed;
    failed = compare(&g, count / 10, &warm, err);
    for (int i = 0; !failed && i < MEASURE_REPEATS; i++)
        failed = compare(&g, count, &ratios[i], err);
    guest64_close(&g);
    if (failed)
        return failed;
    got = measure_spread(ratios, MEASURE_REPEATS);
    measure_row(claim, "bare Unicorn, same code bytes", "0.90 of its speed", got, "",
                got.median >= GOAL);
    return 0;
}

int main(void)
{
    struct error err = {0};

    if (measure("bench/guest/alu_short.bin", "run loop, blocks of 6 instructions", 150000000,
                &err) ||
        measure("bench/guest/alu_long.bin", "run loop, blocks of 62 instructions", 20000000, &err))
        return measure_fail(&err);
    return 0;
}
