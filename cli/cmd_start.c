/* vlab start: set up the working copies of a lab's exercises. Files that are there stay. */
#include "cli/cli.h"
#include "course/work.h"

#include <getopt.h>
#include <jansson.h>
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

static int start(const struct course *course, const struct lab *lab, json_t *list,
                 struct error *err)
{
    char state_dir[COURSE_PATH_MAX], path[COURSE_PATH_MAX];
    int ret = course_state_dir(state_dir, err);

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
    int ret = course_find(course, name, &lab, err);

    if (ret)
        return ret;
    if (!json) {
        printf("lab %s: %s\nthe sheet: %s\n", lab->id, lab->title, lab->sheet);
        return start(course, lab, NULL, err);
    }
    list = json_array();
    ret = start(course, lab, list, err);
    if (!ret) {
        json_t *root = json_pack("{s:s, s:s, s:O}", "lab", lab->folder, "sheet", lab->sheet,
                                 "exercises", list);

        json_dumpf(root, stdout, JSON_INDENT(2));
        printf("\n");
        json_decref(root);
    }
    json_decref(list);
    return ret;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'}, {0}};
    struct course *course;
    struct error err = {0};
    bool json = false;
    int c, ret;

    opterr = 0;
    while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (c == 'h')
            return cli_help(&verb_start);
        if (c != 'j')
            return cli_bad_option(&verb_start, argv, c);
        json = true;
    }
    if (argc - optind != 1)
        return cli_usage(&verb_start, argc == optind ? "which lab?" : "one lab at a time");
    if (course_open(&course, &err))
        return cli_fail(&err);
    ret = start_named(course, argv[optind], json, &err);
    course_close(course);
    return ret ? cli_fail(&err) : CLI_OK;
}

const struct verb verb_start = {
    .name = "start",
    .arguments = "LAB [--json]",
    .summary = "set up the working copy of a lab",
    .help = "LAB is a number or name: 01, anatomy, 01_anatomy. Copies what you are to write into\n"
            "the state folder and says where. A file of yours that is there is never changed.\n",
    .run = run,
};
