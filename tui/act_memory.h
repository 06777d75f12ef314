/* What the keys of the memory view do, beside what all views have. */
#ifndef VLAB_TUI_ACT_MEMORY_H
#define VLAB_TUI_ACT_MEMORY_H

#include "tui/action.h"
#include "tui/update.h"

/* False when it is no action of the memory view. */
bool memory_act(const struct model *model, struct ui *ui, enum action_id id, const char *argument);

/* Go to a place; the one before is kept, and the oldest forgotten. */
void memory_go(struct ui *ui, const struct memory_place *place);

/* The focused pane shows bytes of memory. */
bool memory_has_keys(const struct ui *ui);

/* Ask the engine to search for ui->find, behind the cursor (1) or before it (-1). */
void memory_find(const struct model *model, struct ui *ui, int direction, struct command *command);
/* Take the answer to a search that a new model has. */
void memory_answer(const struct model *model, struct ui *ui);

/* Ask for the memory around the cursor when it is shown and the model has got another. */
void memory_ask(const struct model *model, struct ui *ui, struct command *command);

/* The cursor, and where it goes to as far as the address space reaches. */
uint64_t memory_cursor(const struct model *model, const struct ui *ui);
void memory_cursor_move(const struct model *model, struct ui *ui, int64_t bytes);
/* The base that is selected in the list of registers. */
enum memory_base memory_selected(const struct model *model, const struct ui *ui);

#endif
