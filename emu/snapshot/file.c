/* Files that are whole or absent, see file.h. */
#include "snapshot/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_SIZE (256u << 10)
#define TEMPORARY_TRIES 100

static uint64_t random_number(void)
{
    uint64_t value = 0;

    while (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value))
        ;
    return value;
}

void file_random_id(file_id id)
{
    uint64_t value;

    while ((value = random_number()) == 0)
        ;
    snprintf(id, FILE_ID_SIZE, "%016" PRIx64, value);
}

bool file_id_is_good(const char *id)
{
    return strlen(id) == FILE_ID_SIZE - 1 && strspn(id, "0123456789abcdef") == FILE_ID_SIZE - 1;
}

/* ---- writing --------------------------------------------------------------------------------- */

static int open_temporary(struct file_out *f)
{
    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        if (asprintf(&f->temporary, "%s.%ld-%016" PRIx64 FILE_TEMPORARY, f->path, (long)getpid(),
                     random_number()) < 0) {
            f->temporary = NULL;
            return -ENOMEM;
        }
        f->fd = open(f->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (f->fd >= 0)
            return 0;
        free(f->temporary); /* it is not ours, or not there */
        f->temporary = NULL;
        if (errno != EEXIST)
            break;
    }
    return -errno;
}

static int open_place(struct file_out *f, const char *path)
{
    struct stat st;
    bool exists = stat(path, &st) == 0;

    f->path = exists ? realpath(path, NULL) : strdup(path);
    if (!f->path)
        return -errno;
    if (exists && S_ISDIR(st.st_mode))
        return -EISDIR;
    if (!exists || S_ISREG(st.st_mode))
        return open_temporary(f);
    f->fd = open(path, O_WRONLY | O_CLOEXEC);
    return f->fd < 0 ? -errno : 0;
}

int file_out_open(struct file_out *f, const char *path)
{
    *f = (struct file_out){.fd = -1};
    f->buffer = malloc(BUFFER_SIZE);
    f->failed = f->buffer ? open_place(f, path) : -ENOMEM;
    return f->failed;
}

void file_out_abort(struct file_out *f)
{
    if (f->fd >= 0)
        close(f->fd);
    if (f->temporary)
        unlink(f->temporary);
    free(f->temporary);
    free(f->path);
    free(f->buffer);
    *f = (struct file_out){.fd = -1, .failed = -EBADF};
}

int file_out_flush(struct file_out *f)
{
    const uint8_t *p = f->buffer;

    while (f->used && !f->failed) {
        ssize_t n = write(f->fd, p, f->used);

        if (n < 0) {
            if (errno != EINTR)
                f->failed = -errno;
            continue;
        }
        p += n;
        f->used -= (size_t)n;
    }
    return f->failed;
}

void file_out_write(struct file_out *f, const void *data, size_t size)
{
    const uint8_t *p = data;

    while (size && !f->failed) {
        size_t room = BUFFER_SIZE - f->used, n = size < room ? size : room;

        memcpy(f->buffer + f->used, p, n);
        f->used += n;
        f->position += n;
        p += n;
        size -= n;
        if (f->used == BUFFER_SIZE)
            file_out_flush(f);
    }
}

static int sync_fd(int fd)
{
    while (fsync(fd))
        if (errno != EINTR)
            return -errno;
    return 0;
}

/* close() may be where a network or a quota file system says that a write was lost. */
int file_out_close(struct file_out *f)
{
    int fd = f->fd;

    file_out_flush(f);
    if (!f->failed && f->temporary)
        f->failed = sync_fd(fd);
    f->fd = -1;
    if (fd >= 0 && close(fd) && !f->failed)
        f->failed = -errno;
    free(f->buffer);
    f->buffer = NULL;
    return f->failed;
}

int file_sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

    if (fd < 0)
        return -errno;
    rc = sync_fd(fd);
    close(fd);
    return rc == -EINVAL ? 0 : rc; /* a file system that has no such thing */
}

static int sync_folder_of(const char *path)
{
    char *copy = strdup(path);
    int rc = copy ? file_sync_folder(dirname(copy)) : -ENOMEM;

    free(copy);
    return rc;
}

