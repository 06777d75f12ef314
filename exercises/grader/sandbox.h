/*
 * Running a tool on a student's file: a child process without a shell, behind limits.
 *
 * - What holds it is lockdown.h's, without namespaces and system call filter: it is a known program with
 *   hostile input. A wall clock is the backstop.
 * - Its environment is a path to the system's tools and its folder for temporary files, its standard input is /dev/null, its standard output is dropped.
 */
#ifndef VLAB_GRADER_SANDBOX_H
#define VLAB_GRADER_SANDBOX_H

#include "exercises/grader/lockdown.h"
#include "util/error.h"

#include <stdbool.h>
#include <stddef.h>

#define SANDBOX_MESSAGES_MAX 4096

enum sandbox_end {
    SANDBOX_EXITED, /* `status` */
    SANDBOX_KILLED, /* by signal `status` */
    SANDBOX_TIMEOUT /* the wall clock ran out */
};

struct sandbox_result {
    enum sandbox_end end;
    int status;
    char messages[SANDBOX_MESSAGES_MAX]; /* what it wrote to standard error, NUL-terminated */
};

/*
 * Run `program` (a path) with `argv` (NULL-terminated) inside `folder`. Negative when the host could
 * not start it; -ENOENT when the program is not there.
 */
int sandbox_run(const char *program, char *const argv[], const char *folder,
                const struct sandbox_limits *limits, struct sandbox_result *result,
                struct error *err);

/* "landlock and limits" or "limits only": what sandbox_run() reaches on this host. */
const char *sandbox_level(void);

/* The path of a tool in the usual folders, or -ENOENT. */
int sandbox_find(const char *tool, char *path, size_t size, struct error *err);

#endif
