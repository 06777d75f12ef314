/*
 * Address translation.
 *
 *   1 Guest walk     the guest's tables, entry by entry, for one address
 *   2 Second stage   where each of those entries lies, walked in the second dimension; with shadow
 *                    paging the tables that the CPU walks instead
 *   3 Verdict        allowed or not, by which stage and rule; and what can be tried out
 *   4 Map            the whole address space in ranges, holes and W+X marked
 *   5 Table          the entries of one of the tables
 *
 * The address is the cursor of all of them. What changed since the stop before is marked.
 */
#include "tui/view/pages.h"
#include "tui/act_pages.h"
#include "tui/text.h"
#include "tui/theme.h"

#include <stdio.h>
#include <string.h>

/* The table stands beside the map from this width on, and so wide. */
enum { COLS_TABLE = 112, TABLE_COLS = 52, WALK_COLS = 50 };
enum { VERDICT_ROWS = 6 };

static unsigned pages_layout(const struct ui *ui, int row, int rows, struct pane *panes)
{
    int walk = rows >= 26 ? 10 : 9, map = walk + VERDICT_ROWS - 2;
    int left = ui->cols >= 140 ? 70 : WALK_COLS + (ui->cols - SCREEN_FULL_COLS) / 3;
    int table = ui->cols >= 140 ? 62 : TABLE_COLS;

    panes[0] = (struct pane){.number = PAGES_WALK, .row = row, .rows = walk, .cols = left};
    panes[1] = (struct pane){.number = PAGES_STAGE,
                             .row = row,
                             .rows = walk,
                             .col = left - 1,
                             .cols = ui->cols - left + 1};
    panes[2] = (struct pane){
        .number = PAGES_VERDICT, .row = row + walk - 1, .rows = VERDICT_ROWS, .cols = ui->cols};
    panes[3] =
        (struct pane){.number = PAGES_MAP, .row = row + map, .rows = rows - map, .cols = ui->cols};
    if (ui->cols < COLS_TABLE)
        return 4;
    panes[3].cols = ui->cols - table + 1;
    panes[4] = panes[3];
    panes[4].number = PAGES_TABLE;
    panes[4].col = panes[3].cols - 1;
    panes[4].cols = table;
    return 5;
}

/* ---- what stands behind the names ------------------------------------------------------------ */

static void walk_detail(const struct model *model, const struct ui *ui, struct pane *pane)
{
    char place[MEMORY_PLACE_MAX];

    memory_place_text(&ui->pages.question.place, &model->now, place);
    snprintf(pane->detail, sizeof(pane->detail), "CR3 %llx%s%s",
             (unsigned long long)model->pages.mmu.cr3, *place ? "  " : "", place);
}

static void stage_detail(const struct pages_look *look, struct pane *pane)
{
    if (look->has_shadow)
        snprintf(pane->detail, sizeof(pane->detail), "shadow tables, the CPU's CR3 %llx",
                 (unsigned long long)look->shadow_cr3);
    else
        snprintf(pane->detail, sizeof(pane->detail), "EPTP %llx%s", (unsigned long long)look->eptp,
                 look->eptp & EPTP_ACCESSED_DIRTY ? ", A/D on" : "");
}

static void map_detail(const struct model *model, struct pane *pane)
{
    const struct pages_look *look = &model->pages;
    unsigned pages = 0, changed = 0, wx = 0;

    for (unsigned i = 0; i < look->map.count; i++) {
        const struct x86_range *r = &look->ranges[i];

        pages += r->page_size > 0;
        changed += pages_range_is_new(&model->pages_before, r);
        wx += r->page_size && (r->rights & X86_RIGHT_WRITE) && (r->rights & X86_RIGHT_FETCH);
    }
    snprintf(pane->detail, sizeof(pane->detail), "%u range%s, %u W+X%s", pages,
             pages == 1 ? "" : "s", wx, look->map.cut ? ", cut" : "");
    if (changed)
        snprintf(pane->detail + strlen(pane->detail), 24, ", %c%u changed",
                 theme_mark(ROLE_CHANGED), changed);
}

static void table_detail(const struct pages_look *look, struct pane *pane)
{
    static const char *const names[] = {"", "PT", "PD", "PDPT", "PML4", "PML5"};

    if (look->table.in_register)
        snprintf(pane->detail, sizeof(pane->detail), "PDPT, in the CPU");
    else if (look->table.on)
        snprintf(pane->detail, sizeof(pane->detail), "%s at %llx", names[look->table.level],
                 (unsigned long long)look->table.gpa);
}

static void pages_detail(const struct model *model, const struct ui *ui, struct pane *pane)
{
    static const char *const names[] = {
        [X86_READ] = "read", [X86_WRITE] = "write", [X86_FETCH] = "fetch"};

    if (!model->pages.on)
        return;
    if (pane->number == PAGES_WALK)
        walk_detail(model, ui, pane);
    else if (pane->number == PAGES_STAGE)
        stage_detail(&model->pages, pane);
    else if (pane->number == PAGES_VERDICT)
        snprintf(pane->detail, sizeof(pane->detail), "%s at %llx, CPL %u",
                 names[model->pages.asked.access], (unsigned long long)model->pages.gva,
                 model->pages.user ? 3 : 0);
    else if (pane->number == PAGES_MAP)
        map_detail(model, pane);
    else
        table_detail(&model->pages, pane);
}

/* ---- drawing --------------------------------------------------------------------------------- */

