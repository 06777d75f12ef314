/* Two traces for the compare view. */
#ifndef VLAB_TUI_SESSION_COMPARE_H
#define VLAB_TUI_SESSION_COMPARE_H

#include "tui/session.h"

/* Read both: `text` is two paths with a blank between them. What goes wrong is in the answer. */
void session_compare(struct session *s, const char *text);

void session_compare_publish(const struct session *s, struct model *model);

#endif
