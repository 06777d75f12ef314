/* The rows of the snapshots view: what a fold hides, and what stays selected when the tree changes. */
#include "tests/support/screen_models.h"
#include "tui/key.h"
#include "tui/snap_rows.h"
#include "tui/update.h"
#include "tui/view.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct model *model;
static struct ui ui;

/* reset, long-mode, irq-on, crash below it, irq-off beside it; the machine has run on from the last. */
static void setup(void)
{
    model = screen_model_snapshots();
    ui_init(&ui, VIEW_STEP, VIEW_SNAPSHOTS, 24, 80);
}

static void press(const char *keys)
{
    struct command command;
    int key;

    while ((key = key_parse(&keys)) > 0) {
        struct event event = {.kind = EVENT_KEY, .key = (uint32_t)key};

        update(model, &ui, &event, &command);
    }
}

static const char *selected(void)
{
    return snap_selected(model, &ui)->name;
}

static unsigned seen(void)
{
    uint8_t rows[SNAPSHOT_ROWS];

    return snap_seen(model, &ui, rows);
}

START_TEST(test_fold)
{
    ck_assert_uint_eq(seen(), 5);
    press("j<Enter>");
    ck_assert_str_eq(selected(), "long-mode");
    ck_assert_uint_eq(seen(), 2);
    press("G"); /* the last that is seen */
    ck_assert_str_eq(selected(), "long-mode");
    press("k<Enter>");
    ck_assert_uint_eq(seen(), 1);
    press("<Enter>"); /* what was folded below stays so */
    ck_assert_uint_eq(seen(), 2);
    press("j<Enter>");
    ck_assert_uint_eq(seen(), 5);
    press("G<Enter>");
    ck_assert_str_eq(ui.message, "nothing is below the selected snapshot");
}
END_TEST

/* Left folds, and goes up from what has nothing to fold; right unfolds, and then goes on. */
START_TEST(test_sides)
{
    press("jjj<Left>");
    ck_assert_str_eq(selected(), "irq-on");
    press("<Left>");
    ck_assert_uint_eq(seen(), 4);
    press("<Left>");
    ck_assert_str_eq(selected(), "long-mode");
    press("j<Right>");
    ck_assert_uint_eq(seen(), 5);
    ck_assert_uint_eq(ui.focus[VIEW_SNAPSHOTS], 1);
    press("<Right>");
    ck_assert_uint_eq(ui.focus[VIEW_SNAPSHOTS], 2);
    press("<Left>g<Left><Left>"); /* a root, folded */
    ck_assert_str_eq(selected(), "reset");
    ck_assert_uint_eq(seen(), 1);
}
END_TEST

/* A row that comes in between takes the selection from nobody; one that goes leaves it in its place. */
START_TEST(test_tree_changes)
{
    struct snapshots_look *look = &model->snapshots;
    char id[NODE_ID_SIZE];

    press("jj");
    ck_assert_str_eq(selected(), "irq-on");
    memcpy(id, look->rows[1].id, sizeof(id));
    memcpy(look->rows[1].id, look->rows[2].id, sizeof(id));
    memcpy(look->rows[2].id, id, sizeof(id));
    ck_assert_str_eq(selected(), "long-mode");
    snprintf(look->rows[1].id, sizeof(id), "gone");
    ck_assert_str_eq(selected(), "irq-on");
    look->count = 2;
    ck_assert_str_eq(selected(), "long-mode");
    look->count = 0;
    ck_assert_ptr_null(snap_selected(model, &ui));
    press("<Left><Right><Enter>jkgG");
}
END_TEST

/* What the tree pane shows, line by line, to the end of the names. */
static bool shows(const char *text)
{
    struct grid *grid = grid_create(24, 80);
    char line[81];
    bool found = false;

    screen_draw(model, &ui, grid);
    for (int row = 0; row < 24; row++) {
        for (int col = 0; col < 80; col++)
            line[col] = (char)char_fold_ascii(grid_at(grid, row, col)->ch);
        line[80] = '\0';
        found |= strstr(line, text) != NULL;
    }
    grid_destroy(grid);
    return found;
}

/* Where the machine is: a snapshot, below one that it has run on from, in a fold, or by itself. */
START_TEST(test_here)
{
    ck_assert(shows("`-o irq-off "));
    ck_assert(shows("`-@ now "));
    model->snapshots.unsaved = false;
    ck_assert(shows("`-@ irq-off "));
    ck_assert(!shows("now   "));
    press("j<Enter>");
    ck_assert(shows("`-@ long-mode +3"));
    model->snapshots.here[0] = '\0';
    ck_assert(shows("`-o long-mode +3"));
    ck_assert(shows(" @ now "));
}
END_TEST

/* Deeper than lines are drawn for, with the machine below the last. */
START_TEST(test_deep)
{
    struct snapshots_look *look = &model->snapshots;

    look->count = SNAPSHOT_ROWS;
    for (unsigned i = 0; i < SNAPSHOT_ROWS; i++) {
        snprintf(look->rows[i].id, NODE_ID_SIZE, "d%u", i);
        snprintf(look->rows[i].name, NODE_NAME_SIZE, "d%u", i);
        look->rows[i].depth = i;
    }
    snprintf(look->here, NODE_ID_SIZE, "d127");
    press("G");
    ck_assert_str_eq(selected(), "d127");
    ck_assert(shows("`-o d127"));
    press("<Left>");
    ck_assert_str_eq(selected(), "d126");
    press("<Left>");
    ck_assert(shows("`-@ d126 +1"));
}
END_TEST

START_TEST(test_find)
{
    press("/cli<Enter>"); /* in a note */
    ck_assert_str_eq(selected(), "irq-off");
    press("/irq<Enter>;");
    ck_assert_str_eq(selected(), "irq-off");
    press(",");
    ck_assert_str_eq(selected(), "irq-on");
    press("gj<Enter>/crash<Enter>");
    ck_assert(ui.message_error);
}
END_TEST

/* More folds than are remembered: the first is shown again, nothing else happens. */
START_TEST(test_many_folds)
{
    struct snapshots_look *look = &model->snapshots;

    look->count = SNAPSHOT_ROWS;
    for (unsigned i = 0; i < SNAPSHOT_ROWS; i++) {
        snprintf(look->rows[i].id, NODE_ID_SIZE, "n%u", i);
        snprintf(look->rows[i].name, NODE_NAME_SIZE, "n%u", i);
        look->rows[i].depth = i % 2;
    }
    for (unsigned i = 0; i < SNAP_FOLDS + 4; i++)
        snap_fold(&ui, &look->rows[2 * i]);
    ck_assert(!snap_is_folded(&ui, &look->rows[6]));
    ck_assert(snap_is_folded(&ui, &look->rows[8]));
    ck_assert_uint_eq(seen(), SNAPSHOT_ROWS - SNAP_FOLDS);
    ck_assert(shows(" o n6 "));
    press("jjjjjjjj");
    ck_assert(shows(" o n8 +1"));
    press("G");
    ck_assert(shows("n127"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snap_rows");
    TCase *tc = tcase_create("snap_rows");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, test_fold);
    tcase_add_test(tc, test_sides);
    tcase_add_test(tc, test_tree_changes);
    tcase_add_test(tc, test_here);
    tcase_add_test(tc, test_deep);
    tcase_add_test(tc, test_find);
    tcase_add_test(tc, test_many_folds);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
