/*
 * vlab reset: a lab back to its start. First the machine is kept as a snapshot, then the working copy is
 * moved away as a whole; so a kill in between loses nothing, and running again finishes.
 */
#include "cli/course_verb.h"
#include "cli/run_options.h"
#include "cli/snap.h"
#include "course/reset.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct reset {
    const struct course *course;
    char state_dir[COURSE_PATH_MAX];
    char when[32];
    bool dry;
    json_t *list; /* NULL: lines */
};

/* A lab, and what is to be done with it. */
struct lab_reset {
    const struct lab *lab;
    struct reset_plan plans[LAB_EXERCISES_MAX];
    bool changed;             /* a working copy is */
    char at[NODE_ID_SIZE];    /* the snapshot where its screen opens */
    char name[64], note[256]; /* of the node that keeps the machine */
};

/* ---- looking ----------------------------------------------------------------------------------- */

static int look(const struct reset *r, struct lab_reset *l, struct error *err)
{
    int rc = snap_at_get(l->lab->folder, l->at, err);

    l->changed = false;
    snprintf(l->name, sizeof(l->name), "before-reset-%s", r->when);
    snprintf(l->note, sizeof(l->note), "no working copy had changed");
    for (unsigned i = 0; !rc && i < l->lab->exercise_count; i++) {
        const struct exercise *exercise = course_lab_exercise(r->course, l->lab, i);

        rc = reset_plan(r->state_dir, exercise, r->when, &l->plans[i], err);
        if (rc || !l->plans[i].changed)
            continue;
        l->changed = true;
        snprintf(l->note, sizeof(l->note), "the working copy is in %.220s", l->plans[i].kept);
    }
    return rc;
}

/* ---- the node ---------------------------------------------------------------------------------- */

/* The machine where the screen would have opened. */
static int machine_there(const struct lab_reset *l, struct machine **m, struct error *err)
{
    const struct text_sink nobody = {0};
    struct run_options run = {.what = l->lab->folder, .flat = "flat"};
    char what[NODE_ID_SIZE + 1];
    struct node node;
    struct job job;
    int rc;

    if (l->at[0]) {
        snprintf(what, sizeof(what), "@%s", l->at);
        return snap_machine(what, NULL, &nobody, m, &node, err);
    }
    rc = run_options_open(&run, &job, err);
    rc = rc ? rc : run_options_machine(&run, &job, &nobody, m, err);
    job_close(&job);
    return rc;
}

static int keep_machine(const struct lab_reset *l, struct error *err)
{
    const struct snapshot_about about = {.lab = l->lab->folder,
                                         .name = l->name,
                                         .note = l->note,
                                         .parent = l->at,
                                         .created = (int64_t)time(NULL)};
    struct machine *m = NULL;
    struct store *store;
    char id[NODE_ID_SIZE];
    int rc = machine_there(l, &m, err);

    if (rc)
        return rc;
    rc = snap_store(&store, err);
    if (!rc) {
        rc = snapshot_take(store, m, &about, id, err);
        store_close(store);
    }
    machine_destroy(m);
    return rc;
}

/* ---- doing, and saying ------------------------------------------------------------------------- */

static void say_nothing(const struct reset *r, const struct lab_reset *l)
{
    if (r->list)
        json_array_append_new(r->list,
                              json_pack("{s:s, s:b}", "lab", l->lab->folder, "changed", false));
    else
        printf("%s: nothing to reset\n", l->lab->folder);
}

