/* See snap_rows.h. What is selected and folded is known by id: rows move when the tree changes. */
#include "tui/snap_rows.h"

#include <string.h>

_Static_assert(SNAPSHOT_ROWS <= UINT8_MAX + 1, "a row's number is a byte");

const struct snapshot_row *snap_row(const struct model *model, const char *id)
{
    const struct snapshots_look *look = &model->snapshots;

    for (unsigned i = 0; id[0] && i < look->count; i++)
        if (!strcmp(look->rows[i].id, id))
            return &look->rows[i];
    return NULL;
}

unsigned snap_below(const struct model *model, const struct snapshot_row *row)
{
    const struct snapshots_look *look = &model->snapshots;
    const struct snapshot_row *end = look->rows + look->count, *next = row + 1;

    while (next < end && next->depth > row->depth)
        next++;
    return (unsigned)(next - row - 1);
}

/* ---- folding ----------------------------------------------------------------------------------- */

static unsigned fold_of(const struct ui *ui, const struct snapshot_row *row)
{
    unsigned i = 0;

    while (i < ui->snap.folded_count && strcmp(ui->snap.folded[i], row->id) != 0)
        i++;
    return i;
}

bool snap_is_folded(const struct ui *ui, const struct snapshot_row *row)
{
    return fold_of(ui, row) < ui->snap.folded_count;
}

static void fold_remove(struct snap_cursor *snap, unsigned at)
{
    snap->folded_count--;
    memmove(snap->folded[at], snap->folded[at + 1],
            (snap->folded_count - at) * sizeof(snap->folded[0]));
}

/* Where there is no room for another one, the first that was folded is shown again. */
void snap_fold(struct ui *ui, const struct snapshot_row *row)
{
    struct snap_cursor *snap = &ui->snap;

    if (snap_is_folded(ui, row)) {
        fold_remove(snap, fold_of(ui, row));
        return;
    }
    if (snap->folded_count == SNAP_FOLDS)
        fold_remove(snap, 0);
    memcpy(snap->folded[snap->folded_count++], row->id, sizeof(row->id));
}

/* ---- what is seen ------------------------------------------------------------------------------ */

/* The row behind one that is seen, which is seen, too. */
static unsigned seen_next(const struct model *model, const struct ui *ui, unsigned at)
{
    const struct snapshot_row *row = &model->snapshots.rows[at];

    return at + 1 + (snap_is_folded(ui, row) ? snap_below(model, row) : 0);
}

unsigned snap_seen(const struct model *model, const struct ui *ui, uint8_t seen[SNAPSHOT_ROWS])
{
    unsigned count = 0;

    for (unsigned at = 0; at < model->snapshots.count; at = seen_next(model, ui, at))
        seen[count++] = (uint8_t)at;
    return count;
}

/* ---- the selection ----------------------------------------------------------------------------- */

/* The row itself, or the one that hides it. */
static unsigned seen_at(const struct model *model, const struct ui *ui, unsigned at)
{
    unsigned i = 0, next;

    while ((next = seen_next(model, ui, i)) <= at)
        i = next;
    return i;
}

const struct snapshot_row *snap_selected(const struct model *model, const struct ui *ui)
{
    const struct snapshots_look *look = &model->snapshots;
    const struct snapshot_row *row = snap_row(model, ui->snap.selected_id);
    unsigned at = row ? (unsigned)(row - look->rows) : ui->snap.selected;

    if (!look->on || look->count == 0)
        return NULL;
    return &look->rows[seen_at(model, ui, at < look->count ? at : look->count - 1)];
}

void snap_select(const struct model *model, struct ui *ui, const struct snapshot_row *row)
{
    ui->snap.selected = (unsigned)(row - model->snapshots.rows);
    memcpy(ui->snap.selected_id, row->id, sizeof(row->id));
}

const struct snapshot_row *snap_from(const struct model *model, const struct ui *ui)
{
    return ui->snap.from_mark ? snap_row(model, ui->snap.mark) : NULL;
}

bool snap_is_compared(const struct model *model, const struct ui *ui)
{
    const struct snapshots_question *asked = &model->snapshots.asked;
    const struct snapshot_row *row = snap_selected(model, ui), *from = snap_from(model, ui);

    return row && model->snapshots.compared && !strcmp(asked->id, row->id) &&
           !strcmp(asked->from, from ? from->id : "");
}
