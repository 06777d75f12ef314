/*
 * The palette, see palette.h. Names that begin with what was typed come first, then those that have
 * it further on, then those whose description has it; within each, in the order of action.def.
 */
#include "tui/palette.h"
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view.h"

#include <stdio.h>
#include <string.h>

enum { NAME_COLS = 15, KEYS_COLS = 13, ROWS_MAX = 12 };

struct matches {
    enum action_id ids[ACTION_COUNT];
    unsigned count;
};

bool palette_is_open(const struct ui *ui)
{
    return ui->prompt.open && ui->prompt.action == ACTION_PALETTE;
}

/* How well an action fits, 0: best; 3: not at all. */
static unsigned rank(const struct action *action, const char *typed, size_t length)
{
    char word[PROMPT_MAX];

    snprintf(word, sizeof(word), "%.*s", (int)length, typed);
    if (strncmp(action->name, word, length) == 0)
        return 0;
    if (text_has(action->name, word))
        return 1;
    return text_has(action->text, word) ? 2 : 3;
}

/* An action that belongs to another view alone is not offered. */
static void find_matches(const struct ui *ui, struct matches *m)
{
    const char *typed = ui->prompt.text;
    size_t length = strcspn(typed, " ");

    m->count = 0;
    for (unsigned want = 0; want < 3; want++)
        for (unsigned id = 0; id < ACTION_COUNT; id++)
            if (id != ACTION_PALETTE && action_in((enum action_id)id, ui_view(ui)) &&
                rank(action_get((enum action_id)id), typed, length) == want)
                m->ids[m->count++] = (enum action_id)id;
}

static unsigned chosen(const struct ui *ui, const struct matches *m)
{
    return ui->prompt.choice < m->count ? ui->prompt.choice : m->count - 1;
}

void palette_move(struct ui *ui, int direction)
{
    struct matches m;

    find_matches(ui, &m);
    if (m.count == 0)
        return;
    ui->prompt.choice = (chosen(ui, &m) + m.count + (unsigned)direction) % m.count;
}

void palette_complete(struct ui *ui)
{
    char text[PROMPT_MAX];
    struct matches m;
    const struct action *action;

    find_matches(ui, &m);
    if (m.count == 0)
        return;
    action = action_get(m.ids[chosen(ui, &m)]);
    snprintf(text, sizeof(text), "%s%s", action->name, action->asks[0] ? " " : "");
    prompt_set(&ui->prompt, text);
    ui->prompt.choice = 0;
}

enum action_id palette_action(const struct ui *ui, const char **argument)
{
    const char *rest = ui->prompt.text + strcspn(ui->prompt.text, " ");
    struct matches m;

    *argument = rest + strspn(rest, " ");
    find_matches(ui, &m);
    return m.count == 0 ? ACTION_COUNT : m.ids[chosen(ui, &m)];
}

static void line_draw(const struct model *model, const struct ui *ui, const struct area *area,
                      int row, enum action_id id, bool selected)
{
    const struct action *action = action_get(id);
    const char *why = action->why_not(model, ui);
    char keys[48];

    text_keys(action->keys, keys, sizeof(keys));
    area_text(area, row, 1, why ? ROLE_DISABLED : ROLE_MNEMONIC, action->name);
    area_text(area, row, 1 + NAME_COLS, why ? ROLE_DISABLED : ROLE_KEY, keys);
    area_text(area, row, 1 + NAME_COLS + KEYS_COLS, why ? ROLE_DISABLED : ROLE_NORMAL,
              why ? why : action->text);
    if (!selected)
        return;
    area_char(area, row, 0, ROLE_SELECTED, (uint32_t)theme_mark(ROLE_SELECTED));
    area_select_row(area, row);
}

/* The first match that is seen, so that the chosen one is. */
static int first_seen(const struct ui *ui, const struct matches *m, int rows)
{
    int at = m->count > 0 ? (int)chosen(ui, m) : 0;

    return at >= rows ? at - rows + 1 : 0;
}

void palette_draw(const struct model *model, const struct ui *ui, const struct area *body)
{
    struct pane pane = {.col = body->col, .cols = body->cols, .name = "Commands"};
    struct area inside;
    struct matches m;
    int rows, first;

    find_matches(ui, &m);
    rows = (int)m.count < ROWS_MAX ? (int)m.count : ROWS_MAX;
    if (rows > body->rows - 2)
        rows = body->rows - 2;
    if (rows < 0)
        return;
    pane.rows = rows + 2;
    pane.row = body->row + body->rows - pane.rows;
    snprintf(pane.detail, sizeof(pane.detail), "%u, Up and Down choose, Tab completes", m.count);
    pane_draw_over(body->grid, &pane);
    inside = pane_inside(body->grid, &pane);
    first = first_seen(ui, &m, rows);
    for (int row = 0; row < rows; row++)
        line_draw(model, ui, &inside, row, m.ids[first + row], first + row == (int)chosen(ui, &m));
}
