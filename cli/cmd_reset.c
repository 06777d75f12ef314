/*
 * vlab reset: a lab, or one exercise, back to its start. First the machine is kept as a snapshot, then the
 * working copy is moved away as a whole, then the result; so a kill in between loses nothing, and running
 * again finishes.
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
    bool dry, progress;
    json_t *list; /* NULL: lines */
};

/* What is reset, and what is to be done with it. */
struct target {
    const char *folder;
    const struct lab *lab; /* NULL: an exercise alone; the machine stays */
    const struct exercise *exercises[LAB_EXERCISES_MAX];
    unsigned count;
    struct reset_plan plans[LAB_EXERCISES_MAX]; /* by exercise */
    bool changed;                               /* a working copy is */
    bool cleared;                               /* points or hints go */
    char at[NODE_ID_SIZE];                      /* the snapshot where the lab's screen opens */
    char name[64], note[256];                   /* of the node that keeps the machine */
};

static void target_lab(const struct reset *r, const struct lab *lab, struct target *t)
{
    *t = (struct target){.folder = lab->folder, .lab = lab, .count = lab->exercise_count};
    for (unsigned i = 0; i < t->count; i++)
        t->exercises[i] = course_lab_exercise(r->course, lab, i);
}

/* A lab; an exercise, where no lab is called so. */
static int target_find(const struct reset *r, const char *what, struct target *t, struct error *err)
{
    const struct exercise *exercise;
    const struct lab *lab;
    struct error ignored;

    if (!course_find(r->course, what, &lab, err))
        target_lab(r, lab, t);
    else if (!course_find_exercise(r->course, what, &exercise, &ignored))
        *t = (struct target){.folder = exercise->folder, .exercises = {exercise}, .count = 1};
    else
        return err->code;
    return 0;
}

/* The machine is to be kept. */
static bool keeps_machine(const struct target *t)
{
    return t->lab && (t->changed || t->at[0]);
}

/* ---- looking ----------------------------------------------------------------------------------- */

static int look(const struct reset *r, struct target *t, struct error *err)
{
    int rc = t->lab ? snap_at_get(t->folder, t->at, err) : 0;

    snprintf(t->name, sizeof(t->name), "before-reset-%s", r->when);
    snprintf(t->note, sizeof(t->note), "no working copy had changed");
    for (unsigned i = 0; !rc && i < t->count; i++) {
        rc = reset_plan(r->state_dir, t->exercises[i], r->when, &t->plans[i], err);
        if (rc)
            break;
        t->plans[i].checked &= r->progress;
        t->plans[i].hints *= r->progress;
        t->cleared |= t->plans[i].checked || t->plans[i].hints;
        if (!t->plans[i].changed)
            continue;
        t->changed = true;
        snprintf(t->note, sizeof(t->note), "the working copy is in %.220s", t->plans[i].kept);
    }
    return rc;
}

/* ---- the node ---------------------------------------------------------------------------------- */

/* The machine where the screen would have opened. */
static int machine_there(const struct target *t, struct machine **m, struct error *err)
{
    const struct text_sink nobody = {0};
    struct run_options run = {.what = t->folder, .flat = "flat"};
    char what[NODE_ID_SIZE + 1];
    struct node node;
    struct job job;
    int rc;

    if (t->at[0]) {
        snprintf(what, sizeof(what), "@%s", t->at);
        return snap_machine(what, NULL, &nobody, m, &node, err);
    }
    rc = run_options_open(&run, &job, err);
    rc = rc ? rc : run_options_machine(&run, &job, &nobody, m, err);
    job_close(&job);
    return rc;
}

