/* Snapshots of a session's machine: the tree of the store, and the commands on it. */
#ifndef VLAB_TUI_SESSION_SNAP_H
#define VLAB_TUI_SESSION_SNAP_H

#include "tui/session.h"

/* A machine was made, out of a snapshot ("" : at the lab's start). */
void session_snap_begin(struct session *s, const char *id);
/* The machine goes: the store stays open. session_snap_end() closes it. */
void session_snap_forget(struct session *s);
void session_snap_end(struct session *s);

void session_snap_look(struct session *s, const struct snapshots_question *question);

/* Carry out COMMAND_SNAP_TAKE, _DELETE, _RENAME, _NOTE. A restore is session.c's: it makes a machine. */
void session_snap_do(struct session *s, const struct command *command);

/* The machine of a snapshot; NULL, and a message. */
struct machine *session_snap_machine(struct session *s, const char *id);

/*
 * The recorded future is about to be dropped: keep its end as a snapshot. True: it is kept, and the
 * machine stands where it stood; false: it could not be, and a message says so.
 */
bool session_snap_keep_future(struct session *s);

void session_snap_publish(struct session *s, struct model *model);

#endif