int file_out_publish(struct file_out *f)
{
    if (!f->failed && f->temporary) {
        if (rename(f->temporary, f->path))
            f->failed = -errno;
        else
            f->failed = sync_folder_of(f->path);
    }
    if (f->failed)
        return f->failed;
    free(f->temporary);
    f->temporary = NULL;
    file_out_abort(f);
    return 0;
}

int file_out_finish(struct file_out *f)
{
    int rc = file_out_close(f);

    return rc ? rc : file_out_publish(f);
}

/* ---- reading --------------------------------------------------------------------------------- */

int file_read_at(int fd, void *to, size_t size, uint64_t offset)
{
    uint8_t *p = to;

    while (size) {
        ssize_t n = pread(fd, p, size, (off_t)offset);

        if (n == 0)
            return -ENODATA;
        if (n < 0) {
            if (errno != EINTR)
                return -errno;
            continue;
        }
        p += n;
        offset += (uint64_t)n;
        size -= (size_t)n;
    }
    return 0;
}

static int read_open_file(int fd, size_t limit, uint8_t **data, size_t *size)
{
    struct stat st;
    int rc;

    if (fstat(fd, &st))
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    if ((uint64_t)st.st_size > limit)
        return -EFBIG;
    *size = (size_t)st.st_size;
    *data = malloc(*size ? *size : 1);
    if (!*data)
        return -ENOMEM;
    rc = file_read_at(fd, *data, *size, 0);
    if (rc)
        free(*data);
    return rc;
}

int file_read_whole(const char *path, size_t limit, uint8_t **data, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

    if (fd < 0)
        return -errno;
    rc = read_open_file(fd, limit, data, size);
    close(fd);
    return rc;
}

/* ---- folders --------------------------------------------------------------------------------- */

static bool ends_in(const char *name, const char *suffix)
{
    size_t length = strlen(name), tail = strlen(suffix);

    return length >= tail && strcmp(name + length - tail, suffix) == 0;
}

static bool id_of_name(const char *name, const char *suffix, file_id id)
{
    if (strlen(name) != FILE_ID_SIZE - 1 + strlen(suffix) || !ends_in(name, suffix))
        return false;
    memcpy(id, name, FILE_ID_SIZE - 1);
    id[FILE_ID_SIZE - 1] = '\0';
    return file_id_is_good(id);
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, FILE_ID_SIZE);
}

static int add_id(file_id **ids, size_t *count, const file_id id)
{
    if ((*count & (*count - 1)) == 0) {
        file_id *more = realloc(*ids, (*count ? *count * 2 : 1) * sizeof(file_id));

        if (!more)
            return -ENOMEM;
        *ids = more;
    }
    memcpy((*ids)[(*count)++], id, FILE_ID_SIZE);
    return 0;
}

int file_list_ids(const char *folder, const char *suffix, file_id **ids, size_t *count)
{
    DIR *dir = opendir(folder);
    struct dirent *e;
    int rc = 0;

    *ids = NULL;
    *count = 0;
    if (!dir)
        return -errno;
    while (!rc && (errno = 0, e = readdir(dir)) != NULL) {
        file_id id;

        if (id_of_name(e->d_name, suffix, id))
            rc = add_id(ids, count, id);
    }
    if (!rc && errno)
        rc = -errno;
    closedir(dir);
    if (rc)
        free(*ids);
    else if (*count)
        qsort(*ids, *count, sizeof(file_id), compare_ids);
    return rc;
}

static int visit_temporaries(const char *folder, bool remove, uint64_t *bytes)
{
    DIR *dir = opendir(folder);
    struct dirent *e;
    struct stat st;

    if (!dir)
        return -errno;
    while ((e = readdir(dir)) != NULL) {
        if (!ends_in(e->d_name, FILE_TEMPORARY) ||
            fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
            continue;
        if (!remove || !unlinkat(dirfd(dir), e->d_name, 0))
            *bytes += (uint64_t)st.st_size;
    }
    closedir(dir);
    return 0;
}

int file_remove_temporaries(const char *folder, uint64_t *bytes)
{
    return visit_temporaries(folder, true, bytes);
}

uint64_t file_temporaries_size(const char *folder)
{
    uint64_t bytes = 0;

    visit_temporaries(folder, false, &bytes);
    return bytes;
}
