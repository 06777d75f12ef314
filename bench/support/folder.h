/* A temporary folder, for the disks and stores of one measurement. */
#ifndef VLAB_BENCH_FOLDER_H
#define VLAB_BENCH_FOLDER_H

#include "util/error.h"

#include <stdint.h>

#define FOLDER_CAP 256

/* A new one, below TMPDIR. folder_remove() is the caller's: with all that is in it. */
int folder_make(char path[FOLDER_CAP], struct error *err);
void folder_remove(const char *path);

/* Bytes of a file, as its length says. */
int folder_file_size(const char *path, uint64_t *size, struct error *err);

#endif
