/*
 * Claims: four million CPUID exits a second, and three million of OUT, pass through dispatch and into
 * a trace file.
 *
 * The peer is the cheapest exit that a bare engine can make: a hook on CPUID that stops it, and a
 * new start behind the instruction, with nothing looked at, dispatched or recorded.
 */
#include "support/guest64.h"
#include "support/measure.h"
#include "trace/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EXITS 1000000ull
#define CPUID_GOAL 4.0 /* million a second */
#define OUT_GOAL 3.0

struct recorder {
    struct trace_writer *writer;
    uint64_t seen;
};

static void record(void *ctx, const struct machine *m, const struct vm_exit *exit)
{
    struct recorder *recorder = ctx;

    (void)m;
    recorder->seen++;
    trace_writer_add(recorder->writer, exit);
}

/* With the trace file opened before and finished within the time that is measured. */
static int run_ours(struct guest64 *g, struct recorder *recorder, const char *path, double *seconds,
                    struct error *err)
{
    struct trace_info info = {.image = "cpuid", .ram_size = g->machine->ram.size, .backend = "emu"};
    struct trace_end end = {.stop = STOP_DEBUG_EXIT, .status = 1};
    uint64_t rdx;
    double start;
    int failed = trace_writer_open(&recorder->writer, path, &info, err);

    if (failed)
        return failed;
    recorder->seen = 0;
    failed = guest64_run_machine(g, EXITS, seconds, &rdx, err);
    start = measure_now();
    end.exits = recorder->seen;
    end.insns = g->machine->insns;
    if (failed)
        trace_writer_abort(recorder->writer);
    else
        failed = trace_writer_finish(recorder->writer, &end, err);
    *seconds += measure_now() - start;
    unlink(path);
    if (!failed && recorder->seen < EXITS)
        return error_set(err, -EIO, "only %llu exits were seen",
                         (unsigned long long)recorder->seen);
    return failed;
}

static int on_cpuid(uc_engine *uc, void *ctx)
{
    (void)ctx;
    uc_emu_stop(uc);
    return 1; /* done: do not execute it */
}

/* With no exits set, a start costs the engine nothing; so the count ends the loop, not an address. */
static int run_bare(struct guest64 *g, double *seconds, struct error *err)
{
    int failed = guest64_reset_bare(g, EXITS, err);
    uint64_t rip = GUEST64_CODE, left = 0;
    uc_err stopped = UC_ERR_OK;
    double start = measure_now();

    if (failed)
        return failed;
    for (uint64_t i = 0; !stopped && i < EXITS; i++) {
        stopped = uc_emu_start(g->bare, rip, g->end, 0, 0);
        if (!stopped)
            stopped = uc_reg_read(g->bare, UC_X86_REG_RIP, &rip);
    }
    *seconds = measure_now() - start;
    if (!stopped)
        stopped = uc_reg_read(g->bare, UC_X86_REG_RDI, &left);
    if (stopped)
        return error_set(err, -EIO, "bare Unicorn: %s", uc_strerror(stopped));
    if (left)
        return error_set(err, -EIO, "bare Unicorn: %llu rounds left", (unsigned long long)left);
    return 0;
}

static int measure(struct guest64 *g, struct recorder *recorder, const char *path,
                   struct error *err)
{
    double ours[MEASURE_REPEATS], ratios[MEASURE_REPEATS];
    struct spread got;

    for (int i = 0; i < MEASURE_REPEATS; i++) {
        double seconds, bare;
        int failed = run_ours(g, recorder, path, &seconds, err);

        if (!failed)
            failed = run_bare(g, &bare, err);
        if (failed)
            return failed;
        ours[i] = (double)EXITS / seconds * 1e-6;
        ratios[i] = bare / seconds;
    }
    got = measure_spread(ours, MEASURE_REPEATS);
    measure_row("CPUID exits, dispatched and recorded in a trace file", "none: a goal of its own",
                "4.00 million/s", got, "million/s", got.median >= CPUID_GOAL);
    got = measure_spread(ratios, MEASURE_REPEATS);
    measure_row("the same", "bare Unicorn, stopped at each CPUID and started behind it",
                "none: for comparison", got, "of its speed", true);
    return 0;
}

static int measure_out(struct recorder *recorder, const struct exit_observer *observer,
                       const char *path, struct error *err)
{
    double rates[MEASURE_REPEATS], seconds = 1;
    struct guest64 g;
    struct spread got;
    int failed = guest64_open(&g, "bench/guest/out.bin", observer, err);

    if (failed)
        return failed;
    for (int i = 0; !failed && i < MEASURE_REPEATS; i++) {
        failed = run_ours(&g, recorder, path, &seconds, err);
        rates[i] = (double)EXITS / seconds * 1e-6;
    }
    guest64_close(&g);
    if (failed)
        return failed;
    got = measure_spread(rates, MEASURE_REPEATS);
    measure_row("OUT exits, dispatched and recorded in a trace file", "none: a goal of its own",
                "3.00 million/s", got, "million/s", got.median >= OUT_GOAL);
    return 0;
}

int main(void)
{
    struct recorder recorder = {0};
    struct exit_observer observer = {.seen = record, .ctx = &recorder};
    struct error err = {0};
    struct guest64 g;
    char path[4096];
    uc_hook hook;
    int failed;

    if (!measure_path(path, sizeof(path), "bench/exits.trace"))
        return 1;
    if (guest64_open(&g, "bench/guest/cpuid.bin", &observer, &err))
        return measure_fail(&err);
    failed = uc_ctl_exits_enable(g.bare);
    if (!failed)
        failed = uc_hook_add(g.bare, &hook, UC_HOOK_INSN, (void *)on_cpuid, NULL, 1, 0,
                             UC_X86_INS_CPUID);
    if (failed)
        error_set(&err, -EIO, "bare Unicorn: cannot hook CPUID");
    else
        failed = measure(&g, &recorder, path, &err);
    guest64_close(&g);
    failed = failed ? failed : measure_out(&recorder, &observer, path, &err);
    return failed ? measure_fail(&err) : 0;
}
