/*
 * Views: what the screen can show between its header and its footer.
 *
 * - A view is one file in tui/view/ that ends in a `const struct view_ops`, listed in view.c.
 * - Everything here is pure: no terminal, no clock, no allocation; the same model and ui give the
 *   same grid.
 */
#ifndef VLAB_TUI_VIEW_H
#define VLAB_TUI_VIEW_H

#include "tui/grid.h"
#include "tui/model.h"
#include "tui/ui.h"

enum move { MOVE_UP, MOVE_DOWN, MOVE_PAGE_UP, MOVE_PAGE_DOWN, MOVE_TOP, MOVE_BOTTOM };

struct view_ops {
    const char *name;                 /* for `vlab render` and in help: "step" */
    const char *title;                /* in the header: "STEP" */
    const char *panes[PANES_MAX + 1]; /* names by number; NULL: no such pane */
    unsigned first_focus;
    unsigned from_end; /* bit n: pane n scrolls from its end, like a log */
    unsigned endless;  /* bit n: pane n does not say how much of it is not seen */
    /* Place the panes that there is room for below row `row`, in `rows` rows; returns how many. */
    unsigned (*layout)(const struct ui *ui, int row, int rows, struct pane *panes);
    /* What stands behind a pane's name; leaves it empty when there is nothing. May be NULL. */
    void (*detail)(const struct model *model, const struct ui *ui, struct pane *pane);
    /*
     * Draw a pane's content, from line ui->scroll[view][number] on where it scrolls. Returns the
     * lines of the whole content.
     */
    int (*draw)(const struct model *model, const struct ui *ui, unsigned number,
                const struct area *area);
    /* Move the selection of a pane; false when the pane has none and scrolls. May be NULL. */
    bool (*move)(const struct model *model, struct ui *ui, unsigned number, enum move move,
                 int page);
    /* Move it to the side, by -1 or 1; false: the keys go to another pane. May be NULL. */
    bool (*side)(const struct model *model, struct ui *ui, unsigned number, int direction);
    /*
     * Move the selection of a pane to the next exit, line, ... that has ui->find (direction 1), or
     * the one before (-1): 1, or 0 when there is none; -1 when the pane has no selection. May be
     * NULL.
     */
    int (*find)(const struct model *model, struct ui *ui, unsigned number, int direction);
    /* A click on a row of a pane's content selects what stands there. May be NULL. */
    void (*click)(const struct model *model, struct ui *ui, const struct pane *pane, int row);
};

const struct view_ops *view_ops(enum view_id view);
/* VIEW_COUNT when there is none of that name. */
enum view_id view_find(const char *name);

/* The panes that are on the screen now; one when zoomed, or when the focused one has no place. */
unsigned view_panes(const struct ui *ui, struct pane panes[PANES_MAX]);

/* The pane that has the keys. */
void view_focused_pane(const struct ui *ui, struct pane *pane);

/* The pane that lies at a cell of the screen; false when there is none. */
bool view_pane_at(const struct ui *ui, int row, int col, struct pane *pane);

/* Move in the focused pane. */
void view_move(const struct model *model, struct ui *ui, enum move move);
/* To the side in it, by -1 or 1, or to another pane. */
void view_side(const struct model *model, struct ui *ui, int direction);
/* Give the keys to another pane of the view: by number, or the next (+1) or previous (-1) one. */
bool view_focus(struct ui *ui, unsigned number);
void view_focus_next(struct ui *ui, int direction);

/* What is between header and message line, as rows of the screen: the panes lie there. */
int view_body_rows(const struct ui *ui);

/* A new position in 0..count-1 after a move. */
uint64_t move_apply(enum move move, uint64_t at, uint64_t count, int page);

/* The whole screen: header, view, tour, message line or prompt, footer. */
void screen_draw(const struct model *model, const struct ui *ui, struct grid *grid);

/* The action whose key stands at a column of the footer; ACTION_COUNT when none does. */
unsigned screen_footer_action(const struct ui *ui, int col);

#endif
