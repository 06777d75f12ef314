/*
 * Real ncurses on a pseudo-terminal, its output read by libvterm: what a terminal shows is the
 * grid that was drawn, after the first frame and after others on top of it, for every type of
 * terminal.
 *
 * The child shows a frame for each byte it gets and answers with a byte once all of it was written,
 * so the parent never guesses when a frame is whole.
 */
#include "tests/support/screen_models.h"
#include "tui/terminal.h"
#include "tui/theme.h"
#include "tui/view.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vterm.h>

enum { ROWS = 30, COLS = 110, FRAMES = 6 };

struct setup {
    const char *term;
    bool ascii, mono;
    enum theme_depth depth; /* that the terminal is expected to get */
};

static const struct setup setups[] = {
    {"xterm-256color", false, false, THEME_256}, {"xterm-256color", true, false, THEME_256},
    {"xterm-256color", false, true, THEME_MONO}, {"xterm", false, false, THEME_8},
    {"screen", false, false, THEME_8},           {"linux", true, false, THEME_8},
    {"vt100", true, false, THEME_MONO},
};

/* The frames, from very different screens, so that little of one is left in the next. */
static struct grid *frame(int number)
{
    static const enum view_id views[FRAMES] = {VIEW_STEP, VIEW_STEP, VIEW_LABS,
                                               VIEW_HELP, VIEW_STEP, VIEW_STEP};
    struct model *model = number == 1 ? screen_model_long() : screen_model_real();
    struct grid *grid = grid_create(ROWS, COLS);
    struct ui ui;

    ui_init(&ui, VIEW_STEP, views[number], ROWS, COLS);
    ui.explain = number == 4;
    screen_draw(model, &ui, grid);
    return grid;
}

