/*
 * Screens as literal text: every view at four sizes, with UTF-8 and with ASCII, drawn from models
 * made by hand, against tests/screens/golden. A golden file holds the text, then the role of every
 * cell as a letter, then what the letters mean. Colour and mono differ in style only, which the
 * JSON and ANSI files at 80x24 hold.
 *
 * UPDATE_GOLDEN=1 writes the files instead; look at the difference before you keep it.
 */
#include "tests/support/screen_models.h"
#include "tui/key.h"
#include "tui/update.h"
#include "tui/view.h"
#include "tui/write.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct screen {
    const char *name;
    struct model *(*model)(void);
    enum view_id view;
    const char *keys;
};

static const struct screen screens[] = {
    {"step-real", screen_model_real, VIEW_STEP, ""},
    {"step-long", screen_model_long, VIEW_STEP, ""},
    {"step-explain", screen_model_long, VIEW_STEP, "x"},
    {"step-back", screen_model_past, VIEW_STEP, "m"},
    {"step-past", screen_model_real, VIEW_STEP, "kk"},
    {"devices", screen_model_devices, VIEW_DEVICES, "2G"},
    {"devices-typing", screen_model_devices, VIEW_DEVICES, "<Enter>"},
    {"devices-serial", screen_model_devices, VIEW_DEVICES, "w2"},
    {"exits", screen_model_real, VIEW_EXITS, ""},
    {"exits-day", screen_model_day, VIEW_EXITS, "jj"},
    {"memory", screen_model_memory, VIEW_MEMORY, ""},
    {"memory-registers", screen_model_memory, VIEW_MEMORY, "3jjj"},
    {"pages", screen_model_pages, VIEW_PAGES, "arsp<Enter>=w<Enter>"},
    {"pages-try", screen_model_pages, VIEW_PAGES, "3<Right><Right>"},
    {"pages-table", screen_model_pages, VIEW_PAGES, "arsp<Enter>5j"},
    {"pages-shadow", screen_model_shadow, VIEW_PAGES, "2"},
    {"pages-off", screen_model_real, VIEW_PAGES, ""},
    {"ept", screen_model_ept, VIEW_EPT, "aphys 5010<Enter>"},
    {"ept-table", screen_model_ept, VIEW_EPT, "aphys 5010<Enter>4"},
    {"heat", screen_model_heat, VIEW_HEAT, "<Right>"},
    {"snapshots", screen_model_snapshots, VIEW_SNAPSHOTS, "G"},
    {"snapshots-restore", screen_model_snapshots, VIEW_SNAPSHOTS, "jjjr"},
    {"snapshots-mark", screen_model_marked, VIEW_SNAPSHOTS, "jmGD"},
    {"snapshots-fold", screen_model_snapshots, VIEW_SNAPSHOTS, "jj<Left>"},
    {"snapshots-none", screen_model_real, VIEW_SNAPSHOTS, ""},
    {"compare", screen_model_compare, VIEW_COMPARE, ""},
    {"compare-kept", screen_model_compare, VIEW_COMPARE, "g"},
    {"compare-none", screen_model_real, VIEW_COMPARE, ""},
    {"labs", screen_model_empty, VIEW_LABS, ""},
    {"labs-open", screen_model_real, VIEW_LABS, "jj<Enter>"},
    {"step-filter", screen_model_long, VIEW_STEP, "fcpuid<Enter>kk"},
    {"step-find", screen_model_long, VIEW_STEP, "/writing<Enter>/3f8"},
    {"step-tour", screen_model_real, VIEW_STEP, ":tour<Enter>"},
    {"palette", screen_model_long, VIEW_STEP, ":ex<Down>"},
    {"breaks", screen_model_breaks, VIEW_BREAKS, "jj"},
    {"breaks-none", screen_model_real, VIEW_BREAKS, ""},
    {"messages", screen_model_real, VIEW_STEP, "ifwhat<Enter>fcpuid<Enter>iL"},
    {"help", screen_model_real, VIEW_HELP, ""},
    {"help-labs", screen_model_empty, VIEW_LABS, "?"},
};

static const int sizes[][2] = {{40, 12}, {80, 24}, {120, 30}, {160, 48}};

enum { SCREENS = sizeof(screens) / sizeof(screens[0]), SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGH";
_Static_assert(sizeof(letters) > ROLE_COUNT, "a letter for each role");

static struct grid *draw(const struct screen *screen, int cols, int rows)
{
    const struct model *model = screen->model();
    struct grid *grid = grid_create(rows, cols);
    struct event event = {.kind = EVENT_MODEL};
    const char *keys = screen->keys;
    struct command command;
    struct ui ui;
    int key;

