/* vlab list: the labs and how far each is. */
#include "cli/course_verb.h"
#include "course/progress.h"

#include <stdio.h>
#include <string.h>

/* Points of a lab over its exercises. */
struct lab_points {
    unsigned best, points;
    bool started;
};

static int add_up(const struct course *course, const struct lab *lab, const char *state_dir,
                  struct lab_points *sum, struct error *err)
{
    memset(sum, 0, sizeof(*sum));
    for (unsigned i = 0; i < lab->exercise_count; i++) {
        const struct exercise *exercise = course_lab_exercise(course, lab, i);
        struct progress progress;
        int ret = progress_load(state_dir, exercise, &progress, err);

        if (ret)
            return ret;
        sum->best += progress.best;
        sum->points += exercise->points;
        sum->started |= progress.started;
    }
    return 0;
}

static json_t *lab_json(const struct lab *lab, const struct lab_points *sum)
{
    json_t *exercises = json_array();

    for (unsigned i = 0; i < lab->exercise_count; i++)
        json_array_append_new(exercises, json_string(lab->exercises[i]));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:I, s:I, s:o}", "id", lab->id,
                     "name", lab->name, "title", lab->title, "goal", lab->goal, "sheet", lab->sheet,
                     "image", lab->image, "ram", (json_int_t)lab->ram_size, "started", sum->started,
                     "best", (json_int_t)sum->best, "points", (json_int_t)sum->points, "exercises",
                     exercises);
}

static void print_lab(const struct lab *lab, const struct lab_points *sum)
{
    printf("%-4s%-18s%-44s", lab->id, lab->name, lab->title);
    if (lab->exercise_count)
        printf(" %3u/%u points", sum->best, sum->points);
    printf("\n");
}

static int list(const struct course *course, const char *name, bool json, struct error *err)
{
    char state_dir[COURSE_PATH_MAX];
    json_t *labs = json ? json_array() : NULL;
    int ret = course_state_dir(state_dir, err);

    (void)name;
    for (unsigned i = 0; !ret && i < course_lab_count(course); i++) {
        const struct lab *lab = course_lab(course, i);
        struct lab_points sum;

        ret = add_up(course, lab, state_dir, &sum, err);
        if (ret)
            break;
        if (json)
            json_array_append_new(labs, lab_json(lab, &sum));
        else
            print_lab(lab, &sum);
    }
    if (!ret && json)
        print_json(labs);
    else
        json_decref(labs);
    return ret;
}

static int run(int argc, char **argv)
{
    return course_verb(&verb_list, argc, argv, NULL, list);
}

const struct verb verb_list = {
    .name = "list",
    .arguments = "[--json]",
    .summary = "the labs, with your best points",
    .help = "One line a lab: number, name, title, points. COURSE.md has the whole syllabus.\n",
    .run = run,
};
