/*
 * The whole screen:
 *
 *   header          lab, view, state of the run, position, rate
 *   panes           of the view on top of the stack
 *   tour            what to do next, where a tour is under way
 *   message line    the last thing worth saying, or the prompt
 *   footer          the keys that can be used here
 *
 * Below 40x12 there is one line that says so.
 */
#include "tui/action.h"
#include "tui/palette.h"
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/tour.h"
#include "tui/view.h"

#include <stdio.h>
#include <string.h>

/* A part of the header; left out with all that follow it when it does not fit. */
static int header_part(const struct area *line, int col, enum role role, const char *text)
{
    int width = utf8_columns(text);

    if (col < 0 || width == 0)
        return col;
    if (col + width > line->cols)
        return -1;
    return area_text(line, 0, col, role, text) + 3;
}

static const char *run_text(const struct model *model, enum role *role)
{
    switch (model->run) {
    case RUN_NONE:
        *role = ROLE_HEADER;
        return "no lab open";
    case RUN_OPENING:
        *role = ROLE_RUNNING;
        return "OPENING";
    case RUN_PAUSED:
        *role = ROLE_PAUSED;
        return model->time.past ? "IN THE PAST" : "PAUSED";
    case RUN_RUNNING:
        *role = ROLE_RUNNING;
        return "RUNNING";
    case RUN_ENDED:
        break;
    }
    *role = ROLE_ENDED;
    return "ENDED";
}

static void lab_text(const struct model *model, char *buf, size_t size)
{
    const struct lab_info *lab = model_lab(model);

    buf[0] = '\0';
    if (lab)
        snprintf(buf, size, "lab %s %s", lab->id, lab->name);
}

static void position_text(const struct model *model, char *buf, size_t size)
{
    char exits[NUMBER_MAX], insns[NUMBER_MAX], end[NUMBER_MAX];

    buf[0] = '\0';
    if (model->run == RUN_NONE || model->run == RUN_OPENING)
        return;
    if (model->time.past)
        snprintf(buf, size, "exits %s of %s  instructions %s", text_grouped(model->exits, exits),
                 text_grouped(model->time.end.exits, end), text_grouped(model->insns, insns));
    else
        snprintf(buf, size, "exits %s  instructions %s", text_grouped(model->exits, exits),
                 text_grouped(model->insns, insns));
}

static void rate_text(const struct model *model, char *buf, size_t size)
{
    char exits[NUMBER_MAX], insns[NUMBER_MAX];

    buf[0] = '\0';
    if (model->has_rate)
        snprintf(buf, size, "%s%s exits/s  %s insns/s",
                 model->run == RUN_RUNNING ? "" : "last run ", text_short(model->rate_exits, exits),
                 text_short(model->rate_insns, insns));
}

/* Where the figures come from. */
static const char *source_text(const struct model *model)
{
    return strcmp(model->backend, "emu") == 0 ? "emulated: exact" : model->backend;
}

static void header_draw(const struct model *model, const struct ui *ui, const struct area *line)
{
    char text[128];
    enum role role;
    const char *run = run_text(model, &role);
    int col;

    area_fill_row(line, 0, ROLE_HEADER);
    col = header_part(line, 1, ROLE_HEADER_STRONG, view_ops(ui_view(ui))->title);
    lab_text(model, text, sizeof(text));
    col = header_part(line, col, ROLE_HEADER, text);
    col = header_part(line, col, role, run);
    position_text(model, text, sizeof(text));
    col = header_part(line, col, ROLE_HEADER, text);
    rate_text(model, text, sizeof(text));
    col = header_part(line, col, ROLE_HEADER, text);
    if (model->lab >= 0)
        header_part(line, col, ROLE_HEADER, source_text(model));
}

/* Test mode: "#12" at the right edge tells a test which frame it sees. */
static void frame_draw(const struct ui *ui, const struct area *line)
{
    char text[24];
    int width = snprintf(text, sizeof(text), "#%llu", (unsigned long long)ui->frame);

    area_text(line, 0, line->cols - width, ROLE_HEADER, text);
}

static void message_draw(const struct ui *ui, const struct area *line)
{
    if (!ui->message[0]) {
        if (ui->typing)
            area_text(line, 0, 1, ROLE_RUNNING, "keys go to the guest; Ctrl-] leaves");
        return;
    }
    if (ui->message_error)
        area_printf(line, 0, 0, ROLE_ERROR, "%c%s", theme_mark(ROLE_ERROR), ui->message);
    else
        area_text(line, 0, 1, ROLE_MESSAGE, ui->message);
}

/* The first of an action's keys, without angle brackets. */
static void first_key(const struct action *action, char *buf, size_t size)
{
    text_keys(action->keys, buf, size);
    buf[strcspn(buf, " ")] = '\0';
}

static const char *footer_label(enum action_id id, const struct ui *ui)
{
    if (ui->typing != (id == ACTION_TYPE_END))
        return "";
    if (id == ACTION_BACK && ui->depth == 1 && !ui->zoom)
        return "quit";
    if ((id == ACTION_LABS && ui_view(ui) == VIEW_LABS) ||
        (id == ACTION_HELP && ui_view(ui) == VIEW_HELP))
        return "";
    return action_get(id)->label;
}

/* Columns that an action takes in the footer with the blanks behind it; 0: it is not there. */
static int footer_width(enum action_id id, const struct ui *ui)
{
    const char *label = footer_label(id, ui);
    char key[16];

    if (!label[0] || !action_in(id, ui_view(ui)))
        return 0;
    first_key(action_get(id), key, sizeof(key));
    return (int)strlen(key) + 1 + utf8_columns(label) + 2;
}

