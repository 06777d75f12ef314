/* The view of exits by reason: its keys, what they select, and figures that are not known. */
#include "tests/support/screen_models.h"
#include "tui/key.h"
#include "tui/update.h"
#include "tui/view.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct model *model;
static struct ui ui;
static struct command last;

static void start(struct model *m)
{
    struct event event = {.kind = EVENT_MODEL};

    model = m;
    ui_init(&ui, VIEW_STEP, VIEW_STEP, 24, 80);
    update(model, &ui, &event, &last);
}

static void press(const char *keys)
{
    int key;

    while ((key = key_parse(&keys)) > 0) {
        struct event event = {.kind = EVENT_KEY, .key = (uint32_t)key};

        update(model, &ui, &event, &last);
    }
    ck_assert_int_eq(key, 0);
}

/* A line of the screen that has a text, "" when none has. */
static const char *line_with(const char *text)
{
    static char line[256];
    struct grid *grid = grid_create(ui.rows, ui.cols);

    screen_draw(model, &ui, grid);
    for (int row = 0; row < grid->rows; row++) {
        for (int col = 0; col < grid->cols; col++) {
            uint32_t ch = grid_at(grid, row, col)->ch;

            line[col] = ch < 0x7f ? (char)ch : '#';
        }
        line[grid->cols] = '\0';
        if (strstr(line, text)) {
            grid_destroy(grid);
            return line;
        }
    }
    grid_destroy(grid);
    return "";
}

START_TEST(test_selection)
{
    start(screen_model_day());
    press("E");
    ck_assert_int_eq(ui_view(&ui), VIEW_EXITS);
    ck_assert_uint_eq(ui_reason(&ui, model), EXIT_IO);
    press("j");
    ck_assert_uint_eq(ui_reason(&ui, model), EXIT_CPUID);
    press("G");
    ck_assert_uint_eq(ui_reason(&ui, model), EXIT_CR_ACCESS);
    press("kg<Up>");
    ck_assert_uint_eq(ui_reason(&ui, model), EXIT_IO);
    press("/msr<Enter>");
    ck_assert_uint_eq(ui_reason(&ui, model), EXIT_RDMSR);
    press("/48<Enter>"); /* by number */
    ck_assert_uint_eq(ui_reason(&ui, model), EXIT_EPT_VIOLATION);
    press("/no such<Enter>");
    ck_assert_uint_eq(ui_reason(&ui, model), EXIT_EPT_VIOLATION);
    ck_assert(ui.message_error);
}
END_TEST

/* The selection is a reason, not a row: it stays when others overtake it. */
START_TEST(test_selection_stays)
{
    struct event event = {.kind = EVENT_MODEL};

    start(screen_model_day());
    press("Ej");
    model->counts[EXIT_RDMSR] = 5000000;
    update(model, &ui, &event, &last);
    ck_assert_uint_eq(ui_reason(&ui, model), EXIT_CPUID);
    press("k");
    ck_assert_uint_eq(ui_reason(&ui, model), EXIT_RDMSR);
    model->ring.epoch++; /* another machine */
    update(model, &ui, &event, &last);
    ck_assert_uint_eq(ui_reason(&ui, model), EXIT_IO);
}
END_TEST

START_TEST(test_kept)
{
    start(screen_model_long());
    press("Ej");
    ck_assert_uint_eq(ui_reason(&ui, model), EXIT_CPUID);
    ck_assert_uint_eq(ui_reason_exit(&ui, model)->seq, 1827);
    press("2k");
    ck_assert_uint_eq(ui_reason_exit(&ui, model)->seq, 1807);
    ck_assert(!ui.reason_follow);
    press("g");
    ck_assert_uint_eq(ui_reason_exit(&ui, model)->seq, 7);
    press("G");
    ck_assert(ui.reason_follow);
    press("kk<Enter>"); /* in the step view the same exit is selected, among those of its reason */
    ck_assert_int_eq(ui_view(&ui), VIEW_STEP);
    ck_assert(ui.filter.on);
    ck_assert_uint_eq(ui.filter.only.first, EXIT_CPUID);
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 1787);
    press("j");
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 1807);
    press("f<Enter>j");
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 1808);
}
END_TEST

/* What steps steps here too, and `}` means the reason that is selected. */
START_TEST(test_machine_keys)
{
    start(screen_model_long());
    press("Ejs");
    ck_assert_int_eq(last.kind, COMMAND_STEP);
    press("}");
    ck_assert_int_eq(last.kind, COMMAND_NEXT_SAME);
    ck_assert_uint_eq(last.reason, EXIT_CPUID);
    press("q");
    ck_assert_int_eq(ui_view(&ui), VIEW_STEP);
    press("}");
    ck_assert_uint_eq(last.reason, EXIT_EPT_VIOLATION);
}
END_TEST

/* Not kept, none at all, no lab: said so, and the keys do no harm. */
START_TEST(test_nothing)
{
    start(screen_model_day());
    press("E/hlt<Enter>");
    ck_assert_ptr_null(ui_reason_exit(&ui, model));
    ck_assert(*line_with("None of them is kept"));
    press("<Enter>");
    ck_assert_int_eq(ui_view(&ui), VIEW_EXITS);
    ck_assert_str_eq(ui.message, "no exit of a reason is kept");
    press("2jkgG/x<Enter>;,3jG");
    start(screen_model_empty());
    press("E");
    ck_assert(*line_with("No lab is open"));
    press("jkgG2jk/x<Enter><Enter>}");
    ck_assert_uint_eq(ui_reason(&ui, model), EXIT_REASON_COUNT);
}
END_TEST

/* Counters of a day fit, costs are shown only where they are wanted. */
START_TEST(test_figures)
{
    start(screen_model_day());
    press("E");
    ck_assert_ptr_nonnull(strstr(line_with("I/O   "), " 99,999,000,000  99.9%  99.9%    310"));
    ck_assert_ptr_nonnull(strstr(line_with("HLT"), " 1  <0.1%  <0.1%   4.0G   4.0G   4.0G"));
    ck_assert(*line_with("counted all 99,999,000,000"));
    model->has_cost = false;
    ck_assert_ptr_nonnull(strstr(line_with("I/O   "), " 99,999,000,000  99.9%    n/a    n/a"));
    model->counts[EXIT_IO] = model->exits = UINT64_MAX;
    ck_assert_ptr_nonnull(strstr(line_with("I/O   "), " 18.4E 100.0%    n/a"));
}
END_TEST

START_TEST(test_click)
{
    struct event event = {.kind = EVENT_MOUSE, .mouse = MOUSE_CLICK, .row = 4, .col = 10};

    start(screen_model_day());
    press("E");
    update(model, &ui, &event, &last);
    ck_assert_uint_eq(ui_reason(&ui, model), EXIT_CPUID);
    event.row = 20; /* below the rows, in the text */
    update(model, &ui, &event, &last);
    ck_assert_uint_eq(ui.focus[VIEW_EXITS], 3);
    ck_assert_uint_eq(ui_reason(&ui, model), EXIT_CPUID);
    event.row = 1; /* on the border */
    update(model, &ui, &event, &last);
    ck_assert_uint_eq(ui_reason(&ui, model), EXIT_CPUID);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exits view");
    TCase *tc = tcase_create("exits view");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, test_selection);
    tcase_add_test(tc, test_selection_stays);
    tcase_add_test(tc, test_kept);
    tcase_add_test(tc, test_machine_keys);
    tcase_add_test(tc, test_nothing);
    tcase_add_test(tc, test_figures);
    tcase_add_test(tc, test_click);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
