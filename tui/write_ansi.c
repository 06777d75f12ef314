/* A grid as text with ECMA-48 SGR sequences, 256 colours, 8, or attributes alone. See write.h. */
#include "tui/write.h"

static void colour_write(FILE *out, int colour, int base, enum theme_depth depth)
{
    if (colour < 0)
        return;
    if (depth == THEME_256)
        fprintf(out, ";%d;5;%d", base + 8, colour);
    else
        fprintf(out, ";%d", base + colour);
}

static void style_write(FILE *out, const struct style *style, enum theme_depth depth)
{
    fputs("\033[0", out);
    if (style->attrs & STYLE_BOLD)
        fputs(";1", out);
    if (style->attrs & STYLE_DIM)
        fputs(";2", out);
    if (style->attrs & STYLE_UNDERLINE)
        fputs(";4", out);
    if (style->attrs & STYLE_REVERSE)
        fputs(";7", out);
    colour_write(out, style->fg, 30, depth);
    colour_write(out, style->bg, 40, depth);
    fputc('m', out);
}

static bool style_equal(const struct style *a, const struct style *b)
{
    return a->fg == b->fg && a->bg == b->bg && a->attrs == b->attrs;
}

void write_ansi(const struct grid *grid, enum theme_depth depth, FILE *out)
{
    char bytes[4];

    for (int row = 0; row < grid->rows; row++) {
        struct style last = {.fg = -2};

        for (int col = 0; col < grid->cols; col++) {
            const struct cell *cell = grid_at(grid, row, col);
            struct style style = theme_style(depth, (enum role)cell->role, cell->attr);

            if (!style_equal(&style, &last))
                style_write(out, &style, depth);
            last = style;
            fwrite(bytes, 1, (size_t)utf8_put(cell->ch, bytes), out);
        }
        fputs("\033[0m\n", out);
    }
}
