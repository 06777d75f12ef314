/*
 * Claims: a step is on the screen, to its last byte, within 5 ms at 80x24 and 10 ms at 160x48 in 95
 * of 100 cases, takes 800 and 1,500 bytes on average, and clears no screen; all of the screen anew
 * takes 1 ms in the middle and 8 ms in 99 of 100 cases; without a key nothing is written.
 *
 * The peers are gdb's TUI and cgdb on the same loop of the same guest. cgdb has no key that draws
 * all anew: its control-L writes 18 bytes.
 */
#include "support/measure.h"
#include "support/screens.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPEATS = 5, STEPS = 2 * SCREENS_LOOP, FRAMES = 100, SIZES = 2, LARGE = SIZES - 1 };

struct size {
    int cols, rows;
    double p95_ms, bytes; /* goals of a step */
};

static const struct size sizes[SIZES] = {{80, 24, 5, 800}, {160, 48, 10, 1500}};

#define FRAME_MEDIAN_MS 1.0
#define FRAME_P99_MS 8.0
#define REDRAW "\f" /* control-L */
#define IDLE_SECONDS 2

/* One repetition of a program at a size. Times are in milliseconds. */
struct result {
    double median, p95, bytes, bytes_p95, cleared, idle_bytes;
    double frame_median, frame_p99, frame_bytes; /* at the larger size, not of cgdb */
};

/* Results of all repetitions; a program that is not installed has none. */
struct results {
    bool there[SCREEN_COUNT];
    struct result of[SCREEN_COUNT][SIZES][REPEATS];
};

static double mean(const double *values, unsigned count)
{
    double sum = 0;

    for (unsigned i = 0; i < count; i++)
        sum += values[i];
    return sum / count;
}

/* `count` answers to the same key. */
static int ask_all(struct pty *pty, const char *key, int silence, unsigned count, double *ms,
                   double *bytes, double *cleared, struct error *err)
{
    *cleared = 0;
    for (unsigned i = 0; i < count; i++) {
        struct pty_answer answer;
        int failed = pty_ask(pty, key, silence, &answer, err);

        if (failed)
            return failed;
        ms[i] = answer.seconds * 1e3;
        bytes[i] = (double)answer.bytes;
        *cleared += answer.cleared;
    }
    return 0;
}

static int measure_steps(struct pty *pty, enum screen_program program, struct result *r,
                         struct error *err)
{
    double ms[STEPS], bytes[STEPS];
    int failed = ask_all(pty, screen_step_key(program), screen_silence(program), STEPS, ms, bytes,
                         &r->cleared, err);

    failed = failed ? failed : screen_check(pty, program, STEPS, err);
    if (failed)
        return failed;
    r->median = measure_quantile(ms, STEPS, 50);
    r->p95 = measure_quantile(ms, STEPS, 95);
    r->bytes = mean(bytes, STEPS);
    r->bytes_p95 = measure_quantile(bytes, STEPS, 95);
    return 0;
}

static int measure_frames(struct pty *pty, struct result *r, struct error *err)
{
    double ms[FRAMES], bytes[FRAMES], cleared;
    int failed =
        ask_all(pty, REDRAW, screen_silence(SCREEN_VLAB), FRAMES, ms, bytes, &cleared, err);

    if (failed)
        return failed;
    r->frame_median = measure_quantile(ms, FRAMES, 50);
    r->frame_p99 = measure_quantile(ms, FRAMES, 99);
    r->frame_bytes = mean(bytes, FRAMES);
    return 0;
}

static int measure_idle(struct pty *pty, struct result *r, struct error *err)
{
    size_t bytes;
    int failed = pty_listen(pty, IDLE_SECONDS, &bytes, NULL, err);

    r->idle_bytes = (double)bytes;
    return failed;
}

static int measure_program(enum screen_program program, const struct size *size, struct result *r,
                           struct error *err)
{
    struct pty *pty = NULL;
    int failed = screen_open(&pty, program, size->cols, size->rows, err);

