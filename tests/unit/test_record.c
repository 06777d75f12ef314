/*
 * Recording: what a player shows is, frame by frame, the grid that was drawn; and files that cannot
 * be recorded to.
 */
#include "tests/support/player.h"
#include "tests/support/prng.h"
#include "tests/support/screen_models.h"
#include "tui/record.h"
#include "tui/view.h"
#include "tui/write_diff.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FRAMES = 8 };

static struct {
    char dir[200], path[256];
} work;

static void setup(void)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(work.dir, sizeof(work.dir), "%.150s/record-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(work.dir));
    snprintf(work.path, sizeof(work.path), "%s/x.cast", work.dir);
}

static void teardown(void)
{
    unlink(work.path);
    rmdir(work.dir);
}

static struct record *create(void)
{
    struct record *record;
    struct error err = {0};

    ck_assert_msg(record_create(&record, work.path, &err) == 0, "%s", err.text);
    return record;
}

/* Very different screens, of three sizes; two that are equal. */
static struct grid *frame(int number)
{
    static const struct {
        enum view_id view;
        int rows, cols;
        bool explain;
    } frames[FRAMES] = {
        {VIEW_STEP, 30, 110, false}, {VIEW_STEP, 30, 110, true},  {VIEW_LABS, 30, 110, false},
        {VIEW_LABS, 30, 110, false}, {VIEW_HELP, 24, 80, false},  {VIEW_STEP, 24, 80, false},
        {VIEW_STEP, 48, 160, false}, {VIEW_LABS, 48, 160, false},
    };
    struct model *model = number == 1 ? screen_model_long() : screen_model_real();
    struct grid *grid = grid_create(frames[number].rows, frames[number].cols);
    struct ui ui;

    ui_init(&ui, VIEW_STEP, frames[number].view, grid->rows, grid->cols);
    ui.explain = frames[number].explain;
    screen_draw(model, &ui, grid);
    return grid;
}

static void add(struct record *record, const struct grid *grid, enum theme_depth depth)
{
    struct error err = {0};

    ck_assert_msg(record_frame(record, grid, depth, &err) == 0, "%s", err.text);
}

static void finish(struct record *record)
{
    struct error err = {0};

    ck_assert_msg(record_close(record, &err) == 0, "%s", err.text);
}

START_TEST(test_frames)
{
    enum theme_depth depth = (enum theme_depth)_i;
    struct record *record = create();
    struct player player;
    int rows = 0;

    for (int i = 0; i < FRAMES; i++) {
        struct grid *grid = frame(i);

        add(record, grid, depth);
        grid_destroy(grid);
    }
    finish(record);
    player_open(&player, work.path);
    for (int i = 0; i < FRAMES; i++) {
        struct grid *grid = frame(i);

        if (rows != 0 && rows != grid->rows)
            ck_assert_int_eq(player_next(&player), 'r');
        rows = grid->rows;
        if (i != 3) /* nothing to be written: no event */
            ck_assert_int_eq(player_next(&player), 'o');
        player_check(&player, grid, depth);
        grid_destroy(grid);
    }
    ck_assert_int_eq(player_next(&player), 'o');
    ck_assert(player.cursor);
    ck_assert_int_eq(player_next(&player), 0);
    player_close(&player);
}
END_TEST

/* A few cells anywhere, the last column and the last row above all, in any role. */
static void scribble(struct grid *grid, struct prng *prng)
{
    static const uint32_t chars[] = {' ', 'a', '"', '\\', 0xe9, 0x2026, 0x2500, 0x2588};
    unsigned rows = (unsigned)grid->rows, cols = (unsigned)grid->cols;

    for (unsigned count = prng_below(prng, 60); count > 0; count--) {
        unsigned row = prng_below(prng, rows), col = prng_below(prng, cols + 2);
        struct cell *cell = grid_at(grid, (int)row, (int)(col < cols ? col : cols - 1));

        cell->ch = chars[prng_below(prng, 8)];
        cell->role = (uint8_t)prng_below(prng, ROLE_COUNT);
        cell->attr = prng_percent(prng, 25) ? CELL_SELECTED : 0;
    }
    grid->cursor_row = prng_percent(prng, 50) ? (int)prng_below(prng, rows) : -1;
    grid->cursor_col = (int)prng_below(prng, cols);
}

