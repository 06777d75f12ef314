/* Reading a file that somebody named, see core/loader.h. */
#include "core/loader.h"
#include "loader/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Read to the end of the file, growing: a pipe has no size to ask for. */
static int read_all(int fd, size_t max, uint8_t **data, size_t *size)
{
    size_t cap = 0;

    *data = NULL;
    *size = 0;
    for (;;) {
        ssize_t n;

        if (*size == cap) {
            uint8_t *grown;

            if (cap > max)
                return -EFBIG;
            cap = cap ? cap * 2 : 64 * 1024;
            if (cap > max + 1)
                cap = max + 1; /* one byte more tells a file that is too large */
            grown = realloc(*data, cap);
            if (!grown)
                return -ENOMEM;
            *data = grown;
        }
        n = read(fd, *data + *size, cap - *size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n ? -errno : 0;
        *size += (size_t)n;
    }
}

int file_read(const char *path, size_t max, uint8_t **data, size_t *size, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return error_errno(err, -errno, "%.*s", IMAGE_NAME_SHOWN, path);
    rc = read_all(fd, max, data, size);
    close(fd);
    if (!rc)
        return 0;
    free(*data);
    *data = NULL;
    if (rc == -EFBIG)
        return error_set(err, rc, "%.*s: larger than %zu bytes", IMAGE_NAME_SHOWN, path, max);
    return error_errno(err, rc, "%.*s", IMAGE_NAME_SHOWN, path);
}
