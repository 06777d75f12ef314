/* The table of views, and what all of them do the same way: placing, focus, scrolling. */
#include "tui/view.h"

#include <string.h>

extern const struct view_ops view_step, view_exits, view_pages, view_ept, view_heat, view_snapshots,
    view_compare, view_memory, view_breaks, view_devices, view_labs, view_messages, view_help;

/* clang-format off */
static const struct view_ops *const views[VIEW_COUNT] = {
    [VIEW_STEP] = &view_step,
    [VIEW_EXITS] = &view_exits,
    [VIEW_PAGES] = &view_pages,
    [VIEW_EPT] = &view_ept,
    [VIEW_HEAT] = &view_heat,
    [VIEW_SNAPSHOTS] = &view_snapshots,
    [VIEW_COMPARE] = &view_compare,
    [VIEW_MEMORY] = &view_memory,
    [VIEW_BREAKS] = &view_breaks,
    [VIEW_DEVICES] = &view_devices,
    [VIEW_LABS] = &view_labs,
    [VIEW_MESSAGES] = &view_messages,
    [VIEW_HELP] = &view_help,
};
/* clang-format on */

const struct view_ops *view_ops(enum view_id view)
{
    return views[view];
}

enum view_id view_find(const char *name)
{
    unsigned view = 0;

    while (view < VIEW_COUNT && strcmp(views[view]->name, name) != 0)
        view++;
    return (enum view_id)view;
}

int view_body_rows(const struct ui *ui)
{
    return ui->rows - 3 - ui_shows_tour(ui);
}

static unsigned one_pane(const struct ui *ui, struct pane *pane)
{
    *pane = (struct pane){
        .number = ui->focus[ui_view(ui)], .row = 1, .rows = view_body_rows(ui), .cols = ui->cols};
    return 1;
}

static bool has_pane(const struct pane *panes, unsigned count, unsigned number)
{
    for (unsigned i = 0; i < count; i++)
        if (panes[i].number == number)
            return true;
    return false;
}

unsigned view_panes(const struct ui *ui, struct pane panes[PANES_MAX])
{
    const struct view_ops *ops = views[ui_view(ui)];
    unsigned count = 0;

    if (!ui_one_pane(ui))
        count = ops->layout(ui, 1, view_body_rows(ui), panes);
    if (!has_pane(panes, count, ui->focus[ui_view(ui)]))
        count = one_pane(ui, panes);
    for (unsigned i = 0; i < count; i++) {
        panes[i].name = ops->panes[panes[i].number];
        panes[i].detail[0] = '\0';
        panes[i].alert = false;
    }
    return count;
}

static const struct pane *focused_pane(const struct ui *ui, const struct pane *panes,
                                       unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (panes[i].number == ui->focus[ui_view(ui)])
            return &panes[i];
    return &panes[0];
}

void view_focused_pane(const struct ui *ui, struct pane *pane)
{
    struct pane panes[PANES_MAX];

    *pane = *focused_pane(ui, panes, view_panes(ui, panes));
}

/* On a common border it is the one that was placed first. */
bool view_pane_at(const struct ui *ui, int row, int col, struct pane *pane)
{
    struct pane panes[PANES_MAX];
    unsigned count = view_panes(ui, panes);

    for (unsigned i = 0; i < count; i++)
        if (row >= panes[i].row && row < panes[i].row + panes[i].rows && col >= panes[i].col &&
            col < panes[i].col + panes[i].cols) {
            *pane = panes[i];
            return true;
        }
    return false;
}

uint64_t move_apply(enum move move, uint64_t at, uint64_t count, int page)
{
    uint64_t step =
        move == MOVE_PAGE_UP || move == MOVE_PAGE_DOWN ? (uint64_t)(page < 1 ? 1 : page) : 1;

    if (count == 0 || move == MOVE_TOP)
        return 0;
    if (move == MOVE_BOTTOM)
        return count - 1;
    if (move == MOVE_UP || move == MOVE_PAGE_UP)
        return at > step ? at - step : 0;
    return at + step < count ? at + step : count - 1;
}

/* Drawing into an empty grid counts the lines without showing any. */
static int content_lines(const struct view_ops *ops, const struct model *model, const struct ui *ui,
                         const struct pane *pane)
{
    struct grid none = {.rows = 0};
    struct area nowhere = {.grid = &none, .rows = pane->rows - 2, .cols = pane->cols - 2};

    return ops->draw(model, ui, pane->number, &nowhere);
}

void view_move(const struct model *model, struct ui *ui, enum move move)
{
    const struct view_ops *ops = views[ui_view(ui)];
    struct pane pane;
    bool from_end;
    int *scroll, page, last, at;

    view_focused_pane(ui, &pane);
    scroll = &ui->scroll[ui_view(ui)][pane.number];
    from_end = ops->from_end >> pane.number & 1;
    page = pane.rows - 2;
    if (ops->move && ops->move(model, ui, pane.number, move, page))
        return;
    last = content_lines(ops, model, ui, &pane) - page;
    if (last < 0)
        last = 0;
    at = *scroll < last ? *scroll : last;
    at = (int)move_apply(move, (uint64_t)(from_end ? last - at : at), (uint64_t)last + 1, page - 1);
    *scroll = from_end ? last - at : at;
}

bool view_focus(struct ui *ui, unsigned number)
{
    if (number > PANES_MAX || !views[ui_view(ui)]->panes[number])
        return false;
    ui->focus[ui_view(ui)] = number;
    return true;
}

/* Among the panes on the screen; with one pane alone, among all of the view. */
void view_focus_next(struct ui *ui, int direction)
{
    struct pane panes[PANES_MAX];
    unsigned count = view_panes(ui, panes);
    unsigned number = ui->focus[ui_view(ui)];

    do {
        number = (number + PANES_MAX - 1 + (unsigned)direction) % PANES_MAX + 1;
    } while (!views[ui_view(ui)]->panes[number] || (count > 1 && !has_pane(panes, count, number)));
    ui->focus[ui_view(ui)] = number;
}

void view_side(const struct model *model, struct ui *ui, int direction)
{
    const struct view_ops *ops = views[ui_view(ui)];
    struct pane pane;

    view_focused_pane(ui, &pane);
    if (!ops->side || !ops->side(model, ui, pane.number, direction))
        view_focus_next(ui, direction);
}
