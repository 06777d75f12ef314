/* vlab status: what of the exercises is done. */
#include "cli/course_verb.h"
#include "course/progress.h"

#include <stdio.h>

static json_t *progress_json(const struct exercise *exercise, const struct progress *p)
{
    json_t *checks = json_object();

    for (unsigned i = 0; i < exercise->check_count; i++)
        json_object_set_new(checks, exercise->checks[i].id,
                            json_string(check_verdict_name(p->checks[i])));
    return json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:o}", "exercise", exercise->folder,
                     "file", p->file, "started", p->started, "attempts", (json_int_t)p->attempts,
                     "last", (json_int_t)p->last, "best", (json_int_t)p->best, "points",
                     (json_int_t)exercise->points, "checks", checks);
}

static const char *state_of(const struct exercise *exercise, const struct progress *p)
{
    if (p->attempts && p->best == exercise->points)
        return "done";
    if (p->attempts)
        return "tried";
    return p->started ? "started" : "not started";
}

static void print_progress(const struct exercise *exercise, const struct progress *p)
{
    printf("%-20s%-12s%3u/%u points", exercise->folder, state_of(exercise, p), p->best,
           exercise->points);
    if (p->attempts)
        printf(", %u attempt%s, the last %u", p->attempts, p->attempts == 1 ? "" : "s", p->last);
    printf("\n");
    for (unsigned i = 0; p->attempts && i < exercise->check_count; i++) {
        if (p->checks[i] != VERDICT_PASS)
            printf("  %-8s%s\n", check_verdict_name(p->checks[i]), exercise->checks[i].id);
    }
    if (p->started)
        printf("  file    %s\n", p->file);
}

static int status(const struct course *course, const char *name, bool json, struct error *err)
{
    char state_dir[COURSE_PATH_MAX];
    json_t *list = json ? json_array() : NULL;
    int ret = course_state_dir(state_dir, err);

    (void)name;
    for (unsigned i = 0; !ret && i < course_exercise_count(course); i++) {
        const struct exercise *exercise = course_exercise(course, i);
        struct progress progress;

        ret = progress_load(state_dir, exercise, &progress, err);
        if (ret)
            break;
        if (json)
            json_array_append_new(list, progress_json(exercise, &progress));
        else
            print_progress(exercise, &progress);
    }
    if (!ret && json)
        print_json(list);
    else
        json_decref(list);
    return ret;
}

static int run(int argc, char **argv)
{
    return course_verb(&verb_status, argc, argv, NULL, status);
}

const struct verb verb_status = {
    .name = "status",
    .arguments = "[--json]",
    .summary = "your progress, exercise by exercise",
    .help = "The best and the last points of each exercise, the checks that do not pass yet, and\n"
            "where your file is.\n",
    .run = run,
};
