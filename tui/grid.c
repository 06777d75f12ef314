/*
 * The grid of cells that every view draws into, see grid.h. Only characters that terminals agree to
 * be one column wide are let in; combining characters and wide scripts are left out on purpose.
 */
#include "tui/grid.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct grid *grid_create(int rows, int cols)
{
    struct grid *grid;

    if (rows < 1 || cols < 1 || rows > GRID_SIDE_MAX || cols > GRID_SIDE_MAX)
        return NULL;
    grid = calloc(1, sizeof(*grid));
    if (!grid)
        return NULL;
    grid->cells = calloc((size_t)rows * (size_t)cols, sizeof(*grid->cells));
    if (!grid->cells) {
        free(grid);
        return NULL;
    }
    grid->rows = rows;
    grid->cols = cols;
    grid_clear(grid);
    return grid;
}

void grid_destroy(struct grid *grid)
{
    if (!grid)
        return;
    free(grid->cells);
    free(grid);
}

void grid_clear(struct grid *grid)
{
    for (int i = 0; i < grid->rows * grid->cols; i++)
        grid->cells[i] = (struct cell){.ch = ' ', .role = ROLE_NORMAL};
    grid->cursor_row = grid->cursor_col = -1;
}

struct cell *grid_at(const struct grid *grid, int row, int col)
{
    if (row < 0 || col < 0 || row >= grid->rows || col >= grid->cols)
        return NULL;
    return &grid->cells[row * grid->cols + col];
}

static bool cell_equal(const struct cell *a, const struct cell *b)
{
    return a->ch == b->ch && a->role == b->role && a->attr == b->attr;
}

bool grid_equal(const struct grid *a, const struct grid *b)
{
    if (a->rows != b->rows || a->cols != b->cols || a->cursor_row != b->cursor_row ||
        a->cursor_col != b->cursor_col)
        return false;
    for (int i = 0; i < a->rows * a->cols; i++)
        if (!cell_equal(&a->cells[i], &b->cells[i]))
            return false;
    return true;
}

/* Box drawing: any corner or tee is a plus. */
static uint32_t fold_box(uint32_t ch)
{
    if (ch == 0x2500 || ch == 0x2501)
        return '-';
    if (ch == 0x2502 || ch == 0x2503)
        return '|';
    return '+';
}

uint32_t char_fold_ascii(uint32_t ch)
{
    if (ch < 0x80)
        return ch;
    if (ch >= 0x2500 && ch <= 0x257f)
        return fold_box(ch);
    if (ch >= 0x2010 && ch <= 0x2014) /* hyphens and dashes */
        return '-';
    switch (ch) {
    case 0x2026: /* ellipsis */
        return '~';
    case 0x2581: /* lower blocks, one and two eighths */
    case 0x2582:
        return '_';
    case 0x2583:
    case 0x2584:
    case 0x2585:
        return '=';
    case 0x2586:
    case 0x2587:
    case 0x2588: /* full block */
        return '#';
    case 0x2591: /* light shade, */
        return '-';
    case 0x2592: /* medium */
        return '+';
    case 0x2593: /* and dark */
        return '%';
    case 0xb7: /* middle dot */
        return '.';
    case 0x2190: /* arrow to the left */
    case 0x25c4: /* pointer to the left */
        return '<';
    default:
        return '?';
    }
}

void grid_fold_ascii(struct grid *grid)
{
    for (int i = 0; i < grid->rows * grid->cols; i++)
        grid->cells[i].ch = char_fold_ascii(grid->cells[i].ch);
}

/* Characters that are one column wide in every terminal and font that the project is used in. */
static bool char_is_narrow(uint32_t ch)
{
    if (ch < 0x80)
        return ch >= 0x20 && ch != 0x7f;
    return (ch >= 0xa0 && ch < 0x300 && ch != 0xad) || (ch >= 0x2010 && ch <= 0x2027) ||
           (ch >= 0x2190 && ch <= 0x2193) || (ch >= 0x2500 && ch <= 0x259f) || ch == 0x25c4;
}

/* Length of the sequence that a first byte announces, and the payload bits it carries itself. */
static int utf8_length(unsigned char first, uint32_t *bits)
{
    if (first >= 0xc2 && first <= 0xdf) {
        *bits = first & 0x1f;
        return 2;
    }
    if (first >= 0xe0 && first <= 0xef) {
        *bits = first & 0x0f;
        return 3;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        *bits = first & 0x07;
        return 4;
    }
    *bits = first;
    return 1;
}

