/*
 * The registers of a device: by the data sheet's names, in words. First what a guest can read from a
 * port, then what it cannot, chip by chip.
 */
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view/devices.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COL_NAME = 1, COL_HEAD = 12, NAME_MAX_COLS = 23, VALUE_COLS = 5 };

static void head_line(const struct area *area, int row, const char *label, const char *text)
{
    area_text(area, row, COL_NAME, ROLE_LABEL, label);
    area_text(area, row, COL_HEAD, ROLE_NUMBER, text);
}

static void lines_text(const struct device_list *list, const struct device_info *dev, char *buf,
                       size_t size)
{
    size_t used = 0;

    snprintf(buf, size, "none");
    for (unsigned line = 0; line < IRQ_LINES && used + 16 < size; line++)
        if (dev->lines >> line & 1)
            used += (size_t)snprintf(buf + used, size - used, "%sIRQ %u %s", used ? ", " : "", line,
                                     list->levels >> line & 1 ? "high" : "low");
}

static void tick_text(const struct device_info *dev, uint64_t now, char *buf, size_t size)
{
    char due[48], at[NUMBER_MAX];

    devices_deadline(dev, now, due, sizeof(due));
    if (dev->deadline == DEVICE_NEVER)
        snprintf(buf, size, "nothing is due");
    else
        snprintf(buf, size, "%s (at %s ns)", due, text_grouped(dev->deadline, at));
}

static int head_draw(const struct device_list *list, const struct device_info *dev,
                     const struct area *area, int row)
{
    char text[128];

    devices_ranges(dev, text, sizeof(text));
    head_line(area, row++, "ports", text[0] ? text : "none");
    lines_text(list, dev, text, sizeof(text));
    head_line(area, row++, "interrupt", text);
    tick_text(dev, list->now, text, sizeof(text));
    head_line(area, row++, "next tick", text);
    return row;
}

static int name_cols(const struct device_info *dev)
{
    int cols = 0;

    for (unsigned i = 0; i < dev->field_count; i++) {
        int length = (int)strlen(dev->fields[i].name);

        if (length > cols)
            cols = length;
    }
    return cols < NAME_MAX_COLS ? cols : NAME_MAX_COLS;
}

/* A text stands in one column behind all values but the long ones. */
static void field_draw(const struct device_field *field, bool changed, const struct area *area,
                       int row, int names)
{
    int value = COL_NAME + names + 1;
    int text = value + VALUE_COLS, end;

    if (changed)
        area_char(area, row, 0, ROLE_CHANGED, (uint32_t)theme_mark(ROLE_CHANGED));
    area_text(area, row, COL_NAME, ROLE_LABEL, field->name);
    end = area_printf(area, row, value, changed ? ROLE_CHANGED : ROLE_NUMBER, "%0*" PRIx64,
                      (field->bits + 3) / 4, field->value) +
          1;
    area_text(area, row, end > text ? end : text, ROLE_NORMAL, field->text);
}

int devices_registers(const struct device_list *list, const struct device_info *dev,
                      const struct area *area, int scroll)
{
    int names = name_cols(dev), row = head_draw(list, dev, area, -scroll);

    for (unsigned i = 0; i < dev->field_count; i++) {
        const struct device_field *field = &dev->fields[i];

        if (i == 0 || field->internal != dev->fields[i - 1].internal)
            area_text(area, row++, COL_NAME, ROLE_DIM,
                      field->internal ? "not readable:" : "readable:");
        field_draw(field, dev->changed >> i & 1, area, row++, names);
    }
    return row + scroll;
}
