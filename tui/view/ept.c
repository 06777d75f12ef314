/*
 * The second stage: how guest-physical memory lies in host memory.
 *
 *   1 Walk    the entries of one guest-physical address
 *   2 Page    what the machine knows of it: RAM or ROM, shared, written
 *   3 Map     all of guest-physical memory in ranges
 *   4 Table   the entries of one of the tables
 *
 * The address is the cursor of all of them. What changed since the stop before is marked.
 */
#include "tui/view/ept.h"
#include "tui/act_ept.h"
#include "tui/theme.h"
#include "tui/view/pages.h"

#include <stdio.h>
#include <string.h>

enum { COLS_TABLE = 112, TABLE_COLS = 50, WALK_COLS = 48, WALK_ROWS = 8 };

static unsigned ept_layout(const struct ui *ui, int row, int rows, struct pane *panes)
{
    int left = WALK_COLS + (ui->cols - SCREEN_FULL_COLS) / 3;

    panes[0] = (struct pane){.number = EPT_WALK, .row = row, .rows = WALK_ROWS, .cols = left};
    panes[1] = (struct pane){.number = EPT_PAGE_PANE,
                             .row = row,
                             .rows = WALK_ROWS,
                             .col = left - 1,
                             .cols = ui->cols - left + 1};
    panes[2] = (struct pane){.number = EPT_MAP,
                             .row = row + WALK_ROWS - 1,
                             .rows = rows - WALK_ROWS + 1,
                             .cols = ui->cols};
    if (ui->cols < COLS_TABLE)
        return 3;
    panes[2].cols = ui->cols - TABLE_COLS + 1;
    panes[3] = panes[2];
    panes[3].number = EPT_TABLE_PANE;
    panes[3].col = panes[2].cols - 1;
    panes[3].cols = TABLE_COLS;
    return 4;
}

static void walk_detail(const struct ept_look *look, struct pane *pane)
{
    snprintf(pane->detail, sizeof(pane->detail), "EPTP %llx%s", (unsigned long long)look->eptp,
             !look->walked                      ? ", not walked by the CPU: shadow paging"
             : look->eptp & EPTP_ACCESSED_DIRTY ? ", A/D on"
                                                : ", A/D off");
}

static void map_detail(const struct model *model, struct pane *pane)
{
    const struct ept_look *look = &model->ept;
    unsigned pages = 0, changed = 0;

    for (unsigned i = 0; i < look->count; i++) {
        pages += look->ranges[i].page_size > 0;
        changed += ept_range_is_new(&model->ept_before, &look->ranges[i]);
    }
    snprintf(pane->detail, sizeof(pane->detail), "%u range%s, %u table%s%s", pages,
             pages == 1 ? "" : "s", look->tables, look->tables == 1 ? "" : "s",
             look->cut < EPT_GPA_END ? ", cut" : "");
    if (changed)
        snprintf(pane->detail + strlen(pane->detail), 24, ", %c%u changed",
                 theme_mark(ROLE_CHANGED), changed);
}

static void ept_detail(const struct model *model, const struct ui *ui, struct pane *pane)
{
    static const char *const names[] = {"", "PT", "PD", "PDPT", "PML4"};
    const struct ept_look *look = &model->ept;

    (void)ui;
    if (!look->on)
        return;
    if (pane->number == EPT_WALK)
        walk_detail(look, pane);
    else if (pane->number == EPT_PAGE_PANE)
        snprintf(pane->detail, sizeof(pane->detail), "guest-physical %llx",
                 (unsigned long long)(look->gpa & PAGE_MASK));
    else if (pane->number == EPT_MAP)
        map_detail(model, pane);
    else if (look->has_table)
        snprintf(pane->detail, sizeof(pane->detail), "EPT %s at HPA %llx", names[look->table_level],
                 (unsigned long long)look->table_hpa);
}

static int ept_draw(const struct model *model, const struct ui *ui, unsigned number,
                    const struct area *area)
{
    int scroll = ui->scroll[VIEW_EPT][number];

    if (!model->ept.on) {
        if (number == ui->focus[VIEW_EPT])
            area_text(area, 0, 1, ROLE_DIM,
                      model->lab < 0 ? "No lab is open: l lists them." : "not read yet");
        return 1;
    }
    if (number == EPT_WALK)
        return ept_view_walk(model, ui, area, scroll);
    if (number == EPT_PAGE_PANE)
        return ept_view_page(model, area, scroll);
    if (number == EPT_MAP)
        return ept_view_map(model, ui, area);
    return ept_view_table(model, ui, area);
}

static void go_entry(const struct model *model, struct ui *ui, unsigned index)
{
    ui->ept.question.level = model->ept.table_level;
    ept_cursor_move(ui, ept_entry_gpa(&model->ept, index));
}

static unsigned table_lines(const struct model *model)
{
    return ept_table_line(model, EPT_ENTRIES - 1) + 1;
}

static void move_entry(const struct model *model, struct ui *ui, enum move move, int page)
{
    unsigned at = ept_table_line(model, ept_entry_index(&model->ept, ept_cursor(model, ui)));

    at = (unsigned)move_apply(move, at, table_lines(model), page - 1);
    go_entry(model, ui, ept_table_index(model, at));
}

static bool ept_move(const struct model *model, struct ui *ui, unsigned number, enum move move,
                     int page)
{
    const struct ept_look *look = &model->ept;
    int step = ept_step(model);
    uint64_t at;

    if (!look->on)
        return true;
    if (number == EPT_WALK && step >= 0) {
        at = move_apply(move, (uint64_t)step, look->walk.count, page);
        ui->ept.question.level = look->walk.steps[at].level;
    } else if (number == EPT_MAP) {
        at = move_apply(move, ept_range_at(look, ept_cursor(model, ui)), look->count, page - 1);
        ept_cursor_move(ui, look->ranges[at].first);
    } else if (number == EPT_TABLE_PANE && look->has_table) {
        move_entry(model, ui, move, page);
    }
    return number != EPT_PAGE_PANE;
}

static void ept_click(const struct model *model, struct ui *ui, const struct pane *pane, int row)
{
    const struct ept_look *look = &model->ept;
    uint64_t cursor = ept_cursor(model, ui);
    int at;

    if (!look->on || row == 0)
        return;
    if (pane->number == EPT_MAP) {
        at = pages_first((int)ept_range_at(look, cursor), (int)look->count, pane->rows - 3) + row -
             1;
        if (at < (int)look->count)
            ept_cursor_move(ui, look->ranges[at].first);
    } else if (pane->number == EPT_TABLE_PANE && look->has_table) {
        at = (int)ept_table_line(model, ept_entry_index(look, cursor));
        at = pages_first(at, (int)table_lines(model), pane->rows - 3) + row - 1;
        if (at < (int)table_lines(model))
            go_entry(model, ui, ept_table_index(model, (unsigned)at));
    } else if (pane->number == EPT_WALK && row <= look->walk.count) {
        ui->ept.question.level = look->walk.steps[row - 1].level;
    }
}

const struct view_ops view_ept = {
    .name = "ept",
    .title = "EPT",
    .panes = {NULL, "Walk", "Page", "Map", "Table"},
    .first_focus = EPT_MAP,
    .endless = 1 << EPT_MAP | 1 << EPT_TABLE_PANE,
    .layout = ept_layout,
    .detail = ept_detail,
    .draw = ept_draw,
    .move = ept_move,
    .click = ept_click,
};