uint32_t utf8_next(const char **text)
{
    const unsigned char *p = (const unsigned char *)*text;
    uint32_t ch;
    int length = utf8_length(*p, &ch);
    int i;

    if (*p == 0)
        return 0;
    for (i = 1; i < length && (p[i] & 0xc0) == 0x80; i++)
        ch = ch << 6 | (p[i] & 0x3f);
    *text += i;
    if (i < length || (length == 1 && *p >= 0x80) || !char_is_narrow(ch))
        return '?';
    return ch;
}

int utf8_put(uint32_t ch, char buf[4])
{
    if (ch < 0x80) {
        buf[0] = (char)ch;
        return 1;
    }
    if (ch < 0x800) {
        buf[0] = (char)(0xc0 | ch >> 6);
        buf[1] = (char)(0x80 | (ch & 0x3f));
        return 2;
    }
    if (ch < 0x10000) {
        buf[0] = (char)(0xe0 | ch >> 12);
        buf[1] = (char)(0x80 | (ch >> 6 & 0x3f));
        buf[2] = (char)(0x80 | (ch & 0x3f));
        return 3;
    }
    buf[0] = (char)(0xf0 | (ch >> 18 & 7));
    buf[1] = (char)(0x80 | (ch >> 12 & 0x3f));
    buf[2] = (char)(0x80 | (ch >> 6 & 0x3f));
    buf[3] = (char)(0x80 | (ch & 0x3f));
    return 4;
}

int utf8_columns(const char *text)
{
    int columns = 0;

    while (utf8_next(&text))
        columns++;
    return columns;
}

struct area area_all(struct grid *grid)
{
    return (struct area){.grid = grid, .rows = grid->rows, .cols = grid->cols};
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

struct area area_part(const struct area *area, int row, int col, int rows, int cols)
{
    int top = clamp(row, 0, area->rows), left = clamp(col, 0, area->cols);
    int bottom = clamp(row + clamp(rows, 0, GRID_SIDE_MAX), top, area->rows);
    int right = clamp(col + clamp(cols, 0, GRID_SIDE_MAX), left, area->cols);

    return (struct area){.grid = area->grid,
                         .row = area->row + top,
                         .col = area->col + left,
                         .rows = bottom - top,
                         .cols = right - left};
}

static struct cell *area_at(const struct area *area, int row, int col)
{
    if (row < 0 || col < 0 || row >= area->rows || col >= area->cols)
        return NULL;
    return grid_at(area->grid, area->row + row, area->col + col);
}

void area_char(const struct area *area, int row, int col, enum role role, uint32_t ch)
{
    struct cell *cell = area_at(area, row, col);

    if (!cell)
        return;
    cell->ch = char_is_narrow(ch) ? ch : '?';
    cell->role = (uint8_t)role;
}

int area_text(const struct area *area, int row, int col, enum role role, const char *text)
{
    uint32_t ch;

    while ((ch = utf8_next(&text)) != 0)
        area_char(area, row, col++, role, ch);
    if (col > area->cols)
        area_char(area, row, area->cols - 1, role, 0x2026);
    return col;
}

int area_printf(const struct area *area, int row, int col, enum role role, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return area_text(area, row, col, role, text);
}

void area_fill_row(const struct area *area, int row, enum role role)
{
    for (int col = 0; col < area->cols; col++)
        area_char(area, row, col, role, ' ');
}

void area_select_row(const struct area *area, int row)
{
    for (int col = 0; col < area->cols; col++) {
        struct cell *cell = area_at(area, row, col);

        if (cell)
            cell->attr |= CELL_SELECTED;
    }
    if (area_at(area, row, 0)) {
        area->grid->cursor_row = area->row + row;
        area->grid->cursor_col = area->col;
    }
}

/* Bytes of `text` that make the next line of at most `width` columns; *next is where to go on. */
static int wrap_line(const char *text, int width, const char **next)
{
    const char *p = text, *blank = NULL;
    int columns = 0;

    while (*p && *p != '\n' && columns < width) {
        if (*p == ' ')
            blank = p;
        utf8_next(&p);
        columns++;
    }
    if (*p == '\0' || *p == '\n' || *p == ' ') {
        *next = *p ? p + 1 : p;
        return (int)(p - text);
    }
    *next = blank ? blank + 1 : p;
    return (int)((blank ? blank : p) - text);
}

int area_wrap(const struct area *area, int row, int skip, enum role role, const char *text)
{
    char line[512];
    int lines = 0;

    if (area->cols < 1)
        return 0;
    while (*text) {
        const char *next;
        int length = wrap_line(text, area->cols, &next);

        if (lines >= skip) {
            snprintf(line, sizeof(line), "%.*s", length, text);
            area_text(area, row + lines - skip, 0, role, line);
        }
        lines++;
        text = next;
    }
    return lines;
}
