/*
 * Working copies: where the student's files lie, STATE/work/NN_name/.
 *
 * - work_start() copies the starter; a file that is there is never touched.
 * - The copy appears under its name only when it is whole.
 */
#ifndef VLAB_COURSE_WORK_H
#define VLAB_COURSE_WORK_H

#include "course/catalog.h"

/* The path of the student's file for an exercise; it need not exist. */
int work_path(const char *state_dir, const struct exercise *exercise, char path[COURSE_PATH_MAX],
              struct error *err);

/* Copy the starter. *created says whether it was done (true) or the file was there (false). */
int work_start(const char *state_dir, const struct exercise *exercise, char path[COURSE_PATH_MAX],
               bool *created, struct error *err);

/* The lab started last, for the screen: "" when none. */
void work_last_lab(const char *state_dir, char folder[COURSE_NAME_MAX]);
int work_set_last_lab(const char *state_dir, const char *folder, struct error *err);

#endif
