/* Results of the grader in the state folder, see progress.h. */
#include "course/progress.h"

#include "course/files.h"
#include "course/work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const char *const verdict_names[] = {
    [VERDICT_NONE] = "none",       [VERDICT_PASS] = "pass",   [VERDICT_FAIL] = "fail",
    [VERDICT_TIMEOUT] = "timeout", [VERDICT_CRASH] = "crash", [VERDICT_SKIP] = "skip",
    [VERDICT_INFRA] = "infra"};

#define VERDICT_COUNT (sizeof(verdict_names) / sizeof(verdict_names[0]))

const char *check_verdict_name(enum check_verdict verdict)
{
    return (unsigned)verdict < VERDICT_COUNT ? verdict_names[verdict] : "none";
}

enum check_verdict check_verdict_parse(const char *name)
{
    for (unsigned i = 0; name && i < VERDICT_COUNT; i++) {
        if (strcmp(verdict_names[i], name) == 0)
            return (enum check_verdict)i;
    }
    return VERDICT_NONE;
}

static int result_path(const char *state_dir, const struct exercise *exercise,
                       char path[COURSE_PATH_MAX], struct error *err)
{
    return path_make(path, err, "%s/results/%s.json", state_dir, exercise->folder);
}

/* NULL in *root when there is no file yet. */
static int read_result(const char *path, json_t **root, struct error *err)
{
    json_error_t why;

    *root = NULL;
    if (access(path, F_OK) && errno == ENOENT)
        return 0;
    *root = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    if (!*root)
        return error_set(err, -EINVAL, "%.160s: damaged (%.60s)", path, why.text);
    if (!json_is_object(*root)) {
        json_decref(*root);
        *root = NULL;
        return error_set(err, -EINVAL, "%.160s: damaged (no object)", path);
    }
    return 0;
}

/* A member that is a number of points or attempts; anything else counts as 0. */
static unsigned get_count(const json_t *root, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(root, name));

    return value > 0 && value < 1000000000 ? (unsigned)value : 0;
}

static void get_checks(const json_t *root, const struct exercise *exercise,
                       struct progress *progress)
{
    const json_t *checks = json_object_get(root, "checks"), *check;
    size_t index;

    json_array_foreach(checks, index, check)
    {
        const char *id = json_string_value(json_object_get(check, "id"));
        const char *verdict = json_string_value(json_object_get(check, "verdict"));

        for (unsigned i = 0; id && i < exercise->check_count; i++) {
            if (strcmp(exercise->checks[i].id, id) == 0)
                progress->checks[i] = check_verdict_parse(verdict);
        }
    }
}

int progress_load(const char *state_dir, const struct exercise *exercise, struct progress *progress,
                  struct error *err)
{
    char path[COURSE_PATH_MAX];
    json_t *root = NULL;
    int ret;

    memset(progress, 0, sizeof(*progress));
    ret = work_path(state_dir, exercise, progress->file, err);
    if (ret)
        return ret;
    progress->started = access(progress->file, F_OK) == 0;
    ret = result_path(state_dir, exercise, path, err);
    if (!ret)
        ret = read_result(path, &root, err);
    if (ret || !root)
        return ret;
    progress->attempts = get_count(root, "attempts");
    progress->best = get_count(root, "best");
    progress->last = get_count(root, "earned");
    get_checks(root, exercise, progress);
    json_decref(root);
    return 0;
}

static int write_result(const char *path, const json_t *result, struct error *err)
{
    char *text = json_dumps(result, JSON_INDENT(2));
    int ret;

    if (!text)
        return error_set(err, -ENOMEM, "%.180s: out of memory", path);
    ret = file_replace(path, text, strlen(text), err);
    free(text);
    return ret;
}

/* A damaged file of before is no reason to lose this result: it starts anew. */
static void carry_over(const char *path, json_t *result, unsigned earned, bool infra)
{
    struct error ignored;
    unsigned attempts = 0, best = 0;
    json_t *before;

    if (read_result(path, &before, &ignored) == 0 && before) {
        attempts = get_count(before, "attempts");
        best = get_count(before, "best");
        json_decref(before);
    }
    if (!infra) {
        attempts++;
        best = earned > best ? earned : best;
    }
    json_object_set_new(result, "attempts", json_integer(attempts));
    json_object_set_new(result, "best", json_integer(best));
}

/* The file's descriptor, closed to unlock; -errno. Two checks at once: no attempt gets lost. */
static int lock_results(const char *state_dir, struct error *err)
{
    char path[COURSE_PATH_MAX];
    int lock, ret = path_make(path, err, "%s/results", state_dir);

    if (!ret)
        ret = dirs_make(path, err);
    if (!ret)
        ret = path_make(path, err, "%s/results/.lock", state_dir);
    if (ret)
        return ret;
    lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return error_errno(err, -errno, "%.180s", path);
    flock(lock, LOCK_EX);
    return lock;
}

int progress_store(const char *state_dir, const struct exercise *exercise, json_t *result,
                   unsigned earned, bool infra, struct error *err)
{
    char path[COURSE_PATH_MAX];
    int ret = result_path(state_dir, exercise, path, err);
    int lock = ret ? ret : lock_results(state_dir, err);

    if (lock < 0)
        return lock;
    carry_over(path, result, earned, infra);
    ret = write_result(path, result, err);
    close(lock);
    return ret;
}

bool progress_exists(const char *state_dir, const struct exercise *exercise)
{
    char path[COURSE_PATH_MAX];
    struct error ignored;

    return !result_path(state_dir, exercise, path, &ignored) && access(path, F_OK) == 0;
}

int progress_put_away(const char *state_dir, const struct exercise *exercise, const char *kept,
                      struct error *err)
{
    char path[COURSE_PATH_MAX];
    int ret = result_path(state_dir, exercise, path, err);
    int lock = ret ? ret : lock_results(state_dir, err);

    if (lock < 0)
        return lock;
    if (rename(path, kept))
        ret = error_errno(err, -errno, "%.180s", path);
    close(lock);
    return ret;
}
