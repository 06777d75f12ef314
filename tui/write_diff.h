/*
 * The bytes that turn one frame into the next on a terminal that knows ECMA-48 and UTF-8.
 *
 * - Only cells that differ are written, as a terminal shows them: another role in the same style is
 *   no difference. Colours are those of the theme at a depth.
 * - The terminal's cursor and style are kept from call to call in a struct pen.
 */
#ifndef VLAB_TUI_WRITE_DIFF_H
#define VLAB_TUI_WRITE_DIFF_H

#include "tui/grid.h"
#include "tui/theme.h"

#include <stdio.h>

/* What is known of the terminal; {0} at first: nothing. */
struct pen {
    bool known;
    bool placed;  /* row and col are known */
    bool visible; /* the cursor is seen */
    int row, col;
    struct style style;
};

/*
 * From the frame `from` to `to`, of the same size. NULL for `from`: the terminal may show anything
 * and have any size that holds the frame; it is cleared. Writes nothing when nothing differs. The
 * cursor is where grid.cursor_row and grid.cursor_col say, or is not seen. The caller checks
 * ferror().
 */
void write_diff(struct pen *pen, const struct grid *from, const struct grid *to,
                enum theme_depth depth, FILE *out);

#endif
