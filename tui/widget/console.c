/* The guest's text, see console.h. */
#include "tui/widget/console.h"

enum { TAB = 8 };

struct pen {
    int line, col;
    int lines; /* that have been printed on */
};

static bool shown(enum console_text which, unsigned source)
{
    return which == CONSOLE_ALL || (which == CONSOLE_SERIAL) == (source == TEXT_SERIAL);
}

/* What moves without printing. */
static bool control(struct pen *pen, unsigned char ch)
{
    switch (ch) {
    case '\r':
        pen->col = 0;
        return true;
    case '\n':
        pen->line++;
        pen->col = 0;
        return true;
    case '\b':
        pen->col -= pen->col > 0;
        return true;
    case '\t':
        pen->col += TAB - pen->col % TAB;
        return true;
    default:
        return false;
    }
}

static void print(struct pen *pen, const struct area *area, int first, unsigned char ch)
{
    if (pen->col >= area->cols && area->cols > 0) {
        pen->line++;
        pen->col = 0;
    }
    area_char(area, pen->line - first, pen->col++, ROLE_GUEST, ch >= 0x20 && ch < 0x7f ? ch : 0xb7);
    pen->lines = pen->line + 1;
}

/* Print into lines of the area's width and show those from line `first` on. */
static struct pen print_all(const struct text_tail *text, enum console_text which,
                            const struct area *area, int first)
{
    uint64_t n = text->total > TEXT_TAIL ? text->total - TEXT_TAIL : 0;
    struct pen pen = {0};

    for (; n < text->total; n++) {
        unsigned char ch = (unsigned char)text->bytes[n % TEXT_TAIL];

        if (shown(which, text->sources[n % TEXT_TAIL]) && !control(&pen, ch))
            print(&pen, area, first, ch);
    }
    return pen;
}

/* Behind a full line it stays on its last column, as on a terminal. */
static void cursor_place(const struct area *area, int row, int col)
{
    if (row < 0 || row >= area->rows || !grid_at(area->grid, area->row + row, area->col))
        return;
    area->grid->cursor_row = area->row + row;
    area->grid->cursor_col = area->col + (col < area->cols ? col : area->cols - 1);
}

int console_draw(const struct text_tail *text, enum console_text which, const struct area *area,
                 int scroll, bool cursor)
{
    struct area inside = area_part(area, 0, 1, area->rows, area->cols - 2);
    struct grid none = {.rows = 0};
    struct area nowhere = {.grid = &none, .rows = inside.rows, .cols = inside.cols};
    struct pen pen = print_all(text, which, &nowhere, 0);
    int ended = pen.line + cursor; /* lines that a line feed ended, and the cursor's */
    int lines = pen.lines > ended ? pen.lines : ended;
    int first = lines - inside.rows - scroll;

    if (first < 0)
        first = 0;
    if (pen.lines == 0 && !cursor)
        area_text(area, 0, 1, ROLE_DIM,
                  text->total == 0 ? "The guest has printed nothing."
                                   : "The guest has printed nothing there.");
    print_all(text, which, &inside, first);
    if (cursor)
        cursor_place(&inside, pen.line - first, pen.col);
    return lines > 0 ? lines : 1;
}
