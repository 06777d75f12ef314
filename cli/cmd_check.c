/*
 * vlab check: grade an exercise. Exit status 0 all passed, 1 something failed, 2 usage, 3 this host
 * could not judge.
 */
#include "cli/cli.h"
#include "course/work.h"
#include "exercises/grader/grader.h"
#include "exercises/grader/report.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK_INFRA 3

struct options {
    const char *exercise, *file;
    uint64_t seed;
    bool has_seed;
    enum report_format format;
};

enum { OPT_HELP = 256, OPT_FILE, OPT_SEED, OPT_FORMAT, OPT_JSON };

static const struct option long_options[] = {
    {"help", no_argument, NULL, OPT_HELP},       {"file", required_argument, NULL, OPT_FILE},
    {"seed", required_argument, NULL, OPT_SEED}, {"format", required_argument, NULL, OPT_FORMAT},
    {"json", no_argument, NULL, OPT_JSON},       {0}};

static int parse_format(const char *text, enum report_format *format)
{
    static const char *const names[] = {"text", "json", "tap"};

    for (unsigned i = 0; i < 3; i++) {
        if (strcmp(text, names[i]) == 0) {
            *format = (enum report_format)i;
            return CLI_OK;
        }
    }
    return cli_usage(&verb_check, "--format: \"%.20s\" is not text, json or tap", text);
}

static int parse_option(int c, char **argv, struct options *o)
{
    switch (c) {
    case OPT_FILE:
        o->file = optarg;
        return CLI_OK;
    case OPT_SEED:
        o->has_seed = true;
        if (!cli_parse_number(optarg, &o->seed))
            return cli_usage(&verb_check, "--seed: \"%.40s\" is not a number", optarg);
        return CLI_OK;
    case OPT_FORMAT:
        return parse_format(optarg, &o->format);
    case OPT_JSON:
        o->format = REPORT_JSON;
        return CLI_OK;
    default:
        return cli_bad_option(&verb_check, argv, c);
    }
}

/* -1: go on; else the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
    int c, status;

    opterr = 0;
    while ((c = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
        if (c == OPT_HELP)
            return cli_help(&verb_check);
        status = parse_option(c, argv, o);
        if (status)
            return status;
    }
    if (argc - optind != 1)
        return cli_usage(&verb_check,
                         argc == optind ? "which exercise?" : "one exercise at a time");
    o->exercise = argv[optind];
    return -1;
}

static int check_file(const char *path, struct error *err)
{
    struct stat st;

    if (stat(path, &st))
        return error_errno(err, -errno, "%.180s", path);
    if (!S_ISREG(st.st_mode))
        return error_set(err, -EINVAL, "%.180s: not a regular file", path);
    return 0;
}

/* The working copy; when there is none, how to get one. */
static int check_work(const char *path, const struct exercise *exercise, struct error *err)
{
    if (access(path, F_OK) && errno == ENOENT)
        return error_set(err, -ENOENT, "%.180s: not there; vlab start %s makes it", path,
                         exercise->id);
    return check_file(path, err);
}

static int store(const char *state_dir, const struct grade *grade, struct error *err)
{
    json_t *result = report_json(grade);
    int ret;

    if (!result)
        return error_set(err, -ENOMEM, "result: out of memory");
    ret = progress_store(state_dir, grade->exercise, result, grade->earned, grade_is_infra(grade),
                         err);
    json_decref(result);
    return ret;
}

static int check(const struct options *o, const struct exercise *exercise)
{
    char state_dir[COURSE_PATH_MAX], work[COURSE_PATH_MAX];
    struct grade_request request = {
        .exercise = exercise, .file = o->file, .state_dir = state_dir, .seed = o->seed};
    struct error err = {0};
    struct grade grade;

    if (course_state_dir(state_dir, &err) || work_path(state_dir, exercise, work, &err))
        return cli_fail(&err);
    if (!o->file)
        request.file = work;
    if (o->file ? check_file(o->file, &err) : check_work(work, exercise, &err))
        return cli_fail(&err);
    if (!o->has_seed && getrandom(&request.seed, sizeof(request.seed), 0) < 0)
        return cli_failf("random numbers: %s", strerror(errno));
    if (grade_run(&request, &grade, &err))
        return cli_fail(&err);
    report_write(&grade, o->format, stdout);
    if (store(state_dir, &grade, &err))
        return cli_fail(&err);
    if (grade_is_infra(&grade))
        return CHECK_INFRA;
    return grade_is_passed(&grade) ? CLI_OK : CLI_FAILED;
}

static int run(int argc, char **argv)
{
    const struct exercise *exercise;
    struct options o = {0};
    struct course *course;
    struct error err = {0};
    int status = parse_options(argc, argv, &o);

    if (status >= 0)
        return status;
    if (course_open(&course, &err))
        return cli_fail(&err);
    if (course_find_exercise(course, o.exercise, &exercise, &err))
        status = cli_fail(&err);
    else
        status = check(&o, exercise);
    course_close(course);
    return status;
}

const struct verb verb_check = {
    .name = "check",
    .arguments = "EXERCISE [--file FILE] [--seed N] [--format text|json|tap] [--json]",
    .summary = "grade an exercise",
    .help =
        "EXERCISE is a number or name: 01, anatomy, 01_anatomy. Without --file it is your\n"
        "working copy, which vlab start makes. The data is new on every run; --seed repeats\n"
        "a run. The result is kept for vlab status.\n"
        "\n"
        "Exit status: 0 all passed, 1 something failed, 2 usage, 3 this host could not judge.\n",
    .run = run,
};
