/* What differs between two snapshots, or one and now, for the screen. */
#ifndef VLAB_TUI_SESSION_SNAP_COMPARE_H
#define VLAB_TUI_SESSION_SNAP_COMPARE_H

#include "tui/session.h"

/* Answer look->asked: the lines, the sums, the pages. The store is open, and the machine stands still. */
void session_snap_compare(struct session *s, struct snapshots_look *look);

#endif
