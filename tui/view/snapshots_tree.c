/*
 * The tree of snapshots.
 *
 *                            exits    own  note
 *   o reset                      0     4M  reset vector
 *   `-o long-mode              900    64K
 *     |-o irq-on +1          1,480    40K                 folded: 1 is below it
 *     `-o irq-off            1,500    28K  before cli
 *       `-@ now              1,843         not kept
 *
 * '@' is where the machine is: a snapshot, or a line of its own when it has run on, or came from none.
 */
#include "snapshot/branches.h"
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view/snapshots.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MIN = 8, EXITS_COLS = 10, OWN_COLS = 6, NAME_COLS = 34, NOTE_MIN = 20 };

/* Where things stand: the name ends where the exits begin; note: 0 when there is no room. */
struct columns {
    int exits, own, note;
};

static struct columns columns_of(const struct area *area)
{
    struct columns c = {.exits = area->cols - EXITS_COLS - OWN_COLS - 3};

    if (area->cols >= NAME_COLS + EXITS_COLS + OWN_COLS + 4 + NOTE_MIN) {
        c.exits = NAME_COLS;
        c.note = NAME_COLS + EXITS_COLS + OWN_COLS + 4;
    }
    c.own = c.exits + EXITS_COLS + 1;
    return c;
}

/* ---- the lines --------------------------------------------------------------------------------- */

/* The lines of the tree: the rows that are seen, and where the machine is when that is none of them. */
struct lines {
    uint8_t rows[SNAPSHOT_ROWS];
    unsigned count;
    int now; /* the line of the machine, between the rows; -1: none */
};

static bool is_here(const struct model *model, const struct snapshot_row *row)
{
    return !strcmp(row->id, model->snapshots.here);
}

/* The machine is at a snapshot, or at one below it that is hidden, or has run on from there. */
static bool hides_here(const struct model *model, const struct ui *ui,
                       const struct snapshot_row *row)
{
    unsigned below = snap_is_folded(ui, row) ? snap_below(model, row) : 0;

    for (unsigned i = 1; i <= below; i++)
        if (is_here(model, row + i))
            return true;
    return below > 0 && is_here(model, row) && model->snapshots.unsaved;
}

static void lines_make(const struct model *model, const struct ui *ui, struct lines *lines)
{
    const struct snapshots_look *look = &model->snapshots;

    lines->count = snap_seen(model, ui, lines->rows);
    lines->now = snap_row(model, look->here) ? -1 : (int)lines->count;
    for (unsigned i = 0; look->unsaved && i < lines->count; i++) {
        const struct snapshot_row *row = &look->rows[lines->rows[i]];

        if (is_here(model, row) && !hides_here(model, ui, row))
            lines->now = (int)i + 1;
    }
}

/* The row of a line; NULL: the machine's, or none. */
static const struct snapshot_row *row_at(const struct model *model, const struct lines *lines,
                                         int line)
{
    int at = lines->now >= 0 && line > lines->now ? line - 1 : line;

    if (line < 0 || line == lines->now || at >= (int)lines->count)
        return NULL;
    return &model->snapshots.rows[lines->rows[at]];
}

static int lines_count(const struct lines *lines)
{
    return (int)lines->count + (lines->now >= 0);
}

static int line_of(const struct model *model, const struct lines *lines,
                   const struct snapshot_row *row)
{
    int line = 0;

    while (line < lines_count(lines) && row_at(model, lines, line) != row)
        line++;
    return line;
}

/* The first line that is seen below the head. */
static int first_line(int at, int rows)
{
    return at >= rows - 1 ? at - rows + 2 : 0;
}

/* ---- drawing ----------------------------------------------------------------------------------- */

