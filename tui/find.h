/*
 * Finding a text in the focused pane: the selection of a list, or the scrolled part of any other,
 * moves to the next place that has it. Case does not matter; past the end it begins anew.
 */
#ifndef VLAB_TUI_FIND_H
#define VLAB_TUI_FIND_H

#include "tui/model.h"
#include "tui/ui.h"

/* To the next place that has ui->find (direction +1), or the one before (-1); else a message. */
void find_move(const struct model *model, struct ui *ui, int direction);

#endif
