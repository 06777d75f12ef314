/*
 * The bytes pane of the memory view:
 *
 *   >ffff800000400010 >2a 00*01 00 ...  ........ *.......
 *
 * In front of a byte '>' is the cursor, '*' a byte that was another at the stop before. Memory that
 * cannot be read has "--" in place of bytes, and at its first line why.
 */
#include "tui/act_memory.h"
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view/memory_panes.h"

#include <stdio.h>

enum { GROUP = 8, DOT = 0xb7 };

static int dump_cols(const struct dump *d)
{
    return 1 + d->address_cols + d->bytes * 3 + d->bytes / GROUP - 1 + (d->text ? 1 + d->bytes : 0);
}

struct dump memory_dump(const struct model *model, int cols)
{
    int full = hex_digits(model->memory.start + (MEMORY_WINDOW - 1)) > 8 ? 16 : 8;
    const struct dump dumps[] = {{32, full, true}, {16, full, true}, {16, 9, true},
                                 {8, full, true},  {8, 9, true},     {8, 9, false}};
    unsigned i = 0;

    while (i + 1 < sizeof(dumps) / sizeof(dumps[0]) && dump_cols(&dumps[i]) > cols)
        i++;
    return dumps[i];
}

/* The lines stay where they were as long as the cursor is among them, or just beside. */
uint64_t memory_first(const struct model *model, const struct ui *ui, const struct dump *dump,
                      int rows)
{
    uint64_t width = (uint64_t)dump->bytes, height = (uint64_t)(rows > 0 ? rows : 1) * width;
    uint64_t line = memory_cursor(model, ui) / width * width, top = ui->memory.top / width * width;
    uint64_t before = height / width / 3 * width;

    if (line >= top && line - top < height)
        return top;
    if (line < top && top - line <= height)
        return line;
    if (line > top && line - top < 2 * height)
        return line - (height - width);
    return line > before ? line - before : 0;
}

bool memory_is_there(const struct model *model, const struct ui *ui)
{
    return model->memory.on && model->memory.physical == ui->memory.place.physical;
}

const char *memory_why(const struct memory_page *page, bool physical, char buf[MEMORY_WHY_MAX])
{
    buf[0] = '\0';
    if (page->status == MEMORY_UNMAPPED)
        snprintf(buf, MEMORY_WHY_MAX, "not mapped: %s", page->rule);
    else if (page->status == MEMORY_BEYOND)
        snprintf(buf, MEMORY_WHY_MAX, "no such address: %s",
                 physical ? "physical ones have 40 bits" : "linear ones have 32 bits in this mode");
    else if (page->status == MEMORY_NOTHING && physical)
        snprintf(buf, MEMORY_WHY_MAX, "neither RAM nor ROM is here");
    else if (page->status == MEMORY_NOTHING)
        snprintf(buf, MEMORY_WHY_MAX, "neither RAM nor ROM is at GPA %llx",
                 (unsigned long long)page->gpa);
    return buf;
}

static void address_draw(const struct area *area, int row, const struct dump *dump, uint64_t line)
{
    if (dump->address_cols == 9 && line > UINT32_MAX)
        area_printf(area, row, 1, ROLE_ADDRESS, "\u2026%08x", (unsigned)line);
    else
        area_printf(area, row, 1, ROLE_ADDRESS, "%0*llx",
                    dump->address_cols == 9 ? 8 : dump->address_cols, (unsigned long long)line);
}

/* Mark cells as the selection's, as area_select_row() does with a whole row. */
static void select_cells(const struct area *area, int row, int col, int count)
{
    if (row < 0 || row >= area->rows)
        return;
    for (int i = 0; i < count && col + i < area->cols; i++) {
        struct cell *cell = grid_at(area->grid, area->row + row, area->col + col + i);

        if (cell)
            cell->attr |= CELL_SELECTED;
    }
}

static void cursor_put(const struct area *area, int row, int col)
{
    if (row >= area->rows || col >= area->cols)
        return;
    area->grid->cursor_row = area->row + row;
    area->grid->cursor_col = area->col + col;
}

/* Column of byte i, where its mark is. */
static int byte_col(const struct dump *dump, int i)
{
    return 1 + dump->address_cols + i * 3 + i / GROUP;
}

static void mark_draw(const struct area *area, int row, int col, enum role role)
{
    area_char(area, row, col, role, (uint32_t)theme_mark(role));
}

