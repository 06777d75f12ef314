/* What a failed check leaves to look at, see replay.h. */
#include "exercises/grader/replay.h"

#include "course/files.h"

#include <stdio.h>
#include <string.h>

#define IMAGE_NAME "replay.bin"

static int write_conf(const struct replay *replay, const char *folder, struct error *err)
{
    char path[COURSE_PATH_MAX], text[512];
    int n = snprintf(text, sizeof(text),
                     "# Written by vlab check: the guest and its data as they were judged.\n"
                     "title = %s, run %s, as judged\n"
                     "goal = Find where it goes wrong.\n"
                     "image = " IMAGE_NAME "\n"
                     "kind = flat\n"
                     "at = 0x%llx\n"
                     "ram = %llu\n",
                     replay->exercise->folder, replay->run, (unsigned long long)replay->at,
                     (unsigned long long)replay->ram_size);
    int ret = path_make(path, err, "%s/lab.conf", folder);

    return ret ? ret : file_replace(path, text, (size_t)n, err);
}

static int write_lab(const struct replay *replay, const char *root, struct error *err)
{
    char folder[COURSE_PATH_MAX], path[COURSE_PATH_MAX];
    int ret = path_make(path, err, "%s/exercises", root);

    if (!ret)
        ret = dirs_make(path, err);
    if (!ret)
        ret = path_make(folder, err, "%s/labs/%s", root, replay->exercise->folder);
    if (!ret)
        ret = dirs_make(folder, err);
    if (!ret)
        ret = path_make(path, err, "%s/" IMAGE_NAME, folder);
    if (!ret)
        ret = file_replace(path, replay->image, replay->size, err);
    return ret ? ret : write_conf(replay, folder, err);
}

void replay_write(const struct replay *replay, char *command, size_t size)
{
    char root[COURSE_PATH_MAX];
    struct error ignored;

    command[0] = '\0';
    if (path_make(root, &ignored, "%s/replay/%s-%s", replay->state_dir, replay->exercise->folder,
                  replay->run) ||
        write_lab(replay, root, &ignored))
        return;
    snprintf(command, size, "VLAB_DATA='%s' vlab tui %s --at %llu", root, replay->exercise->id,
             (unsigned long long)replay->exits);
}
