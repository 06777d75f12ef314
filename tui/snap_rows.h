/* The rows of the snapshots view: which are seen, which one is selected. */
#ifndef VLAB_TUI_SNAP_ROWS_H
#define VLAB_TUI_SNAP_ROWS_H

#include "tui/ui.h"

enum { SNAP_DIFF_PANE = 2 };

/* The selected snapshot, NULL: there is none. One below a folded snapshot is never selected. */
const struct snapshot_row *snap_selected(const struct model *model, const struct ui *ui);
void snap_select(const struct model *model, struct ui *ui, const struct snapshot_row *row);

/* The snapshot of an id, "" for none; NULL: it is not there (any more). */
const struct snapshot_row *snap_row(const struct model *model, const char *id);

/* The marked one that the selected one is compared with; NULL: it is now. */
const struct snapshot_row *snap_from(const struct model *model, const struct ui *ui);
/* The model has what differs between the two. */
bool snap_is_compared(const struct model *model, const struct ui *ui);

/* How many are below a snapshot, its children's children too. */
unsigned snap_below(const struct model *model, const struct snapshot_row *row);

/* Whether those below it are hidden; hide them, or show them again. */
bool snap_is_folded(const struct ui *ui, const struct snapshot_row *row);
void snap_fold(struct ui *ui, const struct snapshot_row *row);

/* The numbers of the rows that are seen, from the top; returns how many. */
unsigned snap_seen(const struct model *model, const struct ui *ui, uint8_t seen[SNAPSHOT_ROWS]);

#endif
