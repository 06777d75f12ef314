/*
 * The palette: every action by its name. While its prompt is open, a list of those whose name or
 * text has what was typed lies over the lower part of the screen.
 *
 * - What is typed is a name and, behind a blank, the argument of an action that takes one.
 */
#ifndef VLAB_TUI_PALETTE_H
#define VLAB_TUI_PALETTE_H

#include "tui/action.h"

/* Whether the palette is open. */
bool palette_is_open(const struct ui *ui);

/* Another line of the list: +1, -1. */
void palette_move(struct ui *ui, int direction);

/* Complete the name to that of the selected line. */
void palette_complete(struct ui *ui);

/*
 * The action of what was typed, the selected line's when a part of a name was; ACTION_COUNT when
 * there is none. *argument points behind the name, to "" when nothing was typed there.
 */
enum action_id palette_action(const struct ui *ui, const char **argument);

/* Draw the list into the rows of `body` that it needs, at its lower end. */
void palette_draw(const struct model *model, const struct ui *ui, const struct area *body);

#endif
