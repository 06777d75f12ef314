/*
 * Frame differences as terminal bytes, see write_diff.h. Sequences are ECMA-48's: CUP, CUF, CUB,
 * SGR, ED; and DECTCEM for the cursor.
 *
 * Behind the last column a terminal waits with the cursor on it, or has none of that: the place is
 * not known then. Scrolling and the editing of lines are left out: the views have no long texts that
 * move.
 */
#include "tui/write_diff.h"
#include "tui/sgr.h"

#include <string.h>

enum { MOVE_MAX = 32 };

/* "\033[5;1H" without what is 1 anyway. */
static void absolute_move(int row, int col, char buf[MOVE_MAX])
{
    if (col > 0)
        snprintf(buf, MOVE_MAX, "\033[%d;%dH", row + 1, col + 1);
    else if (row > 0)
        snprintf(buf, MOVE_MAX, "\033[%dH", row + 1);
    else
        snprintf(buf, MOVE_MAX, "\033[H");
}

/* Within the row, or to the start of the next; "" when it is neither. */
static void relative_move(const struct pen *pen, int row, int col, char buf[MOVE_MAX])
{
    int by = col > pen->col ? col - pen->col : pen->col - col;

    buf[0] = '\0';
    if (row == pen->row + 1 && col == 0)
        snprintf(buf, MOVE_MAX, "\r\n");
    else if (row == pen->row && col == 0)
        snprintf(buf, MOVE_MAX, "\r");
    else if (row == pen->row && by == 1)
        snprintf(buf, MOVE_MAX, "\033[%c", col > pen->col ? 'C' : 'D');
    else if (row == pen->row)
        snprintf(buf, MOVE_MAX, "\033[%d%c", by, col > pen->col ? 'C' : 'D');
}

static void move_to(struct pen *pen, int row, int col, FILE *out)
{
    char absolute[MOVE_MAX], relative[MOVE_MAX] = "";

    if (pen->placed && pen->row == row && pen->col == col)
        return;
    absolute_move(row, col, absolute);
    if (pen->placed)
        relative_move(pen, row, col, relative);
    fputs(relative[0] && strlen(relative) < strlen(absolute) ? relative : absolute, out);
    pen->placed = true;
    pen->row = row;
    pen->col = col;
}

static struct style style_of(const struct cell *cell, enum theme_depth depth)
{
    return theme_style(depth, (enum role)cell->role, cell->attr);
}

static void put(struct pen *pen, const struct cell *cell, int cols, enum theme_depth depth,
                FILE *out)
{
    struct style style = style_of(cell, depth);
    char bytes[4];

    sgr_write(out, &pen->style, &style, depth);
    pen->style = style;
    fwrite(bytes, 1, (size_t)utf8_put(cell->ch, bytes), out);
    pen->placed = ++pen->col < cols;
}

/*
 * Up to three cells between the cursor and a place further on in the row, which are as they should
 * be and in the style of the pen: to write them again is as short as to move.
 */
static void skip(struct pen *pen, const struct grid *to, int row, int col, enum theme_depth depth,
                 FILE *out)
{
    if (!pen->placed || row != pen->row || col <= pen->col || col - pen->col > 3)
        return;
    for (int i = pen->col; i < col; i++) {
        struct style style = style_of(grid_at(to, row, i), depth);

        if (grid_at(to, row, i)->ch >= 0x80 || !sgr_equal(&style, &pen->style))
            return;
    }
    while (pen->col < col)
        put(pen, grid_at(to, row, pen->col), to->cols, depth, out);
}

static bool same(const struct cell *a, const struct cell *b, enum theme_depth depth)
{
    struct style sa = style_of(a, depth), sb = style_of(b, depth);

    return a->ch == b->ch && sgr_equal(&sa, &sb);
}

static void hide(struct pen *pen, FILE *out)
{
    if (pen->visible)
        fputs("\033[?25l", out);
    pen->visible = false;
}

static void cells_write(struct pen *pen, const struct grid *from, const struct grid *to,
                        enum theme_depth depth, FILE *out)
{
    for (int row = 0; row < to->rows; row++)
        for (int col = 0; col < to->cols; col++) {
            const struct cell *cell = grid_at(to, row, col);

            if (from && same(grid_at(from, row, col), cell, depth))
                continue;
            skip(pen, to, row, col, depth, out);
            move_to(pen, row, col, out);
            put(pen, cell, to->cols, depth, out);
        }
}

static void cursor_write(struct pen *pen, const struct grid *to, FILE *out)
{
    if (to->cursor_row < 0) {
        hide(pen, out);
        return;
    }
    move_to(pen, to->cursor_row, to->cursor_col, out);
    if (!pen->visible)
        fputs("\033[?25h", out);
    pen->visible = true;
}

void write_diff(struct pen *pen, const struct grid *from, const struct grid *to,
                enum theme_depth depth, FILE *out)
{
    if (!pen->known)
        *pen = (struct pen){.known = true, .visible = true};
    if (!from) {
        pen->style = (struct style){.fg = -1, .bg = -1};
        pen->placed = false;
        fputs("\033[0m\033[2J", out);
        hide(pen, out);
    }
    cells_write(pen, from, to, depth, out);
    cursor_write(pen, to, out);
}
