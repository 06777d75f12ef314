/*
 * Claims: our run loop, with paging, the second stage and every intercept on, runs the same
 * arithmetic at 0.95 of the speed of a bare Unicorn engine or better; recording costs a run with few
 * exits less than 5 %.
 */
#include "support/guest64.h"
#include "support/measure.h"
#include "trace/trace.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define GOAL 0.95
#define RECORDING_GOAL 0.95
#define LONG_ROUNDS 20000000ull

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
    measure_row(claim, "bare Unicorn, same code bytes", "0.95 of its speed", got, "",
                got.median >= GOAL);
    return 0;
}

struct recorder {
    struct trace_writer *writer;
};

static void record(void *ctx, const struct machine *m, const struct vm_exit *exit)
{
    struct recorder *recorder = ctx;

    (void)m;
    if (recorder->writer)
        trace_writer_add(recorder->writer, exit);
}

static int run_recorded(struct guest64 *g, struct recorder *recorder, const char *path,
                        double *seconds, struct error *err)
{
    struct trace_info info = {.image = "alu", .ram_size = g->machine->ram.size, .backend = "emu"};
    struct trace_end end = {.stop = STOP_DEBUG_EXIT, .status = 1};
    double start = measure_now(), inside;
    uint64_t rdx;
    int failed = trace_writer_open(&recorder->writer, path, &info, err);

    if (!failed)
        failed = guest64_run_machine(g, LONG_ROUNDS, &inside, &rdx, err);
    end.exits = g->machine->exits;
    end.insns = g->machine->insns;
    if (!failed)
        failed = trace_writer_finish(recorder->writer, &end, err);
    recorder->writer = NULL;
    *seconds = measure_now() - start;
    unlink(path);
    return failed;
}

static int measure_recording(struct error *err)
{
    struct recorder recorder = {0};
    struct exit_observer observer = {.seen = record, .ctx = &recorder};
    double ratios[MEASURE_REPEATS], plain = 0, recorded = 1;
    struct spread got;
    struct guest64 g;
    char path[4096];
    uint64_t rdx;
    int failed = measure_path(path, sizeof(path), "bench/run_loop.trace")
                     ? guest64_open(&g, "bench/guest/alu_long.bin", &observer, err)
                     : error_set(err, -EINVAL, "no place for a trace");

    if (failed)
        return failed;
    for (int i = 0; !failed && i < MEASURE_REPEATS; i++) {
        failed = guest64_run_machine(&g, LONG_ROUNDS, &plain, &rdx, err);
        failed = failed ? failed : run_recorded(&g, &recorder, path, &recorded, err);
        ratios[i] = plain / recorded;
    }
    guest64_close(&g);
    if (failed)
        return failed;
    got = measure_spread(ratios, MEASURE_REPEATS);
    measure_row("the same, recorded: few exits", "our own run without a recording",
                "0.95 of its speed", got, "", got.median >= RECORDING_GOAL);
    return 0;
}

int main(void)
{
    struct error err = {0};

    if (measure("bench/guest/alu_short.bin", "run loop, blocks of 6 instructions", 150000000,
                &err) ||
        measure("bench/guest/alu_long.bin", "run loop, blocks of 62 instructions", LONG_ROUNDS,
                &err) ||
        measure_recording(&err))
        return measure_fail(&err);
    return 0;
}
