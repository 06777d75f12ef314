/* What each action does; see action.def. */
#ifndef VLAB_TUI_ACT_H
#define VLAB_TUI_ACT_H

#include "tui/action.h"
#include "tui/update.h"

/*
 * Do an action that can be done now (why_not() is NULL). `argument` is what was typed for one that
 * asks for something, else "". Returns enum update_result bits.
 */
unsigned act(const struct model *model, struct ui *ui, enum action_id id, const char *argument,
             struct command *command);

#endif
