/*
 * What is at the cursor of the memory view: as numbers, as text, as an instruction, and where it is:
 * the guest-physical address that the guest's tables give, and what the second stage allows there.
 */
#include "mmu/ept.h"
#include "tui/act_memory.h"
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view/memory_panes.h"
#include "util/bytes.h"
#include "x86/paging.h"

#include <stdio.h>
#include <string.h>

enum { VALUE_COL = 8, TEXT_BYTES = 24 };

/* A line of the pane. */
static void label(const struct area *area, int row, const char *name)
{
    area_text(area, row, 1, ROLE_LABEL, name);
}

static uint64_t number(const uint8_t *bytes, unsigned size)
{
    uint8_t wide[8] = {0};

    memcpy(wide, bytes, size);
    return get_le64(wide);
}

/* Hexadecimal and unsigned; what is negative as a signed number is in the row, too, or below. */
static int number_draw(const struct area *area, int row, const uint8_t *bytes, unsigned size)
{
    uint64_t value = number(bytes, size);
    unsigned shift = 64 - size * 8;
    int64_t negative = (int64_t)(value << shift) >> shift;
    char text[32], name[8];
    int col;

    snprintf(name, sizeof(name), "u%u", size * 8);
    label(area, row, name);
    col = area_printf(area, row, VALUE_COL, ROLE_NUMBER, "%0*llx  %llu", (int)size * 2,
                      (unsigned long long)value, (unsigned long long)value);
    if (negative >= 0)
        return row + 1;
    snprintf(text, sizeof(text), "%lld", (long long)negative);
    if (col + 2 + (int)strlen(text) > area->cols) {
        row++;
        col = VALUE_COL - 2;
    }
    area_text(area, row, col + 2, ROLE_DIM, text);
    return row + 1;
}

static int numbers_draw(const struct model *model, const struct area *area, int row, uint64_t at)
{
    uint8_t bytes[8], before;
    size_t size = memory_window_read(&model->memory, at, bytes, sizeof(bytes));

    if (size > 0 && memory_changed(&model->memory, &model->memory_before, at)) {
        memory_window_read(&model->memory_before, at, &before, 1);
        label(area, row, "was");
        area_printf(area, row++, VALUE_COL - 1, ROLE_CHANGED, "%c%02x", theme_mark(ROLE_CHANGED),
                    before);
    }
    for (unsigned width = 1; width <= 8; width *= 2)
        if (size >= width)
            row = number_draw(area, row, bytes, width);
    return row;
}

static int text_draw(const struct model *model, const struct area *area, int row, uint64_t at)
{
    uint8_t bytes[TEXT_BYTES];
    size_t size = memory_window_read(&model->memory, at, bytes, sizeof(bytes));

    label(area, row, "text");
    for (size_t i = 0; i < size; i++)
        area_char(area, row, VALUE_COL + (int)i, ROLE_GUEST,
                  bytes[i] >= 0x20 && bytes[i] < 0x7f ? bytes[i] : 0xb7);
    return row + 1;
}

/* The engine decodes what was asked for last; when the cursor has gone on, that is not here. */
static int insn_draw(const struct model *model, const struct ui *ui, const struct area *area,
                     int row)
{
    const struct code_line *line = &model->memory_insn;

    label(area, row, "code");
    if (!memory_place_equal(&model->memory_place, &ui->memory.place))
        area_text(area, row, VALUE_COL, ROLE_DIM, "...");
    else if (line->length == 0)
        area_text(area, row, VALUE_COL, ROLE_DIM, "no whole instruction can be read");
    else
        area_text(area, row, VALUE_COL, ROLE_MNEMONIC, line->text);
    return row + 1;
}

static void size_text(uint64_t bytes, char *buf, size_t size)
{
    const char *units[] = {"KiB", "MiB", "GiB"};
    unsigned unit = 0;

    bytes /= 1024;
    for (; bytes >= 1024 && unit < 2; unit++)
        bytes /= 1024;
    snprintf(buf, size, "%llu %s", (unsigned long long)bytes, units[unit]);
}

static int guest_draw(const struct memory_page *page, const struct area *area, int row)
{
    char size[24];

    label(area, row, "tables");
    if (page->page_size == 0) {
        area_text(area, row, VALUE_COL, ROLE_DIM, "paging is off");
        return row + 1;
    }
    size_text(page->page_size, size, sizeof(size));
    area_printf(area, row, VALUE_COL, ROLE_NUMBER, "r%c%c %s, page of %s",
                page->rights & X86_RIGHT_WRITE ? 'w' : '-',
                page->rights & X86_RIGHT_FETCH ? 'x' : '-',
                page->rights & X86_RIGHT_USER ? "user" : "supervisor", size);
    return row + 1;
}

static int ept_draw(const struct memory_page *page, const struct area *area, int row)
{
    bool all = page->ept == EPT_ALL;

    label(area, row, "EPT");
    if (page->status == MEMORY_NOTHING)
        area_printf(area, row, VALUE_COL - 1, ROLE_DENY, "%cnot mapped", theme_mark(ROLE_DENY));
    else
        area_printf(area, row, VALUE_COL, all ? ROLE_ALLOW : ROLE_NUMBER, "%c%c%c",
                    page->ept & EPT_READ ? 'r' : '-', page->ept & EPT_WRITE ? 'w' : '-',
                    page->ept & EPT_EXECUTE ? 'x' : '-');
    return row + 1;
}

/* Behind which guest-physical address, by which rights; or why there is none. */
static int place_draw(const struct memory_page *page, const struct area *area, int row, uint64_t at,
                      bool physical)
{
    char why[MEMORY_WHY_MAX];

    if (page->status == MEMORY_UNMAPPED || page->status == MEMORY_BEYOND) {
        row += area_wrap(area, row, 0, ROLE_DENY, memory_why(page, physical, why));
        return row;
    }
    label(area, row, "GPA");
    area_printf(area, row++, VALUE_COL, ROLE_ADDRESS, "%llx, %s",
                (unsigned long long)(page->gpa + at % PAGE_SIZE),
                page->status == MEMORY_NOTHING ? "neither RAM nor ROM"
                : page->rom                    ? "ROM"
                                               : "RAM");
    if (!physical)
        row = guest_draw(page, area, row);
    return ept_draw(page, area, row);
}

int memory_value(const struct model *model, const struct ui *ui, const struct area *area,
                 int scroll)
{
    uint64_t at = memory_cursor(model, ui);
    const struct memory_page *page =
        memory_is_there(model, ui) ? memory_window_page(&model->memory, at) : NULL;
    int row = -scroll;

    if (!page) {
        area_text(area, row, 1, ROLE_DIM, "not read yet");
        return 1;
    }
    if (page->status == MEMORY_THERE) {
        row = numbers_draw(model, area, row, at);
        row = text_draw(model, area, row, at);
        row = insn_draw(model, ui, area, row);
    }
    row = place_draw(page, area, row, at, model->memory.physical);
    return row + scroll;
}
