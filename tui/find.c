/*
 * Finding text, see find.h. A pane without a `find` of its own is drawn line by line into a grid of
 * one row, and what stands there is compared: what is found is what is seen.
 */
#include "tui/find.h"
#include "tui/text.h"
#include "tui/view.h"

enum { COLS_MAX = 400 };

struct line_grid {
    struct grid grid;
    struct cell cells[COLS_MAX];
};

static void line_text(const struct grid *grid, char *buf)
{
    for (int col = 0; col < grid->cols; col++) {
        uint32_t ch = grid->cells[col].ch;

        buf[col] = ch < 0x7f ? (char)ch : '?';
    }
    buf[grid->cols] = '\0';
}

/* One line of a pane as text; returns the lines of the whole pane. */
static int pane_line(const struct model *model, const struct ui *ui, unsigned number, int line,
                     int cols, char text[COLS_MAX + 1])
{
    const struct view_ops *ops = view_ops(ui_view(ui));
    struct line_grid one = {.grid = {.rows = 1, .cols = cols}};
    struct area area;
    struct ui at = *ui;
    int lines;

    one.grid.cells = one.cells;
    grid_clear(&one.grid);
    area = area_all(&one.grid);
    at.scroll[ui_view(ui)][number] = line;
    lines = ops->draw(model, &at, number, &area);
    line_text(&one.grid, text);
    return lines;
}

/* In a pane that scrolls from its end the line found stands at the bottom, else at the top. */
static bool find_line(const struct model *model, struct ui *ui, const struct pane *pane,
                      int direction)
{
    int *scroll = &ui->scroll[ui_view(ui)][pane->number];
    int cols = pane->cols - 2 < COLS_MAX ? pane->cols - 2 : COLS_MAX;
    char text[COLS_MAX + 1];
    int lines = pane_line(model, ui, pane->number, 0, cols, text);

    if (view_ops(ui_view(ui))->from_end >> pane->number & 1)
        direction = -direction;
    for (int i = 1; i <= lines; i++) {
        int line = ((*scroll + direction * i) % lines + lines) % lines;

        pane_line(model, ui, pane->number, line, cols, text);
        if (text_has(text, ui->find)) {
            *scroll = line;
            return true;
        }
    }
    return false;
}

void find_move(const struct model *model, struct ui *ui, int direction)
{
    const struct view_ops *ops = view_ops(ui_view(ui));
    struct pane pane;
    int found = -1;

    view_focused_pane(ui, &pane);
    if (ops->find)
        found = ops->find(model, ui, pane.number, direction);
    if (found < 0)
        found = find_line(model, ui, &pane, direction);
    if (!found)
        ui_message(ui, true, "'%.60s' is not in this pane", ui->find);
}
