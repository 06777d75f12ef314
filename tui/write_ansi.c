/* A grid as text with ECMA-48 SGR sequences, 256 colours, 8, or attributes alone. See write.h. */
#include "tui/sgr.h"
#include "tui/write.h"

void write_ansi(const struct grid *grid, enum theme_depth depth, FILE *out)
{
    char bytes[4];

    for (int row = 0; row < grid->rows; row++) {
        struct style last = {.fg = -2};

        for (int col = 0; col < grid->cols; col++) {
            const struct cell *cell = grid_at(grid, row, col);
            struct style style = theme_style(depth, (enum role)cell->role, cell->attr);

            if (!sgr_equal(&style, &last))
                sgr_write(out, NULL, &style, depth);
            last = style;
            fwrite(bytes, 1, (size_t)utf8_put(cell->ch, bytes), out);
        }
        fputs("\033[0m\n", out);
    }
}
