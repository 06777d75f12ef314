/*
 * What the measurements share: time, spread, other programs, and the row of a result.
 *
 * - A claim is measured beside its peer in one run, the repetitions in turn, so that what disturbs
 *   the host disturbs both.
 * - Rows go to standard output, for tools/bench.sh to collect; what fails goes to standard error.
 */
#ifndef VLAB_BENCH_MEASURE_H
#define VLAB_BENCH_MEASURE_H

#include "util/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEASURE_REPEATS 7

struct spread {
    double min, median, max;
};

/* Seconds on a clock that only goes forward. */
double measure_now(void);

/* `count` values, 1 or more; they are sorted in place. */
struct spread measure_spread(double *values, unsigned count);

/* The smallest of `count` values, 1 or more, that `percent` of them do not pass; sorts them. */
double measure_quantile(double *values, unsigned count, unsigned percent);

/*
 * Run a program with its standard input empty, its standard error lost, and its standard output in
 * `out` (NUL-terminated, cut off at `cap`). *seconds is from fork to exit, *status what wait() gave.
 */
int measure_command(char *const argv[], char *out, size_t cap, double *seconds, int *status,
                    struct error *err);

/* $BUILD/name, a file of the build; false and a line on stderr when BUILD is not set. */
bool measure_path(char *path, size_t cap, const char *name);

/* "| claim | peer | goal | median (min to max) unit | yes |" */
void measure_row(const char *claim, const char *peer, const char *goal, struct spread got,
                 const char *unit, bool met);

/* The row of a claim that was not measured, "skipped: why", which is not met; also on stderr. */
void measure_skip(const char *claim, const char *peer, const char *goal, const char *why);

/* "vlab: bench: what: why" on stderr; returns 1, for main(). */
int measure_fail(const struct error *err);

#endif
