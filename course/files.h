/*
 * Files of the state folder.
 *
 * A file appears under its name only when it is whole: it is written to a temporary name beside it,
 * flushed to the disk and renamed. A failure leaves what was there before.
 */
#ifndef VLAB_COURSE_FILES_H
#define VLAB_COURSE_FILES_H

#include "course/catalog.h"

#include <stddef.h>

/* Put a path together; -ENAMETOOLONG with a line when it does not fit. */
int path_make(char path[COURSE_PATH_MAX], struct error *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* mkdir -p with mode 0700. */
int dirs_make(const char *path, struct error *err);

/* Replace or create a file. Its folder must be there. */
int file_replace(const char *path, const void *data, size_t size, struct error *err);

/* Create a file; -EEXIST, without a line, when the name is taken. */
int file_create(const char *path, const void *data, size_t size, struct error *err);

#endif
