/*
 * The guard: the screen runs in a child process, so that somebody is left to give the terminal back
 * whatever ends it, SIGKILL included.
 *
 * - The parent does nothing but wait: signals that it gets it passes on, when the child stops it
 *   stops, and it ends as the child did.
 * - What the parent must know to restore the terminal lies in memory that both see.
 */
#ifndef VLAB_TUI_GUARD_H
#define VLAB_TUI_GUARD_H

#include "tui/crash.h"
#include "util/error.h"

#include <stdbool.h>

struct guard {
    volatile bool armed; /* the terminal is to be restored, as `plan` says */
    struct crash_plan plan;
    int rc; /* of the body */
    struct error err;
};

/*
 * Run `body` in a child. Returns what it returned, with its error; *signal is the number of the
 * signal that ended the child, else 0: the terminal is restored then. A negative errno when there
 * is no child to be had.
 */
int guard_run(int (*body)(void *ctx, struct guard *guard, struct error *err), void *ctx,
              int *signal, struct error *err);

#endif
