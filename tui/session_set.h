/* Changing a session's machine by hand: a register, or bytes of memory. */
#ifndef VLAB_TUI_SESSION_SET_H
#define VLAB_TUI_SESSION_SET_H

#include "tui/session.h"

/*
 * "rax=2a", "rip=7c00", "rflags=202", "eax=1"; "7c00=90 90", "rsp+8=00", "phys 1000=ff". Numbers are
 * hexadecimal. A new future begins here; the end of an old one is kept as a snapshot, where there is a
 * folder for it. A message says what came of it.
 */
void session_set(struct session *s, const char *text);

#endif
