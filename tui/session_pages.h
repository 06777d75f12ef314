/* How a session walks a guest's tables for the screen. Nothing in the guest changes. */
#ifndef VLAB_TUI_SESSION_PAGES_H
#define VLAB_TUI_SESSION_PAGES_H

#include "tui/session.h"

/* COMMAND_LOOK_PAGES: the models that follow answer this. */
void session_pages_look(struct session *session, const struct pages_question *question);
/* A run begins: keep the answer, so that what the run changes can be told. */
void session_pages_keep(struct session *session);
/* The machine is another one. */
void session_pages_forget(struct session *session);
/* Fill the pages of a model; its registers are there already. The session has a machine. */
void session_pages_publish(struct session *session, struct model *model);

#endif