static int pages_draw(const struct model *model, const struct ui *ui, unsigned number,
                      const struct area *area)
{
    int scroll = ui->scroll[VIEW_PAGES][number];

    if (!model->pages.on) {
        if (number == ui->focus[VIEW_PAGES])
            area_text(area, 0, 1, ROLE_DIM,
                      model->lab < 0 ? "No lab is open: l lists them." : "not read yet");
        return 1;
    }
    if (number == PAGES_WALK)
        return pages_walk(model, ui, area, scroll);
    if (number == PAGES_STAGE)
        return pages_stage(model, area, ui->scroll[VIEW_PAGES][PAGES_WALK]);
    if (number == PAGES_VERDICT)
        return pages_verdict(model, ui, area, scroll);
    if (number == PAGES_MAP)
        return pages_map(model, ui, area);
    return pages_table(model, ui, area);
}

/* ---- moving ---------------------------------------------------------------------------------- */

static void move_step(const struct model *model, struct ui *ui, enum move move, int page)
{
    const struct x86_walk *walk = &model->pages.walk.guest;
    int at = pages_step(model);

    if (at >= 0)
        ui->pages.question.level =
            walk->steps[move_apply(move, (uint64_t)at, walk->count, page)].level;
}

static void move_range(const struct model *model, struct ui *ui, enum move move, int page)
{
    const struct pages_look *look = &model->pages;
    unsigned at = pages_range_at(look, pages_cursor(model, ui));

    if (look->map.count > 0)
        pages_cursor_move(model, ui,
                          look->ranges[move_apply(move, at, look->map.count, page - 1)].first);
}

static void go_entry(const struct model *model, struct ui *ui, unsigned index)
{
    ui->pages.question.level = model->pages.table.level;
    pages_cursor_move(model, ui, pages_entry_gva(&model->pages, index));
}

static void move_entry(const struct model *model, struct ui *ui, enum move move, int page)
{
    const struct pages_look *look = &model->pages;
    unsigned at;

    if (!look->table.on)
        return;
    at = pages_table_line(model, pages_entry_index(look, pages_cursor(model, ui)));
    at = (unsigned)move_apply(move, at, pages_table_lines(model), page - 1);
    go_entry(model, ui, pages_table_index(model, at));
}

static bool pages_move(const struct model *model, struct ui *ui, unsigned number, enum move move,
                       int page)
{
    if (!model->pages.on)
        return true;
    if (number == PAGES_WALK || number == PAGES_STAGE)
        move_step(model, ui, move, page);
    else if (number == PAGES_VERDICT)
        ui->pages.chosen = (unsigned)move_apply(move, ui->pages.chosen, PAGES_TRIES + 1, page);
    else if (number == PAGES_MAP)
        move_range(model, ui, move, page);
    else
        move_entry(model, ui, move, page);
    return true;
}

static bool pages_side(const struct model *model, struct ui *ui, unsigned number, int direction)
{
    (void)model;
    if (number != PAGES_VERDICT)
        return false;
    ui->pages.chosen =
        (ui->pages.chosen + PAGES_TRIES + 1 + (unsigned)direction) % (PAGES_TRIES + 1);
    return true;
}

static void pages_click(const struct model *model, struct ui *ui, const struct pane *pane, int row)
{
    const struct pages_look *look = &model->pages;
    uint64_t cursor = pages_cursor(model, ui);
    int at, count;

    if (!look->on)
        return;
    if (pane->number == PAGES_MAP && look->map.count > 0) {
        count = (int)look->map.count;
        at = pages_first((int)pages_range_at(look, cursor), count, pane->rows - 3) + row - 1;
        if (row > 0 && at < count)
            pages_cursor_move(model, ui, look->ranges[at].first);
    } else if (pane->number == PAGES_TABLE && look->table.on) {
        count = (int)pages_table_lines(model);
        at = (int)pages_table_line(model, pages_entry_index(look, cursor));
        at = pages_first(at, count, pane->rows - 3) + row - 1;
        if (row > 0 && at < count)
            go_entry(model, ui, pages_table_index(model, (unsigned)at));
    } else if (pane->number <= PAGES_STAGE && row > 0 && row <= look->walk.guest.count) {
        ui->pages.question.level = look->walk.guest.steps[row - 1].level;
    }
}

/* In the map, by its words: "w+x", "hole", an address. */
static int pages_find(const struct model *model, struct ui *ui, unsigned number, int direction)
{
    const struct pages_look *look = &model->pages;
    unsigned count = look->map.count, at;

    if (number != PAGES_MAP || !look->on)
        return -1;
    at = pages_range_at(look, pages_cursor(model, ui));
    for (unsigned i = 1; i <= count; i++) {
        unsigned next = (at + (direction > 0 ? i : 2 * count - i)) % count;
        char line[160];

        pages_map_text(look, next, line, sizeof(line));
        if (text_has(line, ui->find)) {
            pages_cursor_move(model, ui, look->ranges[next].first);
            return 1;
        }
    }
    return 0;
}

const struct view_ops view_pages = {
    .name = "pages",
    .title = "PAGES",
    .panes = {NULL, "Guest walk", "Second stage", "Verdict", "Map", "Table"},
    .first_focus = PAGES_MAP,
    .endless = 1 << PAGES_MAP | 1 << PAGES_TABLE,
    .layout = pages_layout,
    .detail = pages_detail,
    .draw = pages_draw,
    .move = pages_move,
    .side = pages_side,
    .find = pages_find,
    .click = pages_click,
};
