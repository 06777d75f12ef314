/*
 * The code pane of the step view: instructions around RIP, as the engine decoded them. What a kernel without
 * ring 0 would be wrong about without a trap has a mark in front.
 */
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view/step.h"

#include <stdio.h>
#include <string.h>

/* Bytes of an instruction are shown, 8 of them, where that leaves room for its text. */
enum { BYTES_SHOWN = 8, BYTES_COLS = BYTES_SHOWN * 3 + 1, INSN_COLS = 22, COLS_LONG = 46 };

static bool is_segmented(const struct model *model)
{
    return model_mode(model) == X86_MODE_REAL || model_mode(model) == X86_MODE_V86;
}

/* Digits that hold every address of the window, so that the columns stay where they are. */
static int address_digits(const struct model *model)
{
    int digits = 6;

    for (unsigned i = 0; i < model->code_count; i++)
        if (hex_digits(model->code[i].address) > digits)
            digits = hex_digits(model->code[i].address);
    return digits;
}

/* Real mode: CS:IP. A 64-bit address in a narrow pane keeps its low half, behind an ellipsis. */
static int address_draw(const struct model *model, const struct area *area, int row,
                        uint64_t address)
{
    int digits = address_digits(model);

    if (is_segmented(model))
        return area_printf(area, row, 1, ROLE_ADDRESS, "%04x:%04x", model->now.seg[X86_CS].selector,
                           (unsigned)address);
    if (digits > 8 && area->cols < COLS_LONG)
        return area_printf(area, row, 1, ROLE_ADDRESS, "\u2026%08x", (unsigned)address);
    return area_printf(area, row, 1, ROLE_ADDRESS, "%0*llx", digits, (unsigned long long)address);
}

static int bytes_draw(const struct area *area, int row, int col, const struct code_line *line)
{
    char text[3 * BYTES_SHOWN + 8] = "";
    int used = 0, shown = line->length > BYTES_SHOWN ? BYTES_SHOWN - 1 : line->length;

    if (area->cols - col < BYTES_COLS + INSN_COLS)
        return col;
    for (int i = 0; i < shown; i++)
        used += snprintf(text + used, sizeof(text) - (size_t)used, "%02x ", line->bytes[i]);
    if (shown < line->length)
        snprintf(text + used, sizeof(text) - (size_t)used, "\u2026");
    area_text(area, row, col, ROLE_BYTES, text);
    return col + BYTES_COLS;
}

/* "mov qword ptr [rsi], rax" reads as well without "ptr", and fits sooner. */
static void without_ptr(const char *text, char *buf, size_t size)
{
    const char *ptr = strstr(text, " ptr ");

    if (ptr)
        snprintf(buf, size, "%.*s%s", (int)(ptr - text), text, ptr + 4);
    else
        snprintf(buf, size, "%s", text);
}

static int insn_draw(const struct area *area, int row, int col, const char *full)
{
    char text[80];
    int length;

    without_ptr(full, text, sizeof(text));
    length = (int)strcspn(text, " ");

    area_printf(area, row, col, ROLE_MNEMONIC, "%.*s", length, text);
    if (!text[length])
        return col + length;
    col += length < 6 ? 7 : length + 1;
    return area_text(area, row, col, ROLE_NUMBER, text + length + strspn(text + length, " "));
}

/* At the right edge, where the instruction is the one that the newest exit came from. */
static void exit_note(const struct model *model, const struct area *area, int row, int col,
                      const struct code_line *line)
{
    const struct vm_exit *exit = exit_ring_get(&model->ring, model->ring.end - 1);
    char text[48];
    int width;

    if (!exit || exit->rip != line->address || exit->cs_base != model->code_cs_base)
        return;
    snprintf(text, sizeof(text), "\u25c4 exit %llu", (unsigned long long)exit->seq);
    width = utf8_columns(text);
    if (col + 1 + width <= area->cols)
        area_text(area, row, area->cols - width, ROLE_REASON, text);
}

static void line_draw(const struct model *model, const struct area *area, int row, unsigned index)
{
    const struct code_line *line = &model->code[index];
    int col;

    if (index == model->code_at)
        area_char(area, row, 0, ROLE_SELECTED, (uint32_t)theme_mark(ROLE_SELECTED));
    col = address_draw(model, area, row, line->address) + 1;
    col = bytes_draw(area, row, col, line);
    if (line->leaks)
        area_char(area, row, col - 1, ROLE_LEAK, (uint32_t)theme_mark(ROLE_LEAK));
    col = insn_draw(area, row, col, line->text);
    exit_note(model, area, row, col, line);
}

/*
 * The first line that is seen. The code stands still while RIP moves down a page of it, with a line
 * before and two behind: a pane that moves with every step is harder to read, and all of it has to
 * be written to the terminal.
 */
static int first_line(const struct model *model, int rows)
{
    int page = rows > 4 ? rows - 3 : 1;
    int first = (int)model->code_at / page * page;

    return first > 0 ? first - 1 : 0;
}

int step_code(const struct model *model, const struct area *area, int scroll)
{
    int first = first_line(model, area->rows) + scroll;

    if (model->code_at >= model->code_count) {
        area_printf(area, 0, 0, ROLE_DENY, "%cRIP %llx: no memory can be read there",
                    theme_mark(ROLE_DENY), (unsigned long long)model->now.rip);
        return 1;
    }
    for (int row = 0; row < area->rows && first + row < (int)model->code_count; row++)
        line_draw(model, area, row, (unsigned)(first + row));
    return (int)model->code_count;
}
