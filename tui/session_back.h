/*
 * Back over a call, and out of a procedure: where the call was made is found by what lies on the stack.
 * 0, or as the functions of trace/timeline.h.
 */
#ifndef VLAB_TUI_SESSION_BACK_H
#define VLAB_TUI_SESSION_BACK_H

#include "tui/session.h"

int session_over_back(struct session *s, struct error *err);
int session_out_back(struct session *s, struct error *err);

#endif
