/* Playing asciicast v2 into libvterm, see player.h. */
#include "tests/support/player.h"

#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static int on_property(VTermProp property, VTermValue *value, void *ctx)
{
    struct player *p = ctx;

    if (property == VTERM_PROP_CURSORVISIBLE)
        p->cursor = value->boolean;
    return 1;
}

void player_terminal(struct player *p, int rows, int cols)
{
    static const VTermScreenCallbacks callbacks = {.settermprop = on_property};

    p->rows = rows;
    p->cols = cols;
    p->cursor = true;
    p->vterm = vterm_new(rows, cols);
    vterm_set_utf8(p->vterm, 1);
    p->screen = vterm_obtain_screen(p->vterm);
    vterm_screen_set_callbacks(p->screen, &callbacks, p);
    vterm_screen_reset(p->screen, 1);
}

/* The next line as JSON, NULL at the end. Every line ends in a newline. */
static json_t *line_load(FILE *in)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length = getline(&line, &size, in);
    json_error_t error;
    json_t *json = NULL;

    if (length >= 0) {
        ck_assert_int_eq(line[length - 1], '\n');
        json = json_loadb(line, (size_t)length, 0, &error);
        ck_assert_msg(json != NULL, "%s: %s", error.text, line);
    }
    free(line);
    return json;
}

static int integer(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    ck_assert_msg(json_is_integer(value), "the header has no number %s", key);
    return (int)json_integer_value(value);
}

void player_open(struct player *p, const char *path)
{
    json_t *header;

    *p = (struct player){.in = fopen(path, "r")};
    ck_assert_ptr_nonnull(p->in);
    header = line_load(p->in);
    ck_assert(json_is_object(header));
    ck_assert_int_eq(integer(header, "version"), 2);
    ck_assert_int_gt(integer(header, "timestamp"), 1700000000);
    player_terminal(p, integer(header, "height"), integer(header, "width"));
    json_decref(header);
}

static void resize(struct player *p, const char *size)
{
    ck_assert_int_eq(sscanf(size, "%dx%d", &p->cols, &p->rows), 2);
    vterm_set_size(p->vterm, p->rows, p->cols);
}

char player_next(struct player *p)
{
    json_t *event = line_load(p->in), *time, *data;
    const char *kind;
    char result;

    if (!event)
        return 0;
    ck_assert(json_is_array(event) && json_array_size(event) == 3);
    time = json_array_get(event, 0);
    kind = json_string_value(json_array_get(event, 1));
    data = json_array_get(event, 2);
    ck_assert(json_is_real(time) && kind && strlen(kind) == 1 && json_is_string(data));
    ck_assert_msg(json_real_value(time) >= p->time, "time goes back");
    p->time = json_real_value(time);
    p->data_size = json_string_length(data);
    result = kind[0];
    if (result == 'r')
        resize(p, json_string_value(data));
    else if (result == 'o')
        vterm_input_write(p->vterm, json_string_value(data), p->data_size);
    json_decref(event);
    return result;
}

void player_close(struct player *p)
{
    if (p->in)
        fclose(p->in);
    vterm_free(p->vterm);
}

static bool same_colour(VTermColor colour, int index, bool foreground)
{
    if (index < 0)
        return foreground ? VTERM_COLOR_IS_DEFAULT_FG(&colour) : VTERM_COLOR_IS_DEFAULT_BG(&colour);
    return VTERM_COLOR_IS_INDEXED(&colour) && colour.indexed.idx == index;
}

/* libvterm knows no dim. */
static bool same_style(const VTermScreenCell *shown, const struct style *style)
{
    return same_colour(shown->fg, style->fg, true) && same_colour(shown->bg, style->bg, false) &&
           shown->attrs.bold == ((style->attrs & STYLE_BOLD) != 0) &&
           shown->attrs.reverse == ((style->attrs & STYLE_REVERSE) != 0) &&
           (shown->attrs.underline != 0) == ((style->attrs & STYLE_UNDERLINE) != 0);
}

static void cell_check(const struct player *p, const struct grid *grid, int row, int col,
                       enum theme_depth depth)
{
    const struct cell *cell = grid_at(grid, row, col);
    struct style style = theme_style(depth, (enum role)cell->role, cell->attr);
    VTermScreenCell shown;
    uint32_t ch;

    vterm_screen_get_cell(p->screen, (VTermPos){.row = row, .col = col}, &shown);
    ch = shown.chars[0] ? shown.chars[0] : ' ';
    if (ch != cell->ch || !same_style(&shown, &style))
        ck_abort_msg("row %d, column %d: %x where %x was drawn (role %s)", row, col, ch, cell->ch,
                     theme_role_name((enum role)cell->role));
}

void player_check(const struct player *p, const struct grid *grid, enum theme_depth depth)
{
    VTermPos pos;

    ck_assert_int_eq(p->rows, grid->rows);
    ck_assert_int_eq(p->cols, grid->cols);
    for (int row = 0; row < grid->rows; row++)
        for (int col = 0; col < grid->cols; col++)
            cell_check(p, grid, row, col, depth);
    ck_assert_int_eq(p->cursor, grid->cursor_row >= 0);
    vterm_state_get_cursorpos(vterm_obtain_state(p->vterm), &pos);
    if (grid->cursor_row >= 0) {
        ck_assert_int_eq(pos.row, grid->cursor_row);
        ck_assert_int_eq(pos.col, grid->cursor_col);
    }
}

void player_row(const struct player *p, int row, char text[257])
{
    int length = 0;

    for (int col = 0; col < p->cols && col < 256; col++) {
        VTermScreenCell shown;

        vterm_screen_get_cell(p->screen, (VTermPos){.row = row, .col = col}, &shown);
        text[col] = shown.chars[0] == 0 ? ' ' : shown.chars[0] < 0x7f ? (char)shown.chars[0] : '?';
        if (text[col] != ' ')
            length = col + 1;
    }
    text[length] = '\0';
}