static int nothing(const struct model *model, const struct area *area)
{
    const struct snapshots_look *look = &model->snapshots;

    if (model->lab < 0)
        area_text(area, 0, 1, ROLE_DIM, "No lab is open: l lists them.");
    else if (look->on && look->why_not[0])
        area_text(area, 0, 1, ROLE_ERROR, look->why_not);
    else if (look->on)
        area_wrap(area, 0, 0, ROLE_DIM, "There is no snapshot of this lab: T takes one.");
    return 1;
}

static void head_draw(const struct area *area, const struct columns *c)
{
    area_printf(area, 0, c->exits, ROLE_LABEL, "%*s", EXITS_COLS, "exits");
    area_printf(area, 0, c->own, ROLE_LABEL, "%*s", OWN_COLS, "own");
    if (c->note)
        area_text(area, 0, c->note, ROLE_LABEL, "note");
}

static const char *exits_text(uint64_t exits, char buf[NUMBER_MAX])
{
    if (strlen(text_grouped(exits, buf)) > EXITS_COLS)
        text_short(exits, buf);
    return buf;
}

/* What stands before a name: a narrow area has no room for all depths, but for some of the name. */
static int stem_draw(const struct area *name, int at, unsigned depth, uint32_t lines, bool here)
{
    int room = (name->cols - 4 - NAME_MIN) / 2;
    char text[BRANCH_TEXT_MAX];
    int col = area_text(name, at, 2, ROLE_BORDER,
                        branch_text(depth, lines, room > 1 ? (unsigned)room : 1, text));

    area_char(name, at, col, here ? ROLE_CHANGED : ROLE_LABEL, here ? '@' : 'o');
    return col + 2;
}

static void row_draw(const struct model *model, const struct ui *ui, const struct area *area,
                     int at, const struct snapshot_row *row)
{
    bool hides = hides_here(model, ui, row);
    bool here = hides || (is_here(model, row) && !model->snapshots.unsaved);
    struct columns c = columns_of(area);
    struct area name = area_part(area, 0, 0, area->rows, c.exits);
    char number[NUMBER_MAX];
    int col = stem_draw(&name, at, row->depth, row->lines, here);

    col = area_text(&name, at, col, here ? ROLE_CHANGED : ROLE_NORMAL, row->name);
    if (snap_is_folded(ui, row) && snap_below(model, row))
        col = area_printf(&name, at, col + 1, ROLE_KEY, "+%u", snap_below(model, row));
    if (!row->has_ram)
        area_text(&name, at, col + 1, ROLE_DIM, "no RAM");
    area_printf(area, at, c.exits, ROLE_NUMBER, "%*s", EXITS_COLS, exits_text(row->exits, number));
    area_printf(area, at, c.own, ROLE_NUMBER, "%*s", OWN_COLS, text_size(row->own, number));
    if (c.note)
        area_text(area, at, c.note, ROLE_DIM, row->note);
}

/* As a child of the snapshot that the machine came from. */
static void now_draw(const struct model *model, const struct area *area, int at)
{
    const struct snapshot_row *from = snap_row(model, model->snapshots.here);
    unsigned depth = from ? from->depth + 1 : 0;
    uint32_t lines = from ? from->lines : 0;
    struct columns c = columns_of(area);
    struct area name = area_part(area, 0, 0, area->rows, c.exits);
    char number[NUMBER_MAX];

    if (from && from->depth < BRANCH_DEPTH_MAX && snap_below(model, from))
        lines |= 1u << from->depth;
    area_text(&name, at, stem_draw(&name, at, depth, lines, true), ROLE_CHANGED, "now");
    area_printf(area, at, c.exits, ROLE_NUMBER, "%*s", EXITS_COLS,
                exits_text(model->exits, number));
    if (c.note)
        area_text(area, at, c.note, ROLE_CHANGED,
                  model->snapshots.unsaved ? "not kept" : "the start");
}

static void line_draw(const struct model *model, const struct ui *ui, const struct area *area,
                      int at, const struct lines *lines, int line)
{
    const struct snapshot_row *row = row_at(model, lines, line);

    if (line == lines->now)
        now_draw(model, area, at);
    if (!row)
        return;
    row_draw(model, ui, area, at, row);
    if (!strcmp(row->id, ui->snap.mark))
        area_char(area, at, 1, ROLE_KEY, 'm');
}

