/*
 * The judge's side of exercises/lib/wire.h: ask a student's program a question, carry out what it
 * requests meanwhile, take its answer.
 *
 * What it may reach is `world`, the judge's own: everything it sends is checked here, in one place.
 */
#ifndef VLAB_GRADER_DIALOGUE_H
#define VLAB_GRADER_DIALOGUE_H

#include "exercises/grader/child.h"
#include "exercises/lib/wire.h"

#include <stdbool.h>

/* Memory that the program may reach; NULL: there is none of that kind. False: refused. */
struct world {
    unsigned spaces; /* bits 1 << enum wire_space; 0: the guest's and the host's memory */
    bool (*read)(void *ctx, enum wire_space space, uint64_t address, unsigned size,
                 uint64_t *value);
    bool (*write)(void *ctx, enum wire_space space, uint64_t address, unsigned size,
                  uint64_t value);
    bool (*take)(void *ctx, uint64_t *hpa);
    bool (*drop)(void *ctx, uint64_t hpa);
    bool (*hold)(void *ctx, uint64_t hpa);
    bool (*copy)(void *ctx, uint64_t to, uint64_t from);
    void *ctx;
};

/*
 * One record of the program: a request, for which *reply is made. False: it is none, but an answer, or
 * nonsense.
 */
bool dialogue_serve(const struct world *world, const struct wire_record *record,
                    struct wire_record *reply);

enum dialogue_verdict {
    DIALOGUE_ANSWERED,
    DIALOGUE_ENDED,    /* the program has ended, or closed its socket */
    DIALOGUE_TOO_MUCH, /* more requests than allowed */
    DIALOGUE_TOO_LONG, /* the wall clock */
    DIALOGUE_NONSENSE  /* what came is no record of this question */
};

struct dialogue {
    struct child *child;
    const struct world *world;
    unsigned requests_max; /* a question */
    unsigned questions;    /* asked so far */
    unsigned requests;     /* of the last question */
};

enum dialogue_verdict dialogue_ask(struct dialogue *dialogue, const uint64_t question[WIRE_VALUES],
                                   uint64_t answer[WIRE_VALUES]);

/*
 * Why there was no answer, for the student: "ended by signal 11 (segmentation fault) at question 3",
 * "64 requests at question 3, and no answer". Ends the child. Returns whether it crashed.
 */
bool dialogue_explain(struct dialogue *dialogue, enum dialogue_verdict verdict, char *buf,
                      size_t size);

#endif
