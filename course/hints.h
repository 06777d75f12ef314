/*
 * Which of an exercise's hints a student has had: STATE/hints/NN_name holds their number. They are given one
 * by one, the concept first. A missing or damaged file means: none.
 */
#ifndef VLAB_COURSE_HINTS_H
#define VLAB_COURSE_HINTS_H

#include "course/catalog.h"

unsigned hints_given(const char *state_dir, const struct exercise *exercise);

/* One more, if there is one. *given is their number then. */
int hints_give(const char *state_dir, const struct exercise *exercise, unsigned *given,
               struct error *err);

/* As if none had been given. */
int hints_forget(const char *state_dir, const struct exercise *exercise, struct error *err);

#endif
