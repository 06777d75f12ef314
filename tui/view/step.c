/*
 * The step view: one moment of the machine.
 *
 *   1 Code              2 Registers        6 Exit fields (wide screens)
 *   3 Exits                                7 Exit profile (wide screens)
 *   4 Why this exit?
 *   5 Guest output (where there are rows for it)        8 Memory (wide and high screens)
 *   9 Time
 *
 * The selected exit decides what 4 and 6 show. Code and registers are always those of now: nobody
 * recorded others, and the titles say so when an earlier exit is selected.
 */
#include "tui/view/step.h"
#include "tui/act_memory.h"
#include "tui/view.h"
#include "tui/view/memory_panes.h"
#include "tui/widget/exit_table.h"

#include <stdio.h>

/* Content rows of the four bands of panes, from top to bottom. */
struct bands {
    int top, exits, why, output;
};

/* Screens from this size on have the pane. */
enum { COLS_PROFILE = 110, COLS_FIELDS = 140, ROWS_OUTPUT = 30, ROWS_MEMORY = 40 };

enum { MEMORY_COLS = 87, TIME_ROWS = 1 };

static struct bands bands_divide(const struct ui *ui, int rows)
{
    struct bands b = {.why = ui->explain ? 8 : 3};
    int left;

    if (ui->rows >= ROWS_OUTPUT)
        b.output = ui->rows >= ROWS_MEMORY ? (ui->cols >= COLS_FIELDS ? 8 : 6) : 3;
    left = rows - 5 - (b.output > 0) - b.why - b.output - TIME_ROWS;
    b.top = left * 58 / 100;
    if (b.top > 24)
        b.top = 24;
    b.exits = left - b.top;
    return b;
}

static void pane_add(struct pane *panes, unsigned *count, unsigned number, int row, int rows,
                     int col, int end)
{
    panes[(*count)++] = (struct pane){
        .number = number, .row = row, .rows = rows + 2, .col = col, .cols = end - col};
}

/* Where the registers begin, and the fields of the exit (at the edge: not shown). */
static void top_columns(const struct ui *ui, int *registers, int *fields)
{
    if (ui->cols >= COLS_FIELDS) {
        *fields = ui->cols - 49;
        *registers = *fields - 51;
    } else {
        *fields = ui->cols - 1;
        *registers = ui->cols >= 100 ? ui->cols - 53 : ui->cols - 46;
    }
}

static void layout_exits(const struct ui *ui, int row, int rows, int fields, struct pane *panes,
                         unsigned *count)
{
    int profile = ui->cols >= COLS_FIELDS ? fields : ui->cols - 36;

    if (ui->cols < COLS_PROFILE) {
        pane_add(panes, count, 3, row, rows, 0, ui->cols);
        return;
    }
    pane_add(panes, count, 3, row, rows, 0, profile + 1);
    pane_add(panes, count, 7, row, rows, profile, ui->cols);
}

static void layout_output(const struct ui *ui, int row, int rows, struct pane *panes,
                          unsigned *count)
{
    bool memory = ui->cols >= COLS_FIELDS && ui->rows >= ROWS_MEMORY;

    if (memory)
        pane_add(panes, count, 8, row, rows, 0, MEMORY_COLS);
    pane_add(panes, count, 5, row, rows, memory ? MEMORY_COLS - 1 : 0, ui->cols);
}

static unsigned step_layout(const struct ui *ui, int row, int rows, struct pane *panes)
{
    struct bands b = bands_divide(ui, rows);
    unsigned count = 0;
    int registers, fields;

    top_columns(ui, &registers, &fields);
    pane_add(panes, &count, 1, row, b.top, 0, registers + 1);
    pane_add(panes, &count, 2, row, b.top, registers, fields + 1);
    if (ui->cols >= COLS_FIELDS)
        pane_add(panes, &count, 6, row, b.top, fields, ui->cols);
    row += b.top + 1;
    layout_exits(ui, row, b.exits, fields, panes, &count);
    row += b.exits + 1;
    pane_add(panes, &count, 4, row, b.why, 0, ui->cols);
    row += b.why + 1;
    if (b.output > 0) {
        layout_output(ui, row, b.output, panes, &count);
        row += b.output + 1;
    }
    pane_add(panes, &count, 9, row, TIME_ROWS, 0, ui->cols);
    return count;
}

/* An earlier exit than the newest is selected: the registers do not belong to it. */
static bool in_the_past(const struct model *model, const struct ui *ui)
{
    const struct vm_exit *exit = ui_exit(ui, model);

    return exit && exit->seq + 1 != model->ring.end;
}

static void detail_exit(const struct vm_exit *exit, struct pane *pane)
{
    if (exit)
        snprintf(pane->detail, sizeof(pane->detail), "exit %llu  %s", (unsigned long long)exit->seq,
                 exit_reason_name(exit->reason));
}

static void detail_filter(const struct exit_filter *filter, struct pane *pane)
{
    char text[BREAKPOINT_TEXT_MAX];

    if (filter->on)
        snprintf(pane->detail, sizeof(pane->detail), "only %.60s",
                 breakpoint_text(&filter->only, text));
}

