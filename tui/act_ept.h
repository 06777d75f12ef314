/* What the keys of the ept and heat views do, beside what all views have. */
#ifndef VLAB_TUI_ACT_EPT_H
#define VLAB_TUI_ACT_EPT_H

#include "tui/action.h"
#include "tui/update.h"

/* Panes that act_ept.c and the view know by number. */
enum { EPT_WALK = 1, EPT_PAGE_PANE, EPT_MAP, EPT_TABLE_PANE };

/* False when it is no action of these views. */
bool ept_act(const struct model *model, struct ui *ui, enum action_id id, const char *argument);

/* Ask for answers when a view is shown and the model has got others; say when it is not. */
void ept_ask(const struct model *model, struct ui *ui, struct command *command);
void heat_ask(const struct model *model, struct ui *ui, struct command *command);

/* The guest-physical address that is walked, and how to make it another. */
uint64_t ept_cursor(const struct model *model, const struct ui *ui);
void ept_cursor_move(struct ui *ui, uint64_t gpa);

/* The step of the model's walk whose table is listed; -1: there is none. */
int ept_step(const struct model *model);

/* First guest-physical address of a page of RAM by its number: the hole below 4 GiB is left out. */
uint64_t heat_gpa(uint64_t page);

#endif
