/*
 * What the plain mode says: sentences and lists, a fact a line, without colours, boxes or cursor
 * movement. All text is ASCII.
 *
 * Everything here is pure but for the stream.
 */
#ifndef VLAB_TUI_PLAIN_SAY_H
#define VLAB_TUI_PLAIN_SAY_H

#include "tui/model.h"
#include "tui/ui.h"

#include <stdio.h>

/* Where a move began, to tell what it did. */
struct plain_moment {
    uint64_t epoch, exits, insns, text;
};

struct plain_moment plain_moment(const struct model *model);

void plain_say_where(FILE *out, const struct model *model);
/* What happened since; `message`: what the session said of it, "" for nothing. */
void plain_say_move(FILE *out, const struct model *model, const struct plain_moment *since,
                    const char *message);
/* A message as a sentence; nothing for "". */
void plain_say_message(FILE *out, const char *message);
/* Whether a message says no more than plain_say_move() does itself. */
bool plain_repeats(const struct model *model, const char *message);

void plain_say_changes(FILE *out, const struct model *model);
/* The last `count` exits that pass the filter. */
void plain_say_exits(FILE *out, const struct model *model, const struct ui *ui, unsigned count);
/* The selected exit; `fields`: with its words decoded. */
void plain_say_why(FILE *out, const struct model *model, const struct ui *ui, bool fields);
void plain_say_profile(FILE *out, const struct model *model);
/* What the guest printed from byte number `from` on, each line behind "Guest: "; as far as kept. */
void plain_say_text(FILE *out, const struct text_tail *text, uint64_t from);

/* A pane of a view as text; a view with all its panes. */
void plain_say_pane(FILE *out, const struct model *model, const struct ui *ui, enum view_id view,
                    unsigned number);
void plain_say_view(FILE *out, const struct model *model, const struct ui *ui, enum view_id view);
/* The line of the focused pane that is selected, if there is one. */
void plain_say_selection(FILE *out, const struct model *model, const struct ui *ui);
void plain_say_help(FILE *out);

#endif
