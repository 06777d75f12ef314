/*
 * Guest memory.
 *
 *   1 Bytes          around the cursor, with what changed since the stop before
 *   2 At the cursor  the same bytes as numbers, text and code, and where they are
 *   3 Registers      what points into memory; Enter goes there
 *
 * The cursor is a place that may hang on a register and moves with it. Only what the engine copied
 * is shown; what it could not read is said to be so.
 */
#include "tui/act_memory.h"
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view.h"
#include "tui/view/memory_panes.h"

#include <stdio.h>

/* Pane 1 stands beside the others from this width on; and how wide it is then. */
enum { COLS_BESIDE = 118, COLS_FULL = 132, COLS_DOUBLE = 220 };

static void layout_beside(const struct ui *ui, struct pane *panes, int row, int rows)
{
    int left = ui->cols >= COLS_DOUBLE ? 154 : ui->cols >= COLS_FULL ? 87 : 80;
    int value = rows >= 36 ? 16 : 12;

    panes[0] = (struct pane){.row = row, .rows = rows, .cols = left};
    panes[1] = (struct pane){.row = row, .rows = value, .col = left - 1};
    panes[2] = (struct pane){.row = row + value - 1, .rows = rows - value + 1, .col = left - 1};
    panes[1].cols = panes[2].cols = ui->cols - left + 1;
}

static void layout_below(const struct ui *ui, struct pane *panes, int row, int rows)
{
    int value = rows >= 26 ? 13 : 11, middle = ui->cols >= 96 ? ui->cols / 2 : 48;

    panes[0] = (struct pane){.row = row, .rows = rows - value + 1, .cols = ui->cols};
    panes[1] = (struct pane){.row = row + rows - value, .rows = value, .cols = middle};
    panes[2] = panes[1];
    panes[2].col = middle - 1;
    panes[2].cols = ui->cols - middle + 1;
}

static unsigned memory_layout(const struct ui *ui, int row, int rows, struct pane *panes)
{
    if (ui->cols >= COLS_BESIDE)
        layout_beside(ui, panes, row, rows);
    else
        layout_below(ui, panes, row, rows);
    for (unsigned i = 0; i < 3; i++)
        panes[i].number = i + 1;
    return 3;
}

static void memory_detail(const struct model *model, const struct ui *ui, struct pane *pane)
{
    char place[MEMORY_PLACE_MAX];

    if (model->lab < 0)
        return;
    memory_place_text(&ui->memory.place, &model->now, place);
    if (pane->number == 1)
        memory_title(model, ui, pane);
    else if (pane->number == 2)
        snprintf(pane->detail, sizeof(pane->detail), "%llx%s%s",
                 (unsigned long long)memory_cursor(model, ui), *place ? "  " : "", place);
}

unsigned memory_list(const struct model *model, enum memory_base list[MEMORY_BASES])
{
    unsigned count = 0;

    for (unsigned base = MEMORY_RIP; base < MEMORY_BASES; base++)
        if (memory_base_exists((enum memory_base)base, &model->now))
            list[count++] = (enum memory_base)base;
    return count;
}

static struct memory_place base_place(enum memory_base base)
{
    return (struct memory_place){.base = (uint8_t)base, .physical = base == MEMORY_CR3};
}

static void register_draw(const struct model *model, const struct area *area, int row,
                          enum memory_base base)
{
    struct memory_place place = base_place(base);
    uint64_t now = memory_place_address(&place, &model->now);
    bool changed = model->has_before && memory_place_address(&place, &model->before) != now;
    char name[MEMORY_PLACE_MAX];
    int col;

    area_text(area, row, 1, ROLE_LABEL, memory_place_text(&place, &model->now, name));
    if (changed)
        area_char(area, row, 6, ROLE_CHANGED, (uint32_t)theme_mark(ROLE_CHANGED));
    col = area_printf(area, row, 7, changed ? ROLE_CHANGED : ROLE_ADDRESS, "%0*llx",
                      (int)model_digits(model), (unsigned long long)now);
    area_text(area, row, col + 1, ROLE_DIM, memory_base_role(base));
}

static unsigned list_index(const enum memory_base *list, unsigned count, enum memory_base base)
{
    unsigned at = 0;

    while (at < count && list[at] != base)
        at++;
    return at < count ? at : 0;
}

