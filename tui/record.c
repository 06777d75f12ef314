/*
 * Recording the screen, see record.h.
 *
 *   {"version":2,"width":80,"height":24,"timestamp":1700000000,"title":"vlab","env":{"TERM":"..."}}
 *   [0.000000,"o","\u001b[0m\u001b[2J..."]     bytes for the terminal, seconds after the first frame
 *   [1.500000,"r","100x30"]                    columns x rows from now on
 *
 * Input ("i") and markers ("m") are left out, as is the idle limit: players have their own.
 */
#include "tui/record.h"
#include "tui/write_diff.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct record {
    char *path;
    int fd;
    bool created; /* by us: taken away again when nothing comes into it */
    off_t size;   /* bytes of whole lines */
    int broken;   /* negative errno of the write that failed */
    uint64_t start_ns;
    struct pen pen;
    struct grid *last; /* NULL: no frame yet */
};

static int failed(const struct record *r, int rc, struct error *err)
{
    return error_errno(err, rc, "record: %.160s", r->path);
}

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* O_NONBLOCK: a FIFO without a reader is refused, not waited for. */
static int file_open(struct record *r, struct error *err)
{
    const int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    struct stat st;

    r->fd = open(r->path, flags | O_CREAT | O_EXCL, 0666);
    r->created = r->fd >= 0;
    if (r->fd < 0 && errno == EEXIST)
        r->fd = open(r->path, flags);
    if (r->fd < 0 || fstat(r->fd, &st) < 0)
        return failed(r, -errno, err);
    if (!S_ISREG(st.st_mode))
        return error_set(err, -EINVAL, "record: %.160s: not a regular file", r->path);
    if (st.st_size > 0)
        return error_set(err, -EEXIST,
                         "record: %.160s: there is something in it already; another name, please",
                         r->path);
    return 0;
}

static void record_free(struct record *r)
{
    if (r->fd >= 0)
        close(r->fd);
    if (r->created && r->size == 0)
        unlink(r->path);
    grid_destroy(r->last);
    free(r->path);
    free(r);
}

int record_create(struct record **out, const char *path, struct error *err)
{
    struct record *r = calloc(1, sizeof(*r));
    int rc;

    if (!r)
        return error_set(err, -ENOMEM, "record: out of memory");
    r->fd = -1;
    r->path = strdup(path);
    rc = r->path ? file_open(r, err) : error_set(err, -ENOMEM, "record: out of memory");
    if (rc < 0)
        record_free(r);
    else
        *out = r;
    return rc;
}

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            bytes += n;
            size -= (size_t)n;
        }
    }
    return 0;
}

/* A line whole, or not at all. */
static int line_add(struct record *r, const char *line, size_t size)
{
    int rc = write_all(r->fd, line, size), cut;

    if (rc < 0) {
        /* Where even that fails, players leave out a last line that is not whole. */
        cut = ftruncate(r->fd, r->size);
        (void)cut;
        return rc;
    }
    r->size += (off_t)size;
    return 0;
}

static int header_add(struct record *r, const struct grid *grid)
{
    const char *term = getenv("TERM");
    json_t *header =
        json_pack("{s:i, s:i, s:i, s:I, s:s, s:{s:s}}", "version", 2, "width", grid->cols, "height",
                  grid->rows, "timestamp", (json_int_t)time(NULL), "title", "vlab", "env", "TERM",
                  term && *term ? term : "xterm-256color");
    char *text = header ? json_dumps(header, JSON_COMPACT) : NULL;
    char *line = NULL;
    int rc = -ENOMEM, size = text ? asprintf(&line, "%s\n", text) : -1;

    if (size >= 0) {
        rc = line_add(r, line, (size_t)size);
        free(line);
    }
    free(text);
    json_decref(header);
    return rc;
}

/* `data` as an event of now. */
static int event_add(struct record *r, const char *kind, const char *data, size_t size)
{
    uint64_t us = (now_ns() - r->start_ns) / 1000;
    json_t *string = json_stringn(data, size);
    char *text = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
    char *line = NULL;
    int rc = -ENOMEM, length = -1;

    if (text)
        length = asprintf(&line, "[%llu.%06llu,\"%s\",%s]\n", (unsigned long long)(us / 1000000),
                          (unsigned long long)(us % 1000000), kind, text);
    if (length >= 0) {
        rc = line_add(r, line, (size_t)length);
        free(line);
    }
    free(text);
    json_decref(string);
    return rc;
}

static int size_add(struct record *r, const struct grid *grid)
{
    char text[32];
    int length = snprintf(text, sizeof(text), "%dx%d", grid->cols, grid->rows);

    return event_add(r, "r", text, (size_t)length);
}

/* What differs from the last frame; no event when nothing does. */
static int difference_add(struct record *r, const struct grid *grid, enum theme_depth depth)
{
    char *bytes = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&bytes, &size);
    int rc = 0;

    if (!out)
        return -ENOMEM;
    write_diff(&r->pen, r->last, grid, depth, out);
    if (fclose(out) != 0)
        rc = -ENOMEM;
    if (rc == 0 && size > 0)
        rc = event_add(r, "o", bytes, size);
    free(bytes);
    return rc;
}

static int last_keep(struct record *r, const struct grid *grid)
{
    if (!r->last)
        r->last = grid_create(grid->rows, grid->cols);
    if (!r->last)
        return -ENOMEM;
    memcpy(r->last->cells, grid->cells,
           (size_t)grid->rows * (size_t)grid->cols * sizeof(*grid->cells));
    return 0;
}

/* The header, or a change of size: what comes next is a whole frame. */
static int begin(struct record *r, const struct grid *grid)
{
    if (!r->last) {
        r->start_ns = now_ns();
        return header_add(r, grid);
    }
    if (r->last->rows == grid->rows && r->last->cols == grid->cols)
        return 0;
    grid_destroy(r->last);
    r->last = NULL;
    return size_add(r, grid);
}

int record_frame(struct record *record, const struct grid *grid, enum theme_depth depth,
                 struct error *err)
{
    int rc = record->broken;

    if (rc == 0)
        rc = begin(record, grid);
    if (rc == 0)
        rc = difference_add(record, grid, depth);
    if (rc == 0)
        rc = last_keep(record, grid);
    record->broken = rc;
    return rc < 0 ? failed(record, rc, err) : 0;
}

/* A player that ends leaves a terminal with a cursor and without colours. */
int record_close(struct record *record, struct error *err)
{
    static const char end[] = "\033[0m\033[?25h";
    int rc = 0;

    if (!record)
        return 0;
    if (record->last && record->broken == 0)
        rc = event_add(record, "o", end, sizeof(end) - 1);
    if (close(record->fd) < 0 && rc == 0)
        rc = -errno;
    record->fd = -1;
    if (rc < 0)
        failed(record, rc, err);
    record_free(record);
    return rc;
}
