/*
 * The tour of the screen, see tour.def: a line above the message line says what to do next. It goes
 * on when that was done, and may be left at any time.
 */
#ifndef VLAB_TUI_TOUR_H
#define VLAB_TUI_TOUR_H

#include "tui/action.h"

unsigned tour_steps(void);
/* The action that ends step `step`, 1..tour_steps(). */
enum action_id tour_action(unsigned step);

/* An action was done: go on to the next step when it is the one that the tour waits for. */
void tour_done(struct ui *ui, enum action_id id);

void tour_draw(const struct ui *ui, const struct area *line);

#endif
