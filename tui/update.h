/*
 * What an event does: changes of the ui, and perhaps a command to the engine.
 *
 * update() is pure apart from *ui and *command: a script of events gives the same screens again.
 */
#ifndef VLAB_TUI_UPDATE_H
#define VLAB_TUI_UPDATE_H

#include "tui/model.h"
#include "tui/ui.h"

enum event_kind {
    EVENT_KEY,    /* `key` */
    EVENT_RESIZE, /* `rows`, `cols` */
    EVENT_MODEL,  /* the model is a new one */
    EVENT_STDERR  /* somebody wrote `text` to standard error */
};

struct event {
    enum event_kind kind;
    uint32_t key;
    int rows, cols;
    const char *text;
};

enum command_kind {
    COMMAND_NONE,
    COMMAND_OPEN, /* `lab` */
    COMMAND_RESTART,
    COMMAND_STEP,
    COMMAND_NEXT_EXIT,
    COMMAND_CONTINUE,
    COMMAND_INTERRUPT /* overtakes the others and drops those that wait */
};

struct command {
    enum command_kind kind;
    unsigned lab;
    uint64_t exits; /* COMMAND_OPEN: run it for so many exits first */
};

enum update_result {
    UPDATE_DRAW = 1 << 0,   /* something to be seen changed */
    UPDATE_REDRAW = 1 << 1, /* draw every cell, whatever the terminal shows */
    UPDATE_QUIT = 1 << 2
};

unsigned update(const struct model *model, struct ui *ui, const struct event *event,
                struct command *command);

/*
 * Ask for a command as a key does: counts it, so that the ui knows what is under way. For a lab
 * that is opened from the command line.
 */
void update_send(struct ui *ui, struct command *command, enum command_kind kind, unsigned lab);

#endif
