/*
 * Claim: drawing the step view of 160x48 into a grid takes 0.3 ms in 99 of 100 cases. This is our
 * share of a frame: no terminal, no engine.
 */
#include "support/measure.h"
#include "tests/support/screen_models.h"
#include "tui/view.h"

#include <errno.h>

enum { DRAWS = 5000, ROWS = 48, COLS = 160 };

#define GOAL_MS 0.3

/* Quantiles of one repetition, in milliseconds. */
static void draw_all(struct grid *grid, const struct model *model, double *median, double *p99)
{
    double ms[DRAWS];
    struct ui ui;

    ui_init(&ui, VIEW_STEP, VIEW_STEP, ROWS, COLS);
    for (int i = 0; i < DRAWS; i++) {
        double start = measure_now();

        screen_draw(model, &ui, grid);
        ms[i] = (measure_now() - start) * 1e3;
    }
    *median = measure_quantile(ms, DRAWS, 50);
    *p99 = measure_quantile(ms, DRAWS, 99);
}

int main(void)
{
    const struct model *model = screen_model_long();
    double medians[MEASURE_REPEATS], p99s[MEASURE_REPEATS];
    struct grid *grid = grid_create(ROWS, COLS);
    struct error err = {0};
    struct spread got;

    if (!grid) {
        error_set(&err, -ENOMEM, "out of memory");
        return measure_fail(&err);
    }
    for (int i = 0; i < MEASURE_REPEATS; i++)
        draw_all(grid, model, &medians[i], &p99s[i]);
    grid_destroy(grid);
    got = measure_spread(p99s, MEASURE_REPEATS);
    measure_row("drawing the step view, 160x48, without a terminal: p99", "none: a goal of its own",
                "0.30 ms", got, "ms", got.median <= GOAL_MS);
    got = measure_spread(medians, MEASURE_REPEATS);
    measure_row("the same: median", "none: a goal of its own", "none: for comparison", got, "ms",
                true);
    return 0;
}
