/*
 * What an event does: changes of the ui, and perhaps a command to the engine.
 *
 * update() is pure apart from *ui and *command: a script of events gives the same screens again.
 */
#ifndef VLAB_TUI_UPDATE_H
#define VLAB_TUI_UPDATE_H

#include "tui/command.h"
#include "tui/event.h"
#include "tui/model.h"
#include "tui/ui.h"

enum update_result {
    UPDATE_DRAW = 1 << 0,   /* something to be seen changed */
    UPDATE_REDRAW = 1 << 1, /* draw every cell, whatever the terminal shows */
    UPDATE_QUIT = 1 << 2
};

unsigned update(const struct model *model, struct ui *ui, const struct event *event,
                struct command *command);

/*
 * Ask for a command as a key does: counts it, so that the ui knows what is under way. The caller
 * sets what the kind needs.
 */
void update_send(struct ui *ui, struct command *command, enum command_kind kind);

/* Do an action as its key does, or ask for what it needs. The result is that of update(). */
unsigned update_action(const struct model *model, struct ui *ui, unsigned action,
                       const char *argument, struct command *command);

#endif