static int keep_machine(const struct target *t, struct error *err)
{
    const struct snapshot_about about = {.lab = t->folder,
                                         .name = t->name,
                                         .note = t->note,
                                         .parent = t->at,
                                         .created = (int64_t)time(NULL)};
    struct machine *m = NULL;
    struct store *store;
    char id[NODE_ID_SIZE];
    int rc = machine_there(t, &m, err);

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

/* ---- saying ------------------------------------------------------------------------------------ */

static const char *kind(const struct target *t)
{
    return t->lab ? "lab" : "exercise";
}

static void say_nothing(const struct reset *r, const struct target *t)
{
    if (r->list)
        json_array_append_new(r->list,
                              json_pack("{s:s, s:b}", kind(t), t->folder, "changed", false));
    else
        printf("%s: nothing to reset\n", t->folder);
}

static void say_json(const struct reset *r, const struct target *t)
{
    json_t *files = json_array(), *results = json_array();

    for (unsigned i = 0; i < t->count; i++) {
        const struct reset_plan *plan = &t->plans[i];

        if (plan->changed)
            json_array_append_new(files,
                                  json_pack("{s:s, s:s}", "file", plan->file, "kept", plan->kept));
        if (plan->checked)
            json_array_append_new(results,
                                  json_pack("{s:s, s:s}", "exercise", t->exercises[i]->folder,
                                            "kept", plan->kept_result));
    }
    json_array_append_new(r->list,
                          json_pack("{s:s, s:b, s:o, s:o, s:s?, s:b}", kind(t), t->folder,
                                    "changed", true, "files", files, "results", results, "snapshot",
                                    keeps_machine(t) ? t->name : NULL, "dry_run", r->dry));
}

static void say_exercise(const struct reset *r, const struct target *t, unsigned i)
{
    const struct reset_plan *plan = &t->plans[i];

    if (plan->changed)
        printf("%s: %s to %s\n%s: %s %s the starter again\n", t->folder,
               r->dry ? "the working copy would go" : "your working copy went", plan->kept,
               t->folder, plan->file, r->dry ? "would be" : "is");
    if (plan->checked)
        printf("%s: %s to %s\n", t->exercises[i]->folder,
               r->dry ? "its points would be cleared, and the last result go"
                      : "its points are cleared, and the last result went",
               plan->kept_result);
    if (plan->hints)
        printf("%s: its hints %s with the first again\n", t->exercises[i]->folder,
               r->dry ? "would begin" : "begin");
}

static void say(const struct reset *r, const struct target *t)
{
    if (r->list) {
        say_json(r, t);
        return;
    }
    for (unsigned i = 0; i < t->count; i++)
        say_exercise(r, t, i);
    if (keeps_machine(t))
        printf("%s: the machine %s kept as snapshot @%s\n", t->folder, r->dry ? "would be" : "is",
               t->name);
    if (t->at[0])
        printf("%s: the screen %s at the lab's start, not at @%.8s\n", t->folder,
               r->dry ? "would open" : "opens", t->at);
}

/* ---- doing ------------------------------------------------------------------------------------- */

static int reset_do_all(const struct reset *r, const struct target *t, struct error *err)
{
    int rc = keeps_machine(t) ? keep_machine(t, err) : 0;

    for (unsigned i = 0; !rc && i < t->count; i++)
        rc = reset_do(r->state_dir, t->exercises[i], &t->plans[i], err);
    for (unsigned i = 0; !rc && i < t->count; i++)
        rc = reset_progress(r->state_dir, t->exercises[i], &t->plans[i], err);
    return rc || !t->at[0] ? rc : snap_at_set(t->folder, "", err);
}

static int reset_one(const struct reset *r, struct target *t, struct error *err)
{
    int rc = look(r, t, err);

    if (rc)
        return rc;
    if (!t->changed && !t->cleared && !t->at[0]) {
        say_nothing(r, t);
        return 0;
    }
    rc = r->dry ? 0 : reset_do_all(r, t, err);
    if (!rc)
        say(r, t);
    return rc;
}

/* The one of that number among all labs, or among those that are named. */
static int reset_number(const struct reset *r, char **names, unsigned i, struct error *err)
{
    struct target t;
    int rc = 0;

    if (names)
        rc = target_find(r, names[i], &t, err);
    else
        target_lab(r, course_lab(r->course, i), &t);
    return rc ? rc : reset_one(r, &t, err);
}

/* One that fails does not stop the others. */
static int reset_all(const struct reset *r, char **names, int count)
{
    int status = CLI_OK;
    unsigned all = names ? (unsigned)count : course_lab_count(r->course);

    for (unsigned i = 0; i < all; i++) {
        struct error err = {0};

        if (!reset_number(r, names, i, &err))
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
        status = reset_all(r, count ? names : NULL, count);
    course_close(course);
    if (r->list)
        print_json(r->list);
    return status;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},     {"all", no_argument, NULL, 'a'},
        {"progress", no_argument, NULL, 'p'}, {"dry-run", no_argument, NULL, 'n'},
        {"json", no_argument, NULL, 'j'},     {0}};
    struct reset r = {0};
    bool all = false, json = false;
    int c, status;

    while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (c == 'h')
            return cli_help(&verb_reset);
        if (c == 'a')
            all = true;
        else if (c == 'p')
            r.progress = true;
        else if (c == 'n')
            r.dry = true;
        else if (c == 'j')
            json = true;
        else
            return cli_bad_option(&verb_reset, argv, c);
    }
    if (all == (optind < argc))
        return cli_usage(&verb_reset,
                         all ? "--all, or names" : "which lab or exercise? --all: every lab");
    status = cli_check_engine();
    if (status)
        return status;
    r.list = json ? json_array() : NULL;
    return reset(&r, argv + optind, argc - optind);
}

const struct verb verb_reset = {
    .name = "reset",
    .arguments = "LAB|EXERCISE...|--all [--progress] [--dry-run] [--json]",
    .summary = "a lab back to its start; your work is kept",
    .help =
        "Your working copy goes to the folder kept beside it, and the starter takes its place; "
        "the\n"
        "machine, where the lab's screen would open, is kept as a snapshot, and the screen opens\n"
        "at the lab's start again. Other snapshots of the lab, and your points, stay. Of an\n"
        "exercise that is no lab's name the working copy alone is reset.\n"
        "\n"
        "  --all       every lab\n"
        "  --progress  clear the points, too; the last result is kept with the working copy. "
        "Hints\n"
        "              begin with the first again\n"
        "  --dry-run   only say what would be done\n",
    .run = run,
};
