/*
 * A line of the plain mode: which command it is.
 *
 * - A command is a word and, behind blanks, its argument. The word is a key of the view or of the
 *   step view, or a name or its beginning, if that is the beginning of no other.
 * - Names are those of action.def, and the words below: they read what the panes show. Where both
 *   have a name, it is the word. What is about the screen alone (zoom, mouse, ...) is left out.
 */
#ifndef VLAB_TUI_PLAIN_LINE_H
#define VLAB_TUI_PLAIN_LINE_H

#include "tui/action.h"

enum plain_word {
#define PLAIN_WORD(symbol, name, argument, text) PLAIN_##symbol,
#include "tui/plain.def"
#undef PLAIN_WORD
    PLAIN_COUNT
};

struct plain_word_info {
    const char *name;
    const char *argument; /* "" when it takes none */
    const char *text;     /* for help */
};

enum plain_kind { PLAIN_LINE_EMPTY, PLAIN_LINE_WORD, PLAIN_LINE_ACTION, PLAIN_LINE_WRONG };

struct plain_line {
    enum plain_kind kind;
    enum plain_word word;
    enum action_id action;
    char argument[120];
    char why[240]; /* of a wrong one */
};

const struct plain_word_info *plain_word(enum plain_word word);
/* Whether an action is offered. */
bool plain_has_action(enum action_id id);

void plain_line_parse(struct plain_line *line, const char *text, enum view_id view);

#endif
