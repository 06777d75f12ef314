/*
 * The exits by reason.
 *
 *   1 Reasons        every reason that occurred: how often, and what its exits cost
 *   2 Kept exits     those of the selected reason that are still kept
 *   3 What it means  the reason in the manual's words, and why the selected exit happened
 *
 * The counters count every exit since the machine was created. What an exit cost is host TSC cycles
 * from the exit to the end of its handling, so these figures differ with every run and every host;
 * where they are not wanted the cells say n/a.
 */
#include "core/explain.h"
#include "tui/reasons.h"
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view.h"
#include "tui/widget/exit_table.h"

#include <stdio.h>

/* From these widths of the pane on there are more columns. */
enum { COLS_MEDIUM = 56, COLS_WIDE = 76 };

enum { NAME_COLS = 14, COUNT_COLS = 16, CELL_COLS = 7 };

/* Where things are in the table of reasons, by its width. */
struct columns {
    bool wide;         /* with number, min and max, and all digits of the count */
    bool medium;       /* with number and mean */
    int name, bar, at; /* at: where the columns of figures begin; bar == at: no bar */
};

static struct columns columns_for(int cols)
{
    struct columns c = {.wide = cols >= COLS_WIDE, .medium = cols >= COLS_MEDIUM};
    int figures = c.wide ? COUNT_COLS + 5 * CELL_COLS : (c.medium ? 4 : 3) * CELL_COLS;

    c.name = c.medium ? 5 : 1;
    c.bar = c.at = c.name + NAME_COLS;
    if (c.medium) {
        c.bar++;
        c.at = cols - figures;
    }
    return c;
}

static unsigned exits_layout(const struct ui *ui, int row, int rows, struct pane *panes)
{
    int text = ui->rows >= 40 ? 8 : 4, left = rows - 4 - text;
    int reasons = left * 55 / 100;
    struct pane all = {.row = row, .cols = ui->cols};

    panes[0] = panes[1] = panes[2] = all;
    panes[0].rows = reasons + 2;
    panes[1].row = panes[0].row + reasons + 1;
    panes[1].rows = left - reasons + 2;
    panes[2].row = panes[1].row + left - reasons + 1;
    panes[2].rows = text + 2;
    for (unsigned i = 0; i < 3; i++)
        panes[i].number = i + 1;
    return 3;
}

static void exits_detail(const struct model *model, const struct ui *ui, struct pane *pane)
{
    unsigned reason = ui_reason(ui, model);
    uint8_t order[EXIT_REASON_COUNT];

    if (reason == EXIT_REASON_COUNT)
        return;
    if (pane->number == 1)
        snprintf(pane->detail, sizeof(pane->detail), "%u, all exits counted; cost in host cycles%s",
                 reasons_sort(model->counts, order), model->has_cost ? "" : ": n/a here");
    else
        snprintf(pane->detail, sizeof(pane->detail), "%s", exit_reason_name(reason));
}

static void cell_draw(const struct area *area, int row, int *at, int width, enum role role,
                      const char *text)
{
    area_printf(area, row, *at, role, "%*s", width, text);
    *at += width;
}

static void header_draw(const struct area *area, const struct columns *c)
{
    int at = c->at;

    if (c->medium)
        area_text(area, 0, 1, ROLE_LABEL, " no");
    area_text(area, 0, c->name, ROLE_LABEL, "reason");
    cell_draw(area, 0, &at, c->wide ? COUNT_COLS : CELL_COLS, ROLE_LABEL, "count");
    cell_draw(area, 0, &at, CELL_COLS, ROLE_LABEL, "share");
    cell_draw(area, 0, &at, CELL_COLS, ROLE_LABEL, "time");
    if (c->wide)
        cell_draw(area, 0, &at, CELL_COLS, ROLE_LABEL, "min");
    if (c->medium)
        cell_draw(area, 0, &at, CELL_COLS, ROLE_LABEL, "mean");
    if (c->wide)
        cell_draw(area, 0, &at, CELL_COLS, ROLE_LABEL, "max");
}

/* Cycles of all exits together. */
static uint64_t cost_total(const struct model *model)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < EXIT_REASON_COUNT; i++)
        sum += model->profile.rows[i].cost_sum;
    return sum;
}

static void cycles_draw(const struct area *area, int row, int *at, bool known, uint64_t cycles)
{
    char number[NUMBER_MAX];

    cell_draw(area, row, at, CELL_COLS, known ? ROLE_NUMBER : ROLE_DIM,
              known ? text_short(cycles, number) : "n/a");
}

