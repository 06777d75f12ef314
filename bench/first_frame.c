/*
 * Claim: the screen's first frame is complete within 100 ms of starting `vlab tui 01`.
 *
 * The program runs on a pseudo-terminal of 80 columns and 24 rows. Its frame is complete with the
 * last byte before a silence of 200 ms; the time is from fork to that byte. The peer is the smallest
 * ncurses program that fills such a screen: this one, started again with --smallest.
 */
#include "support/measure.h"

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SILENCE_MS 200
#define GOAL_MS 100.0
#define COLUMNS 80
#define ROWS 24

static int smallest(void)
{
    initscr();
    for (int y = 0; y < ROWS; y++)
        for (int x = 0; x < COLUMNS; x++)
            mvaddch(y, x, (chtype)('a' + (x + y) % 26));
    refresh();
    getch();
    endwin();
    return 0;
}

/* Reads until nothing comes for a while. Returns the bytes; *last is when the last of them came. */
static size_t read_frame(int fd, double *last)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    char buf[4096];
    size_t size = 0;

    /* The first byte may take its time; it is part of what is measured. */
    while (poll(&ready, 1, size ? SILENCE_MS : 10000) > 0) {
        ssize_t n = read(fd, buf, sizeof(buf));

        if (n <= 0)
            break;
        size += (size_t)n;
        *last = measure_now();
    }
    return size;
}

static void end_child(pid_t pid, int fd)
{
    kill(pid, SIGTERM);
    close(fd); /* it may be writing: nobody reads any more */
    waitpid(pid, NULL, 0);
}

static int measure_program(char *const argv[], double *ms, struct error *err)
{
    struct winsize size = {.ws_col = COLUMNS, .ws_row = ROWS};
    double start = measure_now(), last = start;
    size_t bytes;
    int fd;
    pid_t pid = forkpty(&fd, NULL, NULL, &size);

    if (pid < 0)
        return error_errno(err, -errno, "forkpty");
    if (pid == 0) {
        execv(argv[0], argv);
        _exit(127);
    }
    bytes = read_frame(fd, &last);
    /* A frame fills the screen; an error is a line. */
    if (waitpid(pid, NULL, WNOHANG) == pid) {
        close(fd);
        return error_set(err, -EIO, "%s: ended instead of waiting for a key", argv[0]);
    }
    end_child(pid, fd);
    if (bytes < COLUMNS * ROWS / 4)
        return error_set(err, -EIO, "%s: drew %zu bytes, no frame", argv[0], bytes);
    *ms = (last - start) * 1e3;
    return 0;
}

static int measure(char *self, struct error *err)
{
    char vlab[4096], *ours[] = {vlab, "tui", "01", NULL}, *peer[] = {self, "--smallest", NULL};
    double times[MEASURE_REPEATS], smallest_times[MEASURE_REPEATS];
    struct spread got, floor;
    char goal[128];

    if (!measure_path(vlab, sizeof(vlab), "vlab"))
        return error_set(err, -EINVAL, "vlab: not found");
    for (int i = 0; i < MEASURE_REPEATS; i++) {
        int failed = measure_program(ours, &times[i], err);

        if (!failed)
            failed = measure_program(peer, &smallest_times[i], err);
        if (failed)
            return failed;
    }
    got = measure_spread(times, MEASURE_REPEATS);
    floor = measure_spread(smallest_times, MEASURE_REPEATS);
    snprintf(goal, sizeof(goal), "the smallest ncurses program: %.2f (%.2f to %.2f) ms",
             floor.median, floor.min, floor.max);
    measure_row("first frame of `vlab tui 01`, 80x24", goal, "100 ms", got, "ms",
                got.median <= GOAL_MS);
    return 0;
}

int main(int argc, char **argv)
{
    char home[4096];
    struct error err = {0};

    if (argc > 1 && !strcmp(argv[1], "--smallest"))
        return smallest();
    if (!measure_path(home, sizeof(home), "bench/state"))
        return 1;
    setenv("TERM", "xterm-256color", 1);
    setenv("VLAB_HOME", home, 1);
    return measure(argv[0], &err) ? measure_fail(&err) : 0;
}
