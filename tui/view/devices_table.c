/* The devices as a list: where they are, the interrupt line they drive, what they have due. */
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view/devices.h"

#include <stdio.h>
#include <string.h>

enum { COL_NAME = 1, COL_RANGES = 16 };

/* Columns that depend on the width; 0: not shown. */
struct columns {
    int irq, due;
};

enum { COLS_WIDE = 56, COLS_DUE = 14, COLS_IRQ = 8 };

static struct columns columns_place(const struct area *area)
{
    if (area->cols >= COLS_WIDE)
        return (struct columns){.irq = area->cols - COLS_DUE - COLS_IRQ,
                                .due = area->cols - COLS_DUE};
    return (struct columns){.irq = area->cols - COLS_IRQ};
}

static void range_text(const struct device_range *r, char *buf, size_t size)
{
    const char *kind = r->memory ? "mem " : "";

    if (r->first == r->last)
        snprintf(buf, size, "%s%llx", kind, (unsigned long long)r->first);
    else
        snprintf(buf, size, "%s%llx-%llx", kind, (unsigned long long)r->first,
                 (unsigned long long)r->last);
}

void devices_ranges(const struct device_info *dev, char *buf, size_t size)
{
    size_t used = 0;

    buf[0] = '\0';
    for (unsigned i = 0; i < dev->range_count; i++) {
        bool last = i + 1 == dev->range_count;
        char one[48];

        range_text(&dev->ranges[i], one, sizeof(one));
        if (used + strlen(one) + (i > 0 ? 2 : 0) + (last ? 1 : 4) > size) {
            if (i == 0)
                snprintf(buf, size, "%llx...", (unsigned long long)dev->ranges[0].first);
            else
                snprintf(buf + used, size - used, "...");
            return;
        }
        used += (size_t)snprintf(buf + used, size - used, "%s%s", i > 0 ? ", " : "", one);
    }
}

void devices_deadline(const struct device_info *dev, uint64_t now, char *buf, size_t size)
{
    char time[NUMBER_MAX];

    if (dev->deadline == DEVICE_NEVER)
        snprintf(buf, size, "-");
    else if (dev->deadline <= now)
        snprintf(buf, size, "due");
    else
        snprintf(buf, size, "in %s", text_time(dev->deadline - now, time));
}

/* One of the lines that it drives: one that is high when there is one. "+": it drives more. */
static void irq_draw(const struct device_list *list, const struct device_info *dev,
                     const struct area *area, int row, int col)
{
    uint16_t high = list->levels & dev->lines, from = high ? high : dev->lines;
    unsigned line = 0;

    if (!from) {
        area_text(area, row, col + 1, ROLE_DIM, "-");
        return;
    }
    while (!(from >> line & 1))
        line++;
    area_printf(area, row, col, high ? ROLE_REASON : ROLE_NUMBER, "%2u %s%s", line,
                high ? "high" : "low", dev->lines & (dev->lines - 1) ? "+" : "");
}

static void device_draw(const struct device_list *list, const struct device_info *dev,
                        const struct area *area, int row, const struct columns *c)
{
    struct area left = area_part(area, 0, 0, area->rows, c->irq > 1 ? c->irq - 1 : 0);
    char text[64];
    size_t room = c->irq - 1 > COL_RANGES ? (size_t)(c->irq - 1 - COL_RANGES) + 1 : 1;

    area_text(&left, row, COL_NAME, ROLE_MNEMONIC, dev->name);
    devices_ranges(dev, text, room < sizeof(text) ? room : sizeof(text));
    area_text(&left, row, COL_RANGES, ROLE_ADDRESS, text);
    irq_draw(list, dev, area, row, c->irq);
    if (!c->due)
        return;
    devices_deadline(dev, list->now, text, sizeof(text));
    area_text(area, row, c->due, dev->deadline == DEVICE_NEVER ? ROLE_DIM : ROLE_NUMBER, text);
}

/* While the guest has the keys, the cursor is in the console. */
static void select_row(const struct area *area, int row, bool cursor)
{
    int cursor_row = area->grid->cursor_row, cursor_col = area->grid->cursor_col;

    area_char(area, row, 0, ROLE_SELECTED, (uint32_t)theme_mark(ROLE_SELECTED));
    area_select_row(area, row);
    if (cursor)
        return;
    area->grid->cursor_row = cursor_row;
    area->grid->cursor_col = cursor_col;
}

int devices_first(unsigned selected, int rows)
{
    return (int)selected >= rows ? (int)selected - rows + 1 : 0;
}

int devices_table(const struct model *model, const struct ui *ui, const struct area *area)
{
    const struct device_list *list = &model->devices;
    struct columns c = columns_place(area);
    int rows = area->rows - 1, at = (int)ui->selected_device, first;

    if (at >= (int)list->count)
        at = (int)list->count - 1;
    first = devices_first((unsigned)at, rows);
    area_text(area, 0, COL_NAME, ROLE_LABEL, "device");
    area_text(area, 0, COL_RANGES, ROLE_LABEL, "ports");
    area_text(area, 0, c.irq, ROLE_LABEL, "IRQ");
    if (c.due)
        area_text(area, 0, c.due, ROLE_LABEL, "next tick");
    for (int i = first; i < (int)list->count && i - first < rows; i++) {
        device_draw(list, &list->devices[i], area, i - first + 1, &c);
        if (i == at)
            select_row(area, i - first + 1, !ui->typing);
    }
    return (int)list->count + 1;
}
