/* Panes with common borders, see pane.h. */
#include "tui/widget/pane.h"

enum { NORTH = 1, EAST = 2, SOUTH = 4, WEST = 8 };

/* The box-drawing character that has lines to these sides. */
static const uint16_t joints[16] = {
    [0] = ' ',
    [NORTH] = 0x2502,
    [SOUTH] = 0x2502,
    [NORTH | SOUTH] = 0x2502,
    [EAST] = 0x2500,
    [WEST] = 0x2500,
    [EAST | WEST] = 0x2500,
    [EAST | SOUTH] = 0x250c,
    [SOUTH | WEST] = 0x2510,
    [NORTH | EAST] = 0x2514,
    [NORTH | WEST] = 0x2518,
    [NORTH | EAST | SOUTH] = 0x251c,
    [NORTH | SOUTH | WEST] = 0x2524,
    [EAST | SOUTH | WEST] = 0x252c,
    [NORTH | EAST | WEST] = 0x2534,
    [NORTH | EAST | SOUTH | WEST] = 0x253c,
};

static unsigned joint_sides(uint32_t ch)
{
    for (unsigned sides = 15; sides > 0; sides--)
        if (joints[sides] == ch)
            return sides;
    return 0;
}

/* Add lines to a cell, joining those that are there. */
static void join(const struct area *area, int row, int col, enum role role, unsigned sides)
{
    const struct cell *cell = grid_at(area->grid, row, col);

    if (cell)
        area_char(area, row, col, role, joints[joint_sides(cell->ch) | sides]);
}

static void box_draw(const struct area *all, const struct pane *p, enum role role)
{
    int bottom = p->row + p->rows - 1, right = p->col + p->cols - 1;

    for (int col = p->col + 1; col < right; col++) {
        join(all, p->row, col, role, EAST | WEST);
        join(all, bottom, col, role, EAST | WEST);
    }
    for (int row = p->row + 1; row < bottom; row++) {
        join(all, row, p->col, role, NORTH | SOUTH);
        join(all, row, right, role, NORTH | SOUTH);
    }
    join(all, p->row, p->col, role, EAST | SOUTH);
    join(all, p->row, right, role, SOUTH | WEST);
    join(all, bottom, p->col, role, NORTH | EAST);
    join(all, bottom, right, role, NORTH | WEST);
}

static void title_draw(const struct area *all, const struct pane *p, bool focused)
{
    struct area line = area_part(all, p->row, p->col + 2, 1, p->cols - 3);
    int col = 0;

    if (p->number)
        col = area_printf(&line, 0, col, ROLE_KEY, " %u", p->number);

    col = area_printf(&line, 0, col, focused ? ROLE_TITLE_FOCUS : ROLE_TITLE, " %s ", p->name);
    if (p->detail[0])
        area_printf(&line, 0, col, p->alert ? ROLE_RUNNING : ROLE_DIM, " %s ", p->detail);
}

void panes_draw(struct grid *grid, const struct pane *panes, unsigned count, unsigned focus)
{
    struct area all = area_all(grid);

    for (unsigned i = 0; i < count; i++)
        box_draw(&all, &panes[i], ROLE_BORDER);
    for (unsigned i = 0; i < count; i++)
        if (panes[i].number == focus && count > 1)
            box_draw(&all, &panes[i], ROLE_BORDER_FOCUS);
    for (unsigned i = 0; i < count; i++)
        title_draw(&all, &panes[i], panes[i].number == focus);
}

void pane_draw_over(struct grid *grid, const struct pane *pane)
{
    struct area all = area_all(grid);
    struct area box = area_part(&all, pane->row, pane->col, pane->rows, pane->cols);

    for (int row = 0; row < box.rows; row++)
        area_fill_row(&box, row, ROLE_NORMAL);
    box_draw(&all, pane, ROLE_BORDER_FOCUS);
    title_draw(&all, pane, true);
}

struct area pane_inside(struct grid *grid, const struct pane *pane)
{
    struct area all = area_all(grid);

    return area_part(&all, pane->row + 1, pane->col + 1, pane->rows - 2, pane->cols - 2);
}