    failed = failed ? failed : measure_steps(pty, program, r, err);
    failed = failed ? failed : measure_idle(pty, r, err);
    if (!failed && size == &sizes[LARGE] && program != SCREEN_CGDB)
        failed = measure_frames(pty, r, err);
    screen_close(pty, program);
    return failed;
}

static int measure_all(struct results *all, struct error *err)
{
    int failed = 0;

    for (int i = 0; i < SCREEN_COUNT; i++)
        all->there[i] = screen_installed(i);
    for (int repeat = 0; repeat < REPEATS; repeat++)
        for (int size = 0; size < SIZES; size++)
            for (int i = 0; !failed && i < SCREEN_COUNT; i++)
                if (all->there[i])
                    failed = measure_program(i, &sizes[size], &all->of[i][size][repeat], err);
    return failed;
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define FIELD(name) offsetof(struct result, name)

static struct spread spread_of(const struct results *all, int program, int size, size_t field)
{
    double values[REPEATS];

    for (int i = 0; i < REPEATS; i++)
        memcpy(&values[i], (const char *)&all->of[program][size][i] + field, sizeof(values[i]));
    return measure_spread(values, REPEATS);
}

static void peers_text(const struct results *all, int size, size_t field, char *text, size_t cap)
{
    int end = field >= FIELD(frame_median) ? SCREEN_CGDB : SCREEN_COUNT;
    size_t used = 0;

    for (int i = SCREEN_GDB; i < end; i++) {
        struct spread got = spread_of(all, i, size, field);
        const char *before = used ? "; " : "";

        if (all->there[i])
            used += (size_t)snprintf(text + used, cap - used, "%s%s: %.2f (%.2f to %.2f)", before,
                                     screen_name(i), got.median, got.min, got.max);
        else
            used += (size_t)snprintf(text + used, cap - used, "%s%s: not installed", before,
                                     screen_name(i));
    }
}

/* A goal below 0 is none. */
static void row(const struct results *all, int size, size_t field, const char *claim, double goal,
                const char *unit)
{
    struct spread got = spread_of(all, SCREEN_VLAB, size, field);
    char peers[256], goal_text[64] = "none: for comparison", text[128];

    peers_text(all, size, field, peers, sizeof(peers));
    if (goal >= 0)
        snprintf(goal_text, sizeof(goal_text), "%.0f %s", goal, unit);
    snprintf(text, sizeof(text), "%s, %dx%d", claim, sizes[size].cols, sizes[size].rows);
    measure_row(text, peers, goal_text, got, unit, goal < 0 || got.median <= goal);
}

static void rows(const struct results *all)
{
    for (int i = 0; i < SIZES; i++) {
        row(all, i, FIELD(p95), "a step, key to last byte: p95", sizes[i].p95_ms, "ms");
        row(all, i, FIELD(median), "the same: median", -1, "ms");
        row(all, i, FIELD(bytes), "a step, bytes: mean", sizes[i].bytes, "bytes");
        row(all, i, FIELD(bytes_p95), "the same: p95", -1, "bytes");
        row(all, i, FIELD(cleared), "steps of 48 that clear the screen", 0, "steps");
        row(all, i, FIELD(idle_bytes), "idle for 2 s", 0, "bytes");
    }
    row(all, LARGE, FIELD(frame_median), "all anew (^L), key to last byte: median", FRAME_MEDIAN_MS,
        "ms");
    row(all, LARGE, FIELD(frame_p99), "the same: p99", FRAME_P99_MS, "ms");
    row(all, LARGE, FIELD(frame_bytes), "the same, bytes: mean", -1, "bytes");
}

int main(void)
{
    struct results *all = calloc(1, sizeof(*all));
    struct error err = {0};
    int failed = all ? screens_prepare(&err) : error_set(&err, -ENOMEM, "out of memory");

    failed = failed ? failed : measure_all(all, &err);
    if (!failed)
        rows(all);
    free(all);
    return failed ? measure_fail(&err) : 0;
}
