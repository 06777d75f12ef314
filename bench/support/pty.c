/* A program on a pseudo-terminal, see pty.h. */
#include "pty.h"

#include "measure.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vterm.h>

enum { KEPT = 1 << 20, COLS_MAX = 256, GIVE_UP_MS = 20000 };

struct pty {
    const char *name;
    pid_t pid;
    int fd, rows, cols;
    VTerm *vterm;
    VTermScreen *screen;
    size_t size; /* bytes that were read and not yet shown to the terminal */
    char bytes[KEPT];
};

static void terminal_open(struct pty *p)
{
    p->vterm = vterm_new(p->rows, p->cols);
    vterm_set_utf8(p->vterm, 1);
    p->screen = vterm_obtain_screen(p->vterm);
    vterm_screen_enable_altscreen(p->screen, 1);
    vterm_screen_reset(p->screen, 1);
}

int pty_open(struct pty **out, char *const argv[], int cols, int rows, struct error *err)
{
    struct winsize size = {.ws_col = (unsigned short)cols, .ws_row = (unsigned short)rows};
    struct pty *p = calloc(1, sizeof(*p));

    if (!p)
        return error_set(err, -ENOMEM, "%s: out of memory", argv[0]);
    *p = (struct pty){.name = argv[0], .rows = rows, .cols = cols};
    p->pid = forkpty(&p->fd, NULL, NULL, &size);
    if (p->pid < 0) {
        free(p);
        return error_errno(err, -errno, "forkpty");
    }
    if (p->pid == 0) {
        execvp(argv[0], argv);
        _exit(127);
    }
    terminal_open(p);
    *out = p;
    return 0;
}

/* By force: gdb may wait for QEMU where SIGTERM does not reach it. */
void pty_close(struct pty *pty)
{
    if (!pty)
        return;
    kill(pty->pid, SIGKILL);
    close(pty->fd);
    waitpid(pty->pid, NULL, 0);
    vterm_free(pty->vterm);
    free(pty);
}

/* A terminal answers as soon as it has read the question for its status (DSR, ECMA-48 8.3.35). */
static void answer_status(const struct pty *p, size_t from)
{
    static const char question[] = "\033[5n", reply[] = "\033[0n";
    size_t overlap = sizeof(question) - 2;

    from = from > overlap ? from - overlap : 0;
    if (memmem(p->bytes + from, p->size - from, question, sizeof(question) - 1) &&
        write(p->fd, reply, sizeof(reply) - 1) < 0)
        return; /* it has ended: the next read says so */
}

static int read_some(struct pty *p, struct error *err)
{
    ssize_t n = read(p->fd, p->bytes + p->size, KEPT - p->size);
    size_t before = p->size;

    if (n <= 0)
        return error_set(err, -EIO, "%s: %s", p->name,
                         p->size == KEPT ? "does not stop writing" : "ended");
    p->size += (size_t)n;
    answer_status(p, before);
    return 0;
}

static void show(struct pty *p)
{
    vterm_input_write(p->vterm, p->bytes, p->size);
    p->size = 0;
}

/* ED 2 and 3, and ED 0 from the corner, ECMA-48 8.3.39. */
static bool has_cleared(const struct pty *p)
{
    static const char *const ways[] = {"\033[2J", "\033[3J", "\033[H\033[J", "\033[H\033[0J"};

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        if (memmem(p->bytes, p->size, ways[i], strlen(ways[i])))
            return true;
    return false;
}

int pty_send(struct pty *pty, const char *keys, struct error *err)
{
    size_t size = strlen(keys);

    if (write(pty->fd, keys, size) != (ssize_t)size)
        return error_errno(err, -EIO, "%s: does not take keys", pty->name);
    return 0;
}

int pty_ask(struct pty *pty, const char *keys, int silence, struct pty_answer *answer,
            struct error *err)
{
    struct pollfd ready = {.fd = pty->fd, .events = POLLIN};
    double start = measure_now(), last = start;
    int failed = pty_send(pty, keys, err);

    while (!failed && poll(&ready, 1, pty->size ? silence : GIVE_UP_MS) > 0) {
        failed = read_some(pty, err);
        last = measure_now();
    }
    if (failed)
        return failed;
    if (!pty->size)
        return error_set(err, -ETIME, "%s: does not answer a key", pty->name);
    *answer = (struct pty_answer){
        .seconds = last - start, .bytes = pty->size, .cleared = has_cleared(pty)};
    show(pty);
    return 0;
}

int pty_listen(struct pty *pty, double seconds, size_t *bytes, double *last, struct error *err)
{
    struct pollfd ready = {.fd = pty->fd, .events = POLLIN};
    double end = measure_now() + seconds, left;
    size_t count = 0;
    int failed = 0;

    while (!failed && (left = end - measure_now()) > 0) {
        if (poll(&ready, 1, (int)(left * 1e3) + 1) <= 0)
            continue;
        failed = read_some(pty, err);
        if (last)
            *last = measure_now();
        count += pty->size;
        show(pty);
    }
    if (bytes)
        *bytes = count;
    return failed;
}

static void row_text(const struct pty *p, int row, char text[COLS_MAX + 1])
{
    int col;

    for (col = 0; col < p->cols && col < COLS_MAX; col++) {
        VTermScreenCell cell = {0};

        vterm_screen_get_cell(p->screen, (VTermPos){.row = row, .col = col}, &cell);
        text[col] = (char)(cell.chars[0] > ' ' && cell.chars[0] < 127 ? cell.chars[0] : ' ');
    }
    text[col] = '\0';
}

bool pty_shows(const struct pty *pty, const char *text)
{
    char row[COLS_MAX + 1];

    for (int i = 0; i < pty->rows; i++) {
        row_text(pty, i, row);
        if (strstr(row, text))
            return true;
    }
    return false;
}

int pty_wait(struct pty *pty, const char *text, bool shown, double *when, struct error *err)
{
    struct pollfd ready = {.fd = pty->fd, .events = POLLIN};
    double now = measure_now(), end = now + GIVE_UP_MS * 1e-3;

    while (pty_shows(pty, text) != shown) {
        int failed;

        if (now > end || poll(&ready, 1, GIVE_UP_MS) <= 0)
            return error_set(err, -ETIME, "%s: '%s' does not %s", pty->name, text,
                             shown ? "appear" : "disappear");
        failed = read_some(pty, err);
        if (failed)
            return failed;
        now = measure_now();
        show(pty);
    }
    if (when)
        *when = now;
    return 0;
}

int pty_number(const struct pty *pty, const char *word, double *number, struct error *err)
{
    char row[COLS_MAX + 1];
    const char *at;

    row_text(pty, 0, row);
    at = strstr(row, word);
    if (!at)
        return error_set(err, -EIO, "%s: no %s in its first row", pty->name, word);
    *number = 0;
    for (at += strlen(word) + 1; *at == ',' || (*at >= '0' && *at <= '9'); at++)
        if (*at != ',')
            *number = *number * 10 + (*at - '0');
    return 0;
}
