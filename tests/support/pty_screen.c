/* The program on a pseudo-terminal, see pty_screen.h. */
#include "tests/support/pty_screen.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 10, PATIENCE_MS = 120000 };

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void write_file(const char *folder, const char *name, const void *data, size_t size)
{
    char path[600];
    FILE *file;

    snprintf(path, sizeof(path), "%s/labs/01_test/%s", folder, name);
    file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

void pty_lab(const char *folder, const void *guest, size_t size)
{
    static const char conf[] = "title = A test\ngoal = To be tested.\nimage = test.bin\n"
                               "kind = flat\nat = 0x1000\nram = 1M\n";
    char path[600];

    snprintf(path, sizeof(path), "%s/labs", folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/exercises", folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/labs/01_test", folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    write_file(folder, "lab.conf", conf, sizeof(conf) - 1);
    write_file(folder, "README.md", "# A test\n", 9);
    write_file(folder, "test.bin", guest, size);
    setenv("VLAB_DATA", folder, 1);
}

/* What the terminal sends back goes in as if it were typed. */
static void on_answer(const char *bytes, size_t size, void *ctx)
{
    struct pty_screen *ps = ctx;

    ck_assert_int_eq(write(ps->master, bytes, size), (ssize_t)size);
}

static void vterm_open(struct pty_screen *ps)
{
    ps->vterm = vterm_new(ps->rows, ps->cols);
    vterm_set_utf8(ps->vterm, 1);
    vterm_output_set_callback(ps->vterm, on_answer, ps);
    ps->screen = vterm_obtain_screen(ps->vterm);
    vterm_screen_enable_altscreen(ps->screen, 1);
    vterm_screen_reset(ps->screen, 1);
}

static void child_run(const char *term, const char *const *arguments)
{
    char *argv[16] = {getenv("VLAB")};

    for (int i = 0; i < 14 && arguments[i]; i++)
        argv[i + 1] = (char *)(uintptr_t)arguments[i];
    setenv("TERM", term, 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("NO_COLOR");
    unsetenv("LINES");
    unsetenv("COLUMNS");
    execv(argv[0], argv);
    _exit(127);
}

void pty_start(struct pty_screen *ps, const char *term, const char *const *arguments)
{
    struct winsize size = {.ws_row = (unsigned short)ps->rows, .ws_col = (unsigned short)ps->cols};

    ck_assert_ptr_nonnull(getenv("VLAB"));
    ps->pid = forkpty(&ps->master, NULL, NULL, &size);
    ck_assert_int_ge(ps->pid, 0);
    if (ps->pid == 0)
        child_run(term, arguments);
    fcntl(ps->master, F_SETFL, O_NONBLOCK);
    vterm_open(ps);
}

void pty_set_rate(struct pty_screen *ps, unsigned rate)
{
    ps->rate = rate;
    ps->rate_ns = now_ns();
    ps->earned = 0;
}

static void queue_add(struct pty_screen *ps, const uint8_t *bytes, size_t size)
{
    if (ps->queued + size > ps->capacity) {
        ps->capacity = 2 * (ps->queued + size);
        ps->queue = realloc(ps->queue, ps->capacity);
        ck_assert_ptr_nonnull(ps->queue);
    }
    memcpy(ps->queue + ps->queued, bytes, size);
    ps->queued += size;
    if (ps->queued > ps->queued_max)
        ps->queued_max = ps->queued;
}

/* Bytes that the terminal may take now; a line that was idle has saved nothing up. */
static size_t allowance(struct pty_screen *ps)
{
    uint64_t earned = (now_ns() - ps->rate_ns) / 1000000 * ps->rate / 1000;
    size_t allowed = (size_t)(earned - ps->earned);

    if (!ps->rate)
        return ps->queued;
    ps->earned = earned;
    return allowed < ps->queued ? allowed : ps->queued;
}

static void deliver(struct pty_screen *ps)
{
    size_t size = allowance(ps);

    if (size == 0)
        return;
    vterm_input_write(ps->vterm, (const char *)ps->queue, size);
    memmove(ps->queue, ps->queue + size, ps->queued - size);
    ps->queued -= size;
    ps->taken += size;
}

bool pty_pump(struct pty_screen *ps, int ms)
{
    uint64_t end = now_ns() + (uint64_t)ms * 1000000;
    uint8_t buf[4096];
    ssize_t n;

    do {
        struct pollfd fd = {.fd = ps->master, .events = POLLIN};

        poll(&fd, 1, TICK_MS);
        while ((n = read(ps->master, buf, sizeof(buf))) > 0)
            queue_add(ps, buf, (size_t)n);
        if (n == 0 || (n < 0 && errno == EIO))
            return false;
        deliver(ps);
    } while (now_ns() < end);
    return true;
}

void pty_keys(struct pty_screen *ps, const char *bytes)
{
    ck_assert_int_eq(write(ps->master, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
}

void pty_row(const struct pty_screen *ps, int row, char *buf, size_t size)
{
    int col = 0;

    for (; col < ps->cols && (size_t)col + 1 < size; col++) {
        VTermScreenCell cell;

        vterm_screen_get_cell(ps->screen, (VTermPos){.row = row, .col = col}, &cell);
        buf[col] = !cell.chars[0] ? ' ' : cell.chars[0] < 0x7f ? (char)cell.chars[0] : '?';
    }
    buf[col] = '\0';
}

bool pty_has(const struct pty_screen *ps, const char *text)
{
    char line[400];

    for (int row = 0; row < ps->rows; row++) {
        pty_row(ps, row, line, sizeof(line));
        if (strstr(line, text))
            return true;
    }
    return false;
}

static void show_screen(const struct pty_screen *ps)
{
    char line[400];

    for (int row = 0; row < ps->rows; row++) {
        pty_row(ps, row, line, sizeof(line));
        fprintf(stderr, "%s\n", line);
    }
}

void pty_until(struct pty_screen *ps, const char *text, bool there)
{
    uint64_t end = now_ns() + PATIENCE_MS * 1000000ull;

    while (pty_has(ps, text) != there) {
        bool open = pty_pump(ps, TICK_MS);

        if (open && now_ns() < end)
            continue;
        show_screen(ps);
        ck_abort_msg("'%s' %s on the screen%s", text, there ? "is not" : "is still",
                     open ? "" : ", and the program has ended");
    }
}

int pty_finish(struct pty_screen *ps)
{
    uint64_t end = now_ns() + PATIENCE_MS * 1000000ull;
    int status;

    while (pty_pump(ps, TICK_MS))
        ck_assert_msg(now_ns() < end, "the program does not end");
    ck_assert_int_eq(waitpid(ps->pid, &status, 0), ps->pid);
    vterm_free(ps->vterm);
    close(ps->master);
    free(ps->queue);
    return status;
}
