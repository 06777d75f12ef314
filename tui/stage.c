/* Collecting a frame, see stage.h. The file in memory is read back by mapping it. */
#include "tui/stage.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

int stage_open(struct stage *stage)
{
    stage->file = memfd_create("frame", MFD_CLOEXEC);
    stage->terminal = dup(STDOUT_FILENO);
    if (stage->file >= 0 && stage->terminal >= 0)
        return 0;
    stage_close(stage);
    return -errno;
}

void stage_close(struct stage *stage)
{
    if (stage->file >= 0)
        close(stage->file);
    if (stage->terminal >= 0)
        close(stage->terminal);
    stage->file = stage->terminal = -1;
}

void stage_begin(struct stage *stage)
{
    dup2(stage->file, STDOUT_FILENO);
}

/* Drop the first `done` bytes of the two parts. */
static void parts_drop(struct iovec parts[2], size_t done)
{
    for (int i = 0; i < 2; i++) {
        size_t part = done < parts[i].iov_len ? done : parts[i].iov_len;

        parts[i].iov_base = (char *)parts[i].iov_base + part;
        parts[i].iov_len -= part;
        done -= part;
    }
}

static void write_parts(struct iovec parts[2])
{
    while (parts[0].iov_len + parts[1].iov_len > 0) {
        ssize_t n = writev(STDOUT_FILENO, parts, 2);

        if (n < 0 && errno != EINTR)
            return; /* the terminal is gone: the loop is told by its input */
        parts_drop(parts, n > 0 ? (size_t)n : 0);
    }
}

void stage_end(struct stage *stage, const char *tail)
{
    off_t size = lseek(stage->file, 0, SEEK_CUR);
    struct iovec parts[2] = {{.iov_base = NULL}, {.iov_base = (char *)(size_t)tail}};
    void *bytes = MAP_FAILED;

    dup2(stage->terminal, STDOUT_FILENO);
    parts[1].iov_len = strlen(tail);
    if (size > 0)
        bytes = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, stage->file, 0);
    if (bytes != MAP_FAILED) {
        parts[0] = (struct iovec){.iov_base = bytes, .iov_len = (size_t)size};
        write_parts(parts);
        munmap(bytes, (size_t)size);
    } else if (size == 0) {
        write_parts(parts);
    }
    if (ftruncate(stage->file, 0) == 0)
        lseek(stage->file, 0, SEEK_SET);
}
