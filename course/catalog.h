/*
 * The catalogue: which labs and exercises there are, and where their files lie.
 *
 * - The data folder holds labs/ and exercises/. It is $VLAB_DATA, or the source tree around the
 *   program (build/vlab, build/NAME/vlab), or PREFIX/share/vlab for PREFIX/bin/vlab.
 * - Built images lie beside the program (build/labs/NN_name/) or, installed, beside lab.conf.
 * - All texts are printable ASCII: they go to a terminal as they are.
 * - Strings in the structs below belong to the course and die with course_close().
 */
#ifndef VLAB_COURSE_CATALOG_H
#define VLAB_COURSE_CATALOG_H

#include "core/loader.h"
#include "util/error.h"

#include <stdbool.h>
#include <stdint.h>

#define COURSE_PATH_MAX 1024
#define COURSE_NAME_MAX 40 /* of a folder "NN_name", with its NUL */
#define LAB_EXERCISES_MAX 8
#define EXERCISE_CHECKS_MAX 16
#define EXERCISE_NEEDS_MAX 8
#define EXERCISE_HINTS 3
#define LAB_EXITING_MAX 256

/* What translates for a lab's guest: `mmu` in lab.conf, --mmu on the command line. */
struct lab_mmu {
    bool shadow;             /* "shadow": shadow page tables, no second stage */
    bool ept_accessed_dirty; /* "ept-ad": the second stage with its A and D flags; else "ept" */
};

/* By those words. False: it is none of them. */
bool lab_mmu_parse(struct lab_mmu *mmu, const char *word);

struct lab {
    char id[8];                   /* "01" */
    char name[32];                /* "anatomy" */
    char folder[COURSE_NAME_MAX]; /* "01_anatomy" */
    char title[80];
    char goal[256];
    enum image_kind kind;
    bool has_at;
    uint64_t at;                   /* load address of a flat binary, bytes */
    uint64_t ram_size;             /* bytes */
    char exiting[LAB_EXITING_MAX]; /* for controls_parse(), checked; "": the defaults */
    struct lab_mmu mmu;
    uint32_t needs;              /* of a CPU, bits 1 << enum backend_need of core/backend.h */
    char image[COURSE_PATH_MAX]; /* the built guest; may not exist yet */
    char sheet[COURSE_PATH_MAX]; /* README.md */
    char exercises[LAB_EXERCISES_MAX][COURSE_NAME_MAX];
    unsigned exercise_count;
};

/* One check as exercise.conf declares it; the grader has the function of the same id. */
struct exercise_check {
    char id[24];
    char parent[24]; /* "" when it has none; always a check declared before */
    unsigned points;
    char text[100]; /* what it asks for */
};

struct exercise {
    char id[8];
    char name[32];
    char folder[COURSE_NAME_MAX];
    char title[80];
    char file[32];                                   /* what the student writes: "boot.asm" */
    char starter[COURSE_PATH_MAX];                   /* the untouched start of it */
    char sheet[COURSE_PATH_MAX];                     /* README.md */
    char needs[EXERCISE_NEEDS_MAX][COURSE_NAME_MAX]; /* exercises to do first */
    unsigned need_count;
    struct exercise_check checks[EXERCISE_CHECKS_MAX];
    unsigned check_count;
    unsigned points;                         /* the sum over the checks */
    char hints[EXERCISE_HINTS][300];         /* concept, place, near-code */
    bool starter_fails[EXERCISE_CHECKS_MAX]; /* by check: what the untouched starter must fail */
};

struct course;

/* Read every lab.conf and exercise.conf. The line of a failure names file and line. */
int course_open(struct course **out, struct error *err);
void course_close(struct course *course); /* NULL is fine */

/* The data folder, absolute. */
const char *course_root(const struct course *course);

/* In order of their numbers. The pointers live until course_close(). */
unsigned course_lab_count(const struct course *course);
const struct lab *course_lab(const struct course *course, unsigned index);
unsigned course_exercise_count(const struct course *course);
const struct exercise *course_exercise(const struct course *course, unsigned index);

/*
 * By "01", "1", "anatomy", "01_anatomy", "lab01" or "lab1". -ENOENT with a line that names the
 * nearest ones.
 */
int course_find(const struct course *course, const char *what, const struct lab **lab,
                struct error *err);
int course_find_exercise(const struct course *course, const char *what,
                         const struct exercise **exercise, struct error *err);

/* NULL when the lab names an exercise that is not there (course_open() refuses that). */
const struct exercise *course_lab_exercise(const struct course *course, const struct lab *lab,
                                           unsigned index);

/*
 * The state folder: $VLAB_HOME, else $XDG_STATE_HOME/vlab, else $HOME/.local/state/vlab. Created
 * (mode 0700) when it is not there; an error when it cannot be made or written.
 */
int course_state_dir(char path[COURSE_PATH_MAX], struct error *err);

#endif
