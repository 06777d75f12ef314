/* vlab start: set up the working copies of a lab's exercises. Files that are there stay. */
#include "cli/course_verb.h"
#include "course/work.h"

#include <stdio.h>

static void report(const struct exercise *exercise, const char *path, bool created, json_t *list)
{
    if (list) {
        json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "exercise", exercise->folder,
                                              "file", path, "created", created));
        return;
    }
    printf("%s: %s\n", created ? "your working copy" : "your working copy, unchanged", path);
    printf("the task: %s\nthen: vlab check %s\n", exercise->sheet, exercise->id);
}

static int start(const struct course *course, const struct lab *lab, const char *state_dir,
                 json_t *list, struct error *err)
{
    char path[COURSE_PATH_MAX];
    int ret = 0;

    for (unsigned i = 0; !ret && i < lab->exercise_count; i++) {
        const struct exercise *exercise = course_lab_exercise(course, lab, i);
        bool created;

        ret = work_start(state_dir, exercise, path, &created, err);
        if (!ret)
            report(exercise, path, created, list);
    }
    return ret ? ret : work_set_last_lab(state_dir, lab->folder, err);
}

static int start_named(const struct course *course, const char *name, bool json, struct error *err)
{
    const struct lab *lab;
    json_t *list;
    char state_dir[COURSE_PATH_MAX];
    int ret = course_find(course, name, &lab, err);

    if (!ret)
        ret = course_state_dir(state_dir, err); /* before anything is said */
    if (ret)
        return ret;
    if (!json) {
        printf("lab %s: %s\nthe sheet: %s\n", lab->id, lab->title, lab->sheet);
        return start(course, lab, state_dir, NULL, err);
    }
    list = json_array();
    ret = start(course, lab, state_dir, list, err);
    if (!ret)
        print_json(json_pack("{s:s, s:s, s:O}", "lab", lab->folder, "sheet", lab->sheet,
                             "exercises", list));
    json_decref(list);
    return ret;
}

static int run(int argc, char **argv)
{
    return course_verb(&verb_start, argc, argv, "which lab?", start_named);
}

const struct verb verb_start = {
    .name = "start",
    .arguments = "LAB [--json]",
    .summary = "set up the working copy of a lab",
    .help = "LAB is a number or name: 01, anatomy, 01_anatomy. Copies what you are to write into\n"
            "the state folder and says where. A file of yours that is there is never changed.\n",
    .run = run,
};
