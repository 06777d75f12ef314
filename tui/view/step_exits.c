/*
 * The exits table and the profile by reason. The table shows a window of the newest exits; the
 * counters count them all, and the last line of the table says how much of it is seen.
 */
#include "tui/reasons.h"
#include "tui/text.h"
#include "tui/view/step.h"
#include "tui/widget/exit_table.h"

enum { REASON_COLS = 14 };

static void summary_draw(const struct model *model, const struct area *area, int drawn)
{
    uint8_t order[EXIT_REASON_COUNT];
    unsigned used = reasons_sort(model->counts, order);
    char total[NUMBER_MAX], share[SHARE_MAX];
    int row = area->rows - 1;
    int col = area_printf(area, row, 1, ROLE_DIM, "drawn %d, kept %llu, counted all %s:", drawn,
                          (unsigned long long)(model->ring.end - model->ring.begin),
                          text_grouped(model->exits, total)) +
              1;

    for (unsigned i = 0; i < used; i++) {
        const char *name = exit_reason_name(order[i]);

        if (col + utf8_columns(name) + 5 > area->cols)
            return;
        col = area_printf(area, row, col, ROLE_DIM, "%s %s", name,
                          share_text(model->counts[order[i]], model->exits, share)) +
              2;
    }
}

int step_exits(const struct model *model, const struct ui *ui, const struct area *area)
{
    const struct vm_exit *selected = ui_exit(ui, model);
    int drawn;

    if (!selected) {
        area_text(area, 0, 1, ROLE_DIM,
                  ui->filter.on ? "No such exit is kept: f and Enter list all of them."
                                : "No exit yet: ] runs to the first one, s steps.");
        return 1;
    }
    drawn = exit_table_draw(&model->ring, &ui->filter, selected, area);
    summary_draw(model, area, drawn);
    return drawn + 2;
}

int step_profile(const struct model *model, const struct area *area, int scroll)
{
    uint8_t order[EXIT_REASON_COUNT];
    unsigned used = reasons_sort(model->counts, order);
    char number[NUMBER_MAX], share[SHARE_MAX];

    for (unsigned i = 0; i < used; i++) {
        uint64_t count = model->counts[order[i]];
        int row = (int)i - scroll;

        area_text(area, row, 1, ROLE_REASON, exit_reason_name(order[i]));
        share_bar(area, row, REASON_COLS + 1, area->cols - REASON_COLS - 16, count, model->exits);
        area_printf(area, row, area->cols - 15, ROLE_NUMBER, "%4s %9s",
                    share_text(count, model->exits, share), text_short(count, number));
    }
    return (int)used;
}
