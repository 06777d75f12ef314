/* The help view: the keys of the view it was called from, made from the table of actions. */
#include "tui/action.h"
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

/* "] n", "Tab Right": the keys without the angle brackets of their names. */
static void keys_text(const char *keys, char *buf, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; keys[i] && used + 1 < size; i++) {
        bool opens = keys[i] == '<' && keys[i + 1] && keys[i + 1] != ' ';
        bool closes = keys[i] == '>' && i > 0 && keys[i - 1] != ' ';

        if (!opens && !closes)
            buf[used++] = keys[i];
    }
    buf[used] = '\0';
}

static int action_draw(const struct model *model, const struct ui *ui, const struct area *area,
                       int row, enum action_id id)
{
    const struct action *action = action_get(id);
    const char *why = action->why_not(model, ui);
    char keys[48];
    int col;

    keys_text(action->keys, keys, sizeof(keys));
    area_text(area, row, 1, why ? ROLE_DISABLED : ROLE_KEY, keys);
    col = area_text(area, row, KEYS_COLS, why ? ROLE_DISABLED : ROLE_NORMAL, action->text);
    if (why)
        area_printf(area, row, col + 2, ROLE_DISABLED, "(%s)", why);
    return row + 1;
}

/* The actions of one view, or those of all views (VIEW_COUNT). */
static int section_draw(const struct model *model, const struct ui *ui, const struct area *area,
                        int row, const char *title, enum view_id where)
{
    area_text(area, row++, 1, ROLE_TITLE_FOCUS, title);
    for (unsigned i = 0; i < ACTION_COUNT; i++)
        if (action_get((enum action_id)i)->where == where)
            row = action_draw(model, ui, area, row, (enum action_id)i);
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
                       view == VIEW_LABS ? "The labs" : "Time: the guest and its exits", view);
    row = section_draw(model, ui, area, row, "Everywhere", VIEW_COUNT);
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
