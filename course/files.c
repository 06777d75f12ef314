/* Files of the state folder, see files.h. */
#include "course/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int path_make(char path[COURSE_PATH_MAX], struct error *err, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(path, COURSE_PATH_MAX, fmt, ap);
    va_end(ap);
    if (n < 0 || n >= COURSE_PATH_MAX)
        return error_set(err, -ENAMETOOLONG, "%.60s...: path too long", path);
    return 0;
}

int dirs_make(const char *path, struct error *err)
{
    char part[COURSE_PATH_MAX];
    int ret = path_make(part, err, "%s/", path);

    for (char *slash = strchr(part + 1, '/'); !ret && slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0700) && errno != EEXIST)
            ret = error_errno(err, -errno, "%.180s", part);
        *slash = '/';
    }
    return ret;
}

static int write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

/* A whole file under a temporary name beside `path`. */
static int write_temporary(const char *path, char temporary[COURSE_PATH_MAX], const void *data,
                           size_t size, struct error *err)
{
    int fd, ret = path_make(temporary, err, "%s.XXXXXX", path);

    if (ret)
        return ret;
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, -errno, "%.180s", path);
    ret = write_all(fd, data, size);
    if (!ret && fsync(fd))
        ret = -errno;
    if (close(fd) && !ret)
        ret = -errno;
    if (ret) {
        unlink(temporary);
        return error_errno(err, ret, "%.180s", path);
    }
    return 0;
}

int file_replace(const char *path, const void *data, size_t size, struct error *err)
{
    char temporary[COURSE_PATH_MAX];
    int ret = write_temporary(path, temporary, data, size, err);

    if (ret)
        return ret;
    if (rename(temporary, path)) {
        ret = error_errno(err, -errno, "%.180s", path);
        unlink(temporary);
    }
    return ret;
}

int file_create(const char *path, const void *data, size_t size, struct error *err)
{
    char temporary[COURSE_PATH_MAX];
    int ret = write_temporary(path, temporary, data, size, err);

    if (ret)
        return ret;
    if (link(temporary, path)) /* unlike rename(), never over a file that is there */
        ret = errno == EEXIST ? -EEXIST : error_errno(err, -errno, "%.180s", path);
    unlink(temporary);
    return ret;
}