static void detail_output(const struct text_tail *text, struct pane *pane)
{
    if (text->total > 0)
        snprintf(pane->detail, sizeof(pane->detail), "debug port %llu B, serial %llu B",
                 (unsigned long long)text->by_source[TEXT_DEBUG_PORT],
                 (unsigned long long)text->by_source[TEXT_SERIAL]);
}

static void step_detail(const struct model *model, const struct ui *ui, struct pane *pane)
{
    if (model->run == RUN_NONE || model->run == RUN_OPENING)
        return;
    if (pane->number == 1)
        snprintf(pane->detail, sizeof(pane->detail), "%s, CPL %u", mode_name(model_mode(model)),
                 x86_cpl(&model->now));
    else if (pane->number == 2)
        snprintf(pane->detail, sizeof(pane->detail), "%s",
                 in_the_past(model, ui) ? "now, not at the exit" : "* changed");
    else if (pane->number == 3)
        detail_filter(&ui->filter, pane);
    else if (pane->number == 4)
        detail_exit(ui_exit(ui, model), pane);
    else if (pane->number == 5)
        detail_output(&model->text, pane);
    else if (pane->number == 7)
        snprintf(pane->detail, sizeof(pane->detail), "all counted");
    else if (pane->number == 8)
        memory_title(model, ui, pane);
    else if (pane->number == 9)
        step_time_detail(&model->time, pane->detail, sizeof(pane->detail));
}

static int no_machine(const struct model *model, unsigned number, const struct area *area)
{
    if (number == 1)
        area_text(area, 0, 1, ROLE_DIM,
                  model->run == RUN_NONE ? "No lab is open: l lists them."
                                         : "The lab is being opened ...");
    return 1;
}

static int step_draw(const struct model *model, const struct ui *ui, unsigned number,
                     const struct area *area)
{
    int scroll = ui->scroll[VIEW_STEP][number];

    if (model->run == RUN_NONE || model->run == RUN_OPENING)
        return no_machine(model, number, area);
    switch (number) {
    case 1:
        return step_code(model, area, scroll);
    case 2:
        return step_registers(model, area, scroll);
    case 3:
        return step_exits(model, ui, area);
    case 4:
        return step_why(ui_exit(ui, model), ui->explain, area, scroll);
    case 5:
        return step_output(&model->text, area, scroll);
    case 8:
        return memory_bytes(model, ui, area);
    case 9:
        return step_time(model, ui, area);
    case 6:
        return step_fields(ui_exit(ui, model), area, scroll);
    default:
        return step_profile(model, area, scroll);
    }
}

static void select_exit(const struct model *model, struct ui *ui, const struct vm_exit *exit)
{
    ui->selected_exit = exit->seq;
    ui->follow = exit == exit_list_last(&model->ring, &ui->filter);
    ui->scroll[VIEW_STEP][4] = ui->scroll[VIEW_STEP][6] = 0;
}

/* The selection of the exits table. At the newest exit it follows. */
static bool step_move(const struct model *model, struct ui *ui, unsigned number, enum move move,
                      int page)
{
    const struct vm_exit *exit = ui_exit(ui, model);

    if (number == 8) {
        memory_bytes_move(model, ui, move, page);
        return true;
    }
    if (number != 3)
        return false;
    if (!exit)
        return true;
    exit = exit_table_move(&model->ring, &ui->filter, exit, move, page);
    select_exit(model, ui, exit);
    return true;
}

static bool step_side(const struct model *model, struct ui *ui, unsigned number, int direction)
{
    if (number != 8)
        return false;
    memory_cursor_move(model, ui, direction);
    return true;
}

static int step_find(const struct model *model, struct ui *ui, unsigned number, int direction)
{
    const struct vm_exit *exit = ui_exit(ui, model);

    if (number != 3)
        return -1;
    exit = exit_table_find(&model->ring, &ui->filter, exit, ui->find, direction);
    if (exit)
        select_exit(model, ui, exit);
    return exit != NULL;
}

static void step_click(const struct model *model, struct ui *ui, const struct pane *pane, int row)
{
    const struct vm_exit *exit = ui_exit(ui, model);

    if (pane->number != 3 || !exit)
        return;
    exit = exit_table_at(&model->ring, &ui->filter, exit, pane->rows - 2, row);
    if (exit)
        select_exit(model, ui, exit);
}

const struct view_ops view_step = {
    .name = "step",
    .title = "STEP",
    .panes = {NULL, "Code", "Registers", "Exits", "Why this exit?", "Guest output", "Exit fields",
              "Exit profile", "Memory", "Time"},
    .first_focus = 3,
    .from_end = 1 << 5,
    .endless = 1 << 1 | 1 << 3 | 1 << 5 | 1 << 8,
    .layout = step_layout,
    .detail = step_detail,
    .draw = step_draw,
    .move = step_move,
    .side = step_side,
    .find = step_find,
    .click = step_click,
};
