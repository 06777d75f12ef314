/* A temporary folder: see folder.h. */
#include "folder.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int folder_make(char path[FOLDER_CAP], struct error *err)
{
    const char *parent = getenv("TMPDIR");

    snprintf(path, FOLDER_CAP, "%s/vlab-bench-XXXXXX", parent ? parent : "/tmp");
    return mkdtemp(path) ? 0 : error_errno(err, -errno, "%s", path);
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

void folder_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int folder_file_size(const char *path, uint64_t *size, struct error *err)
{
    struct stat about;

    if (stat(path, &about))
        return error_errno(err, -errno, "%s", path);
    *size = (uint64_t)about.st_size;
    return 0;
}
