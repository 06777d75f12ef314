/* How a session counts the pages that the guest writes, from the machine's dirty log, which it owns. */
#ifndef VLAB_TUI_SESSION_HEAT_H
#define VLAB_TUI_SESSION_HEAT_H

#include "tui/session.h"

/* A machine was made: nothing has been written by its guest. Out of memory: nothing is counted. */
void session_heat_begin(struct session *session);
/* A run begins: what the one before wrote is put down, and a new dirty log started. */
void session_heat_keep(struct session *session);
/* The machine went back in time: counting begins anew. */
void session_heat_again(struct session *session);
/* The machine goes. */
void session_heat_forget(struct session *session);
/* Fill the heat of a model, when it is looked at. The session has a machine. */
void session_heat_publish(struct session *session, struct model *model);

#endif
