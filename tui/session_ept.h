/* How a session walks the second stage for the screen. Nothing in the machine changes. */
#ifndef VLAB_TUI_SESSION_EPT_H
#define VLAB_TUI_SESSION_EPT_H

#include "tui/session.h"

/* COMMAND_LOOK_EPT: the models that follow answer this. */
void session_ept_look(struct session *session, const struct ept_question *question);
/* A run begins: keep the answer, so that what the run changes can be told. */
void session_ept_keep(struct session *session);
/* The machine is another one. */
void session_ept_forget(struct session *session);
/* Fill the second stage of a model; its registers are there already. The session has a machine. */
void session_ept_publish(struct session *session, struct model *model);

#endif
