/*
 * A student's program, locked in (lockdown.h), at the other end of a socket.
 *
 * - It has file descriptor 3, the socket; nothing on standard input; what it prints is kept for the
 *   student to read, as far as there is room, and never for a verdict.
 * - The judge never waits for it longer than the wall clock of its limits, over its whole life, and
 *   believes no byte of it.
 */
#ifndef VLAB_GRADER_CHILD_H
#define VLAB_GRADER_CHILD_H

#include "exercises/grader/lockdown.h"
#include "util/error.h"

#include <stddef.h>

#define CHILD_OUTPUT_MAX 2048

struct child;

/* -errno when the host could not lock it in or not run it. The limits are copied. */
int child_start(struct child **out, const char *program, const char *folder,
                const struct sandbox_limits *limits, struct error *err);

enum child_io { CHILD_OK, CHILD_CLOSED, CHILD_TIMEOUT };

/* All of it, or why not. */
enum child_io child_send(struct child *child, const void *bytes, size_t size);
enum child_io child_receive(struct child *child, void *bytes, size_t size);

enum child_ended {
    CHILD_EXITED,    /* `status` */
    CHILD_SIGNALLED, /* by signal `status`, not by the judge */
    CHILD_KILLED     /* by the judge: it was still there */
};

struct child_end {
    enum child_ended how;
    int status;
};

/* End it and all that it started, if any, and say how it ended. Once. */
void child_finish(struct child *child, struct child_end *end);
/* What it printed: printable ASCII and newlines. */
const char *child_output(const struct child *child);
void child_destroy(struct child *child); /* NULL is fine */

/* What this host gives: "namespaces, landlock, system call filter and limits". */
const char *child_level(void);

#endif
