/*
 * The order of a grading, see grader.h: find the exercise's grader, hold its checks against
 * exercise.conf, run each whose parent passed, add up.
 */
#include "exercises/grader/grader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct exercise_grader *const graders[] = {
    &grader_01_anatomy, &grader_02_trap, &grader_03_exits,    &grader_05_paging,
    &grader_06_shadow,  &grader_07_ept,  &grader_11_snapshots};

static const struct exercise_grader *find_grader(const char *folder)
{
    for (size_t i = 0; i < sizeof(graders) / sizeof(graders[0]); i++) {
        if (strcmp(graders[i]->folder, folder) == 0)
            return graders[i];
    }
    return NULL;
}

static const struct grader_check *find_check(const struct exercise_grader *grader, const char *id)
{
    for (unsigned i = 0; i < grader->check_count; i++) {
        if (strcmp(grader->checks[i].id, id) == 0)
            return &grader->checks[i];
    }
    return NULL;
}

/* Both lists must name the same checks: a check that nobody runs would be points for nothing. */
static int match_checks(const struct exercise_grader *grader, const struct exercise *exercise,
                        struct error *err)
{
    for (unsigned i = 0; i < exercise->check_count; i++) {
        if (!find_check(grader, exercise->checks[i].id))
            return error_set(err, -EINVAL, "exercises/%s/exercise.conf: the grader has no check %s",
                             exercise->folder, exercise->checks[i].id);
    }
    if (exercise->check_count != grader->check_count)
        return error_set(err, -EINVAL,
                         "exercises/%s/exercise.conf: %u checks where the grader has %u",
                         exercise->folder, exercise->check_count, grader->check_count);
    return 0;
}

static const struct check_result *find_result(const struct grade *grade, const char *id)
{
    for (unsigned i = 0; i < grade->exercise->check_count; i++) {
        if (strcmp(grade->results[i].check->id, id) == 0)
            return &grade->results[i];
    }
    return NULL;
}

static bool is_skipped(const struct grade *grade, struct check_result *result)
{
    const struct check_result *parent;

    if (!result->check->parent[0])
        return false;
    parent = find_result(grade, result->check->parent);
    if (parent->verdict == VERDICT_PASS)
        return false;
    result->verdict = VERDICT_SKIP;
    snprintf(result->came, sizeof(result->came), "%s did not pass", parent->check->id);
    return true;
}

int grade_run(const struct grade_request *request, struct grade *grade, struct error *err)
{
    const struct exercise *exercise = request->exercise;
    const struct exercise_grader *grader = find_grader(exercise->folder);
    void *state;
    int ret;

    memset(grade, 0, sizeof(*grade));
    grade->exercise = exercise;
    grade->seed = request->seed;
    grade->points = exercise->points;
    snprintf(grade->file, sizeof(grade->file), "%s", request->file);
    if (!grader)
        return error_set(err, -ENOENT, "%s: this exercise has no grader yet", exercise->folder);
    ret = match_checks(grader, exercise, err);
    if (ret)
        return ret;
    for (unsigned i = 0; i < exercise->check_count; i++)
        grade->results[i].check = &exercise->checks[i];
    ret = grader->prepare(&state, request, grade, err);
    if (ret)
        return ret;
    for (unsigned i = 0; i < exercise->check_count; i++) {
        struct check_result *result = &grade->results[i];

        if (!is_skipped(grade, result))
            find_check(grader, result->check->id)->run(state, result);
        grade->earned += result->earned;
    }
    grader->cleanup(state);
    return 0;
}

bool grade_is_infra(const struct grade *grade)
{
    for (unsigned i = 0; i < grade->exercise->check_count; i++) {
        if (grade->results[i].verdict == VERDICT_INFRA)
            return true;
    }
    return false;
}

bool grade_is_passed(const struct grade *grade)
{
    for (unsigned i = 0; i < grade->exercise->check_count; i++) {
        if (grade->results[i].verdict != VERDICT_PASS)
            return false;
    }
    return true;
}

void result_pass(struct check_result *result)
{
    result->verdict = VERDICT_PASS;
    result->earned = result->check->points;
}

void result_fail(struct check_result *result, enum check_verdict verdict, const char *wanted,
                 const char *came, ...)
{
    va_list ap;

    result->verdict = verdict;
    snprintf(result->wanted, sizeof(result->wanted), "%s", wanted);
    va_start(ap, came);
    vsnprintf(result->came, sizeof(result->came), came, ap);
    va_end(ap);
}
