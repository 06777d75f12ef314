/*
 * From a student's C source to a program, by the system's compiler in a sandbox.
 *
 * The student's file is compiled with the exercise's own: the harness, the monitor's end of the socket
 * and their headers. All are copied into a private folder, which the program has as its own afterwards.
 */
#ifndef VLAB_GRADER_COMPILE_H
#define VLAB_GRADER_COMPILE_H

#include "course/catalog.h"
#include "util/error.h"

#include <stdbool.h>

#define COMPILE_SOURCE_MAX (256u << 10) /* bytes */

struct compiled {
    bool built;
    char folder[64];  /* "" when there is none */
    char program[80]; /* in it, when built */
    char why[200];    /* why not: the compiler's first error, with file and line; or ours */
};

/*
 * Compile the student's file `path` for the exercise. 0 with built or not; negative when the host is to
 * blame: no compiler, no space. compiled_remove() in any case.
 */
int compile(const char *path, const struct exercise *exercise, struct compiled *out,
            struct error *err);
void compiled_remove(struct compiled *compiled);

#endif
