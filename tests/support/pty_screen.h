/*
 * The whole program on a pseudo-terminal whose other end is libvterm: what it writes is shown as a
 * terminal would, at a speed that the test chooses, and the terminal answers as one would.
 */
#ifndef VLAB_TESTS_PTY_SCREEN_H
#define VLAB_TESTS_PTY_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <vterm.h>

struct pty_screen {
    int rows, cols;
    unsigned rate; /* see pty_set_rate() */
    pid_t pid;
    int master;
    VTerm *vterm;
    VTermScreen *screen;
    uint8_t *queue; /* written by the program, not yet taken by the terminal */
    size_t queued, capacity, queued_max;
    uint64_t taken;           /* bytes that the terminal took */
    uint64_t rate_ns, earned; /* since when, and the bytes that came of it */
};

/* A lab 01 with a guest of `size` bytes at 1000h, under `folder`/labs, and VLAB_DATA for it. */
void pty_lab(const char *folder, const void *guest, size_t size);

/* Run build/vlab with these arguments (argv[0] left out, NULL at the end), TERM as given. */
void pty_start(struct pty_screen *ps, const char *term, const char *const *arguments);
/* The end of it all; aborts the test when the program does not end. Returns its wait status. */
int pty_finish(struct pty_screen *ps);

/* From now on the terminal takes so many bytes a second; 0: all at once. */
void pty_set_rate(struct pty_screen *ps, unsigned rate);

void pty_keys(struct pty_screen *ps, const char *bytes);
/* Let output come for at most `ms`; false when the program has closed its end. */
bool pty_pump(struct pty_screen *ps, int ms);
bool pty_has(const struct pty_screen *ps, const char *text);
/* Until a text stands (or does not stand) on the screen; a failure of the test after 120 s. */
void pty_until(struct pty_screen *ps, const char *text, bool there);
/* One row as ASCII, other characters as '?'. */
void pty_row(const struct pty_screen *ps, int row, char *buf, size_t size);

#endif
