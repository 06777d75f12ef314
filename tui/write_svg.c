/*
 * A grid as a picture (SVG 1.1), see write.h.
 *
 * Text keeps to its columns whatever the font: each run says how long it is. Box drawing and bars
 * are drawn as shapes, so that lines meet without gaps.
 */
#include "tui/write.h"

/* Pixels. */
enum { CELL_WIDTH = 9, CELL_HEIGHT = 19, BASELINE = 14, PADDING = 14, FONT_SIZE = 15 };

static int x_of(int col)
{
    return PADDING + col * CELL_WIDTH;
}

static int y_of(int row)
{
    return PADDING + row * CELL_HEIGHT;
}

static bool is_box(uint32_t ch)
{
    return ch >= 0x2500 && ch <= 0x257f;
}

static bool is_block(uint32_t ch)
{
    return ch == 0x2588 || ch == 0x2591;
}

static struct style cell_style(const struct cell *cell, enum theme_depth depth)
{
    struct style style = theme_style(depth, (enum role)cell->role, cell->attr);

    if (depth == THEME_MONO) {
        style.fg_rgb = style.attrs & STYLE_DIM ? 0x909090 : 0xd8d8d8;
        style.bg_rgb = 0x181818;
        if (style.attrs & STYLE_REVERSE) {
            style.bg_rgb = 0xd8d8d8;
            style.fg_rgb = 0x181818;
        }
    }
    return style;
}

static uint32_t background(enum theme_depth depth)
{
    return depth == THEME_MONO ? 0x181818 : THEME_BACKGROUND_RGB;
}

static bool same_style(const struct cell *a, const struct cell *b)
{
    return a->role == b->role && a->attr == b->attr;
}

/* The columns from `col` on that have one style. */
static int run_length(const struct grid *grid, int row, int col)
{
    const struct cell *first = grid_at(grid, row, col);
    int length = 1;

    while (col + length < grid->cols && same_style(first, grid_at(grid, row, col + length)))
        length++;
    return length;
}

static void background_write(const struct grid *grid, enum theme_depth depth, int row, FILE *out)
{
    int length;

    for (int col = 0; col < grid->cols; col += length) {
        struct style style = cell_style(grid_at(grid, row, col), depth);

        length = run_length(grid, row, col);
        if (style.bg_rgb != background(depth))
            fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#%06x\"/>\n",
                    x_of(col), y_of(row), length * CELL_WIDTH, CELL_HEIGHT, style.bg_rgb);
    }
}

/* Lines from the middle of the cell to the sides that the character has. */
static void box_write(uint32_t ch, int row, int col, FILE *out)
{
    static const struct {
        uint32_t ch;
        bool north, east, south, west;
    } boxes[] = {{0x2500, 0, 1, 0, 1}, {0x2502, 1, 0, 1, 0}, {0x250c, 0, 1, 1, 0},
                 {0x2510, 0, 0, 1, 1}, {0x2514, 1, 1, 0, 0}, {0x2518, 1, 0, 0, 1},
                 {0x251c, 1, 1, 1, 0}, {0x2524, 1, 0, 1, 1}, {0x252c, 0, 1, 1, 1},
                 {0x2534, 1, 1, 0, 1}, {0x253c, 1, 1, 1, 1}};
    double x = x_of(col) + CELL_WIDTH / 2.0, y = y_of(row) + CELL_HEIGHT / 2.0;

    for (unsigned i = 0; i < sizeof(boxes) / sizeof(boxes[0]); i++) {
        if (boxes[i].ch != ch)
            continue;
        if (boxes[i].north || boxes[i].south)
            fprintf(out, "M%.1f %.1fV%.1f", x, boxes[i].north ? y_of(row) : y,
                    boxes[i].south ? y_of(row + 1) : y);
        if (boxes[i].east || boxes[i].west)
            fprintf(out, "M%.1f %.1fH%.1f", boxes[i].west ? x_of(col) : x, y,
                    boxes[i].east ? (double)x_of(col + 1) : x);
    }
}

