/* Lines of the plain mode's input, from a terminal or a pipe; nothing here waits. */
#ifndef VLAB_TUI_PLAIN_READ_H
#define VLAB_TUI_PLAIN_READ_H

#include <stdbool.h>
#include <stddef.h>

#define PLAIN_LINE_MAX 1024

struct plain_reader {
    int fd;
    bool ended; /* nothing more comes */
    bool skip;  /* the rest of a line that was too long */
    size_t used;
    char bytes[PLAIN_LINE_MAX];
};

/* Take what has come, once poll() says that something has. 0, or a negative errno. */
int plain_read(struct plain_reader *reader);
/* Whether it can take more: it is full while a whole line waits in it. */
bool plain_read_wants(const struct plain_reader *reader);
/*
 * The next whole line without its newline, the last one also without having had any; false when
 * there is none. What does not fit is left out.
 */
bool plain_read_line(struct plain_reader *reader, char line[PLAIN_LINE_MAX]);

#endif
