/*
 * The labs view: the list with what has been reached, the goal of the selected lab, and its
 * exercise with every check and the last verdict.
 */
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view.h"

#include <stdio.h>

enum { BAR_COLS = 8 };

static const struct lab_info *selected_lab(const struct model *model, const struct ui *ui)
{
    return ui->selected_lab < model->lab_count ? &model->labs[ui->selected_lab] : NULL;
}

static unsigned labs_layout(const struct ui *ui, int row, int rows, struct pane *panes)
{
    int list = ui->cols >= 110 ? 50 : 40;
    int exercise = rows / 2 + 1 > 20 ? 20 : rows / 2 + 1;
    int top = rows - exercise + 1;

    panes[0] = (struct pane){.number = 1, .row = row, .rows = top, .cols = list + 1};
    panes[1] =
        (struct pane){.number = 2, .row = row, .rows = top, .col = list, .cols = ui->cols - list};
    panes[2] = (struct pane){.number = 3, .row = row + top - 1, .rows = exercise, .cols = ui->cols};
    return 3;
}

static void labs_detail(const struct model *model, const struct ui *ui, struct pane *pane)
{
    const struct lab_info *lab = selected_lab(model, ui);

    if (pane->number == 1)
        snprintf(pane->detail, sizeof(pane->detail), "%u", model->lab_count);
    else if (lab && pane->number == 2)
        snprintf(pane->detail, sizeof(pane->detail), "%s %s", lab->id, lab->name);
    else if (lab && lab->exercise[0])
        snprintf(pane->detail, sizeof(pane->detail), "%u of %u points", lab->points,
                 lab->points_max);
}

/* "███░░░░░  40/100", or why there is nothing to reach. */
static void progress_draw(const struct area *area, int row, const struct lab_info *lab)
{
    int at = area->cols - BAR_COLS - 9;
    int full = lab->points_max ? (int)(lab->points * BAR_COLS / lab->points_max) : 0;

    if (!lab->exercise[0])
        return;
    for (int i = 0; i < BAR_COLS; i++)
        area_char(area, row, at + i, i < full ? ROLE_BAR : ROLE_BORDER, i < full ? 0x2588 : 0x2591);
    area_printf(area, row, at + BAR_COLS + 1, ROLE_NUMBER, "%3u/%u", lab->points, lab->points_max);
}

static void lab_row_draw(const struct model *model, const struct ui *ui, const struct area *area,
                         int row, unsigned index)
{
    const struct lab_info *lab = &model->labs[index];
    struct area text = area_part(area, row, 0, 1, area->cols - BAR_COLS - 10);
    int col = area_printf(&text, 0, 1, ROLE_LABEL, "%s", lab->id) + 1;

    col = area_text(&text, 0, col, lab->missing[0] ? ROLE_DISABLED : ROLE_MNEMONIC, lab->name);
    if ((int)index == model->lab)
        area_text(&text, 0, col + 1, ROLE_ALLOW, "open");
    progress_draw(area, row, lab);
    if (index == ui->selected_lab) {
        area_char(area, row, 0, ROLE_SELECTED, (uint32_t)theme_mark(ROLE_SELECTED));
        area_select_row(area, row);
    }
}

/* The first lab that is seen, so that the selected one is in the middle. */
static int list_first(const struct model *model, const struct ui *ui, int rows)
{
    int first = (int)ui->selected_lab - rows / 2;

    if (first > (int)model->lab_count - rows)
        first = (int)model->lab_count - rows;
    return first < 0 ? 0 : first;
}

static int list_draw(const struct model *model, const struct ui *ui, const struct area *area)
{
    int first = list_first(model, ui, area->rows);

    if (model->lab_count == 0) {
        area_text(area, 0, 1, ROLE_DIM, "There is no lab.");
        return 1;
    }
    for (int row = 0; row < area->rows && first + row < (int)model->lab_count; row++)
        lab_row_draw(model, ui, area, row, (unsigned)(first + row));
    return (int)model->lab_count;
}

static int lab_draw(const struct lab_info *lab, const struct area *area, int scroll)
{
    struct area text = area_part(area, 0, 1, area->rows, area->cols - 2);
    int row = -scroll;

    row += area_wrap(&text, row, 0, ROLE_TITLE_FOCUS, lab->title) + 1;
    row += area_wrap(&text, row, 0, ROLE_NORMAL, lab->goal) + 1;
    if (lab->missing[0])
        row += area_wrap(&text, row, 0, ROLE_DENY, lab->missing) + 1;
    if (lab->sheet[0]) {
        area_text(&text, row++, 0, ROLE_LABEL, "Read first:");
        row += area_wrap(&text, row, 0, ROLE_NUMBER, lab->sheet);
    }
    return row + scroll;
}

