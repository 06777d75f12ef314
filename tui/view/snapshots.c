/*
 * The tree of snapshots of the open lab.
 *
 *   1 Tree        a line a snapshot, the selected one; '@' where the machine is
 *   2 Difference  from the selected one to now, or from a marked one to it
 *   3 Pages       which pages of RAM differ
 *   4 Restore     what going there drops and keeps
 *   5 Growth      what the store takes, snapshot by snapshot, against as many copies
 */
#include "tui/view/snapshots.h"
#include "tui/text.h"

#include <stdio.h>
#include <string.h>

enum { TREE = 1, DIFF = SNAP_DIFF_PANE, PAGES, RESTORE, GROWTH };
enum { GROWTH_COLS = 36, WIDE = 100 };

/* Rows of the three bands of panes, with both borders. */
struct bands {
    int top, pages, bottom;
};

static struct bands bands_divide(int rows)
{
    struct bands b = {.pages = rows >= 40 ? 12 : rows >= 27 ? 7 : 5, .bottom = rows >= 40 ? 10 : 7};

    b.top = rows - b.pages - b.bottom + 2;
    return b;
}

static unsigned snap_layout(const struct ui *ui, int row, int rows, struct pane *panes)
{
    int tree = ui->cols >= WIDE ? ui->cols * 55 / 100 : ui->cols * 56 / 100;
    int growth = ui->cols >= WIDE ? ui->cols * 40 / 100 : GROWTH_COLS;
    struct bands b = bands_divide(rows);
    int pages = row + b.top - 1, bottom = pages + b.pages - 1;

    panes[0] = (struct pane){.number = TREE, .row = row, .rows = b.top, .cols = tree};
    panes[1] = (struct pane){
        .number = DIFF, .row = row, .rows = b.top, .col = tree - 1, .cols = ui->cols - tree + 1};
    panes[2] = (struct pane){.number = PAGES, .row = pages, .rows = b.pages, .cols = ui->cols};
    panes[3] = (struct pane){
        .number = RESTORE, .row = bottom, .rows = b.bottom, .cols = ui->cols - growth + 1};
    panes[4] = (struct pane){.number = GROWTH,
                             .row = bottom,
                             .rows = b.bottom,
                             .col = ui->cols - growth,
                             .cols = growth};
    return 5;
}

/* "irq-off -> now", or from the mark: "irq-on -> irq-off". */
static void detail_diff(const struct model *model, const struct ui *ui, struct pane *pane)
{
    const struct snapshot_row *row = snap_selected(model, ui), *from = snap_from(model, ui);

    snprintf(pane->detail, sizeof(pane->detail), "%.30s -> %.30s", from ? from->name : row->name,
             from ? row->name : "now");
}

static void snap_detail(const struct model *model, const struct ui *ui, struct pane *pane)
{
    const struct snapshots_look *look = &model->snapshots;
    const struct snapshot_row *row = snap_selected(model, ui);

    if (!look->on)
        return;
    if (pane->number == TREE)
        snprintf(pane->detail, sizeof(pane->detail), "%llu snapshot%s",
                 (unsigned long long)look->all, look->all == 1 ? "" : "s");
    else if (pane->number == DIFF && row)
        detail_diff(model, ui, pane);
    else if (pane->number == PAGES)
        snap_pages_detail(model, ui, pane);
}

/* ---- the other panes --------------------------------------------------------------------------- */

static void diff_sum(const struct snapshots_look *look, const struct area *area, int row)
{
    char all[NUMBER_MAX], pages[NUMBER_MAX], bytes[NUMBER_MAX];

    if (look->diff_all == 0)
        area_text(area, row, 1, ROLE_DIM, "Nothing differs.");
    else if (look->diff_pages == 0)
        area_printf(area, row, 1, ROLE_LABEL, "%s in all, none in memory",
                    text_grouped(look->diff_all, all));
    else
        area_printf(area, row, 1, ROLE_LABEL, "%s in all; memory: %s page%s, %s byte%s",
                    text_grouped(look->diff_all, all), text_grouped(look->diff_pages, pages),
                    look->diff_pages == 1 ? "" : "s", text_grouped(look->diff_bytes, bytes),
                    look->diff_bytes == 1 ? "" : "s");
}

static int diff_draw(const struct model *model, const struct ui *ui, const struct area *area)
{
    const struct snapshots_look *look = &model->snapshots;
    int scroll = ui->scroll[VIEW_SNAPSHOTS][DIFF];

    if (!snap_is_compared(model, ui)) {
        if (look->on && look->why_not_compared[0])
            return area_wrap(area, 0, scroll, ROLE_ERROR, look->why_not_compared);
        return 1;
    }
    diff_sum(look, area, -scroll);
    for (int i = scroll > 0 ? scroll - 1 : 0;
         i < (int)look->diff_count && i + 1 - scroll < area->rows; i++)
        area_text(area, i + 1 - scroll, 1, ROLE_NORMAL, look->diffs[i]);
    if (look->diff_all > look->diff_count)
        area_text(area, (int)look->diff_count + 1 - scroll, 1, ROLE_DIM, "...");
    return (int)look->diff_count + 1 + (look->diff_all > look->diff_count);
}

static int snap_draw(const struct model *model, const struct ui *ui, unsigned number,
                     const struct area *area)
{
    switch (number) {
    case TREE:
        return snap_tree(model, ui, area);
    case DIFF:
        return diff_draw(model, ui, area);
    case PAGES:
        return snap_pages(model, ui, area);
    case RESTORE:
        return snap_preview(model, ui, area);
    default:
        return snap_growth(model, ui, area);
    }
}

static bool snap_move(const struct model *model, struct ui *ui, unsigned number, enum move move,
                      int page)
{
    if (number != TREE)
        return false;
    snap_tree_move(model, ui, move, page);
    ui->scroll[VIEW_SNAPSHOTS][DIFF] = 0;
    return true;
}

static bool snap_side(const struct model *model, struct ui *ui, unsigned number, int direction)
{
    return number == TREE && snap_tree_side(model, ui, direction);
}

static int snap_find(const struct model *model, struct ui *ui, unsigned number, int direction)
{
    return number == TREE ? snap_tree_find(model, ui, direction) : -1;
}

static void snap_click(const struct model *model, struct ui *ui, const struct pane *pane, int row)
{
    if (pane->number == TREE)
        snap_tree_click(model, ui, pane->rows - 2, row);
}

const struct view_ops view_snapshots = {
    .name = "snapshots",
    .title = "SNAPSHOTS",
    .panes = {NULL, "Tree", "Diff", "Pages changed", "Restore", "Growth"},
    .first_focus = TREE,
    .endless = 1 << TREE | 1 << PAGES | 1 << GROWTH,
    .layout = snap_layout,
    .detail = snap_detail,
    .draw = snap_draw,
    .move = snap_move,
    .side = snap_side,
    .find = snap_find,
    .click = snap_click,
};