static void byte_draw(const struct area *area, int row, const struct dump *dump, int i,
                      uint8_t byte, bool changed, bool cursor)
{
    enum role role = changed ? ROLE_CHANGED : byte ? ROLE_NUMBER : ROLE_DIM;
    bool printable = byte >= 0x20 && byte < 0x7f;
    int col = byte_col(dump, i), text = byte_col(dump, dump->bytes - 1) + 4 + i;

    area_printf(area, row, col + 1, role, "%02x", byte);
    if (dump->text)
        area_char(area, row, text,
                  changed     ? ROLE_CHANGED
                  : printable ? ROLE_GUEST
                              : ROLE_DIM,
                  printable ? byte : DOT);
    if (changed)
        mark_draw(area, row, col, ROLE_CHANGED);
    if (!cursor)
        return;
    mark_draw(area, row, col, ROLE_SELECTED);
    select_cells(area, row, col + 1, 2);
    if (dump->text)
        select_cells(area, row, text, 1);
    cursor_put(area, row, col + 1);
}

static void missing_draw(const struct area *area, int row, const struct dump *dump, uint64_t line,
                         const struct memory_page *page, bool physical)
{
    char why[MEMORY_WHY_MAX];

    if (page && (row == 0 || line % PAGE_SIZE == 0)) {
        area_printf(area, row, byte_col(dump, 0), ROLE_DENY, "%c%s", theme_mark(ROLE_DENY),
                    memory_why(page, physical, why));
        return;
    }
    if (!page) {
        area_text(area, row, byte_col(dump, 0) + 1, ROLE_DIM, row == 0 ? "not read yet" : "");
        return;
    }
    for (int i = 0; i < dump->bytes; i++)
        area_text(area, row, byte_col(dump, i) + 1, ROLE_DIM, "--");
}

static void line_draw(const struct model *model, const struct ui *ui, const struct area *area,
                      int row, const struct dump *dump, uint64_t line)
{
    const struct memory_window *now = &model->memory;
    const struct memory_page *page =
        memory_is_there(model, ui) ? memory_window_page(now, line) : NULL;
    uint64_t cursor = memory_cursor(model, ui);
    bool here = cursor - line < (uint64_t)dump->bytes;

    address_draw(area, row, dump, line);
    if (here) {
        mark_draw(area, row, 0, ROLE_SELECTED);
        cursor_put(area, row, byte_col(dump, (int)(cursor - line)) + 1);
    }
    if (!page || page->status != MEMORY_THERE) {
        missing_draw(area, row, dump, line, page, now->physical);
        return;
    }
    for (int i = 0; i < dump->bytes; i++) {
        uint64_t address = line + (uint64_t)i;
        uint8_t byte;

        if (memory_window_read(now, address, &byte, 1))
            byte_draw(area, row, dump, i, byte, memory_changed(now, &model->memory_before, address),
                      address == cursor);
    }
}

int memory_bytes(const struct model *model, const struct ui *ui, const struct area *area)
{
    struct dump dump = memory_dump(model, area->cols);
    uint64_t line = memory_first(model, ui, &dump, area->rows);

    for (int row = 0; row < area->rows; row++) {
        line_draw(model, ui, area, row, &dump, line);
        line += (uint64_t)dump.bytes;
        if (line == 0) /* that was the last there is */
            break;
    }
    return area->rows;
}

static bool is_compared(const struct model *model, const struct ui *ui)
{
    uint64_t at = memory_cursor(model, ui);
    const struct memory_window *before = &model->memory_before;

    return before->physical == ui->memory.place.physical && memory_window_page(before, at);
}

void memory_title(const struct model *model, const struct ui *ui, struct pane *pane)
{
    char place[MEMORY_PLACE_MAX];

    memory_place_text(&ui->memory.place, &model->now, place);
    snprintf(pane->detail, sizeof(pane->detail), "%s %llx%s%s%s",
             ui->memory.place.physical ? "guest-physical" : "linear",
             (unsigned long long)memory_cursor(model, ui), *place ? "  " : "", place,
             is_compared(model, ui) ? "  * changed since the stop before" : "");
}

void memory_bytes_move(const struct model *model, struct ui *ui, enum move move, int rows)
{
    uint64_t at = memory_cursor(model, ui);
    int line, page;
    struct pane pane;
    struct dump dump;

    view_focused_pane(ui, &pane);
    dump = memory_dump(model, pane.cols - 2);
    line = dump.bytes;
    page = line * (rows > 1 ? rows - 1 : 1);
    ui->memory.top = memory_first(model, ui, &dump, rows);
    if (move == MOVE_TOP)
        memory_cursor_move(model, ui, -(int64_t)(at % PAGE_SIZE));
    else if (move == MOVE_BOTTOM)
        memory_cursor_move(model, ui, (int64_t)(PAGE_SIZE - 1 - at % PAGE_SIZE));
    else if (move == MOVE_UP || move == MOVE_DOWN)
        memory_cursor_move(model, ui, move == MOVE_UP ? -line : line);
    else
        memory_cursor_move(model, ui, move == MOVE_PAGE_UP ? -page : page);
    ui->memory.top = memory_first(model, ui, &dump, rows);
}
