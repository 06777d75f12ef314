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

#endif
