/*
 * The state folder, see catalog.h: the XDG base directory rules with VLAB_HOME before them.
 */
#include "course/catalog.h"
#include "course/files.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int choose(char path[COURSE_PATH_MAX], struct error *err)
{
    const char *vlab_home = getenv("VLAB_HOME"), *xdg = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");

    if (vlab_home && *vlab_home)
        return path_make(path, err, "%s", vlab_home);
    if (xdg && *xdg == '/')
        return path_make(path, err, "%s/vlab", xdg);
    if (home && *home)
        return path_make(path, err, "%s/.local/state/vlab", home);
    return error_set(err, -ENOENT, "state folder: neither VLAB_HOME nor HOME is set");
}

int course_state_dir(char path[COURSE_PATH_MAX], struct error *err)
{
    struct stat st;
    int ret = choose(path, err);

    if (!ret)
        ret = dirs_make(path, err);
    if (ret)
        return ret;
    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
        ret = -ENOTDIR;
    else if (access(path, W_OK | X_OK))
        ret = -errno;
    if (ret)
        return error_errno(err, ret, "state folder: %.180s", path);
    return 0;
}