static int first_row(int selected, int rows)
{
    return rows > 0 && selected >= rows ? selected - rows + 1 : 0;
}

int memory_registers(const struct model *model, const struct ui *ui, const struct area *area)
{
    enum memory_base list[MEMORY_BASES];
    unsigned count = memory_list(model, list);
    int at = (int)list_index(list, count, memory_selected(model, ui));
    int first = first_row(at, area->rows);

    for (int i = first; i < (int)count && i - first < area->rows; i++) {
        register_draw(model, area, i - first, list[i]);
        if (i == at) {
            area_char(area, i - first, 0, ROLE_SELECTED, (uint32_t)theme_mark(ROLE_SELECTED));
            area_select_row(area, i - first);
        }
    }
    return (int)count;
}

static int memory_draw(const struct model *model, const struct ui *ui, unsigned number,
                       const struct area *area)
{
    if (model->lab < 0) {
        if (number == 1)
            area_text(area, 0, 1, ROLE_DIM, "No lab is open: l lists them.");
        return 1;
    }
    if (number == 1)
        return memory_bytes(model, ui, area);
    if (number == 2)
        return memory_value(model, ui, area, ui->scroll[VIEW_MEMORY][number]);
    return memory_registers(model, ui, area);
}

static bool memory_move(const struct model *model, struct ui *ui, unsigned number, enum move move,
                        int page)
{
    enum memory_base list[MEMORY_BASES];
    unsigned count = memory_list(model, list);

    if (model->lab < 0)
        return true;
    if (number == 1)
        memory_bytes_move(model, ui, move, page);
    if (number == 3)
        ui->memory.base = list[move_apply(move, list_index(list, count, memory_selected(model, ui)),
                                          count, page - 1)];
    return number != 2;
}

static bool memory_side(const struct model *model, struct ui *ui, unsigned number, int direction)
{
    if (number != 1 || model->lab < 0)
        return false;
    memory_cursor_move(model, ui, direction);
    return true;
}

/* In the list of registers; the bytes are searched by the engine. */
static int memory_search(const struct model *model, struct ui *ui, unsigned number, int direction)
{
    enum memory_base list[MEMORY_BASES];
    unsigned count = memory_list(model, list);
    unsigned at = list_index(list, count, memory_selected(model, ui));

    if (number != 3)
        return -1;
    for (unsigned i = 1; i <= count; i++) {
        enum memory_base base = list[(at + (direction > 0 ? i : count - i)) % count];
        struct memory_place place = base_place(base);
        char name[MEMORY_PLACE_MAX];

        if (text_has(memory_place_text(&place, &model->now, name), ui->find) ||
            text_has(memory_base_role(base), ui->find)) {
            ui->memory.base = base;
            return 1;
        }
    }
    return 0;
}

static void memory_click(const struct model *model, struct ui *ui, const struct pane *pane, int row)
{
    enum memory_base list[MEMORY_BASES];
    unsigned count = memory_list(model, list);
    int at = (int)list_index(list, count, memory_selected(model, ui));
    struct dump dump = memory_dump(model, pane->cols - 2);

    if (model->lab < 0)
        return;
    if (pane->number == 1) {
        uint64_t first = memory_first(model, ui, &dump, pane->rows - 2);
        uint64_t line = first + (uint64_t)row * (uint64_t)dump.bytes;
        uint64_t cursor = memory_cursor(model, ui);

        ui->memory.top = first;
        if (line >= first)
            memory_place_move(&ui->memory.place, &model->now, line + cursor % (uint64_t)dump.bytes);
    }
    at = first_row(at, pane->rows - 2) + row;
    if (pane->number == 3 && at < (int)count)
        ui->memory.base = list[at];
}

const struct view_ops view_memory = {
    .name = "memory",
    .title = "MEMORY",
    .panes = {NULL, "Bytes", "At the cursor", "Registers"},
    .first_focus = 1,
    .endless = 1 << 1 | 1 << 3,
    .layout = memory_layout,
    .detail = memory_detail,
    .draw = memory_draw,
    .move = memory_move,
    .side = memory_side,
    .find = memory_search,
    .click = memory_click,
};