/* What the footer holds, from left to right. */
struct footer {
    enum action_id ids[ACTION_COUNT];
    int cols[ACTION_COUNT]; /* where each begins */
    unsigned count;
};

static int footer_add(struct footer *footer, const struct ui *ui, int col, enum action_id id)
{
    int width = footer_width(id, ui);

    if (width == 0)
        return col;
    footer->ids[footer->count] = id;
    footer->cols[footer->count++] = col;
    return col + width;
}

/* Help and back keep their place at the end; the others are shown as far as they fit. */
static void footer_place(const struct ui *ui, struct footer *footer)
{
    int last = footer_width(ACTION_HELP, ui) + footer_width(ACTION_BACK, ui);
    int col = 1;

    footer->count = 0;
    for (unsigned i = 0; i < ACTION_HELP; i++)
        if (col + footer_width((enum action_id)i, ui) + last <= ui->cols + 2)
            col = footer_add(footer, ui, col, (enum action_id)i);
    col = footer_add(footer, ui, col, ACTION_HELP);
    footer_add(footer, ui, col, ACTION_BACK);
}

static void footer_draw(const struct model *model, const struct ui *ui, const struct area *line)
{
    struct footer footer;

    footer_place(ui, &footer);
    for (unsigned i = 0; i < footer.count; i++) {
        const struct action *action = action_get(footer.ids[i]);
        bool off = action->why_not(model, ui) != NULL;
        char key[16];
        int col;

        first_key(action, key, sizeof(key));
        col = area_text(line, 0, footer.cols[i], off ? ROLE_DISABLED : ROLE_KEY, key);
        area_text(line, 0, col + 1, off ? ROLE_DISABLED : ROLE_FOOTER,
                  footer_label(footer.ids[i], ui));
    }
}

unsigned screen_footer_action(const struct ui *ui, int col)
{
    struct footer footer;

    footer_place(ui, &footer);
    for (unsigned i = 0; i < footer.count; i++)
        if (col >= footer.cols[i] && col < footer.cols[i] + footer_width(footer.ids[i], ui) - 2)
            return footer.ids[i];
    return ACTION_COUNT;
}

/* Whether `width` cells from (row, col) on are nothing but a line. */
static bool is_line(const struct grid *grid, int row, int col, int width)
{
    for (int i = 0; i < width; i++) {
        const struct cell *cell = grid_at(grid, row, col + i);

        if (!cell || cell->ch != 0x2500)
            return false;
    }
    return true;
}

/*
 * How many lines of the content are not seen: on the lower border, as far to the right as the title
 * of a pane below leaves room.
 */
static void more_draw(struct grid *grid, const struct pane *pane, int scroll, int lines)
{
    struct area all = area_all(grid);
    int more = lines - scroll - (pane->rows - 2), row = pane->row + pane->rows - 1;
    char text[24];
    int width = snprintf(text, sizeof(text), " %d more ", more);

    for (int col = pane->col + pane->cols - 2 - width; more > 0 && col > pane->col; col--)
        if (is_line(grid, row, col, width)) {
            area_text(&all, row, col, ROLE_DIM, text);
            return;
        }
}

static void content_draw(const struct model *model, const struct ui *ui, struct grid *grid,
                         const struct pane *pane)
{
    const struct view_ops *ops = view_ops(ui_view(ui));
    struct area inside = pane_inside(grid, pane);
    int lines = ops->draw(model, ui, pane->number, &inside);

    if (!(ops->endless >> pane->number & 1))
        more_draw(grid, pane, ui->scroll[ui_view(ui)][pane->number], lines);
}

/* The focused pane comes last: where several have a selection, its one gets the cursor. */
static void body_draw(const struct model *model, const struct ui *ui, struct grid *grid)
{
    const struct view_ops *ops = view_ops(ui_view(ui));
    struct pane panes[PANES_MAX];
    unsigned count = view_panes(ui, panes);

    for (unsigned i = 0; i < count && ops->detail; i++)
        ops->detail(model, ui, &panes[i]);
    panes_draw(grid, panes, count, ui->focus[ui_view(ui)]);
    for (unsigned i = 0; i < 2 * count; i++) {
        const struct pane *pane = &panes[i % count];

        if ((pane->number == ui->focus[ui_view(ui)]) == (i >= count))
            content_draw(model, ui, grid, pane);
    }
}

void screen_draw(const struct model *model, const struct ui *ui, struct grid *grid)
{
    struct area all = area_all(grid);
    struct area header = area_part(&all, 0, 0, 1, ui->cols);
    struct area body = area_part(&all, 1, 0, view_body_rows(ui), ui->cols);
    struct area tour = area_part(&all, ui->rows - 3, 0, 1, ui->cols);
    struct area message = area_part(&all, ui->rows - 2, 0, 1, ui->cols);
    struct area footer = area_part(&all, ui->rows - 1, 0, 1, ui->cols);

    grid_clear(grid);
    if (ui->rows < SCREEN_MIN_ROWS || ui->cols < SCREEN_MIN_COLS) {
        area_printf(&all, 0, 0, ROLE_ERROR, "%dx%d is too small: vlab needs %dx%d", ui->cols,
                    ui->rows, SCREEN_MIN_COLS, SCREEN_MIN_ROWS);
        return;
    }
    body_draw(model, ui, grid);
    if (ui_shows_tour(ui))
        tour_draw(ui, &tour);
    if (palette_is_open(ui))
        palette_draw(model, ui, &body);
    header_draw(model, ui, &header);
    if (ui->show_frame)
        frame_draw(ui, &header);
    if (ui->prompt.open)
        prompt_draw(&ui->prompt, action_get((enum action_id)ui->prompt.action)->asks, &message);
    else
        message_draw(ui, &message);
    footer_draw(model, ui, &footer);
}
