/*
 * The grid: what a view draws into and what a writer shows.
 *
 * - A cell is a character, a role (what the character means) and attributes. Colours are the
 *   theme's business; a view knows none.
 * - Drawing clips: nothing is written outside a grid or an area, at any size and any coordinate.
 * - Drawing allocates nothing; a grid is created once for each size of the screen.
 */
#ifndef VLAB_TUI_GRID_H
#define VLAB_TUI_GRID_H

#include <stdbool.h>
#include <stdint.h>

#define GRID_SIDE_MAX 1000

enum role {
#define ROLE(symbol, name, ...) ROLE_##symbol,
#include "tui/role.def"
#undef ROLE
    ROLE_COUNT
};

enum cell_attr { CELL_SELECTED = 1 << 0 }; /* on the row of the selection */

struct cell {
    uint32_t ch; /* Unicode, one column wide, never a control character */
    uint8_t role;
    uint8_t attr; /* enum cell_attr bits */
};

struct grid {
    int rows, cols;
    int cursor_row, cursor_col; /* where the terminal's cursor goes; -1: nowhere */
    struct cell *cells;         /* rows * cols, row by row */
};

/* NULL when out of memory or a side is not in 1..GRID_SIDE_MAX. The caller destroys it. */
struct grid *grid_create(int rows, int cols);
void grid_destroy(struct grid *grid); /* NULL is fine */

void grid_clear(struct grid *grid);
/* NULL outside the grid. */
struct cell *grid_at(const struct grid *grid, int row, int col);
bool grid_equal(const struct grid *a, const struct grid *b);

/* Replace every character that is not ASCII by the nearest one that is. */
void grid_fold_ascii(struct grid *grid);
uint32_t char_fold_ascii(uint32_t ch);

/*
 * Next character of a UTF-8 text, which it moves on; 0 at the end. What is malformed, a control
 * character, or not known to be one column wide comes as '?'.
 */
uint32_t utf8_next(const char **text);
/* The bytes of a character, at most 4, into buf; returns how many. */
int utf8_put(uint32_t ch, char buf[4]);
int utf8_columns(const char *text);

/* A rectangle of a grid; coordinates of the functions below count from its corner. */
struct area {
    struct grid *grid;
    int row, col, rows, cols;
};

struct area area_all(struct grid *grid);
/* The part of an area; what lies outside of it is cut off. */
struct area area_part(const struct area *area, int row, int col, int rows, int cols);

void area_char(const struct area *area, int row, int col, enum role role, uint32_t ch);

/*
 * Text from (row, col) to the right. A text that does not fit ends in an ellipsis in the last
 * column. Returns the column after the text, also when it lies outside.
 */
int area_text(const struct area *area, int row, int col, enum role role, const char *text);
int area_printf(const struct area *area, int row, int col, enum role role, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Give a whole row a role and fill it with blanks. */
void area_fill_row(const struct area *area, int row, enum role role);
/* Mark a row as the selection's and put the cursor at its start. */
void area_select_row(const struct area *area, int row);

/*
 * Text broken at blanks into lines of the area's width, from line `skip` on, starting in `row`.
 * Returns the number of lines of the whole text.
 */
int area_wrap(const struct area *area, int row, int skip, enum role role, const char *text);

#endif
