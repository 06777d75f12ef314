/*
 * The stage: what ncurses writes of a frame is collected and goes to the terminal in one write, so
 * that the terminal does not paint half of it and is not woken for every line (ncurses 6.4 flushes
 * after each move of the cursor).
 *
 * - Between stage_begin() and stage_end() standard output is a file in memory; else it is the
 *   terminal.
 */
#ifndef VLAB_TUI_STAGE_H
#define VLAB_TUI_STAGE_H

#include <stddef.h>

struct stage {
    int terminal; /* standard output, under another number; -1: not open */
    int file;
};

/* 0, or a negative errno. */
int stage_open(struct stage *stage);
void stage_close(struct stage *stage);

void stage_begin(struct stage *stage);
/* Write out what was collected, and `tail` behind it. Frames that cannot be collected are lost. */
void stage_end(struct stage *stage, const char *tail);

#endif
