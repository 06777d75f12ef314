/* The help view: the keys of the view it was called from, made from the table of actions. */
#include "tui/action.h"
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view.h"

#include <stdio.h>

enum { KEYS_COLS = 17 };

/* The view below help; help itself when it was asked for first. */
static enum view_id helped_view(const struct ui *ui)
{
    return ui->depth > 1 ? ui->stack[ui->depth - 2] : VIEW_STEP;
}

static unsigned help_layout(const struct ui *ui, int row, int rows, struct pane *panes)
{
    panes[0] = (struct pane){.number = 1, .row = row, .rows = rows, .cols = ui->cols};
    return 1;
}

static void help_detail(const struct model *model, const struct ui *ui, struct pane *pane)
{
    (void)model;
    snprintf(pane->detail, sizeof(pane->detail), "%s view", view_ops(helped_view(ui))->name);
}

static int action_draw(const struct model *model, const struct ui *ui, const struct area *area,
                       int row, enum action_id id)
{
    const struct action *action = action_get(id);
    const char *why = action->why_not(model, ui);
    char keys[48];
    int col;

    text_keys(action->keys, keys, sizeof(keys));
    if (!keys[0])
        snprintf(keys, sizeof(keys), ":%s", action->name);
    area_text(area, row, 1, why ? ROLE_DISABLED : ROLE_KEY, keys);
    col = area_text(area, row, KEYS_COLS, why ? ROLE_DISABLED : ROLE_NORMAL, action->text);
    if (why)
        area_printf(area, row, col + 2, ROLE_DISABLED, "(%s)", why);
    return row + 1;
}

/* The actions of one view that not all have, or those that all have. */
static int section_draw(const struct model *model, const struct ui *ui, const struct area *area,
                        int row, const char *title, bool everywhere)
{
    enum view_id view = helped_view(ui);
    int first = row + 1;

    row = first;
    for (unsigned i = 0; i < ACTION_COUNT; i++)
        if (action_in((enum action_id)i, view) &&
            action_everywhere((enum action_id)i) == everywhere)
            row = action_draw(model, ui, area, row, (enum action_id)i);
    if (row == first)
        return first - 1; /* the view has no actions of its own */
    area_text(area, first - 1, 1, ROLE_TITLE_FOCUS, title);
    return row + 1;
}

static int mark_draw(const struct area *area, int row, enum role role, const char *text)
{
    area_char(area, row, 1, role, (uint32_t)theme_mark(role));
    area_text(area, row, KEYS_COLS, ROLE_NORMAL, text);
    return row + 1;
}

static int marks_draw(const struct area *area, int row)
{
    area_text(area, row++, 1, ROLE_TITLE_FOCUS, "Marks");
    row = mark_draw(area, row, ROLE_SELECTED, "the next instruction, or what is selected");
    row = mark_draw(area, row, ROLE_CHANGED, "changed since the stop before");
    row = mark_draw(area, row, ROLE_DENY, "denied, failed, or an error");
    row = mark_draw(area, row, ROLE_LEAK, "tells of ring 0 or needs it, and does not trap outside");
    area_char(area, row, 1, ROLE_DIM, 0x2026);
    area_text(area, row, KEYS_COLS, ROLE_NORMAL, "cut off: z shows the pane alone");
    return row + 1;
}

static int help_draw(const struct model *model, const struct ui *ui, unsigned number,
                     const struct area *area)
{
    enum view_id view = helped_view(ui);
    int scroll = ui->scroll[VIEW_HELP][number];
    int row = -scroll;

    row = section_draw(model, ui, area, row,
                       view == VIEW_LABS ? "The labs" : "The guest and its exits", false);
    row = section_draw(model, ui, area, row, "Everywhere", true);
    return marks_draw(area, row) + scroll;
}

const struct view_ops view_help = {
    .name = "help",
    .title = "HELP",
    .panes = {NULL, "Keys"},
    .first_focus = 1,
    .layout = help_layout,
    .detail = help_detail,
    .draw = help_draw,
};
