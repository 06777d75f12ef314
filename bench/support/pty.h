/*
 * A program on a pseudo-terminal, and what it writes there.
 *
 * - The terminal is xterm-256color as libvterm understands it, so that what is measured can also be
 *   looked at: whether a program shows what it should.
 * - An answer to a key ends with the last byte before a silence; what is counted is the time of that
 *   byte, read in a loop that does nothing else. A program that needs longer than the silence for
 *   its next byte would be taken for one that is done.
 */
#ifndef VLAB_BENCH_PTY_H
#define VLAB_BENCH_PTY_H

#include "util/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pty;

/* What came for a key. */
struct pty_answer {
    double seconds; /* from the key to the last byte */
    size_t bytes;
    bool cleared; /* the screen was cleared on the way */
};

/* Start a program, found by PATH, on `cols` x `rows`. It gets the environment of this process. */
int pty_open(struct pty **out, char *const argv[], int cols, int rows, struct error *err);
/* Ends the program. NULL is fine. */
void pty_close(struct pty *pty);

/*
 * Send keys and read the answer, to a silence of so many milliseconds. -ETIME when none comes, -EIO
 * when the program ended.
 */
int pty_ask(struct pty *pty, const char *keys, int silence, struct pty_answer *answer,
            struct error *err);

int pty_send(struct pty *pty, const char *keys, struct error *err);
/* Read for so long; *bytes (may be NULL): what came, *last (may be NULL): when the last of it came. */
int pty_listen(struct pty *pty, double seconds, size_t *bytes, double *last, struct error *err);
/* Read until the screen shows the text, or shows it no more; *when (may be NULL): when it did. */
int pty_wait(struct pty *pty, const char *text, bool shown, double *when, struct error *err);

bool pty_shows(const struct pty *pty, const char *text);
/* The exact number behind a word in the first row, "exits 1,234"; -EIO when there is none. */
int pty_number(const struct pty *pty, const char *word, double *number, struct error *err);

#endif
