/*
 * The devices view.
 *
 *   80 columns                       from 120 on
 *   1 Serial console                 1 Serial console   3 Registers
 *   2 Devices      3 Registers       2 Devices
 *   4 Interrupts                     4 Interrupts
 *
 * 4 is there where there are rows for it. The device that is selected in 2 has its registers in 3.
 * In 1 the guest may have the keys (ui->typing).
 */
#include "tui/view/devices.h"
#include "tui/text.h"

#include <stdio.h>
#include <string.h>

enum { PANE_DEVICES = 2, PANE_REGISTERS, PANE_LINES };

/* Rows with borders: the devices that there are, the lines of the interrupt controllers. */
enum { ROWS_DEVICES = 13, ROWS_LINES = 20, ROWS_CONSOLE_MIN = 7 };
enum { COLS_WIDE = 120, COLS_LIST = 35 };

static void pane_add(struct pane *panes, unsigned *count, unsigned number, int row, int rows,
                     int col, int end)
{
    panes[(*count)++] =
        (struct pane){.number = number, .row = row, .rows = rows, .col = col, .cols = end - col};
}

/* Neighbours share their borders. */
static unsigned devices_layout(const struct ui *ui, int row, int rows, struct pane *panes)
{
    bool wide = ui->cols >= COLS_WIDE;
    bool lines = rows + 2 >= ROWS_CONSOLE_MIN + ROWS_DEVICES + ROWS_LINES;
    int left = wide ? ui->cols * 55 / 100 : COLS_LIST;
    int lower = lines ? ROWS_DEVICES + ROWS_LINES - 1 : wide ? ROWS_DEVICES : rows * 3 / 5 + 1;
    int upper = rows - lower + 1, below = row + upper - 1;
    unsigned count = 0;

    pane_add(panes, &count, CONSOLE_PANE, row, upper, 0, wide ? left : ui->cols);
    pane_add(panes, &count, PANE_DEVICES, below, lines ? ROWS_DEVICES : lower, 0, left);
    if (wide)
        pane_add(panes, &count, PANE_REGISTERS, row, rows, left - 1, ui->cols);
    else
        pane_add(panes, &count, PANE_REGISTERS, below, lower, left - 1, ui->cols);
    if (lines)
        pane_add(panes, &count, PANE_LINES, below + ROWS_DEVICES - 1, ROWS_LINES, 0, left);
    return count;
}

static bool no_machine(const struct model *model)
{
    return model->run == RUN_NONE || model->run == RUN_OPENING || model->devices.count == 0;
}

static unsigned selected(const struct model *model, const struct ui *ui)
{
    unsigned count = model->devices.count;

    return ui->selected_device < count ? ui->selected_device : count - 1;
}

/* What was typed and did not come in yet, with a separator before or behind it. */
static void waiting_text(const struct model *model, const char *before, const char *behind,
                         char *buf, size_t size)
{
    size_t waiting = model->devices.serial_waiting;

    buf[0] = '\0';
    if (waiting)
        snprintf(buf, size, "%s%zu B wait%s%s", before, waiting,
                 model->run == RUN_RUNNING ? "" : " until it runs", behind);
}

static void detail_console(const struct model *model, const struct ui *ui, struct pane *pane)
{
    static const char *const which[CONSOLE_TEXTS] = {"", ", only COM1", ", only debug port"};
    const struct text_tail *text = &model->text;
    char waiting[48];

    pane->alert = ui->typing;
    if (ui->typing) {
        waiting_text(model, "; ", "", waiting, sizeof(waiting));
        snprintf(pane->detail, sizeof(pane->detail), "TYPING, ^] leaves%s", waiting);
        return;
    }
    waiting_text(model, "", "; ", waiting, sizeof(waiting));
    snprintf(pane->detail, sizeof(pane->detail), "%sCOM1 %llu B, debug port %llu B%s", waiting,
             (unsigned long long)text->by_source[TEXT_SERIAL],
             (unsigned long long)text->by_source[TEXT_DEBUG_PORT], which[ui->console]);
}