static void select_draw(const struct area *area, int at)
{
    area_char(area, at, 0, ROLE_SELECTED, (uint32_t)theme_mark(ROLE_SELECTED));
    area_select_row(area, at);
}

int snap_tree(const struct model *model, const struct ui *ui, const struct area *area)
{
    const struct snapshot_row *selected = snap_selected(model, ui);
    struct columns c = columns_of(area);
    struct lines lines;
    int first, at;

    if (!selected)
        return nothing(model, area);
    lines_make(model, ui, &lines);
    head_draw(area, &c);
    at = line_of(model, &lines, selected);
    first = first_line(at, area->rows);
    for (int i = 0; i < area->rows - 1 && first + i < lines_count(&lines); i++)
        line_draw(model, ui, area, i + 1, &lines, first + i);
    select_draw(area, at - first + 1);
    return lines_count(&lines) + 1;
}

/* ---- keys -------------------------------------------------------------------------------------- */

/* The number of the selected row among those that are seen. */
static unsigned seen_number(const struct model *model, const struct snapshot_row *selected,
                            const uint8_t *seen)
{
    unsigned at = 0;

    while (&model->snapshots.rows[seen[at]] != selected)
        at++;
    return at;
}

void snap_tree_move(const struct model *model, struct ui *ui, enum move move, int page)
{
    const struct snapshot_row *selected = snap_selected(model, ui);
    uint8_t seen[SNAPSHOT_ROWS];
    unsigned count = snap_seen(model, ui, seen);
    uint64_t at;

    if (!selected)
        return;
    at = move_apply(move, seen_number(model, selected, seen), count, page - 1);
    snap_select(model, ui, &model->snapshots.rows[seen[at]]);
}

static const struct snapshot_row *parent_of(const struct model *model,
                                            const struct snapshot_row *row)
{
    const struct snapshot_row *up = row;

    while (up > model->snapshots.rows && up->depth >= row->depth)
        up--;
    return up->depth < row->depth ? up : NULL;
}

/* To the left: fold, then up to the parent. To the right: unfold, then on to the next pane. */
bool snap_tree_side(const struct model *model, struct ui *ui, int direction)
{
    const struct snapshot_row *row = snap_selected(model, ui);
    bool folded = row && snap_is_folded(ui, row) && snap_below(model, row);

    if (!row || (direction > 0 && !folded))
        return false;
    if (direction > 0 || (!folded && snap_below(model, row)))
        snap_fold(ui, row);
    else if (parent_of(model, row))
        row = parent_of(model, row);
    snap_select(model, ui, row);
    return true;
}

int snap_tree_find(const struct model *model, struct ui *ui, int direction)
{
    const struct snapshot_row *selected = snap_selected(model, ui);
    uint8_t seen[SNAPSHOT_ROWS];
    int count = (int)snap_seen(model, ui, seen), at;

    if (!selected)
        return 0;
    at = (int)seen_number(model, selected, seen);
    for (int i = 1; i <= count; i++) {
        const struct snapshot_row *row =
            &model->snapshots.rows[seen[((at + direction * i) % count + count) % count]];

        if (text_has(row->name, ui->find) || text_has(row->note, ui->find)) {
            snap_select(model, ui, row);
            return 1;
        }
    }
    return 0;
}

void snap_tree_click(const struct model *model, struct ui *ui, int rows, int row)
{
    const struct snapshot_row *selected = snap_selected(model, ui), *clicked;
    struct lines lines;

    if (!selected || row < 1)
        return;
    lines_make(model, ui, &lines);
    clicked = row_at(model, &lines, first_line(line_of(model, &lines, selected), rows) + row - 1);
    if (clicked)
        snap_select(model, ui, clicked);
}
