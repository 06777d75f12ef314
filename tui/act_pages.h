/* What the keys of the pages view do, beside what all views have. */
#ifndef VLAB_TUI_ACT_PAGES_H
#define VLAB_TUI_ACT_PAGES_H

#include "tui/action.h"
#include "tui/update.h"

/* Panes that act_pages.c and the view know by number. */
enum { PAGES_WALK = 1, PAGES_STAGE, PAGES_VERDICT, PAGES_MAP, PAGES_TABLE };

/* False when it is no action of the pages view. */
bool pages_act(const struct model *model, struct ui *ui, enum action_id id, const char *argument);

/* Ask for an answer when the view is shown and the model has got another; say when it is not. */
void pages_ask(const struct model *model, struct ui *ui, struct command *command);

/* The address that is walked, and how to make it another. */
uint64_t pages_cursor(const struct model *model, const struct ui *ui);
void pages_cursor_move(const struct model *model, struct ui *ui, uint64_t gva);

/* The step of the model's walk whose table is listed; -1: there is none. */
int pages_step(const struct model *model);

#endif