/* All boxes of a run as one path. */
static void boxes_write(const struct grid *grid, enum theme_depth depth, int row, int col,
                        int length, FILE *out)
{
    struct style style = cell_style(grid_at(grid, row, col), depth);

    fprintf(out, "<path stroke=\"#%06x\" d=\"", style.fg_rgb);
    for (int i = col; i < col + length; i++)
        if (is_box(grid_at(grid, row, i)->ch))
            box_write(grid_at(grid, row, i)->ch, row, i, out);
    fputs("\"/>\n", out);
}

static void block_write(const struct cell *cell, enum theme_depth depth, int row, int col,
                        FILE *out)
{
    struct style style = cell_style(cell, depth);

    fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#%06x\"%s/>\n",
            x_of(col), y_of(row) + 5, CELL_WIDTH, CELL_HEIGHT - 10, style.fg_rgb,
            cell->ch == 0x2591 ? " opacity=\"0.45\"" : "");
}

static void char_write(uint32_t ch, FILE *out)
{
    char bytes[4];

    if (ch == '<')
        fputs("&lt;", out);
    else if (ch == '>')
        fputs("&gt;", out);
    else if (ch == '&')
        fputs("&amp;", out);
    else
        fwrite(bytes, 1, (size_t)utf8_put(ch, bytes), out);
}

static void text_write(const struct grid *grid, enum theme_depth depth, int row, int col,
                       int length, FILE *out)
{
    struct style style = cell_style(grid_at(grid, row, col), depth);

    fprintf(out, "<text x=\"%d\" y=\"%d\" textLength=\"%d\" fill=\"#%06x\"%s>", x_of(col),
            y_of(row) + BASELINE, length * CELL_WIDTH, style.fg_rgb,
            style.attrs & STYLE_BOLD ? " font-weight=\"bold\"" : "");
    for (int i = col; i < col + length; i++)
        char_write(grid_at(grid, row, i)->ch, out);
    fputs("</text>\n", out);
}

static bool is_text(const struct grid *grid, int row, int col)
{
    uint32_t ch = grid_at(grid, row, col)->ch;

    return !is_box(ch) && !is_block(ch) && ch != ' ';
}

/* The words of a run, each at its column: a run of blanks is not written at all. */
static void words_write(const struct grid *grid, enum theme_depth depth, int row, int col,
                        int length, FILE *out)
{
    int end = col + length;

    while (col < end) {
        int start = col;

        while (col < end && is_text(grid, row, col))
            col++;
        if (col > start)
            text_write(grid, depth, row, start, col - start, out);
        else
            col++;
    }
}

static void row_write(const struct grid *grid, enum theme_depth depth, int row, FILE *out)
{
    int length;

    background_write(grid, depth, row, out);
    for (int col = 0; col < grid->cols; col += length) {
        bool boxes = false;

        length = run_length(grid, row, col);
        for (int i = col; i < col + length; i++) {
            boxes |= is_box(grid_at(grid, row, i)->ch);
            if (is_block(grid_at(grid, row, i)->ch))
                block_write(grid_at(grid, row, i), depth, row, i, out);
        }
        if (boxes)
            boxes_write(grid, depth, row, col, length, out);
        words_write(grid, depth, row, col, length, out);
    }
}

void write_svg(const struct grid *grid, enum theme_depth depth, FILE *out)
{
    int width = 2 * PADDING + grid->cols * CELL_WIDTH;
    int height = 2 * PADDING + grid->rows * CELL_HEIGHT;

    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\">\n"
            "<rect width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#%06x\"/>\n"
            "<g font-family=\"DejaVu Sans Mono, Menlo, Consolas, Liberation Mono, monospace\" "
            "font-size=\"%d\" fill=\"none\" stroke-width=\"1.2\">\n",
            width, height, width, height, width, height, background(depth), FONT_SIZE);
    for (int row = 0; row < grid->rows; row++)
        row_write(grid, depth, row, out);
    fputs("</g>\n</svg>\n", out);
}
