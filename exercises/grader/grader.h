/*
 * The grader: builds what the student wrote, runs it on a machine that the judge owns, and checks
 * what the machine did.
 *
 * - A check is a function with an id; points, parent and text come from exercise.conf. Checks run in
 *   the order of exercise.conf; one whose parent did not pass is skipped.
 * - A check is what a Check (libcheck) test is: a name, a body, a verdict. It is not linked against
 *   libcheck, because that forks and prints by itself, and a verdict here carries more than pass or
 *   fail. tests/course proves the checks with libcheck and shell tests.
 * - Verdicts come from what the judge saw on its side of the machine (bytes at the UART, exits, how
 *   the run ended), never from what the guest said of itself.
 * - Guest code needs no sandbox: it has only the machine. What runs beside it, the assembler, is a
 *   child process behind limits; see sandbox.h.
 */
#ifndef VLAB_GRADER_GRADER_H
#define VLAB_GRADER_GRADER_H

#include "course/catalog.h"
#include "course/progress.h"

#include <stdbool.h>
#include <stdint.h>

/* What one check found. Texts are printable ASCII; empty where there is nothing to say. */
struct check_result {
    const struct exercise_check *check;
    enum check_verdict verdict;
    unsigned earned; /* points: all or none */
    char wanted[160];
    char came[160];
    char difference[200];                /* the first one */
    char place[120];                     /* exit and address */
    char command[COURSE_PATH_MAX + 160]; /* opens the screen on the same run */
};

struct grade {
    const struct exercise *exercise;
    char file[COURSE_PATH_MAX]; /* what was graded */
    uint64_t seed;
    char isolation[64]; /* of the child processes, the level that was reached */
    struct check_result results[EXERCISE_CHECKS_MAX]; /* exercise->check_count of them */
    unsigned earned, points;
};

struct grade_request {
    const struct exercise *exercise;
    const char *file;      /* the student's */
    const char *state_dir; /* for what a failure leaves to look at */
    uint64_t seed;
};

/*
 * Grade. 0 whatever the verdicts are; negative when there is nothing to say about the file: the
 * exercise has no grader, or its exercise.conf names checks that the grader does not know.
 */
int grade_run(const struct grade_request *request, struct grade *grade, struct error *err);

/* Any verdict infra: the run says nothing about the student and is to be repeated. */
bool grade_is_infra(const struct grade *grade);
bool grade_is_passed(const struct grade *grade);

/* What belongs to one exercise. `state` is what prepare() made, seen by its checks only. */
struct grader_check {
    const char *id;
    void (*run)(void *state, struct check_result *result);
};

struct exercise_grader {
    const char *folder; /* "01_anatomy" */
    int (*prepare)(void **state, const struct grade_request *request, struct grade *grade,
                   struct error *err);
    void (*cleanup)(void *state);
    const struct grader_check *checks;
    unsigned check_count;
};

extern const struct exercise_grader grader_01_anatomy, grader_02_trap, grader_03_exits,
    grader_05_paging, grader_06_shadow, grader_07_ept, grader_11_snapshots;

/* For checks: set the verdict, with what was wanted and what came. */
void result_pass(struct check_result *result);
void result_fail(struct check_result *result, enum check_verdict verdict, const char *wanted,
                 const char *came, ...) __attribute__((format(printf, 4, 5)));

#endif
