/* Standard error behind the screen, see capture.h. */
#include "tui/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int capture_open(struct capture *capture)
{
    int ends[2], rc;

    capture->fd = capture->real_fd = -1;
    capture->size = 0;
    capture->text[0] = '\0';
    if (!isatty(STDERR_FILENO))
        return 0;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    capture->real_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (capture->real_fd < 0 || dup2(ends[1], STDERR_FILENO) < 0) {
        rc = -errno;
        close(ends[0]);
        close(ends[1]);
        return rc;
    }
    close(ends[1]);
    capture->fd = ends[0];
    return 0;
}

/* The last line with something in it. */
static const char *last_line(char *text)
{
    size_t length = strlen(text);
    char *start;

    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
        length--;
    if (length == 0)
        return NULL;
    start = text + length;
    while (start > text && start[-1] != '\n')
        start--;
    return start;
}

/* Once the buffer is full the rest is thrown away, but read: a writer must not block. */
const char *capture_read(struct capture *capture)
{
    size_t before = capture->size;
    char rest[512];
    ssize_t n;

    if (capture->fd < 0)
        return NULL;
    do {
        size_t room = CAPTURE_MAX - capture->size;

        n = room > 0 ? read(capture->fd, capture->text + capture->size, room)
                     : read(capture->fd, rest, sizeof(rest));
        if (n > 0 && room > 0)
            capture->size += (size_t)n;
    } while (n > 0 || (n < 0 && errno == EINTR));
    capture->text[capture->size] = '\0';
    return capture->size > before ? last_line(capture->text + before) : NULL;
}

void capture_close(struct capture *capture)
{
    size_t done = 0;
    ssize_t n = 0;

    if (capture->fd < 0)
        return;
    capture_read(capture);
    dup2(capture->real_fd, STDERR_FILENO);
    close(capture->real_fd);
    close(capture->fd);
    capture->fd = -1;
    while (done < capture->size && (n >= 0 || errno == EINTR)) {
        n = write(STDERR_FILENO, capture->text + done, capture->size - done);
        done += n > 0 ? (size_t)n : 0;
    }
}
