/*
 * The interrupt lines of the PC: who drives each, its level, and what the two controllers make of it
 * (i8259A data sheet: request, in service, mask). The figures are registers of the device "pic".
 */
#include "tui/view/devices.h"

#include <stdio.h>
#include <string.h>

enum { COL_LINE = 1, COL_DRIVER = 4, COL_LEVEL = 15, COL_IRR = 20, COL_ISR = 24, COL_IMR = 28 };
enum { COLS_VECTOR = 36 }; /* width from which on there is room for it, and where it stands */
enum { COL_VECTOR = 32, LEVELS = 8 };

static const struct device_field *chip_field(const struct device_list *list, unsigned line,
                                             const char *name)
{
    const struct device_info *pic = devices_find(list, "pic");
    char full[32];

    snprintf(full, sizeof(full), "%s %s", line < LEVELS ? "master" : "slave", name);
    return pic ? device_field_find(pic, full) : NULL;
}

static void bit_draw(const struct device_list *list, const struct area *area, int row, int col,
                     unsigned line, const char *name)
{
    const struct device_field *field = chip_field(list, line, name);
    bool set = field && field->value >> line % LEVELS & 1;

    area_text(area, row, col + 1, set ? ROLE_REASON : ROLE_DIM, !field ? "?" : set ? "1" : "-");
}

/* Only where the controller says that its vectors are set. */
static void vector_draw(const struct device_list *list, const struct area *area, int row,
                        unsigned line)
{
    const struct device_field *field = chip_field(list, line, "ICW2");

    if (field && strncmp(field->text, "vectors", strlen("vectors")) == 0)
        area_printf(area, row, COL_VECTOR, ROLE_NUMBER, "%02x",
                    (unsigned)(field->value & 0xf8) | line % LEVELS);
    else
        area_text(area, row, COL_VECTOR, ROLE_DIM, "-");
}

static const char *driver_name(const struct device_list *list, unsigned line)
{
    for (unsigned i = 0; i < list->count; i++)
        if (list->devices[i].lines >> line & 1)
            return list->devices[i].name;
    return line == IRQ_CASCADE ? "(slave)" : NULL;
}

static void line_draw(const struct device_list *list, const struct area *area, int row,
                      unsigned line)
{
    const char *driver = driver_name(list, line);
    bool high = list->levels >> line & 1;

    area_printf(area, row, COL_LINE, ROLE_LABEL, "%2u", line);
    area_text(area, row, COL_DRIVER, driver ? ROLE_MNEMONIC : ROLE_DIM, driver ? driver : "-");
    if (driver && line != IRQ_CASCADE)
        area_text(area, row, COL_LEVEL, high ? ROLE_REASON : ROLE_NUMBER, high ? "high" : "low");
    bit_draw(list, area, row, COL_IRR, line, "IRR");
    bit_draw(list, area, row, COL_ISR, line, "ISR");
    bit_draw(list, area, row, COL_IMR, line, "IMR");
    if (area->cols >= COLS_VECTOR)
        vector_draw(list, area, row, line);
}

int devices_lines(const struct device_list *list, const struct area *area, int scroll)
{
    int row = -scroll;

    area_text(area, row, COL_DRIVER, ROLE_LABEL, "driver");
    area_text(area, row, COL_LEVEL, ROLE_LABEL, "line");
    area_text(area, row, COL_IRR, ROLE_LABEL, "IRR");
    area_text(area, row, COL_ISR, ROLE_LABEL, "ISR");
    area_text(area, row, COL_IMR, ROLE_LABEL, "IMR");
    if (area->cols >= COLS_VECTOR)
        area_text(area, row, COL_VECTOR, ROLE_LABEL, "vector");
    row++;
    for (unsigned line = 0; line < IRQ_LINES; line++)
        line_draw(list, area, row++, line);
    area_printf(area, row++, COL_DRIVER, ROLE_DIM, "the CPU's INTR pin is %s",
                list->intr ? "high" : "low");
    return row + scroll;
}
