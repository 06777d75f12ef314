/*
 * What a failed check leaves to look at: the guest with its data, as a lab of its own.
 *
 * STATE/replay/NN_name-RUN/ is a data folder with one lab, so VLAB_DATA opens it with every verb.
 */
#ifndef VLAB_GRADER_REPLAY_H
#define VLAB_GRADER_REPLAY_H

#include "course/catalog.h"

#include <stddef.h>
#include <stdint.h>

struct replay {
    const char *state_dir;
    const struct exercise *exercise;
    const char *run; /* "main" */
    const uint8_t *image;
    size_t size;
    uint64_t at, ram_size;
    uint64_t exits; /* to run before the screen shows it; 0: the start */
};

/* Write it, and the command that opens the screen on it. "" when it could not be written. */
void replay_write(const struct replay *replay, char *command, size_t size);

#endif
