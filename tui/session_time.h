/* The time of a session's machine: the timeline, and the commands that go back in it. */
#ifndef VLAB_TUI_SESSION_TIME_H
#define VLAB_TUI_SESSION_TIME_H

#include "tui/session.h"

/* The open machine begins to be recorded. -ENOMEM. */
int session_time_begin(struct session *s, struct error *err);
void session_time_forget(struct session *s);

/* Carry out a command that goes back, or to a moment. */
void session_time_go(struct session *s, const struct command *command);

void session_time_publish(const struct session *s, struct model *model);

#endif
