/*
 * The panes of the snapshots view, each pure: draws into its area, and returns the number of lines of its
 * whole content.
 */
#ifndef VLAB_TUI_VIEW_SNAPSHOTS_H
#define VLAB_TUI_VIEW_SNAPSHOTS_H

#include "tui/snap_rows.h"
#include "tui/view.h"

/* The tree, and the keys in it; as the functions of struct view_ops. */
int snap_tree(const struct model *model, const struct ui *ui, const struct area *area);
void snap_tree_move(const struct model *model, struct ui *ui, enum move move, int page);
bool snap_tree_side(const struct model *model, struct ui *ui, int direction);
int snap_tree_find(const struct model *model, struct ui *ui, int direction);
void snap_tree_click(const struct model *model, struct ui *ui, int rows, int row);

/* Which pages differ, and the legend. */
int snap_pages(const struct model *model, const struct ui *ui, const struct area *area);
void snap_pages_detail(const struct model *model, const struct ui *ui, struct pane *pane);

/* What a restore of the selected one puts back, drops and keeps. */
int snap_preview(const struct model *model, const struct ui *ui, const struct area *area);

/* What the store takes, snapshot by snapshot, against as many copies. */
int snap_growth(const struct model *model, const struct ui *ui, const struct area *area);

#endif
