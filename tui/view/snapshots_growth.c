/*
 * What the store takes: bars for all snapshots up to each, from the first that was taken on.
 *
 *   unique       9.0 MiB █
 *   as copies   80.0 MiB ░           ░░
 *   stored       4.2 MiB          ░░ ░░
 *   this added   1.0 MiB █     ░░ ░░ ░░
 *                           ▄▄ ▄▄ ██ ██
 *
 * unique: different pages, before they are compressed. Both are to the same scale.
 */
#include "tui/view/snapshots.h"

#include <stdio.h>

enum { FIGURES = 4, FIGURE_COLS = 24, BAR_COLS_MAX = 4, CHART_ROWS_MAX = 12, CHART_COLS_MIN = 8 };
enum { EIGHTH = 0x2580, FULL = 0x2588, SHADE = 0x2591 };

static const char *size_text(uint64_t bytes, char buf[24])
{
    if (bytes < 1024 * 1024)
        snprintf(buf, 24, "%.1f KiB", (double)bytes / 1024);
    else
        snprintf(buf, 24, "%.1f MiB", (double)bytes / (1024 * 1024));
    return buf;
}

static void figure_draw(const struct area *area, int row, const char *what, uint64_t bytes,
                        enum role role, uint32_t sample)
{
    char text[24];

    area_printf(area, row, 1, ROLE_LABEL, "%s", what);
    area_printf(area, row, 11, ROLE_NUMBER, "%10s", size_text(bytes, text));
    area_char(area, row, 22, role, sample);
}

static void figures_draw(const struct snapshots_look *look, const struct snapshot_row *row,
                         const struct area *area)
{
    figure_draw(area, 0, "unique", look->unique, ROLE_BAR, FULL);
    figure_draw(area, 1, "as copies", look->naive, ROLE_DIM, SHADE);
    figure_draw(area, 2, "stored", look->stored, ROLE_DIM, ' ');
    if (row)
        figure_draw(area, 3, "this added", row->added, ROLE_SELECTED, FULL);
}

/* How high a bar is, in eighths of a row; what there is at all is seen. */
static int height(uint64_t bytes, uint64_t most, int rows)
{
    int eighths = most ? (int)((double)bytes / (double)most * 8 * rows + 0.5) : 0;

    return bytes && !eighths ? 1 : eighths;
}

/* One column: the different pages, and behind them the copies. */
static void column_draw(const struct area *chart, int col, int unique, int naive, enum role role)
{
    for (int up = 0; up < chart->rows; up++) {
        int row = chart->rows - 1 - up, block = unique - 8 * up;

        if (block > 0)
            area_char(chart, row, col, role, (uint32_t)(EIGHTH + (block < 8 ? block : 8)));
        else if (naive - 8 * up >= 4)
            area_char(chart, row, col, ROLE_DIM, SHADE);
    }
}

/* As wide as all bars have room; where they have not, a column is the last of several points. */
static void chart_draw(const struct snapshots_look *look, const struct snapshot_row *selected,
                       const struct area *chart)
{
    unsigned points = look->growth_count, cols = (unsigned)chart->cols, width = 1;

    while (width < BAR_COLS_MAX && points * (width + 1) <= cols)
        width++;
    if (points * width < cols)
        cols = points * width;
    for (unsigned col = 0; col < cols; col++) {
        unsigned at = (col + 1) * points / cols;
        const struct snapshot_point *point;

        at = width > 1 ? col / width : at > 0 ? at - 1 : 0;
        point = &look->growth[at];
        if (width > 2 && col % width == width - 1)
            continue;
        column_draw(chart, (int)col, height(point->unique, look->naive, chart->rows),
                    height(point->naive, look->naive, chart->rows),
                    selected && selected->point == at ? ROLE_SELECTED : ROLE_BAR);
    }
}

/* Beside the figures where there is room, else below them. */
int snap_growth(const struct model *model, const struct ui *ui, const struct area *area)
{
    const struct snapshots_look *look = &model->snapshots;
    const struct snapshot_row *row = snap_selected(model, ui);
    bool beside = area->cols >= FIGURE_COLS + CHART_COLS_MIN + 1;
    int rows = area->rows < CHART_ROWS_MAX ? area->rows : CHART_ROWS_MAX;
    struct area chart;

    if (!look->on || look->growth_count == 0)
        return 1;
    figures_draw(look, row, area);
    chart = beside ? area_part(area, 0, FIGURE_COLS + 1, rows, area->cols - FIGURE_COLS - 2)
                   : area_part(area, FIGURES, 1, rows - FIGURES, area->cols - 2);
    if (chart.rows > 0 && chart.cols > 0)
        chart_draw(look, row, &chart);
    return beside ? FIGURES : FIGURES + 1;
}