START_TEST(test_random_frames)
{
    enum theme_depth depth = (enum theme_depth)(_i % 3);
    struct prng prng = {.state = 1 + (uint64_t)_i};
    struct grid *grid = grid_create(5, 17), *last = NULL;
    struct player player = {0};
    struct pen pen = {0};

    player_terminal(&player, 5, 17);
    for (int i = 0; i < 200; i++) {
        char *bytes;
        size_t size;
        FILE *out = open_memstream(&bytes, &size);

        scribble(grid, &prng);
        write_diff(&pen, last, grid, depth, out);
        fclose(out);
        vterm_input_write(player.vterm, bytes, size);
        player_check(&player, grid, depth);
        free(bytes);
        if (!last)
            last = grid_create(5, 17);
        memcpy(last->cells, grid->cells, sizeof(*grid->cells) * 5 * 17);
    }
    grid_destroy(last);
    grid_destroy(grid);
    player_close(&player);
}
END_TEST

static size_t diff_size(const struct grid *from, const struct grid *to, struct pen *pen)
{
    char *bytes;
    size_t size;
    FILE *out = open_memstream(&bytes, &size);

    write_diff(pen, from, to, THEME_256, out);
    fclose(out);
    free(bytes);
    return size;
}

/* What is the same costs nothing, and a cell little. */
START_TEST(test_sizes)
{
    struct grid *from = frame(0), *to = frame(0);
    struct pen pen = {0};

    ck_assert_uint_gt(diff_size(NULL, to, &pen), 30 * 110);
    ck_assert_uint_eq(diff_size(from, to, &pen), 0);
    grid_at(to, 12, 50)->ch = '#';
    ck_assert_uint_lt(diff_size(from, to, &pen), 50);
    /* Another role in the same style is no difference to be seen. */
    *grid_at(from, 3, 3) = (struct cell){.ch = 'x', .role = ROLE_DENY};
    *grid_at(to, 3, 3) = (struct cell){.ch = 'x', .role = ROLE_ERROR};
    *grid_at(to, 12, 50) = *grid_at(from, 12, 50);
    ck_assert_uint_eq(diff_size(from, to, &pen), 0);
    grid_destroy(from);
    grid_destroy(to);
}
END_TEST

static void refused(int rc, const char *why)
{
    struct record *record;
    struct error err = {0};

    ck_assert_int_eq(record_create(&record, work.path, &err), rc);
    ck_assert_msg(strstr(err.text, "x.cast") && strstr(err.text, why), "%s", err.text);
}

START_TEST(test_existing_files)
{
    struct grid *grid = frame(0);
    struct record *record;
    struct stat st;
    int fd = open(work.path, O_WRONLY | O_CREAT, 0600);

    close(fd);
    record = create(); /* an empty one is taken, and left when nothing comes */
    finish(record);
    ck_assert_int_eq(stat(work.path, &st), 0);
    record = create();
    add(record, grid, THEME_256);
    finish(record);
    stat(work.path, &st);
    refused(-EEXIST, "something in it already");
    ck_assert_int_gt(st.st_size, 3000);
    unlink(work.path);
    finish(create());
    ck_assert_int_lt(stat(work.path, &st), 0);
    ck_assert_int_eq(mkfifo(work.path, 0600), 0);
    refused(-ENXIO, "No such device");
    unlink(work.path);
    ck_assert_int_eq(mkdir(work.path, 0700), 0);
    refused(-EISDIR, "directory");
    rmdir(work.path);
    grid_destroy(grid);
}
END_TEST

/* In the middle of a line: it is taken away, and the file plays up to there. */
START_TEST(test_full_disk)
{
    struct rlimit limit = {.rlim_cur = 30000, .rlim_max = RLIM_INFINITY};
    struct record *record = create();
    struct grid *grid;
    struct error err = {0};
    struct player player;
    int frames = 0, played = 0;

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    for (; err.code == 0; frames++) {
        grid = frame(frames % FRAMES);
        record_frame(record, grid, THEME_256, &err);
        grid_destroy(grid);
    }
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &limit);
    ck_assert_int_eq(err.code, -EFBIG);
    ck_assert_msg(strstr(err.text, "x.cast: File too large"), "%s", err.text);
    grid = frame(0);
    ck_assert_int_lt(record_frame(record, grid, THEME_256, &err), 0);
    grid_destroy(grid);
    finish(record); /* the error was told */
    player_open(&player, work.path);
    while (player_next(&player))
        played++;
    ck_assert_int_gt(played, 1);
    player_close(&player);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record");
    TCase *tc = tcase_create("record");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_frames, THEME_MONO, THEME_256 + 1);
    tcase_add_loop_test(tc, test_random_frames, 0, 30);
    tcase_add_test(tc, test_sizes);
    tcase_add_test(tc, test_existing_files);
    tcase_add_test(tc, test_full_disk);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
