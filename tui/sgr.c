/*
 * Styles as SGR sequences, see sgr.h. Bold and dim have one common "off" (22), so a style that takes
 * an attribute away begins again from nothing (0).
 */
#include "tui/sgr.h"

bool sgr_equal(const struct style *a, const struct style *b)
{
    return a->fg == b->fg && a->bg == b->bg && a->attrs == b->attrs;
}

/* Parameters of one sequence; `first` says whether one is there already. */
struct parameters {
    FILE *out;
    bool first;
};

static void parameter(struct parameters *p, int value)
{
    fprintf(p->out, p->first ? "%d" : ";%d", value);
    p->first = false;
}

/* `base` is 30 for the foreground, 40 for the background; 39 and 49 are the terminal's own. */
static void colour(struct parameters *p, int index, int base, enum theme_depth depth)
{
    if (index < 0) {
        parameter(p, base + 9);
    } else if (depth == THEME_256) {
        parameter(p, base + 8);
        parameter(p, 5);
        parameter(p, index);
    } else {
        parameter(p, base + index);
    }
}

static void attributes(struct parameters *p, unsigned attrs)
{
    static const struct {
        unsigned attr;
        int value;
    } values[] = {{STYLE_BOLD, 1}, {STYLE_DIM, 2}, {STYLE_UNDERLINE, 4}, {STYLE_REVERSE, 7}};

    for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (attrs & values[i].attr)
            parameter(p, values[i].value);
}

void sgr_write(FILE *out, const struct style *from, const struct style *to, enum theme_depth depth)
{
    static const struct style plain = {.fg = -1, .bg = -1};
    struct parameters p = {.out = out, .first = true};

    if (from && sgr_equal(from, to))
        return;
    fputs("\033[", out);
    if (!from || from->attrs & ~to->attrs) {
        parameter(&p, 0);
        from = &plain;
    }
    attributes(&p, to->attrs & ~from->attrs);
    if (to->fg != from->fg)
        colour(&p, to->fg, 30, depth);
    if (to->bg != from->bg)
        colour(&p, to->bg, 40, depth);
    fputc('m', out);
}
