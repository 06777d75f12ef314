/*
 * Leaving the screen when the process dies: SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT.
 *
 * The handler writes prepared bytes to the terminal, sets its modes back, passes on what was
 * written to a captured standard error, and lets the signal end the process as it would have.
 */
#ifndef VLAB_TUI_CRASH_H
#define VLAB_TUI_CRASH_H

#include "util/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#define CRASH_BYTES_MAX 512

struct crash_plan {
    struct termios modes; /* of standard input, before the screen was opened */
    char bytes[CRASH_BYTES_MAX];
    size_t size;
    volatile bool *armed; /* cleared when it was done; may be NULL */
    int captured;         /* non-blocking read end of what standard error goes to; -1: none */
    int stderr_fd;        /* where it belongs */
};

/* Write the plan's bytes and set the modes back. Async-signal-safe. */
void crash_restore(const struct crash_plan *plan);

/* Install the handlers. The plan is copied. Once at a time in a process: handlers are global. */
int crash_arm(const struct crash_plan *plan, struct error *err);
/* Put the former handlers back. */
void crash_disarm(void);

#endif
