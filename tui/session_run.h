/* How a session runs its machine: steps, calls as one, to an exit, to the end. */
#ifndef VLAB_TUI_SESSION_RUN_H
#define VLAB_TUI_SESSION_RUN_H

#include "tui/session.h"

/*
 * Carry out one of COMMAND_STEP ... COMMAND_CONTINUE, under the limits that are not 0. session->run,
 * the result and a message say how it ended.
 */
void session_go(struct session *session, const struct command *command,
                const struct run_limits *limits);

/* What will be shown as "before": the machine as it stands; nothing. */
void session_keep(struct session *session);
void session_forget_before(struct session *session);

/* The message for a step or an exit that was asked for and has come. */
void session_say_reached(struct session *session, bool exited);

#endif
