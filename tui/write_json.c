/* A grid as JSON: the text of each line and the roles of its columns. See write.h. */
#include "tui/write.h"

static void text_write(const struct grid *grid, int row, FILE *out)
{
    char bytes[4];

    fputs("{\"text\": \"", out);
    for (int col = 0; col < grid->cols; col++) {
        uint32_t ch = grid_at(grid, row, col)->ch;

        if (ch == '"' || ch == '\\')
            fputc('\\', out);
        fwrite(bytes, 1, (size_t)utf8_put(ch, bytes), out);
    }
    fputs("\",\n   \"spans\": [", out);
}

/* What can be told without colour. */
static void style_write(const struct cell *cell, enum theme_depth depth, FILE *out)
{
    unsigned attrs = theme_style(depth, (enum role)cell->role, cell->attr).attrs;
    const char *names[] = {cell->attr & CELL_SELECTED ? "selected" : NULL,
                           attrs & STYLE_BOLD ? "bold" : NULL, attrs & STYLE_DIM ? "dim" : NULL,
                           attrs & STYLE_UNDERLINE ? "underline" : NULL,
                           attrs & STYLE_REVERSE ? "reverse" : NULL};
    const char *joint = "";

    fputc('"', out);
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i]) {
            fprintf(out, "%s%s", joint, names[i]);
            joint = "+";
        }
    fputc('"', out);
}

static void spans_write(const struct grid *grid, int row, enum theme_depth depth, FILE *out)
{
    int start = 0;

    for (int col = 1; col <= grid->cols; col++) {
        const struct cell *first = grid_at(grid, row, start), *cell = grid_at(grid, row, col);

        if (cell && cell->role == first->role && cell->attr == first->attr)
            continue;
        fprintf(out, "%s[%d, %d, \"%s\", ", start ? ", " : "", start, col - start,
                theme_role_name((enum role)first->role));
        style_write(first, depth, out);
        fputc(']', out);
        start = col;
    }
}

void write_json(const struct grid *grid, enum theme_depth depth, FILE *out)
{
    fprintf(out, "{\"rows\": %d, \"cols\": %d, ", grid->rows, grid->cols);
    if (grid->cursor_row < 0)
        fputs("\"cursor\": null,\n", out);
    else
        fprintf(out, "\"cursor\": [%d, %d],\n", grid->cursor_row, grid->cursor_col);
    fputs(" \"lines\": [\n", out);
    for (int row = 0; row < grid->rows; row++) {
        fputs("  ", out);
        text_write(grid, row, out);
        spans_write(grid, row, depth, out);
        fprintf(out, "]}%s\n", row + 1 < grid->rows ? "," : "");
    }
    fputs(" ]\n}\n", out);
}
