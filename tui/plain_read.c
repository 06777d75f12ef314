/* Lines of input, see plain_read.h. */
#include "tui/plain_read.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int plain_read(struct plain_reader *r)
{
    ssize_t n = read(r->fd, r->bytes + r->used, sizeof(r->bytes) - r->used);

    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    r->ended = n == 0;
    r->used += (size_t)n;
    return 0;
}

bool plain_read_wants(const struct plain_reader *r)
{
    return !r->ended && r->used < sizeof(r->bytes);
}

static void drop(struct plain_reader *r, size_t size)
{
    r->used -= size;
    memmove(r->bytes, r->bytes + size, r->used);
}

/* Bytes of the line at the start, its newline included; 0 when it is not whole yet. */
static size_t line_size(const struct plain_reader *r)
{
    const char *end = memchr(r->bytes, '\n', r->used);

    if (end)
        return (size_t)(end - r->bytes) + 1;
    return r->ended || r->used == sizeof(r->bytes) ? r->used : 0;
}

bool plain_read_line(struct plain_reader *r, char line[PLAIN_LINE_MAX])
{
    size_t size;

    while ((size = line_size(r)) > 0) {
        bool whole = r->bytes[size - 1] == '\n', skipped = r->skip;
        size_t length = whole || size == sizeof(r->bytes) ? size - 1 : size;

        memcpy(line, r->bytes, length);
        line[length] = '\0';
        r->skip = !whole;
        drop(r, size);
        if (!skipped)
            return true;
    }
    return false;
}
