/*
 * vlab tui --record from end to end: the program on a pseudo-terminal, keys, a change of size, the
 * end; then the recording shows what `vlab render` shows after the same keys.
 */
#include "tests/support/player.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
    char dir[200], cast[256];
    pid_t pid;
    int master;
    struct player screen; /* what the program's terminal shows */
} t;

static void setup(void)
{
    const char *tmp = getenv("TMPDIR");
    char seen[256];

    snprintf(t.dir, sizeof(t.dir), "%.150s/recording-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(t.dir));
    snprintf(t.cast, sizeof(t.cast), "%s/x.cast", t.dir);
    setenv("VLAB_HOME", t.dir, 1);
    if (getenv("TOP"))
        setenv("VLAB_DATA", getenv("TOP"), 1); /* whichever build folder it is */
    setenv("TERM", "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("NO_COLOR");
    unsetenv("LINES");
    unsetenv("COLUMNS");
    /* No tour: a render has none. */
    snprintf(seen, sizeof(seen), "%s/tour-seen", t.dir);
    close(open(seen, O_WRONLY | O_CREAT, 0600));
}

static void start(const struct rlimit *limit)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    const char *vlab = getenv("VLAB");

    ck_assert_ptr_nonnull(vlab);
    t.pid = forkpty(&t.master, NULL, NULL, &size);
    ck_assert_int_ge(t.pid, 0);
    if (t.pid == 0) {
        if (limit) {
            signal(SIGXFSZ, SIG_IGN);
            setrlimit(RLIMIT_FSIZE, limit);
        }
        execl(vlab, vlab, "tui", "01", "--record", t.cast, (char *)NULL);
        _exit(127);
    }
    player_terminal(&t.screen, 24, 80);
}

/* Take what the terminal has got; false when the program has closed it. */
static bool take(void)
{
    struct pollfd fd = {.fd = t.master, .events = POLLIN};
    char buf[4096];
    ssize_t n;

    ck_assert_msg(poll(&fd, 1, 60000) > 0, "nothing comes");
    n = read(t.master, buf, sizeof(buf));
    if (n > 0)
        vterm_input_write(t.screen.vterm, buf, (size_t)n);
    return n > 0 || (n < 0 && errno == EINTR);
}

/* Rows in one, so that a line that the terminal broke is found, too. */
static bool shows(const char *text)
{
    char all[48 * 257] = "";

    for (int row = 0; row < t.screen.rows; row++) {
        char line[257];

        player_row(&t.screen, row, line);
        strcat(all, line);
    }
    return strstr(all, text) != NULL;
}

static void see(const char *text)
{
    while (!shows(text))
        ck_assert_msg(take(), "it ended before '%s'", text);
}

static void see_not(const char *text)
{
    while (shows(text))
        ck_assert_msg(take(), "it ended with '%s'", text);
}

static void keys(const char *text)
{
    ck_assert_int_eq(write(t.master, text, strlen(text)), (ssize_t)strlen(text));
}

static void resize(int rows, int cols)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};

    vterm_set_size(t.screen.vterm, rows, cols);
    t.screen.rows = rows;
    t.screen.cols = cols;
    ioctl(t.master, TIOCSWINSZ, &size);
}

static int end(void)
{
    int status;

    while (take())
        ;
    ck_assert_int_eq(waitpid(t.pid, &status, 0), t.pid);
    close(t.master);
    vterm_free(t.screen.vterm);
    return status;
}

/* The last frame, before what puts the terminal in order. */
static void play(struct player *player)
{
    player_open(player, t.cast);
    while (player_next(player))
        ;
}

static void render(struct player *player, int rows, int cols, const char *arguments)
{
    char line[512], bytes[4096];
    size_t n;
    FILE *in;

    player_terminal(player, rows + 1, cols); /* the last line's newline scrolls nothing away */
    snprintf(line, sizeof(line), "'%s' render step --lab 01 --size %dx%d --format ansi %s",
             getenv("VLAB"), cols, rows, arguments);
    in = popen(line, "r");
    ck_assert_ptr_nonnull(in);
    while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
        for (size_t i = 0; i < n; i++) {
            if (bytes[i] == '\n')
                vterm_input_write(player->vterm, "\r", 1);
            vterm_input_write(player->vterm, bytes + i, 1);
        }
    ck_assert_int_eq(pclose(in), 0);
}

