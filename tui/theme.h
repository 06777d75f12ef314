/*
 * The theme: from a role to colours, attributes and the mark that says the same without colour.
 */
#ifndef VLAB_TUI_THEME_H
#define VLAB_TUI_THEME_H

#include "tui/grid.h"

enum style_attr {
    STYLE_BOLD = 1 << 0,
    STYLE_DIM = 1 << 1,
    STYLE_REVERSE = 1 << 2,
    STYLE_UNDERLINE = 1 << 3
};

enum theme_depth { THEME_MONO, THEME_8, THEME_256 };

struct style {
    uint32_t fg_rgb, bg_rgb; /* 0xrrggbb, for pictures */
    int fg, bg;              /* palette index of the depth; -1: the terminal's own */
    unsigned attrs;          /* enum style_attr bits */
};

struct style theme_style(enum theme_depth depth, enum role role, unsigned cell_attr);
const char *theme_role_name(enum role role);
/* The character beside what has the role: '*', '!', '>'; ' ' when there is none. */
char theme_mark(enum role role);

#define THEME_BACKGROUND_RGB 0x121821u

#endif