struct verdict_style {
    const char *mark;
    enum role role;
};

static const struct verdict_style verdicts[] = {
    [LAB_NOT_TRIED] = {"[ ]", ROLE_NORMAL},
    [LAB_PASS] = {"[x]", ROLE_ALLOW},
    [LAB_FAIL] = {"[!]", ROLE_DENY},
    [LAB_NOT_RUN] = {"[-]", ROLE_DIM},
};

static void check_draw(const struct area *area, int row, const struct lab_check *check)
{
    const struct verdict_style *v = &verdicts[check->verdict];
    struct area text = area_part(area, row, 0, row >= 0, area->cols - 9);
    int col = area_text(&text, 0, 1, v->role, v->mark) + 1;

    area_text(&text, 0, col, check->verdict == LAB_NOT_RUN ? ROLE_DIM : ROLE_NORMAL, check->text);
    if (check->points)
        area_printf(area, row, area->cols - 8, ROLE_NUMBER, "%3u pts", check->points);
}

static int exercise_draw(const struct lab_info *lab, const struct area *area, int scroll)
{
    int row = -scroll, col;

    if (!lab->exercise[0]) {
        area_text(area, 0, 1, ROLE_DIM, "This lab has no exercise.");
        return 1;
    }
    area_text(area, row++, 1, ROLE_MNEMONIC, lab->exercise);
    if (lab->command[0]) {
        col = area_text(area, row, 1, ROLE_LABEL, "In a shell:");
        area_text(area, row++, col + 1, ROLE_KEY, lab->command);
    }
    if (lab->problem[0])
        area_printf(area, row++, 0, ROLE_ERROR, "%c%s", theme_mark(ROLE_ERROR), lab->problem);
    area_text(area, ++row, 1, ROLE_LABEL,
              lab->tried ? "Last check:" : "What is checked (not checked yet):");
    row++;
    for (unsigned i = 0; i < lab->check_count; i++)
        check_draw(area, row++, &lab->checks[i]);
    return row + scroll;
}

static int labs_draw(const struct model *model, const struct ui *ui, unsigned number,
                     const struct area *area)
{
    const struct lab_info *lab = selected_lab(model, ui);
    int scroll = ui->scroll[VIEW_LABS][number];

    if (number == 1)
        return list_draw(model, ui, area);
    if (!lab)
        return 0;
    return number == 2 ? lab_draw(lab, area, scroll) : exercise_draw(lab, area, scroll);
}

static void select_lab(struct ui *ui, unsigned lab)
{
    ui->selected_lab = lab;
    ui->scroll[VIEW_LABS][2] = ui->scroll[VIEW_LABS][3] = 0;
}

static bool labs_move(const struct model *model, struct ui *ui, unsigned number, enum move move,
                      int page)
{
    if (number != 1)
        return false;
    select_lab(ui, (unsigned)move_apply(move, ui->selected_lab, model->lab_count, page));
    return true;
}

static int labs_find(const struct model *model, struct ui *ui, unsigned number, int direction)
{
    unsigned count = model->lab_count;

    if (number != 1)
        return -1;
    for (unsigned i = 1; i <= count; i++) {
        unsigned lab = (ui->selected_lab + count + (direction > 0 ? i : count - i)) % count;

        if (text_has(model->labs[lab].name, ui->find) ||
            text_has(model->labs[lab].title, ui->find)) {
            select_lab(ui, lab);
            return 1;
        }
    }
    return 0;
}

static void labs_click(const struct model *model, struct ui *ui, const struct pane *pane, int row)
{
    int lab = list_first(model, ui, pane->rows - 2) + row;

    if (pane->number == 1 && lab < (int)model->lab_count)
        select_lab(ui, (unsigned)lab);
}

const struct view_ops view_labs = {
    .name = "labs",
    .title = "LABS",
    .panes = {NULL, "Labs", "Lab", "Exercise"},
    .first_focus = 1,
    .layout = labs_layout,
    .detail = labs_detail,
    .draw = labs_draw,
    .move = labs_move,
    .find = labs_find,
    .click = labs_click,
};