    ui_init(&ui, screen->view == VIEW_LABS ? VIEW_LABS : VIEW_STEP, screen->view, rows, cols);
    update(model, &ui, &event, &command);
    while ((key = key_parse(&keys)) > 0) {
        event = (struct event){.kind = EVENT_KEY, .key = (uint32_t)key};
        update(model, &ui, &event, &command);
    }
    ck_assert_ptr_nonnull(grid);
    screen_draw(model, &ui, grid);
    return grid;
}

static void roles_write(const struct grid *grid, FILE *out)
{
    bool used[ROLE_COUNT] = {false};

    for (int row = 0; row < grid->rows; row++) {
        for (int col = 0; col < grid->cols; col++) {
            const struct cell *cell = grid_at(grid, row, col);

            used[cell->role] = true;
            fputc(letters[cell->role], out);
        }
        fputs(grid_at(grid, row, 1)->attr & CELL_SELECTED ? " selected\n" : "\n", out);
    }
    for (unsigned role = 0; role < ROLE_COUNT; role++)
        if (used[role])
            fprintf(out, "%c %s\n", letters[role], theme_role_name((enum role)role));
    fprintf(out, "cursor %d %d\n", grid->cursor_row, grid->cursor_col);
}

static char *read_all(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t size = 0;
    ssize_t length;

    if (!file)
        return NULL;
    length = getdelim(&text, &size, '\0', file);
    fclose(file);
    if (length >= 0)
        return text;
    free(text);
    return NULL;
}

static void write_golden(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    ck_assert_msg(file != NULL, "%s: cannot be written", path);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

/* The first line that differs says more than two whole screens. */
static void compare(const char *path, const char *got, const char *want)
{
    for (int line = 1; *got || *want; line++) {
        size_t g = strcspn(got, "\n"), w = strcspn(want, "\n");

        ck_assert_msg(g == w && memcmp(got, want, g) == 0, "%s:%d:\nwant %.*s\ngot  %.*s", path,
                      line, (int)w, want, (int)g, got);
        got += g + (got[g] == '\n');
        want += w + (want[w] == '\n');
    }
}

static void check_golden(const char *name, const char *got)
{
    const char *top = getenv("TOP"), *update = getenv("UPDATE_GOLDEN");
    char path[512];
    char *want;

    snprintf(path, sizeof(path), "%s/tests/screens/golden/%s", top ? top : ".", name);
    if (update && strcmp(update, "1") == 0) {
        write_golden(path, got);
        return;
    }
    want = read_all(path);
    ck_assert_msg(want != NULL, "%s: missing; UPDATE_GOLDEN=1 makes it", path);
    compare(path, got, want);
    free(want);
}

START_TEST(test_text_and_roles)
{
    const struct screen *screen = &screens[_i / (SIZES * 2)];
    const int *size = sizes[_i / 2 % SIZES];
    bool ascii = _i % 2;
    struct grid *grid = draw(screen, size[0], size[1]);
    char name[64], *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    if (ascii)
        grid_fold_ascii(grid);
    write_text(grid, THEME_MONO, out);
    roles_write(grid, out);
    fclose(out);
    snprintf(name, sizeof(name), "%s-%dx%d-%s.txt", screen->name, size[0], size[1],
             ascii ? "ascii" : "utf8");
    check_golden(name, text);
    free(text);
    grid_destroy(grid);
}
END_TEST

START_TEST(test_styles)
{
    static void (*const writers[])(const struct grid *, enum theme_depth,
                                   FILE *) = {write_json, write_ansi, write_svg};
    static const char *const endings[] = {"json", "ansi", "svg"};
    static const char *const depths[] = {
        [THEME_MONO] = "mono", [THEME_8] = "8", [THEME_256] = "256"};
    unsigned writer = (unsigned)_i / 3;
    enum theme_depth depth = (enum theme_depth)(_i % 3);
    struct grid *grid = draw(&screens[0], 80, 24);
    char name[64], *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    writers[writer](grid, depth, out);
    fclose(out);
    snprintf(name, sizeof(name), "%s-80x24-%s.%s", screens[0].name, depths[depth], endings[writer]);
    check_golden(name, text);
    free(text);
    grid_destroy(grid);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("golden screens");
    TCase *tc = tcase_create("golden");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tc, test_text_and_roles, 0, SCREENS * SIZES * 2);
    tcase_add_loop_test(tc, test_styles, 0, 9);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