static void costs_draw(const struct model *model, const struct area *area, int row, int at,
                       const struct columns *c, unsigned reason)
{
    const struct trace_profile_row *p = &model->profile.rows[reason];
    bool known = model->has_cost && p->count > 0;
    char share[SHARE_MAX];

    cell_draw(area, row, &at, CELL_COLS, known ? ROLE_NUMBER : ROLE_DIM,
              known ? share_text_fine(p->cost_sum, cost_total(model), share) : "n/a");
    if (c->wide)
        cycles_draw(area, row, &at, known, p->cost_min);
    if (c->medium)
        cycles_draw(area, row, &at, known, known ? p->cost_sum / p->count : 0);
    if (c->wide)
        cycles_draw(area, row, &at, known, p->cost_max);
}

static void reason_draw(const struct model *model, const struct area *area, int row,
                        const struct columns *c, unsigned reason)
{
    uint64_t count = model->counts[reason];
    char number[NUMBER_MAX], share[SHARE_MAX];
    int at = c->at;

    if (c->medium)
        area_printf(area, row, 1, ROLE_DIM, "%3u", reason);
    area_printf(area, row, c->name, ROLE_REASON, "%.*s", NAME_COLS, exit_reason_name(reason));
    share_bar(area, row, c->bar, c->at - c->bar, count, model->exits);
    cell_draw(area, row, &at, c->wide ? COUNT_COLS : CELL_COLS, ROLE_NUMBER,
              c->wide && count < 1000000000000 ? text_grouped(count, number)
                                               : text_short(count, number));
    cell_draw(area, row, &at, CELL_COLS, ROLE_NUMBER, share_text_fine(count, model->exits, share));
    costs_draw(model, area, row, at, c, reason);
}

static unsigned index_of(const uint8_t *order, unsigned used, unsigned reason)
{
    unsigned at = 0;

    while (at < used && order[at] != reason)
        at++;
    return at < used ? at : 0;
}

/* The first row that is seen, so that the selected one is. */
static int first_row(int selected, int rows)
{
    return rows > 0 && selected >= rows ? selected - rows + 1 : 0;
}

static int reasons_draw(const struct model *model, const struct ui *ui, const struct area *area)
{
    struct columns c = columns_for(area->cols);
    uint8_t order[EXIT_REASON_COUNT];
    unsigned used = reasons_sort(model->counts, order);
    int at = (int)index_of(order, used, ui_reason(ui, model));
    int first = first_row(at, area->rows - 1);

    header_draw(area, &c);
    for (int i = first; i < (int)used && i - first < area->rows - 1; i++) {
        int row = i - first + 1;

        reason_draw(model, area, row, &c, order[i]);
        if (i == at) {
            area_char(area, row, 0, ROLE_SELECTED, (uint32_t)theme_mark(ROLE_SELECTED));
            area_select_row(area, row);
        }
    }
    return (int)used + 1;
}

static unsigned kept(const struct exit_ring *ring, const struct exit_filter *filter)
{
    unsigned count = 0;

    for (uint64_t seq = ring->begin; seq < ring->end; seq++)
        count += breakpoint_matches(&filter->only, exit_ring_get(ring, seq));
    return count;
}

static int kept_draw(const struct model *model, const struct ui *ui, const struct area *area)
{
    const struct vm_exit *selected = ui_reason_exit(ui, model);
    char number[NUMBER_MAX];
    struct exit_filter filter;
    int drawn, col;

    if (!selected) {
        area_printf(area, 0, 1, ROLE_DIM, "None of them is kept: only the newest %d exits are.",
                    EXIT_RING);
        return 1;
    }
    ui_reason_filter(ui, model, &filter);
    drawn = exit_table_draw(&model->ring, &filter, selected, area);
    col = area_printf(area, area->rows - 1, 1, ROLE_DIM, "drawn %d, kept %u, counted all %s", drawn,
                      kept(&model->ring, &filter),
                      text_grouped(model->counts[ui_reason(ui, model)], number));
    if (model->ring.begin > 0)
        area_printf(area, area->rows - 1, col + 2, ROLE_DIM, "(kept: the newest %d of any reason)",
                    EXIT_RING);
    return drawn + 2;
}

static int meaning_draw(const struct model *model, const struct ui *ui, const struct area *area,
                        int scroll)
{
    struct area text = area_part(area, 0, 1, area->rows, area->cols - 2);
    unsigned reason = ui_reason(ui, model);
    const struct vm_exit *exit = ui_reason_exit(ui, model);
    char why[512];
    int row = -scroll;

    area_printf(&text, row++, 0, ROLE_REASON, "%u %s", reason, exit_reason_text(reason));
    if (exit) {
        exit_why(exit, why, sizeof(why));
        area_printf(&text, row++, 0, ROLE_LABEL, "Exit %llu%s:", (unsigned long long)exit->seq,
                    ui->reason_follow ? ", its newest" : "");
        row += area_wrap(&text, row, 0, ROLE_NORMAL, why);
    }
    area_text(&text, row++, 0, ROLE_DIM, exit_manual(reason));
    return row + scroll;
}