static void child_run(const struct setup *setup, int asked, int answer)
{
    struct terminal *terminal;
    struct error err = {0};
    char byte;

    setenv("TERM", setup->term, 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("NO_COLOR");
    unsetenv("LINES");
    unsetenv("COLUMNS");
    if (terminal_open(&terminal, setup->ascii, setup->mono, &err) < 0)
        _exit(3);
    for (int i = 0; i < FRAMES && read(asked, &byte, 1) == 1; i++) {
        struct grid *grid = frame(i);

        terminal_show(terminal, grid, i == 0);
        grid_destroy(grid);
        if (write(answer, "f", 1) != 1)
            _exit(4);
    }
    if (read(asked, &byte, 1) != 1)
        _exit(5);
    terminal_close(terminal);
    _exit(0);
}

struct fixture {
    pid_t pid;
    int master, ask, answer;
    VTerm *vterm;
    VTermScreen *screen;
    VTermState *state;
    bool altscreen, cursor;
};

static int on_property(VTermProp property, VTermValue *value, void *ctx)
{
    struct fixture *f = ctx;

    if (property == VTERM_PROP_ALTSCREEN)
        f->altscreen = value->boolean;
    if (property == VTERM_PROP_CURSORVISIBLE)
        f->cursor = value->boolean;
    return 1;
}

static void vterm_open(struct fixture *f)
{
    static const VTermScreenCallbacks callbacks = {.settermprop = on_property};

    f->vterm = vterm_new(ROWS, COLS);
    vterm_set_utf8(f->vterm, 1);
    f->state = vterm_obtain_state(f->vterm);
    f->screen = vterm_obtain_screen(f->vterm);
    vterm_screen_set_callbacks(f->screen, &callbacks, f);
    vterm_screen_enable_altscreen(f->screen, 1);
    vterm_screen_reset(f->screen, 1);
}

static void start(struct fixture *f, const struct setup *setup)
{
    struct winsize size = {.ws_row = ROWS, .ws_col = COLS};
    int asked[2], answered[2];

    ck_assert_int_eq(pipe(asked), 0);
    ck_assert_int_eq(pipe(answered), 0);
    f->pid = forkpty(&f->master, NULL, NULL, &size);
    ck_assert_int_ge(f->pid, 0);
    if (f->pid == 0)
        child_run(setup, asked[0], answered[1]);
    close(asked[0]);
    close(answered[1]);
    f->ask = asked[1];
    f->answer = answered[0];
    fcntl(f->master, F_SETFL, O_NONBLOCK);
    vterm_open(f);
}

/* What the terminal has got so far; true when the other end is closed. */
static bool drain(struct fixture *f)
{
    char buf[4096];
    ssize_t n;

    while ((n = read(f->master, buf, sizeof(buf))) > 0)
        vterm_input_write(f->vterm, buf, (size_t)n);
    return n == 0 || errno == EIO;
}

/* Ask for a frame and read until the child says that it wrote all of it. */
static void next_frame(struct fixture *f)
{
    struct pollfd fds[2] = {{.fd = f->master, .events = POLLIN},
                            {.fd = f->answer, .events = POLLIN}};
    char byte;

    ck_assert_int_eq(write(f->ask, "f", 1), 1);
    do {
        ck_assert_msg(poll(fds, 2, 20000) > 0, "no frame came");
        drain(f);
    } while (!(fds[1].revents & (POLLIN | POLLHUP)));
    ck_assert_int_eq(read(f->answer, &byte, 1), 1);
    drain(f);
}

static bool same_colour(VTermColor colour, int index, bool foreground)
{
    if (index < 0)
        return foreground ? VTERM_COLOR_IS_DEFAULT_FG(&colour) : VTERM_COLOR_IS_DEFAULT_BG(&colour);
    return VTERM_COLOR_IS_INDEXED(&colour) && colour.indexed.idx == index;
}

/* Blank cells show no foreground, so only their background is compared. */
static bool same_style(const VTermScreenCell *shown, const struct cell *cell,
                       enum theme_depth depth)
{
    struct style style = theme_style(depth, (enum role)cell->role, cell->attr);

    if (!same_colour(shown->bg, style.bg, false) ||
        shown->attrs.reverse != ((style.attrs & STYLE_REVERSE) != 0))
        return false;
    return cell->ch == ' ' || (same_colour(shown->fg, style.fg, true) &&
                               shown->attrs.bold == ((style.attrs & STYLE_BOLD) != 0));
}

static void compare(const struct fixture *f, const struct setup *setup, int number)
{
    struct grid *grid = frame(number);

    if (setup->ascii)
        grid_fold_ascii(grid);
    for (int row = 0; row < ROWS; row++)
        for (int col = 0; col < COLS; col++) {
            const struct cell *cell = grid_at(grid, row, col);
            VTermScreenCell shown;
            uint32_t ch;

            vterm_screen_get_cell(f->screen, (VTermPos){.row = row, .col = col}, &shown);
            ch = shown.chars[0] ? shown.chars[0] : ' ';
            if (ch != cell->ch || !same_style(&shown, cell, setup->depth))
                ck_abort_msg("%s, frame %d, row %d, column %d: %x where %x was drawn (role %s)",
                             setup->term, number, row, col, ch, cell->ch,
                             theme_role_name((enum role)cell->role));
        }
    grid_destroy(grid);
}

static void compare_cursor(const struct fixture *f, int number)
{
    struct grid *grid = frame(number);
    VTermPos pos;

    vterm_state_get_cursorpos(f->state, &pos);
    ck_assert_int_eq(f->cursor, grid->cursor_row >= 0);
    if (grid->cursor_row >= 0) {
        ck_assert_int_eq(pos.row, grid->cursor_row);
        ck_assert_int_eq(pos.col, grid->cursor_col);
    }
    grid_destroy(grid);
}

static void finish(struct fixture *f)
{
    struct pollfd fd = {.fd = f->master, .events = POLLIN};
    int status;

    ck_assert_int_eq(write(f->ask, "q", 1), 1);
    while (!drain(f))
        ck_assert_msg(poll(&fd, 1, 20000) > 0, "the child does not end");
    ck_assert_int_eq(waitpid(f->pid, &status, 0), f->pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
    ck_assert(!f->altscreen);
    ck_assert(f->cursor);
    vterm_free(f->vterm);
    close(f->master);
    close(f->ask);
    close(f->answer);
}

START_TEST(test_terminal_shows_the_grid)
{
    const struct setup *setup = &setups[_i];
    struct fixture f = {.cursor = true};

    start(&f, setup);
    for (int i = 0; i < FRAMES; i++) {
        next_frame(&f);
        compare(&f, setup, i);
        if (strncmp(setup->term, "xterm", 5) == 0) {
            ck_assert(f.altscreen);
            compare_cursor(&f, i);
        }
    }
    finish(&f);
}
END_TEST

static void refuse(const char *term, const char *want)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    int master, status, result[2];
    char text[300] = "";
    pid_t pid;

    ck_assert_int_eq(pipe(result), 0);
    pid = forkpty(&master, NULL, NULL, &size);
    if (pid == 0) {
        struct terminal *terminal;
        struct error err = {0};
        int rc;

        setenv("TERM", term, 1);
        rc = terminal_open(&terminal, false, false, &err);
        if (write(result[1], err.text, strlen(err.text)) < 0)
            _exit(2);
        _exit(rc == -EINVAL ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert_int_gt(read(result[0], text, sizeof(text) - 1), 0);
    ck_assert_str_eq(text, want);
    close(result[0]);
    close(result[1]);
    close(master);
}

START_TEST(test_unusable_terminals)
{
    refuse("no-such-terminal", "tui: the terminal type no-such-terminal (TERM) is unknown");
    refuse("dumb", "tui: a terminal of type dumb (TERM) cannot place the cursor as ECMA-48 has it; "
                   "'vlab tui --plain' needs no more than lines");
    refuse("", "tui: TERM is not set: the type of the terminal is unknown");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("terminal");
    TCase *tc = tcase_create("terminal");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, test_terminal_shows_the_grid, 0, sizeof(setups) / sizeof(setups[0]));
    tcase_add_test(tc, test_unusable_terminals);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
