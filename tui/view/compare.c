/*
 * Two traces of one guest side by side.
 *
 *   1 Side by side  exits that belong together in one row; # those that differ, a dot what the kernel keeps
 *                   to itself, ~ what comes with the time
 *   2 What differs  the fields of the selected row, and how both runs ended
 */
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view.h"

#include <stdio.h>
#include <string.h>

enum { SIDE = 1, FIELDS = 2, FIELD_ROWS = 10, NAME_COLS = 21 };

static unsigned compare_layout(const struct ui *ui, int row, int rows, struct pane *panes)
{
    panes[0] =
        (struct pane){.number = SIDE, .row = row, .rows = rows - FIELD_ROWS + 1, .cols = ui->cols};
    panes[1] = (struct pane){
        .number = FIELDS, .row = row + rows - FIELD_ROWS, .rows = FIELD_ROWS, .cols = ui->cols};
    return 2;
}

static bool has_rows(const struct compare_look *look)
{
    return look->id && !look->why_not[0];
}

/* The first difference, until the user moves: another answer has another id. */
static unsigned selected(const struct model *model, const struct ui *ui)
{
    const struct compare_look *look = &model->compare;

    if (ui->compare.id != look->id)
        return look->first;
    return ui->compare.row < look->count ? ui->compare.row : 0;
}

static void compare_detail(const struct model *model, const struct ui *ui, struct pane *pane)
{
    const struct compare_look *look = &model->compare;
    char same[NUMBER_MAX], other[NUMBER_MAX];

    (void)ui;
    if (!has_rows(look) || pane->number != SIDE)
        return;
    snprintf(pane->detail, sizeof(pane->detail), "%s the same, %s differ",
             text_grouped(look->same, same), text_grouped(look->different + look->alone, other));
    pane->alert = look->has_first;
}

/* ---- rows -------------------------------------------------------------------------------------- */

static void side_draw(const struct area *area, const struct compare_row *row, enum trace_side side)
{
    char seq[NUMBER_MAX];
    int col;

    if (!row->has[side])
        return;
    area_printf(area, 0, 0, ROLE_NUMBER, "%6s", text_grouped(row->seq[side], seq));
    col = area_printf(area, 0, 7, ROLE_ADDRESS, "%8llx", (unsigned long long)row->rip[side]);
    area_printf(area, 0, col + 1, row->kind == TRACE_SAME ? ROLE_NORMAL : ROLE_REASON, "%s",
                row->meaning[side][0] ? row->meaning[side] : exit_reason_name(row->reason[side]));
}

static void row_draw(const struct area *area, int at, const struct compare_row *row)
{
    static const char marks[] = {[TRACE_SAME] = ' ',
                                 [TRACE_DIFFERENT] = '#',
                                 [TRACE_KEPT] = '.',
                                 [TRACE_TIMED] = '~',
                                 [TRACE_ALONE] = '#'};
    int half = (area->cols - 4) / 2;
    struct area a = area_part(area, at, 1, 1, half), b = area_part(area, at, half + 4, 1, half);

    side_draw(&a, row, TRACE_A);
    side_draw(&b, row, TRACE_B);
    area_char(area, at, half + 2, marks[row->kind] == '#' ? ROLE_DENY : ROLE_DIM,
              (uint32_t)marks[row->kind]);
}

static int nothing_draw(const struct compare_look *look, const struct area *area)
{
    if (look->why_not[0])
        area_wrap(area, 0, 0, ROLE_DENY, look->why_not);
    else
        area_wrap(
            area, 0, 0, ROLE_DIM,
            "Nothing is compared yet: a asks for two files of 'vlab run --trace', of two runs, "
            "or of one guest with --backend emu and --backend kvm.");
    return 1;
}

static void head_draw(const struct compare_look *look, const struct area *area)
{
    int half = (area->cols - 4) / 2;

    for (unsigned side = TRACE_A; side <= TRACE_B; side++)
        area_printf(area, 0, side == TRACE_A ? 1 : half + 4, ROLE_LABEL, "%.*s (%s)", half - 8,
                    look->name[side], look->backend[side]);
}

/* The selected row in the middle, as far as that goes. */
static int first_row(int at, int count, int rows)
{
    int first = at - rows / 2;

    first = first > count - rows ? count - rows : first;
    return first < 0 ? 0 : first;
}

static int side_by_side(const struct model *model, const struct ui *ui, const struct area *area)
{
    const struct compare_look *look = &model->compare;
    int at = (int)selected(model, ui), rows = area->rows - 1;
    int first = first_row(at, (int)look->count, rows);

    head_draw(look, area);
    for (int i = first; i < (int)look->count && i - first < rows; i++) {
        row_draw(area, i - first + 1, &look->rows[i]);
        if (i == at) {
            area_char(area, i - first + 1, 0, ROLE_SELECTED, (uint32_t)theme_mark(ROLE_SELECTED));
            area_select_row(area, i - first + 1);
        }
    }
    return (int)look->count + 1;
}

