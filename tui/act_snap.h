/* The keys of the snapshots view. */
#ifndef VLAB_TUI_ACT_SNAP_H
#define VLAB_TUI_ACT_SNAP_H

#include "tui/action.h"
#include "tui/command.h"
#include "tui/snap_rows.h"
#include "tui/update.h"

/* True when it was one of its actions. */
bool snap_act(const struct model *model, struct ui *ui, enum action_id id, const char *argument,
              struct command *command);

/* What the view that is shown wants to see of the tree. */
void snap_ask(const struct model *model, struct ui *ui, struct command *command);

#endif
