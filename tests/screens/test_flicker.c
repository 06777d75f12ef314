/*
 * No write(2) of a frame leaves the terminal with a cell that is neither the old frame's nor the new
 * one's: whenever the terminal paints, every cell is whole.
 *
 * The child's write() and writev() are this file's: they tell the parent after every write to the
 * terminal, and wait until libvterm has taken it and every cell was looked at.
 */
#include "tests/support/screen_models.h"
#include "tui/terminal.h"
#include "tui/view.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vterm.h>

enum { ROWS = 30, COLS = 110, FRAMES = 8 };

static const char *const terminals[] = {"xterm-256color", "xterm", "screen-256color", "linux",
                                        "vt100"};

/* In the child: where it tells of writes, and where it waits; -1 elsewhere. */
static int tell = -1, go_on = -1;

static void written(int fd)
{
    char byte = 'w';

    if (fd == STDOUT_FILENO && tell >= 0 && isatty(fd) &&
        (syscall(SYS_write, tell, &byte, 1) != 1 || syscall(SYS_read, go_on, &byte, 1) != 1))
        _exit(6);
}

ssize_t write(int fd, const void *buf, size_t size)
{
    ssize_t n = syscall(SYS_write, fd, buf, size);

    written(fd);
    return n;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    ssize_t n = syscall(SYS_writev, fd, parts, count);

    written(fd);
    return n;
}

/* Steps of a guest, other views, a list on top of one, an empty one. */
static struct grid *frame(int number)
{
    static const enum view_id views[FRAMES] = {VIEW_STEP, VIEW_STEP, VIEW_STEP,     VIEW_STEP,
                                               VIEW_LABS, VIEW_HELP, VIEW_MESSAGES, VIEW_STEP};
    struct model *model = number == 3 || number == 7 ? screen_model_long() : screen_model_real();
    struct grid *grid = grid_create(ROWS, COLS);
    struct ui ui;

    ui_init(&ui, VIEW_STEP, views[number], ROWS, COLS);
    if (number == 1) {
        model->now.rip = 0x7c12;
        model->now.gpr[X86_RAX] = 0xa;
        model->code_at++;
    }
    ui.explain = number == 2;
    screen_draw(model, &ui, grid);
    return grid;
}

static void child_run(const char *term)
{
    struct terminal *terminal;
    struct error err = {0};

    setenv("TERM", term, 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("NO_COLOR");
    if (terminal_open(&terminal, false, false, &err) < 0)
        _exit(3);
    for (int i = 0; i < FRAMES; i++) {
        struct grid *grid = frame(i);
        char byte = (char)('0' + i);

        if (syscall(SYS_write, tell, &byte, 1) != 1)
            _exit(4);
        terminal_show(terminal, grid, false);
        grid_destroy(grid);
    }
    tell = -1;
    terminal_close(terminal);
    _exit(0);
}

struct fixture {
    const char *term;
    pid_t pid;
    int master, told, go_on;
    VTerm *vterm;
    VTermScreen *screen;
    struct grid *old, *new;
    unsigned writes;
};

static void drain(struct fixture *f)
{
    char buf[4096];
    ssize_t n;

    while ((n = read(f->master, buf, sizeof(buf))) > 0)
        vterm_input_write(f->vterm, buf, (size_t)n);
}

static bool has_char(const struct grid *grid, int row, int col, uint32_t ch)
{
    return grid && grid_at(grid, row, col)->ch == ch;
}

/* Before the first frame the terminal is blank. */
static void check_cells(const struct fixture *f, int number)
{
    for (int row = 0; row < ROWS; row++)
        for (int col = 0; col < COLS; col++) {
            VTermScreenCell cell;
            uint32_t ch;

            vterm_screen_get_cell(f->screen, (VTermPos){.row = row, .col = col}, &cell);
            ch = cell.chars[0] ? cell.chars[0] : ' ';
            if (!has_char(f->new, row, col, ch) && !has_char(f->old, row, col, ch) &&
                !(number == 0 && ch == ' '))
                ck_abort_msg("%s, frame %d, write %u: %x at row %d, column %d", f->term, number,
                             f->writes, ch, row, col);
        }
}

static void next_frame(struct fixture *f, int number)
{
    grid_destroy(f->old);
    f->old = f->new;
    f->new = frame(number);
    f->writes = 0;
}

static void start(struct fixture *f)
{
    struct winsize size = {.ws_row = ROWS, .ws_col = COLS};
    int told[2], go[2];

    ck_assert_int_eq(pipe(told), 0);
    ck_assert_int_eq(pipe(go), 0);
    f->pid = forkpty(&f->master, NULL, NULL, &size);
    ck_assert_int_ge(f->pid, 0);
    if (f->pid == 0) {
        tell = told[1];
        go_on = go[0];
        child_run(f->term);
    }
    close(told[1]);
    close(go[0]);
    f->told = told[0];
    f->go_on = go[1];
    fcntl(f->master, F_SETFL, O_NONBLOCK);
    f->vterm = vterm_new(ROWS, COLS);
    vterm_set_utf8(f->vterm, 1);
    f->screen = vterm_obtain_screen(f->vterm);
    vterm_screen_enable_altscreen(f->screen, 1);
    vterm_screen_reset(f->screen, 1);
}

/* What the child tells next, 0 at its end. A write that is too large for the kernel needs a reader. */
static char next_word(struct fixture *f)
{
    struct pollfd fds[2] = {{.fd = f->told, .events = POLLIN}, {.fd = f->master, .events = POLLIN}};
    char byte;

    do {
        ck_assert_int_gt(poll(fds, 2, 20000), 0);
        drain(f);
    } while (!(fds[0].revents & (POLLIN | POLLHUP)));
    return read(f->told, &byte, 1) == 1 ? byte : 0;
}

START_TEST(test_no_flicker)
{
    struct fixture f = {.term = terminals[_i]};
    unsigned writes = 0;
    int number = -1, status;
    char byte;

    start(&f);
    while ((byte = next_word(&f)) != 0) {
        if (byte != 'w') {
            next_frame(&f, number = byte - '0');
            continue;
        }
        drain(&f);
        f.writes++;
        writes++;
        if (number >= 0)
            check_cells(&f, number);
        ck_assert_int_eq(syscall(SYS_write, f.go_on, "g", 1), 1);
    }
    drain(&f);
    ck_assert_int_eq(number, FRAMES - 1);
    ck_assert_uint_ge(writes, FRAMES);
    grid_destroy(f.old);
    grid_destroy(f.new);
    vterm_free(f.vterm);
    ck_assert_int_eq(waitpid(f.pid, &status, 0), f.pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flicker");
    TCase *tc = tcase_create("flicker");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, test_no_flicker, 0, sizeof(terminals) / sizeof(terminals[0]));
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
