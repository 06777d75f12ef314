/*
 * Panes as lines of text, see plain_say.h: a view draws into a grid without borders, of which the
 * lines that are not empty are printed. So whatever a view shows can be read.
 */
#include "tui/plain_say.h"
#include "tui/view.h"

enum { COLS = 100, ROWS_MEASURE = 60, ROWS_ENDLESS = 24, ROWS_MAX = GRID_SIDE_MAX };

/* Bars say what the numbers beside them say, and would be read dash by dash. */
static char char_at(const struct grid *grid, int row, int col)
{
    const struct cell *cell = grid_at(grid, row, col);

    if (cell->role == ROLE_BAR || cell->role == ROLE_BORDER)
        return ' ';
    return (char)char_fold_ascii(cell->ch);
}

/* False when the row is empty. */
static bool say_row(FILE *out, const struct grid *grid, int row)
{
    int end = grid->cols;

    while (end > 0 && char_at(grid, row, end - 1) == ' ')
        end--;
    for (int col = 0; col < end; col++)
        fputc(char_at(grid, row, col), out);
    if (end > 0)
        fputc('\n', out);
    return end > 0;
}

/* Rows that hold all of a pane, as far as it says how much that is. */
static int rows_of(const struct model *model, const struct ui *ui, const struct view_ops *ops,
                   unsigned number)
{
    struct grid none = {.rows = 0};
    struct area nowhere = {.grid = &none, .rows = ROWS_MEASURE, .cols = COLS};
    int lines;

    if (ops->endless >> number & 1)
        return ROWS_ENDLESS;
    lines = ops->draw(model, ui, number, &nowhere);
    return lines < ROWS_MEASURE ? ROWS_MEASURE : lines < ROWS_MAX ? lines : ROWS_MAX;
}

/* As if it were on the screen alone, from its first line on. NULL when out of memory. */
static struct grid *pane_grid(const struct model *model, const struct ui *ui, unsigned number)
{
    const struct view_ops *ops = view_ops(ui_view(ui));
    struct grid *grid = grid_create(rows_of(model, ui, ops, number), COLS);
    struct area area;

    if (!grid)
        return NULL;
    area = area_all(grid);
    ops->draw(model, ui, number, &area);
    return grid;
}

/* The ui as it is when a view is shown, unscrolled. */
static void prepare(struct ui *copy, const struct ui *ui, enum view_id view)
{
    *copy = *ui;
    if (ui_view(copy) != view)
        ui_show(copy, view);
    for (unsigned pane = 0; pane <= PANES_MAX; pane++)
        copy->scroll[view][pane] = 0;
}

static void say_heading(FILE *out, const struct model *model, const struct ui *ui, unsigned number)
{
    const struct view_ops *ops = view_ops(ui_view(ui));
    struct pane pane = {.number = number, .name = ops->panes[number]};

    if (ops->detail)
        ops->detail(model, ui, &pane);
    fprintf(out, "Pane %u, %s%s", number, pane.name, pane.detail[0] ? ", " : "");
    for (const char *p = pane.detail; *p;)
        fputc((int)char_fold_ascii(utf8_next(&p)), out);
    fputc('\n', out);
}

void plain_say_pane(FILE *out, const struct model *model, const struct ui *ui, enum view_id view,
                    unsigned number)
{
    struct grid *grid;
    struct ui copy;
    int lines = 0;

    prepare(&copy, ui, view);
    grid = pane_grid(model, &copy, number);
    for (int row = 0; grid && row < grid->rows; row++)
        lines += say_row(out, grid, row);
    if (lines == 0)
        fputs("(empty)\n", out);
    grid_destroy(grid);
}

void plain_say_view(FILE *out, const struct model *model, const struct ui *ui, enum view_id view)
{
    struct ui copy;

    prepare(&copy, ui, view);
    fprintf(out, "View %s.\n", view_ops(view)->name);
    for (unsigned number = 1; number <= PANES_MAX; number++)
        if (view_ops(view)->panes[number]) {
            say_heading(out, model, &copy, number);
            plain_say_pane(out, model, &copy, view, number);
        }
}

void plain_say_selection(FILE *out, const struct model *model, const struct ui *ui)
{
    struct grid *grid;
    struct ui copy;

    prepare(&copy, ui, ui_view(ui));
    grid = pane_grid(model, &copy, ui->focus[ui_view(ui)]);
    for (int row = 0; grid && row < grid->rows; row++)
        if (grid_at(grid, row, 0)->attr & CELL_SELECTED)
            say_row(out, grid, row);
    grid_destroy(grid);
}
