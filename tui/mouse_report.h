/*
 * What a terminal reports of its mouse (xterm's control sequences, "Mouse Tracking", mode 1000), in either
 * encoding: behind CSI M three bytes, each 32 more than button, column and row; behind CSI < (mode 1006)
 * the three as decimal numbers, and M where a button was pressed, m where it was released. Columns and
 * rows count from 1.
 */
#ifndef VLAB_TUI_MOUSE_REPORT_H
#define VLAB_TUI_MOUSE_REPORT_H

#include "tui/event.h"

#include <stdbool.h>
#include <stddef.h>

enum mouse_encoding { MOUSE_BYTES, MOUSE_DECIMAL };

#define MOUSE_REPORT_MAX 16 /* bytes behind the prefix */

/* Are these bytes, those behind the prefix, a whole report? Or as many as one may have. */
bool mouse_report_whole(enum mouse_encoding encoding, const char *bytes, size_t size);

/*
 * The event of a whole report. What has no meaning here (a release, another button, motion, bytes that
 * are no report) is EVENT_KEY with key 0.
 */
struct event mouse_report_event(enum mouse_encoding encoding, const char *bytes, size_t size);

#endif
