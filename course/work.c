/* Working copies, see work.h. */
#include "course/work.h"

#include "core/loader.h"
#include "course/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STARTER_MAX (1u << 20)
#define LAST_LAB "last-lab"

int work_path(const char *state_dir, const struct exercise *exercise, char path[COURSE_PATH_MAX],
              struct error *err)
{
    return path_make(path, err, "%s/work/%s/%s", state_dir, exercise->folder, exercise->file);
}

int work_start(const char *state_dir, const struct exercise *exercise, char path[COURSE_PATH_MAX],
               bool *created, struct error *err)
{
    uint8_t *data;
    size_t size;
    int ret = path_make(path, err, "%s/work/%s", state_dir, exercise->folder);

    if (!ret)
        ret = dirs_make(path, err);
    if (!ret)
        ret = work_path(state_dir, exercise, path, err);
    if (!ret)
        ret = file_read(exercise->starter, STARTER_MAX, &data, &size, err);
    if (ret)
        return ret;
    ret = file_create(path, data, size, err);
    free(data);
    *created = ret == 0;
    return ret == -EEXIST ? 0 : ret;
}

void work_last_lab(const char *state_dir, char folder[COURSE_NAME_MAX])
{
    char path[COURSE_PATH_MAX];
    struct error ignored;
    uint8_t *data;
    size_t size;

    folder[0] = '\0';
    if (path_make(path, &ignored, "%s/" LAST_LAB, state_dir) ||
        file_read(path, COURSE_NAME_MAX, &data, &size, &ignored))
        return;
    snprintf(folder, COURSE_NAME_MAX, "%.*s", (int)size, (const char *)data);
    folder[strcspn(folder, "\n")] = '\0';
    free(data);
}

int work_set_last_lab(const char *state_dir, const char *folder, struct error *err)
{
    char path[COURSE_PATH_MAX];
    int ret = path_make(path, err, "%s/" LAST_LAB, state_dir);

    return ret ? ret : file_replace(path, folder, strlen(folder), err);
}
