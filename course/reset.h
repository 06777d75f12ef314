/*
 * Back to the start: working copies, and what was reached with them.
 *
 * - What the student has is moved as a whole to STATE/kept/NN_name/DATE, by one rename: there is no
 *   moment at which it is nowhere. Then the starter is put in its place.
 * - The last result goes to STATE/kept/NN_name/DATE.json, beside that folder, by one rename, too.
 * - The starters and the labs themselves are never written.
 */
#ifndef VLAB_COURSE_RESET_H
#define VLAB_COURSE_RESET_H

#include "course/catalog.h"

struct reset_plan {
    char work[COURSE_PATH_MAX];        /* the folder of the working copy */
    char file[COURSE_PATH_MAX];        /* the student's file in it */
    char kept[COURSE_PATH_MAX];        /* where the folder goes */
    bool started;                      /* there is a working copy */
    bool changed;                      /* and it is not the starter alone */
    char kept_result[COURSE_PATH_MAX]; /* where the result goes */
    bool checked;                      /* there is one */
    unsigned hints;                    /* that were given */
};

/* What would be done with an exercise; `when` names the copy, "2026-11-27-101500". */
int reset_plan(const char *state_dir, const struct exercise *exercise, const char *when,
               struct reset_plan *plan, struct error *err);

/* Do it, when plan->changed. */
int reset_do(const char *state_dir, const struct exercise *exercise, const struct reset_plan *plan,
             struct error *err);

/*
 * Put the result away, when plan->checked, and forget the hints, when plan->hints: after that the exercise has no
 * points, and its hints begin with the first.
 */
int reset_progress(const char *state_dir, const struct exercise *exercise,
                   const struct reset_plan *plan, struct error *err);

#endif
