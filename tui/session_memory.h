/* How a session reads guest memory for the screen, and searches it. Nothing in the guest changes. */
#ifndef VLAB_TUI_SESSION_MEMORY_H
#define VLAB_TUI_SESSION_MEMORY_H

#include "tui/session.h"

/* COMMAND_LOOK: the window of the models that follow is around command->place. */
void session_look(struct session *session, const struct command *command);
/* A run begins: keep the window, so that what the run changes can be told. */
void session_memory_keep(struct session *session);
/* Fill the memory of a model; its registers are there already. The session has a machine. */
void session_memory_publish(struct session *session, struct model *model);

/*
 * COMMAND_FIND: the next place behind command->place, or before it, that has the bytes, through all
 * of the address space once, past its end from its other end on. At most SEARCH_PAGES are read. The
 * answer is in session->found and in a message.
 */
#define SEARCH_PAGES 65536u /* 256 MiB */
void session_find(struct session *session, const struct command *command);

#endif