/* ---- fields ------------------------------------------------------------------------------------ */

static const char *kind_text(const struct compare_row *row)
{
    switch (row->kind) {
    case TRACE_SAME:
        return "These two agree in all that both CPUs can see.";
    case TRACE_KEPT:
        return "The kernel keeps such exits to itself: the other trace cannot have it.";
    case TRACE_TIMED:
        return "It comes when the time has come, which is another one there.";
    case TRACE_ALONE:
        return "The other trace has none like it here.";
    default:
        return "";
    }
}

static int details_draw(const struct compare_look *look, const struct compare_row *row,
                        const struct area *area)
{
    const struct compare_detail *detail = &look->details[row->detail < 0 ? 0 : row->detail];
    int half = (area->cols - NAME_COLS) / 2, at = 0;

    if (row->detail < 0) {
        area_printf(area, 0, 1, ROLE_DIM, "%s",
                    row->kind == TRACE_DIFFERENT ? "Fields are kept of the first differences only."
                                                 : kind_text(row));
        return 1;
    }
    for (; at < (int)detail->count; at++) {
        area_printf(area, at, 1, ROLE_LABEL, "%s", detail->fields[at].name);
        area_printf(area, at, NAME_COLS, ROLE_NUMBER, "%.*s", half - 1,
                    detail->fields[at].text[TRACE_A]);
        area_printf(area, at, NAME_COLS + half, ROLE_CHANGED, "%.*s", half - 1,
                    detail->fields[at].text[TRACE_B]);
    }
    if (detail->all > detail->count)
        area_printf(area, at++, 1, ROLE_DIM, "and %u more", detail->all - detail->count);
    return at;
}

static int fields_draw(const struct model *model, const struct ui *ui, const struct area *area)
{
    const struct compare_look *look = &model->compare;
    int half = (area->cols - NAME_COLS) / 2, last = area->rows - 1;

    if (look->count)
        details_draw(look, &look->rows[selected(model, ui)], area);
    area_text(area, last, 1, ROLE_LABEL, "at the end");
    for (unsigned side = TRACE_A; side <= TRACE_B; side++)
        area_printf(area, last, NAME_COLS + (int)side * half,
                    strcmp(look->end[TRACE_A], look->end[TRACE_B]) ? ROLE_CHANGED : ROLE_NORMAL,
                    "%.*s", half - 1, look->end[side]);
    return area->rows;
}

static int compare_draw(const struct model *model, const struct ui *ui, unsigned number,
                        const struct area *area)
{
    if (!has_rows(&model->compare))
        return number == SIDE ? nothing_draw(&model->compare, area) : 0;
    return number == SIDE ? side_by_side(model, ui, area) : fields_draw(model, ui, area);
}

/* ---- moving ------------------------------------------------------------------------------------ */

static void go_to(const struct model *model, struct ui *ui, unsigned row)
{
    ui->compare.id = model->compare.id;
    ui->compare.row = row;
}

static bool compare_move(const struct model *model, struct ui *ui, unsigned number, enum move move,
                         int page)
{
    if (number != SIDE || !model->compare.count)
        return number == SIDE;
    go_to(model, ui,
          (unsigned)move_apply(move, selected(model, ui), model->compare.count, page - 1));
    return true;
}

static bool row_has(const struct compare_row *row, const char *text)
{
    for (unsigned side = TRACE_A; side <= TRACE_B; side++)
        if (row->has[side] && (text_has(row->meaning[side], text) ||
                               text_has(exit_reason_name(row->reason[side]), text)))
            return true;
    return false;
}

static int compare_find(const struct model *model, struct ui *ui, unsigned number, int direction)
{
    const struct compare_look *look = &model->compare;
    unsigned at = selected(model, ui);

    if (number != SIDE)
        return -1;
    for (unsigned i = 1; i <= look->count; i++) {
        unsigned row = (at + (direction > 0 ? i : look->count - i)) % look->count;

        if (row_has(&look->rows[row], ui->find)) {
            go_to(model, ui, row);
            return 1;
        }
    }
    return 0;
}

static void compare_click(const struct model *model, struct ui *ui, const struct pane *pane,
                          int row)
{
    int rows = pane->rows - 3, count = (int)model->compare.count;
    int at = first_row((int)selected(model, ui), count, rows) + row - 1;

    if (pane->number == SIDE && row >= 1 && at < count)
        go_to(model, ui, (unsigned)at);
}

const struct view_ops view_compare = {
    .name = "compare",
    .title = "COMPARE",
    .panes = {NULL, "Side by side", "What differs"},
    .first_focus = SIDE,
    .endless = 1 << FIELDS,
    .layout = compare_layout,
    .detail = compare_detail,
    .draw = compare_draw,
    .move = compare_move,
    .find = compare_find,
    .click = compare_click,
};
