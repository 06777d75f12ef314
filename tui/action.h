/*
 * Actions: one table for the key map, the footer, the help view, the palette and the plain mode.
 */
#ifndef VLAB_TUI_ACTION_H
#define VLAB_TUI_ACTION_H

#include "tui/model.h"
#include "tui/ui.h"

enum action_id {
#define ACTION(symbol, where, keys, name, label, asks, text, why_not) ACTION_##symbol,
#include "tui/action.def"
#undef ACTION
    ACTION_COUNT
};

struct action {
    unsigned where;    /* bit n: enum view_id n */
    const char *keys;  /* see key.h; "": the palette alone reaches it */
    const char *name;  /* one word, unique */
    const char *label; /* for the footer; "": not there */
    const char *asks;  /* prompt for the argument it takes; "": takes none */
    const char *text;  /* for help */
    const char *(*why_not)(const struct model *model, const struct ui *ui);
};

const struct action *action_get(enum action_id id);
/* Whether the action belongs to a view; whether it belongs to all. */
bool action_in(enum action_id id, enum view_id view);
bool action_everywhere(enum action_id id);
/* The action of a key in a view; ACTION_COUNT when it has none. */
enum action_id action_find(enum view_id view, uint32_t key);

#endif