/* The header may tell of the last run's speed, which a render does not know. */
static void compare(const struct player *cast, const struct player *rendered)
{
    char line[257];
    int row;

    player_row(cast, 0, line);
    row = strstr(line, "last run") != NULL;
    for (; row < cast->rows; row++)
        for (int col = 0; col < cast->cols; col++) {
            VTermScreenCell a, b;
            VTermPos pos = {.row = row, .col = col};

            vterm_screen_get_cell(cast->screen, pos, &a);
            vterm_screen_get_cell(rendered->screen, pos, &b);
            if (a.chars[0] != b.chars[0] || !vterm_color_is_equal(&a.fg, &b.fg) ||
                !vterm_color_is_equal(&a.bg, &b.bg) || a.attrs.bold != b.attrs.bold ||
                a.attrs.reverse != b.attrs.reverse)
                ck_abort_msg("row %d, column %d: %x recorded, %x rendered", row, col, a.chars[0],
                             b.chars[0]);
        }
}

static void check_last(int rows, int cols, const char *arguments)
{
    struct player cast, rendered = {0};

    play(&cast);
    ck_assert_int_eq(cast.rows, rows);
    ck_assert_int_eq(cast.cols, cols);
    render(&rendered, rows, cols, arguments);
    compare(&cast, &rendered);
    player_close(&cast);
    player_close(&rendered);
}

START_TEST(test_last_frame)
{
    start(NULL);
    see("is at its start");
    keys("s");
    see("instructions 1");
    keys("]");
    see("exits 1 ");
    keys("x");
    see("no exit qualification");
    keys("q");
    ck_assert_int_eq(end(), 0);
    check_last(24, 80, "--keys 's]x'");
}
END_TEST

START_TEST(test_change_of_size)
{
    start(NULL);
    see("is at its start");
    keys("]");
    see("exits 1 ");
    resize(36, 120);
    see("Exit profile");
    keys("q");
    ck_assert_int_eq(end(), 0);
    check_last(36, 120, "--keys ']'");
}
END_TEST

/* Killed without a chance: what was shown before is there, and every line whole. */
START_TEST(test_crash)
{
    struct player cast;
    bool help = false;
    char line[257];

    start(NULL);
    see("is at its start");
    keys("]");
    see("exits 1 ");
    keys("?");
    see("The guest and its exits");
    see_not("Why this exit");
    keys("q");
    see("Why this exit");
    kill(t.pid, SIGKILL);
    end();
    player_open(&cast, t.cast);
    while (player_next(&cast)) {
        player_row(&cast, 0, line);
        help |= strncmp(line, " HELP", 5) == 0;
    }
    ck_assert(help);
    player_close(&cast);
}
END_TEST

START_TEST(test_existing_file)
{
    FILE *file = fopen(t.cast, "w");
    char text[16] = "";

    fputs("mine", file);
    fclose(file);
    start(NULL);
    see("record:");
    see("there is something in it already");
    ck_assert_int_eq(WEXITSTATUS(end()), 1);
    file = fopen(t.cast, "r");
    ck_assert_ptr_nonnull(fgets(text, sizeof(text), file));
    ck_assert_str_eq(text, "mine");
    fclose(file);
}
END_TEST

/* The screen goes on without the recording, and says so; afterwards the status does, too. */
START_TEST(test_full_disk)
{
    struct rlimit limit = {.rlim_cur = 6000, .rlim_max = RLIM_INFINITY};
    struct player cast;

    start(&limit);
    see("the recording stopped: record: ");
    keys("]");
    see("exits 1 ");
    keys("q");
    ck_assert_int_eq(WEXITSTATUS(end()), 1);
    play(&cast);
    player_close(&cast);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recording");
    TCase *tc = tcase_create("recording");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 200);
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, test_last_frame);
    tcase_add_test(tc, test_change_of_size);
    tcase_add_test(tc, test_crash);
    tcase_add_test(tc, test_existing_file);
    tcase_add_test(tc, test_full_disk);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
