/*
 * Writing a trace, see trace.h and trace/format.h: records gather in a block, whole blocks go to
 * the file. What is not a regular file (a device, a pipe) is written in place: there is nothing to
 * replace, and a rename would put a file where the device was.
 */
#include "trace/trace.h"

#include "trace/format.h"
#include "util/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define TEMPORARY_TRIES 100

struct trace_writer {
    int fd;
    int failed;      /* the first failure, negative errno */
    char *path;      /* what the caller asked for, links followed */
    char *temporary; /* NULL: written in place */
    uint64_t position;
    uint64_t records;
    unsigned used; /* records in the block */
    uint8_t block[TRACE_BLOCK_SIZE_MAX];
};

static void write_all(struct trace_writer *w, const uint8_t *p, size_t size)
{
    while (size && !w->failed) {
        ssize_t n = write(w->fd, p, size);

        if (n < 0) {
            if (errno != EINTR)
                w->failed = -errno;
            continue;
        }
        p += n;
        size -= (size_t)n;
        w->position += (uint64_t)n;
    }
}

/* Head and checksum around the payload that lies in w->block already. */
static void write_block(struct trace_writer *w, uint32_t kind, uint32_t payload)
{
    size_t size = TRACE_HEAD_SIZE + payload;

    put_le32(w->block, kind);
    put_le32(w->block + 4, payload);
    put_le64(w->block + size, XXH3_64bits_withSeed(w->block, size, w->position));
    write_all(w, w->block, size + TRACE_SUM_SIZE);
}

/* Printable ASCII only, NUL at the end. */
static void put_text(uint8_t *to, size_t size, const char *from)
{
    for (size_t i = 0; i + 1 < size && from[i]; i++)
        to[i] = from[i] >= ' ' && from[i] <= '~' ? (uint8_t)from[i] : '?';
}

static void write_header(struct trace_writer *w, const struct trace_info *info)
{
    uint8_t header[TRACE_HEADER_SIZE] = TRACE_MAGIC;

    put_le32(header + 8, TRACE_VERSION);
    put_le32(header + 12, TRACE_RECORD_SIZE);
    put_le64(header + 16, info->ram_size);
    put_text(header + TRACE_IMAGE_AT, TRACE_IMAGE_SIZE, info->image);
    put_text(header + TRACE_BACKEND_AT, TRACE_BACKEND_SIZE, info->backend);
    put_le64(header + TRACE_HEADER_SUM_AT, XXH3_64bits(header, TRACE_HEADER_SUM_AT));
    write_all(w, header, sizeof(header));
}

/* ---- the file -------------------------------------------------------------------------------- */

static int open_temporary(struct trace_writer *w)
{
    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        free(w->temporary);
        if (asprintf(&w->temporary, "%s.%ld-%d.tmp", w->path, (long)getpid(), i) < 0) {
            w->temporary = NULL;
            return -ENOMEM;
        }
        w->fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (w->fd >= 0)
            return 0;
        if (errno != EEXIST)
            break;
    }
    return -errno;
}

static int open_file(struct trace_writer *w, const char *path)
{
    struct stat st;
    bool exists = stat(path, &st) == 0;
    int rc;

    w->path = exists ? realpath(path, NULL) : strdup(path);
    if (!w->path)
        return -errno;
    if (exists && S_ISDIR(st.st_mode))
        return -EISDIR;
    if (exists && !S_ISREG(st.st_mode)) {
        w->fd = open(path, O_WRONLY | O_CLOEXEC);
        return w->fd < 0 ? -errno : 0;
    }
    if (exists && access(w->path, W_OK))
        return -errno;
    rc = open_temporary(w);
    if (rc) {
        free(w->temporary); /* it is not ours, or not there */
        w->temporary = NULL;
    }
    return rc;
}

static void writer_free(struct trace_writer *w)
{
    if (w->fd >= 0)
        close(w->fd);
    free(w->temporary);
    free(w->path);
    free(w);
}

int trace_writer_open(struct trace_writer **out, const char *path, const struct trace_info *info,
                      struct error *err)
{
    struct trace_writer *w = malloc(sizeof(*w));
    int rc;

    if (!w)
        return error_set(err, -ENOMEM, "trace: out of memory");
    memset(w, 0, offsetof(struct trace_writer, block));
    w->fd = -1;
    rc = open_file(w, path);
    if (!rc) {
        write_header(w, info);
        rc = w->failed;
    }
    if (rc) {
        trace_writer_abort(w);
        return error_errno(err, rc, "%.180s", path);
    }
    *out = w;
    return 0;
}

void trace_writer_add(struct trace_writer *w, const struct vm_exit *exit)
{
    trace_record_put(w->block + TRACE_HEAD_SIZE + w->used * TRACE_RECORD_SIZE, exit);
    w->records++;
    if (++w->used == TRACE_BLOCK_RECORDS_MAX) {
        write_block(w, TRACE_BLOCK_RECORDS, TRACE_PAYLOAD_MAX);
        w->used = 0;
    }
}

static void write_end(struct trace_writer *w, const struct trace_end *end)
{
    uint8_t *p = w->block + TRACE_HEAD_SIZE;

    put_le64(p, end->exits);
    put_le64(p + 8, end->insns);
    put_le32(p + 16, end->stop);
    put_le32(p + 20, end->status);
    put_le64(p + 24, w->records);
    write_block(w, TRACE_BLOCK_END, TRACE_END_SIZE);
}

/* close() may be where a network or a quota file system says that a write was lost. */
static int close_and_rename(struct trace_writer *w)
{
    int fd = w->fd;

    w->fd = -1;
    if (close(fd) && !w->failed)
        w->failed = -errno;
    if (!w->failed && w->temporary && rename(w->temporary, w->path))
        w->failed = -errno;
    return w->failed;
}

int trace_writer_finish(struct trace_writer *w, const struct trace_end *end, struct error *err)
{
    int rc;

    if (w->used)
        write_block(w, TRACE_BLOCK_RECORDS, w->used * TRACE_RECORD_SIZE);
    write_end(w, end);
    rc = close_and_rename(w);
    if (rc) {
        error_errno(err, rc, "%.180s", w->path);
        trace_writer_abort(w);
        return rc;
    }
    writer_free(w);
    return 0;
}

void trace_writer_abort(struct trace_writer *w)
{
    if (!w)
        return;
    if (w->temporary)
        unlink(w->temporary);
    writer_free(w);
}
