/* A grid as plain UTF-8 text, see write.h. */
#include "tui/write.h"

void write_text(const struct grid *grid, enum theme_depth depth, FILE *out)
{
    char bytes[4];

    (void)depth;
    for (int row = 0; row < grid->rows; row++) {
        for (int col = 0; col < grid->cols; col++)
            fwrite(bytes, 1, (size_t)utf8_put(grid_at(grid, row, col)->ch, bytes), out);
        fputc('\n', out);
    }
}
