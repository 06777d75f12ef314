/*
 * The theme, from role.def. In 256 colours the screen has its own dark background, so that the
 * colours read the same on any terminal; in 8 colours and mono the terminal's own is kept.
 */
#include "tui/theme.h"

enum { BACKGROUND_256 = 234, BAR_256 = 237, SELECTED_256 = 24 };
#define BAR_RGB 0x253246u
#define SELECTED_RGB 0x1e4566u

struct role_style {
    const char *name;
    char mark;
    uint32_t rgb;
    short index256, index8;
    unsigned attrs, mono_attrs;
};

static const struct role_style roles[ROLE_COUNT] = {
#define ROLE(symbol, name, mark, rgb, index256, index8, attrs, mono)                               \
    [ROLE_##symbol] = {name, mark, rgb, index256, index8, attrs, mono},
#include "tui/role.def"
#undef ROLE
};

/* The bars at the top and the bottom of the screen. */
static bool role_is_bar(enum role role)
{
    return role == ROLE_HEADER || role == ROLE_HEADER_STRONG || role == ROLE_PAUSED ||
           role == ROLE_RUNNING || role == ROLE_ENDED;
}

static void style_background(struct style *style, enum theme_depth depth, enum role role,
                             bool selected)
{
    style->bg_rgb = selected ? SELECTED_RGB : role_is_bar(role) ? BAR_RGB : THEME_BACKGROUND_RGB;
    if (depth == THEME_256)
        style->bg = selected ? SELECTED_256 : role_is_bar(role) ? BAR_256 : BACKGROUND_256;
}

struct style theme_style(enum theme_depth depth, enum role role, unsigned cell_attr)
{
    const struct role_style *r = &roles[role < ROLE_COUNT ? role : ROLE_NORMAL];
    bool selected = cell_attr & CELL_SELECTED;
    struct style style = {.fg_rgb = r->rgb, .fg = -1, .bg = -1};

    style_background(&style, depth, role, selected);
    if (depth == THEME_256)
        style.fg = r->index256;
    else if (depth == THEME_8)
        style.fg = r->index8;
    style.attrs = depth == THEME_MONO ? r->mono_attrs : r->attrs;
    if (depth != THEME_256 && (selected || role_is_bar(role))) {
        style.fg = -1;
        style.attrs = (style.attrs & ~(unsigned)STYLE_DIM) | STYLE_REVERSE;
    }
    return style;
}

const char *theme_role_name(enum role role)
{
    return roles[role < ROLE_COUNT ? role : ROLE_NORMAL].name;
}

char theme_mark(enum role role)
{
    char mark = roles[role < ROLE_COUNT ? role : ROLE_NORMAL].mark;

    return mark ? mark : ' ';
}