static void devices_detail(const struct model *model, const struct ui *ui, struct pane *pane)
{
    const struct device_list *list = &model->devices;
    char now[NUMBER_MAX];

    if (no_machine(model))
        return;
    if (pane->number == CONSOLE_PANE)
        detail_console(model, ui, pane);
    else if (pane->number == PANE_DEVICES)
        snprintf(pane->detail, sizeof(pane->detail), "at %s ns", text_grouped(list->now, now));
    else if (pane->number == PANE_REGISTERS)
        snprintf(pane->detail, sizeof(pane->detail), "of %s, * changed",
                 list->devices[selected(model, ui)].name);
    else
        snprintf(pane->detail, sizeof(pane->detail), "INTR is %s", list->intr ? "high" : "low");
}

static int devices_draw(const struct model *model, const struct ui *ui, unsigned number,
                        const struct area *area)
{
    const struct device_list *list = &model->devices;
    int scroll = ui->scroll[VIEW_DEVICES][number];

    if (no_machine(model)) {
        if (number == ui->focus[VIEW_DEVICES])
            area_text(area, 0, 1, ROLE_DIM,
                      model->run == RUN_OPENING ? "The lab is being opened ..."
                                                : "No lab is open: l lists them.");
        return 1;
    }
    switch (number) {
    case CONSOLE_PANE:
        return console_draw(&model->text, ui->console, area, scroll, ui->typing);
    case PANE_DEVICES:
        return devices_table(model, ui, area);
    case PANE_REGISTERS:
        return devices_registers(list, &list->devices[selected(model, ui)], area, scroll);
    default:
        return devices_lines(list, area, scroll);
    }
}

static void select_device(struct ui *ui, unsigned device)
{
    if (device != ui->selected_device)
        ui->scroll[VIEW_DEVICES][PANE_REGISTERS] = 0;
    ui->selected_device = device;
}

static bool devices_move(const struct model *model, struct ui *ui, unsigned number, enum move move,
                         int page)
{
    if (number != PANE_DEVICES)
        return false;
    if (!no_machine(model))
        select_device(
            ui, (unsigned)move_apply(move, selected(model, ui), model->devices.count, page - 1));
    return true;
}

/* Name and ranges, as the table shows them. */
static bool device_has(const struct device_info *dev, const char *text)
{
    char ranges[128];

    devices_ranges(dev, ranges, sizeof(ranges));
    return text_has(dev->name, text) || text_has(ranges, text);
}

static int devices_find_text(const struct model *model, struct ui *ui, unsigned number,
                             int direction)
{
    unsigned count = model->devices.count;

    if (number != PANE_DEVICES || no_machine(model))
        return number == PANE_DEVICES ? 0 : -1;
    for (unsigned i = 1; i <= count; i++) {
        unsigned at = (selected(model, ui) + (direction > 0 ? i : count - i)) % count;

        if (device_has(&model->devices.devices[at], ui->find)) {
            select_device(ui, at);
            return 1;
        }
    }
    return 0;
}

static void devices_click(const struct model *model, struct ui *ui, const struct pane *pane,
                          int row)
{
    int at;

    if (pane->number != PANE_DEVICES || no_machine(model) || row < 1)
        return;
    at = devices_first(selected(model, ui), pane->rows - 3) + row - 1;
    if (at < (int)model->devices.count)
        select_device(ui, (unsigned)at);
}

const struct view_ops view_devices = {
    .name = "devices",
    .title = "DEVICES",
    .panes = {NULL, "Serial console", "Devices", "Registers", "Interrupts"},
    .first_focus = CONSOLE_PANE,
    .from_end = 1 << CONSOLE_PANE,
    .endless = 1 << CONSOLE_PANE | 1 << PANE_DEVICES,
    .layout = devices_layout,
    .detail = devices_detail,
    .draw = devices_draw,
    .move = devices_move,
    .find = devices_find_text,
    .click = devices_click,
};
