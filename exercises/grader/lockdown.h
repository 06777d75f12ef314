/*
 * What a child process of the grader gives up before it runs a program that is not ours: files, other
 * processes, the network, and more than its share of the host.
 *
 * - Files: with Landlock (Linux 5.13) it reads and executes its program and the system's libraries, and
 *   writes one folder; nothing else can be opened.
 * - Namespaces, where the host lets everybody make them: it sees no other process, no network, no
 *   shared memory; when it ends, all that it started ends.
 * - System calls, for a student's program: a list of those that a program in C needs. It starts no
 *   process and no thread, opens no socket, signals nobody.
 * - Limits, always: CPU time, memory, file size, open files, no core.
 */
#ifndef VLAB_GRADER_LOCKDOWN_H
#define VLAB_GRADER_LOCKDOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct sandbox_limits {
    unsigned cpu_seconds, wall_seconds;
    size_t memory_bytes, file_bytes;
    bool tools; /* it runs further tools: all of /usr may be read and executed */
};

struct lockdown {
    const char *program, *folder; /* `folder`: the working directory */
    const struct sandbox_limits *limits;
    bool alone; /* filter its system calls */
};

/*
 * Fork into namespaces of its own, where the host allows that; else fork. As fork(); *isolated says
 * which it was.
 */
pid_t lockdown_fork(bool *isolated);

/* In the child, between fork and exec: only calls that are safe there. False: do not go on. */
bool lockdown_enter(const struct lockdown *lockdown);

bool lockdown_has_landlock(void);
bool lockdown_has_filter(void);
/* Does the host allow the namespaces? It is tried. */
bool lockdown_has_namespaces(void);

#endif
