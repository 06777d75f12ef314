/* Hints that were given, see hints.h. */
#include "course/hints.h"

#include "course/files.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static int hints_path(const char *state_dir, const struct exercise *exercise,
                      char path[COURSE_PATH_MAX], struct error *err)
{
    return path_make(path, err, "%s/hints/%s", state_dir, exercise->folder);
}

unsigned hints_given(const char *state_dir, const struct exercise *exercise)
{
    char path[COURSE_PATH_MAX];
    struct error ignored;
    unsigned given = 0;
    FILE *file;
    int c;

    if (hints_path(state_dir, exercise, path, &ignored))
        return 0;
    file = fopen(path, "re");
    if (!file)
        return 0;
    c = fgetc(file);
    if (c >= '1' && c <= '0' + EXERCISE_HINTS)
        given = (unsigned)(c - '0');
    fclose(file);
    return given;
}

int hints_give(const char *state_dir, const struct exercise *exercise, unsigned *given,
               struct error *err)
{
    char path[COURSE_PATH_MAX], text[2] = {0, '\n'};
    int ret;

    *given = hints_given(state_dir, exercise);
    if (*given == EXERCISE_HINTS)
        return 0;
    text[0] = (char)('1' + *given);
    ret = path_make(path, err, "%s/hints", state_dir);
    if (!ret)
        ret = dirs_make(path, err);
    if (!ret)
        ret = hints_path(state_dir, exercise, path, err);
    if (!ret)
        ret = file_replace(path, text, sizeof(text), err);
    *given += !ret;
    return ret;
}

int hints_forget(const char *state_dir, const struct exercise *exercise, struct error *err)
{
    char path[COURSE_PATH_MAX];
    int ret = hints_path(state_dir, exercise, path, err);

    if (ret || unlink(path) == 0 || errno == ENOENT)
        return ret;
    return error_errno(err, -errno, "%.180s", path);
}
