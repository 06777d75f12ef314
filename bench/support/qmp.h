/*
 * QEMU's machine protocol (docs/interop/qmp-spec): JSON objects, one a line; events come between.
 *
 * Functions return 0 or -errno; -EIO: QEMU says that it failed, or is gone.
 */
#ifndef VLAB_BENCH_QMP_H
#define VLAB_BENCH_QMP_H

#include "util/error.h"

#include <jansson.h>
#include <stdio.h>

struct qmp {
    FILE *line; /* a socket, read through here; NULL: none */
};

/* Takes over the descriptor of a socket, and waits for QEMU to greet. */
int qmp_open(struct qmp *q, int fd, struct error *err);
void qmp_close(struct qmp *q);

/*
 * `arguments`: json_decref() is done here; NULL: none. *value: what it returns, json_decref() is the
 * caller's; NULL: not asked for.
 */
int qmp_request(struct qmp *q, const char *command, json_t *arguments, json_t **value,
                struct error *err);

/* A line of the human monitor that prints nothing but what is wrong, such as "savevm NAME". */
int qmp_monitor(struct qmp *q, const char *line, struct error *err);

/* Until an event of this name comes. */
int qmp_wait(struct qmp *q, const char *event, struct error *err);

#endif
