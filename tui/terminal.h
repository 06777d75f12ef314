/*
 * The terminal: the only part of the tui that knows ncurses.
 *
 * - One terminal at a time, on standard input and output: ncurses has one screen.
 */
#ifndef VLAB_TUI_TERMINAL_H
#define VLAB_TUI_TERMINAL_H

#include "tui/event.h"
#include "tui/grid.h"
#include "tui/theme.h"
#include "util/error.h"

#include <stddef.h>

struct terminal;

/*
 * Take over the terminal. `ascii`: no box characters; also where the locale is not UTF-8. `mono`:
 * no colours; also where NO_COLOR is set. -ENOTTY, or -EINVAL when TERM is unknown or too simple.
 */
int terminal_open(struct terminal **out, bool ascii, bool mono, struct error *err);
/* Give it back as it was. NULL is fine. */
void terminal_close(struct terminal *terminal);

void terminal_size(const struct terminal *terminal, int *rows, int *cols);
/* The colours that are used. */
enum theme_depth terminal_depth(const struct terminal *terminal);
/* The window has another size: take it over. */
void terminal_resized(struct terminal *terminal);

/* Show a grid; `all`: every cell, whatever the terminal shows now. Changes the grid in ASCII. */
void terminal_show(struct terminal *terminal, struct grid *grid, bool all);

/*
 * Whether the terminal can be written to now, see pace.h: a frame that is not ready waits for an
 * event or for so many nanoseconds. `urgent`: a key or a new size asks for it.
 */
uint64_t terminal_wait(const struct terminal *terminal, bool urgent);

/*
 * The next key or mouse event that waits, as an event of update(); false when there is none.
 * EVENT_KEY with key 0 is one without a meaning.
 */
bool terminal_event(struct terminal *terminal, struct event *event);

/* Ask the terminal for mouse events, or leave the mouse to it (as at first). */
void terminal_mouse(struct terminal *terminal, bool on);

/* Give the terminal back for a while; the next terminal_show() takes it over again. */
void terminal_suspend(struct terminal *terminal);

/*
 * What to write to the terminal to leave the screen when there is no time for terminal_close().
 * Returns the bytes, at most `size`.
 */
size_t terminal_leave_bytes(const struct terminal *terminal, char *buf, size_t size);

#endif
