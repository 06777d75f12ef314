/*
 * Marks on the time of a session's machine: the snapshots that it was at, the breakpoints that stopped
 * it. One is there as long as the machine can go to it.
 */
#ifndef VLAB_TUI_SESSION_MARKS_H
#define VLAB_TUI_SESSION_MARKS_H

#include "tui/session.h"

/*
 * There is a mark here. `id`: of the snapshot; NULL for a breakpoint. Of too many the oldest breakpoint
 * goes, or the oldest.
 */
void session_mark(struct session *s, enum time_mark_kind kind, const char *id);

/* The snapshot that the machine was at last before a moment, or is at it; NULL: none. */
const struct time_mark *session_mark_before(const struct session *s, struct moment at);

/* A snapshot is deleted. */
void session_mark_remove(struct session *s, const char *id);

/* Another future begins here: what was marked in the old one is no more. */
void session_marks_cut(struct session *s);

void session_marks_forget(struct session *s);

#endif
