/*
 * Frames of a host memory that a student's program has taken: what it may reach there, and how often it
 * holds each.
 */
#ifndef VLAB_GRADER_FRAMES_H
#define VLAB_GRADER_FRAMES_H

#include "core/host_memory.h"

#include <stdbool.h>

enum { FRAMES_MAX = 1024 };

struct frame {
    uint64_t hpa;
    unsigned references;
    /* For an audit of the tables in them: */
    bool table;     /* it is one */
    bool writable;  /* a guest can write it, */
    unsigned guest; /* this one */
};

struct frames {
    struct host_memory *host; /* not owned */
    struct frame frames[FRAMES_MAX];
    unsigned count;
};

/* The frame that holds an address; NULL: it was not taken. */
struct frame *frames_find(struct frames *frames, uint64_t hpa);

/* One of zeros; false: there is none left. */
bool frames_take(struct frames *frames, uint64_t *hpa);
/* One reference more or less; false: it was not taken. */
bool frames_hold(struct frames *frames, uint64_t hpa);
bool frames_drop(struct frames *frames, uint64_t hpa);

/* Entries of tables: 8 bytes, aligned, in a frame that was taken; else false. */
bool frames_read(struct frames *frames, uint64_t hpa, unsigned size, uint64_t *value);
bool frames_write(struct frames *frames, uint64_t hpa, unsigned size, uint64_t value);

#endif
