/* Putting working copies back, see reset.h. */
#include "course/reset.h"

#include "core/loader.h"
#include "course/files.h"
#include "course/hints.h"
#include "course/progress.h"
#include "course/work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (1u << 20)

/* Is there anything in the folder but the exercise's file? */
static bool has_more(const char *folder, const char *file)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    bool more = false;

    while (dir && (entry = readdir(dir)))
        more |= strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
                strcmp(entry->d_name, file);
    if (dir)
        closedir(dir);
    return more;
}

/* A file that cannot be read whole is none of ours. */
static bool is_starter(const char *path, const struct exercise *exercise)
{
    uint8_t *mine = NULL, *starter = NULL;
    size_t size, starter_size;
    struct error ignored;
    bool same = !file_read(path, FILE_MAX, &mine, &size, &ignored) &&
                !file_read(exercise->starter, FILE_MAX, &starter, &starter_size, &ignored) &&
                size == starter_size && !memcmp(mine, starter, size);

    free(mine);
    free(starter);
    return same;
}

static bool is_taken(const struct reset_plan *plan)
{
    struct stat st;

    return lstat(plan->kept, &st) == 0 || lstat(plan->kept_result, &st) == 0;
}

/* Names that are free, DATE and DATE.json, or DATE-2, ... */
static int free_names(const char *state_dir, const struct exercise *exercise, const char *when,
                      struct reset_plan *plan, struct error *err)
{
    char number[16] = "";
    int rc;

    for (unsigned n = 2;; n++) {
        rc = path_make(plan->kept, err, "%s/kept/%s/%s%s", state_dir, exercise->folder, when,
                       number);
        rc = rc ? rc
                : path_make(plan->kept_result, err, "%s/kept/%s/%s%s.json", state_dir,
                            exercise->folder, when, number);
        if (rc || !is_taken(plan))
            return rc;
        snprintf(number, sizeof(number), "-%u", n);
    }
}

int reset_plan(const char *state_dir, const struct exercise *exercise, const char *when,
               struct reset_plan *plan, struct error *err)
{
    struct stat st;
    int rc = path_make(plan->work, err, "%s/work/%s", state_dir, exercise->folder);

    rc = rc ? rc : work_path(state_dir, exercise, plan->file, err);
    rc = rc ? rc : free_names(state_dir, exercise, when, plan, err);
    if (rc)
        return rc;
    plan->started = lstat(plan->work, &st) == 0;
    plan->changed = plan->started &&
                    (!is_starter(plan->file, exercise) || has_more(plan->work, exercise->file));
    plan->checked = progress_exists(state_dir, exercise);
    plan->hints = hints_given(state_dir, exercise);
    return 0;
}

/* The name is on the disk when its folder is. */
static int sync_folder(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 || fsync(fd) ? error_errno(err, -errno, "%.200s", path) : 0;

    if (fd >= 0)
        close(fd);
    return rc;
}

static int make_kept(const char *state_dir, const struct exercise *exercise,
                     char folder[COURSE_PATH_MAX], struct error *err)
{
    int rc = path_make(folder, err, "%s/kept/%s", state_dir, exercise->folder);

    return rc ? rc : dirs_make(folder, err);
}

int reset_do(const char *state_dir, const struct exercise *exercise, const struct reset_plan *plan,
             struct error *err)
{
    char folder[COURSE_PATH_MAX], path[COURSE_PATH_MAX];
    bool created;
    int rc;

    if (!plan->changed)
        return 0;
    rc = make_kept(state_dir, exercise, folder, err);
    if (!rc && rename(plan->work, plan->kept))
        rc = error_errno(err, -errno, "%.200s", plan->work);
    rc = rc ? rc : sync_folder(folder, err);
    return rc ? rc : work_start(state_dir, exercise, path, &created, err);
}

int reset_progress(const char *state_dir, const struct exercise *exercise,
                   const struct reset_plan *plan, struct error *err)
{
    char folder[COURSE_PATH_MAX];
    int rc = plan->hints ? hints_forget(state_dir, exercise, err) : 0;

    if (rc || !plan->checked)
        return rc;
    rc = make_kept(state_dir, exercise, folder, err);
    rc = rc ? rc : progress_put_away(state_dir, exercise, plan->kept_result, err);
    return rc ? rc : sync_folder(folder, err);
}
