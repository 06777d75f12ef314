/*
 * What the student has reached: one file an exercise, STATE/results/NN_name.json.
 *
 * - The file is the last result of the grader with the best points so far. It is replaced as a whole,
 *   so a reader sees one result or the other.
 * - A missing file means: never checked. A damaged one is an error that names it.
 */
#ifndef VLAB_COURSE_PROGRESS_H
#define VLAB_COURSE_PROGRESS_H

#include "course/catalog.h"

#include <jansson.h>

enum check_verdict {
    VERDICT_NONE, /* never checked */
    VERDICT_PASS,
    VERDICT_FAIL,
    VERDICT_TIMEOUT, /* a budget was used up */
    VERDICT_CRASH,   /* the guest died */
    VERDICT_SKIP,    /* the parent did not pass */
    VERDICT_INFRA    /* the host could not judge: neither zero nor full, run it again */
};

struct progress {
    unsigned attempts;                              /* results that were not infra */
    unsigned best;                                  /* points */
    unsigned last;                                  /* points */
    bool started;                                   /* the working copy exists */
    char file[COURSE_PATH_MAX];                     /* the working copy of the student's file */
    enum check_verdict checks[EXERCISE_CHECKS_MAX]; /* last verdicts, as exercise->checks */
};

/* "pass", "fail", "timeout", "crash", "skip", "infra"; "none". Static, never NULL. */
const char *check_verdict_name(enum check_verdict verdict);
/* VERDICT_NONE when unknown. */
enum check_verdict check_verdict_parse(const char *name);

int progress_load(const char *state_dir, const struct exercise *exercise, struct progress *progress,
                  struct error *err);

/*
 * Replace the file by `result`, an object that the grader made; its members "attempts" and "best" are
 * set here from what was there before. `earned` points; infra counts as no attempt.
 */
int progress_store(const char *state_dir, const struct exercise *exercise, json_t *result,
                   unsigned earned, bool infra, struct error *err);

/* Whether there is a result, damaged or not. */
bool progress_exists(const char *state_dir, const struct exercise *exercise);

/*
 * The result goes to the file `kept`, whose folder is there, by one rename; then the exercise was never
 * checked. -ENOENT: there is none.
 */
int progress_put_away(const char *state_dir, const struct exercise *exercise, const char *kept,
                      struct error *err);

#endif
