/*
 * Panes: boxes with a number and a title that share their borders.
 *
 *   +- 1 Code ---------+- 2 Registers -+
 *   |                  |               |
 *   +- 3 Exits --------+---------------+
 *
 * Two panes that lie side by side overlap by the column of their common border, one above another
 * by the row; where lines meet, they join.
 */
#ifndef VLAB_TUI_WIDGET_PANE_H
#define VLAB_TUI_WIDGET_PANE_H

#include "tui/grid.h"

#define PANES_MAX 9

struct pane {
    unsigned number;          /* 1..PANES_MAX, also its key */
    int row, col, rows, cols; /* in the grid, borders included */
    const char *name;
    char detail[96]; /* behind the name */
    bool alert;      /* the detail is a warning: it is not to be overlooked */
};

/* Draw all boxes and titles; the one with the number `focus` is drawn as focused. */
void panes_draw(struct grid *grid, const struct pane *panes, unsigned count, unsigned focus);

/* A box of its own, over whatever is there; without a number when that is 0. */
void pane_draw_over(struct grid *grid, const struct pane *pane);

/* What lies inside the borders. */
struct area pane_inside(struct grid *grid, const struct pane *pane);

#endif
