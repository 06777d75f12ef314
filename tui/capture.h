/*
 * Standard error while the screen is open: what anybody writes there is kept and shown as a
 * message, and comes out where it belongs when the screen is closed. It never paints over it.
 */
#ifndef VLAB_TUI_CAPTURE_H
#define VLAB_TUI_CAPTURE_H

#include <stddef.h>

#define CAPTURE_MAX 16384

struct capture {
    int fd;      /* non-blocking read end; -1 when standard error goes to a file: nothing to do */
    int real_fd; /* the standard error there was */
    size_t size;
    char text[CAPTURE_MAX + 1];
};

/* 0, or a negative errno; nothing is changed then. */
int capture_open(struct capture *capture);
/* Take what has come. Returns the last line of it, NULL when there is none. */
const char *capture_read(struct capture *capture);
/* Put standard error back and write out all that was kept. */
void capture_close(struct capture *capture);

#endif