static void say(const struct reset *r, const struct lab_reset *l)
{
    const char *would = r->dry ? "would be " : "";
    json_t *files = r->list ? json_array() : NULL;

    for (unsigned i = 0; i < l->lab->exercise_count; i++) {
        const struct reset_plan *plan = &l->plans[i];

        if (!plan->changed)
            continue;
        if (files)
            json_array_append_new(files,
                                  json_pack("{s:s, s:s}", "file", plan->file, "kept", plan->kept));
        else
            printf("%s: %s%s to %s\n%s: %s%s the starter again\n", l->lab->folder,
                   r->dry ? "the working copy would go" : "your working copy went", "", plan->kept,
                   l->lab->folder, plan->file, r->dry ? " would be" : " is");
    }
    if (r->list) {
        json_array_append_new(r->list, json_pack("{s:s, s:b, s:o, s:s, s:b}", "lab", l->lab->folder,
                                                 "changed", true, "files", files, "snapshot",
                                                 l->name, "dry_run", r->dry));
        return;
    }
    printf("%s: the machine %skept as snapshot @%s\n", l->lab->folder, r->dry ? would : "is ",
           l->name);
    if (l->at[0])
        printf("%s: the screen %s at the lab's start, not at @%.8s\n", l->lab->folder,
               r->dry ? "would open" : "opens", l->at);
}

static int reset_one(const struct reset *r, const struct lab *lab, struct error *err)
{
    struct lab_reset l = {.lab = lab};
    int rc = look(r, &l, err);

    if (rc)
        return rc;
    if (!l.changed && !l.at[0]) {
        say_nothing(r, &l);
        return 0;
    }
    if (!r->dry) {
        rc = keep_machine(&l, err);
        for (unsigned i = 0; !rc && i < lab->exercise_count; i++)
            rc = reset_do(r->state_dir, course_lab_exercise(r->course, lab, i), &l.plans[i], err);
        rc = rc ? rc : snap_at_set(lab->folder, "", err);
    }
    if (!rc)
        say(r, &l);
    return rc;
}

/* One that fails does not stop the others. */
static int reset_labs(struct reset *r, char **names, int count)
{
    int status = CLI_OK;
    unsigned all = count ? (unsigned)count : course_lab_count(r->course);

    for (unsigned i = 0; i < all; i++) {
        const struct lab *lab = count ? NULL : course_lab(r->course, i);
        struct error err = {0};

        if ((lab || !course_find(r->course, names[i], &lab, &err)) && !reset_one(r, lab, &err))
            continue;
        cli_fail(&err);
        status = CLI_FAILED;
    }
    return status;
}

static int reset(struct reset *r, char **names, int count)
{
    struct course *course;
    struct error err = {0};
    time_t now = time(NULL);
    struct tm tm;
    int status;

    if (course_open(&course, &err))
        return cli_fail(&err);
    r->course = course;
    localtime_r(&now, &tm);
    strftime(r->when, sizeof(r->when), "%Y-%m-%d-%H%M%S", &tm);
    if (course_state_dir(r->state_dir, &err))
        status = cli_fail(&err);
    else
        status = reset_labs(r, names, count);
    course_close(course);
    if (r->list)
        print_json(r->list);
    return status;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"all", no_argument, NULL, 'a'},
                                            {"dry-run", no_argument, NULL, 'n'},
                                            {"json", no_argument, NULL, 'j'},
                                            {0}};
    struct reset r = {0};
    bool all = false, json = false;
    int c, status;

    while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (c == 'h')
            return cli_help(&verb_reset);
        if (c == 'a')
            all = true;
        else if (c == 'n')
            r.dry = true;
        else if (c == 'j')
            json = true;
        else
            return cli_bad_option(&verb_reset, argv, c);
    }
    if (all == (optind < argc))
        return cli_usage(&verb_reset, all ? "--all, or LABs" : "which lab? --all: every one");
    status = cli_check_engine();
    if (status)
        return status;
    r.list = json ? json_array() : NULL;
    return reset(&r, argv + optind, argc - optind);
}

const struct verb verb_reset = {
    .name = "reset",
    .arguments = "LAB...|--all [--dry-run] [--json]",
    .summary = "a lab back to its start; your work is kept",
    .help =
        "Your working copy goes to the folder kept beside it, and the starter takes its place; "
        "the\n"
        "machine, where the lab's screen would open, is kept as a snapshot, and the screen opens\n"
        "at the lab's start again. Other snapshots of the lab, and your points, stay.\n"
        "\n"
        "  --all      every lab\n"
        "  --dry-run  only say what would be done\n",
    .run = run,
};