static int nothing_draw(const struct model *model, unsigned number, const struct area *area)
{
    if (number == 1)
        area_text(area, 0, 1, ROLE_DIM,
                  model->lab < 0 ? "No lab is open: l lists them."
                                 : "No exit yet: ] runs to the first one, s steps.");
    return 1;
}

static int exits_draw(const struct model *model, const struct ui *ui, unsigned number,
                      const struct area *area)
{
    if (ui_reason(ui, model) == EXIT_REASON_COUNT)
        return nothing_draw(model, number, area);
    if (number == 1)
        return reasons_draw(model, ui, area);
    if (number == 2)
        return kept_draw(model, ui, area);
    return meaning_draw(model, ui, area, ui->scroll[VIEW_EXITS][number]);
}

static void select_reason(struct ui *ui, unsigned reason)
{
    ui->reason = reason;
    ui->reason_chosen = true;
    ui->reason_follow = true;
    ui->scroll[VIEW_EXITS][3] = 0;
}

static void select_exit(const struct model *model, struct ui *ui, const struct exit_filter *filter,
                        const struct vm_exit *exit)
{
    select_reason(ui, ui_reason(ui, model));
    ui->reason_exit = exit->seq;
    ui->reason_follow = exit == exit_list_last(&model->ring, filter);
}

static bool exits_move(const struct model *model, struct ui *ui, unsigned number, enum move move,
                       int page)
{
    const struct vm_exit *exit = ui_reason_exit(ui, model);
    uint8_t order[EXIT_REASON_COUNT];
    unsigned used = reasons_sort(model->counts, order);
    struct exit_filter filter;

    if (number == 3)
        return false;
    if (number == 1 && used > 0)
        select_reason(
            ui,
            order[move_apply(move, index_of(order, used, ui_reason(ui, model)), used, page - 1)]);
    if (number == 2 && exit) {
        ui_reason_filter(ui, model, &filter);
        exit = exit_table_move(&model->ring, &filter, exit, move, page);
        select_exit(model, ui, &filter, exit);
    }
    return true;
}

static bool reason_has(unsigned reason, const char *text)
{
    char line[128];

    snprintf(line, sizeof(line), "%u %s %s", reason, exit_reason_name(reason),
             exit_reason_text(reason));
    return text_has(line, text);
}

static int reasons_find(const struct model *model, struct ui *ui, int direction)
{
    uint8_t order[EXIT_REASON_COUNT];
    unsigned used = reasons_sort(model->counts, order);
    unsigned at = index_of(order, used, ui_reason(ui, model));

    for (unsigned i = 1; i <= used; i++) {
        unsigned reason = order[(at + (direction > 0 ? i : used - i)) % used];

        if (reason_has(reason, ui->find)) {
            select_reason(ui, reason);
            return 1;
        }
    }
    return 0;
}

static int exits_find(const struct model *model, struct ui *ui, unsigned number, int direction)
{
    const struct vm_exit *exit = ui_reason_exit(ui, model);
    struct exit_filter filter;

    if (number == 3)
        return -1;
    if (number == 1)
        return reasons_find(model, ui, direction);
    ui_reason_filter(ui, model, &filter);
    exit = exit_table_find(&model->ring, &filter, exit, ui->find, direction);
    if (exit)
        select_exit(model, ui, &filter, exit);
    return exit != NULL;
}

static void exits_click(const struct model *model, struct ui *ui, const struct pane *pane, int row)
{
    const struct vm_exit *exit = ui_reason_exit(ui, model);
    uint8_t order[EXIT_REASON_COUNT];
    unsigned used = reasons_sort(model->counts, order);
    struct exit_filter filter;

    if (pane->number == 1 && row >= 1) {
        int at = (int)index_of(order, used, ui_reason(ui, model));

        at = first_row(at, pane->rows - 3) + row - 1;
        if (at < (int)used)
            select_reason(ui, order[at]);
    } else if (pane->number == 2 && exit) {
        ui_reason_filter(ui, model, &filter);
        exit = exit_table_at(&model->ring, &filter, exit, pane->rows - 2, row);
        if (exit)
            select_exit(model, ui, &filter, exit);
    }
}

const struct view_ops view_exits = {
    .name = "exits",
    .title = "EXITS",
    .panes = {NULL, "Reasons", "Kept exits", "What it means"},
    .first_focus = 1,
    .endless = 1 << 1 | 1 << 2,
    .layout = exits_layout,
    .detail = exits_detail,
    .draw = exits_draw,
    .move = exits_move,
    .find = exits_find,
    .click = exits_click,
};
