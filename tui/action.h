/* Actions: one table for the key map, the footer and the help view. */
#ifndef VLAB_TUI_ACTION_H
#define VLAB_TUI_ACTION_H

#include "tui/model.h"
#include "tui/ui.h"

enum action_id {
#define ACTION(symbol, where, keys, label, text, why_not) ACTION_##symbol,
#include "tui/action.def"
#undef ACTION
    ACTION_COUNT
};

struct action {
    enum view_id where; /* VIEW_COUNT: everywhere */
    const char *keys;   /* see key.h */
    const char *label;  /* for the footer */
    const char *text;   /* for help */
    const char *(*why_not)(const struct model *model, const struct ui *ui);
};

const struct action *action_get(enum action_id id);
/* Whether the action belongs to a view. */
bool action_in(enum action_id id, enum view_id view);
/* The action of a key in a view; ACTION_COUNT when it has none. */
enum action_id action_find(enum view_id view, uint32_t key);

#endif
