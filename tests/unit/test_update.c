/* Events: what keys do to the screen's state, and which commands they give. */
#include "tests/support/screen_models.h"
#include "tui/action.h"
#include "tui/key.h"
#include "tui/update.h"
#include "tui/view.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct model *model;
static struct ui ui;
static unsigned result;
static enum command_kind commands[32];
static unsigned command_count;

static void start(struct model *m, enum view_id root)
{
    struct event event = {.kind = EVENT_MODEL};
    struct command command;

    model = m;
    ui_init(&ui, root, root, 24, 80);
    update(model, &ui, &event, &command);
    command_count = 0;
}

/* Press keys; commands are kept in order. */
static void press(const char *keys)
{
    struct command command;
    int key;

    while ((key = key_parse(&keys)) > 0) {
        struct event event = {.kind = EVENT_KEY, .key = (uint32_t)key};

        result = update(model, &ui, &event, &command);
        if (command.kind != COMMAND_NONE)
            commands[command_count++] = command.kind;
    }
    ck_assert_int_eq(key, 0);
}

START_TEST(test_keys)
{
    const char *text = "a<Enter><lt><C-l>\xc3\xa9<S-Tab>";

    ck_assert_int_eq(key_parse(&text), 'a');
    ck_assert_int_eq(key_parse(&text), K_ENTER);
    ck_assert_int_eq(key_parse(&text), '<');
    ck_assert_int_eq(key_parse(&text), 12);
    ck_assert_int_eq(key_parse(&text), 0xe9);
    ck_assert_int_eq(key_parse(&text), K_BACKTAB);
    ck_assert_int_eq(key_parse(&text), 0);
    text = "<Nothing>";
    ck_assert_int_eq(key_parse(&text), -1);
    text = "<Ent";
    ck_assert_int_eq(key_parse(&text), -1);
    ck_assert(key_in("] n", 'n') && key_in("1-9", '5') && key_in("<S-Tab> <Left> h", K_LEFT));
    ck_assert(!key_in("1-9", '0') && !key_in("1-9", '-') && !key_in("] n", ' '));
}
END_TEST

/* One key, one meaning in each view; every action can be reached and explains itself. */
START_TEST(test_table)
{
    static const char keys[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "[]{}<>?/:;,.-_=+!@#$%^&*()'\"`~|\\ ";

    for (unsigned view = 0; view < VIEW_COUNT; view++) {
        for (const char *key = keys; *key; key++) {
            unsigned meanings = 0;

            for (unsigned id = 0; id < ACTION_COUNT; id++)
                meanings += action_in((enum action_id)id, (enum view_id)view) &&
                            key_in(action_get((enum action_id)id)->keys, (uint32_t)*key);
            ck_assert_msg(meanings <= 1, "'%c' has %u meanings in view %u", *key, meanings, view);
        }
    }
    for (unsigned id = 0; id < ACTION_COUNT; id++) {
        ck_assert_uint_gt(strlen(action_get((enum action_id)id)->text), 5);
        ck_assert_ptr_nonnull(action_get((enum action_id)id)->why_not);
    }
}
END_TEST

START_TEST(test_commands)
{
    start(screen_model_real(), VIEW_STEP);
    press("s]ncr");
    ck_assert_uint_eq(command_count, 5);
    ck_assert_int_eq(commands[0], COMMAND_STEP);
    ck_assert_int_eq(commands[1], COMMAND_NEXT_EXIT);
    ck_assert_int_eq(commands[2], COMMAND_NEXT_EXIT);
    ck_assert_int_eq(commands[3], COMMAND_CONTINUE);
    ck_assert_int_eq(commands[4], COMMAND_RESTART);
    ck_assert_uint_eq(ui.sent, 5);
    ck_assert(ui_busy(&ui, model));
    press("i");
    ck_assert_int_eq(commands[5], COMMAND_INTERRUPT);
    ck_assert_uint_eq(ui.sent, 5);
    model->done = 5;
    ck_assert(!ui_busy(&ui, model));
}
END_TEST

/* What cannot be done gives no command and says why. */
START_TEST(test_disabled)
{
    start(screen_model_real(), VIEW_STEP);
    press("i");
    ck_assert_str_eq(ui.message, "the guest is not running");
    ck_assert(ui.message_error);
    model->run = RUN_RUNNING;
    press("s");
    ck_assert_str_eq(ui.message, "the guest is running: i stops it");
    press("r");
    ck_assert_str_eq(ui.message, "the guest is running: i stops it");
    model->run = RUN_ENDED;
    press("c");
    ck_assert_str_eq(ui.message, "the guest has ended: r restarts it");
    ck_assert_uint_eq(command_count, 0);
    press("r");
    ck_assert_uint_eq(command_count, 1);
    start(screen_model_empty(), VIEW_STEP);
    press("s");
    ck_assert_str_eq(ui.message, "no lab is open: l lists them");
    press("x");
    ck_assert_str_eq(ui.message, "no exit has happened yet");
    ck_assert(!ui.explain);
    ck_assert_uint_eq(command_count, 0);
}
END_TEST

START_TEST(test_views)
{
    start(screen_model_empty(), VIEW_LABS);
    press("?");
    ck_assert_int_eq(ui_view(&ui), VIEW_HELP);
    press("?<Esc>");
    ck_assert_int_eq(ui_view(&ui), VIEW_LABS);
    press("<Enter>");
    ck_assert_int_eq(ui_view(&ui), VIEW_STEP);
    ck_assert_int_eq(commands[0], COMMAND_OPEN);
    model->lab = 0;
    model->run = RUN_PAUSED;
    press("l");
    ck_assert_int_eq(ui_view(&ui), VIEW_LABS);
    ck_assert_uint_eq(ui.depth, 1);
    press("<Enter>"); /* it is open already: only shown */
    ck_assert_uint_eq(command_count, 1);
    ck_assert_int_eq(ui_view(&ui), VIEW_STEP);
    press("q");
    ck_assert_int_eq(ui_view(&ui), VIEW_LABS);
    ck_assert(!(result & UPDATE_QUIT));
    press("q");
    ck_assert(result & UPDATE_QUIT);
}
END_TEST

START_TEST(test_labs)
{
    start(screen_model_empty(), VIEW_LABS);
    press("jjjj");
    ck_assert_uint_eq(ui.selected_lab, 2);
    press("<Enter>");
    ck_assert_str_eq(ui.message, "its guest has not been built: run make");
    ck_assert_uint_eq(command_count, 0);
    press("k<Home>");
    ck_assert_uint_eq(ui.selected_lab, 0);
    press("<PgDn>");
    ck_assert_uint_eq(ui.selected_lab, 2);
    press("g");
    ck_assert_uint_eq(ui.selected_lab, 0);
}
END_TEST

START_TEST(test_exits)
{
    start(screen_model_long(), VIEW_STEP);
    ck_assert(ui.follow);
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 1842);
    press("kk");
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 1840);
    ck_assert(!ui.follow);
    press("g");
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 0);
    press("<Up>");
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 0);
    press("<Down>");
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 1);
    press("G");
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 1842);
    ck_assert(ui.follow);
    press("kks"); /* a command goes back to the newest */
    ck_assert(ui.follow);
}
END_TEST

/* The selected exit may fall out of the ring, or belong to a machine that is no more. */
START_TEST(test_exits_that_are_gone)
{
    struct vm_exit exit = {.reason = EXIT_CPUID};
    struct event event = {.kind = EVENT_MODEL};
    struct command command;

    start(screen_model_long(), VIEW_STEP);
    press("g");
    for (exit.seq = model->ring.end; exit.seq < 10000; exit.seq++)
        exit_ring_add(&model->ring, &exit);
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 10000 - EXIT_RING);
    exit_ring_reset(&model->ring, 7);
    update(model, &ui, &event, &command);
    ck_assert(ui.follow);
    ck_assert_ptr_null(ui_exit(&ui, model));
    press("kjgG<PgUp>");
    ck_assert_ptr_null(ui_exit(&ui, model));
}
END_TEST

START_TEST(test_panes)
{
    start(screen_model_long(), VIEW_STEP);
    ck_assert_uint_eq(ui.focus[VIEW_STEP], 3);
    press("<Tab>");
    ck_assert_uint_eq(ui.focus[VIEW_STEP], 4);
    press("<Tab>"); /* 5 to 7 have no place at 80x24 */
    ck_assert_uint_eq(ui.focus[VIEW_STEP], 1);
    press("<S-Tab>");
    ck_assert_uint_eq(ui.focus[VIEW_STEP], 4);
    press("9");
    ck_assert_uint_eq(ui.focus[VIEW_STEP], 4);
    ck_assert_str_eq(ui.message, "this view has no pane 9");
    press("2z");
    ck_assert_uint_eq(ui.focus[VIEW_STEP], 2);
    ck_assert(ui.zoom);
    press("q");
    ck_assert(!ui.zoom && !(result & UPDATE_QUIT));
    ui.rows = 12;
    press("z");
    ck_assert_str_eq(ui.message, "below 80x24 there is one pane only");
}
END_TEST

/* Scrolling stops where the content ends, so that one key up is seen at once. */
START_TEST(test_scrolling)
{
    int last;

    start(screen_model_long(), VIEW_STEP);
    press("2G");
    last = ui.scroll[VIEW_STEP][2];
    ck_assert_int_gt(last, 0);
    press("jjj");
    ck_assert_int_eq(ui.scroll[VIEW_STEP][2], last);
    press("k");
    ck_assert_int_eq(ui.scroll[VIEW_STEP][2], last - 1);
    press("g");
    ck_assert_int_eq(ui.scroll[VIEW_STEP][2], 0);
    press("5kkk"); /* the output has two lines: all is seen */
    ck_assert_int_eq(ui.scroll[VIEW_STEP][5], 0);
}
END_TEST

START_TEST(test_messages)
{
    struct event event = {.kind = EVENT_MODEL};
    struct event line = {.kind = EVENT_STDERR, .text = "stray line"};
    struct event size = {.kind = EVENT_RESIZE, .rows = 30, .cols = 100};
    struct command command;

    start(screen_model_real(), VIEW_STEP);
    ck_assert_str_eq(ui.message, "exit 2: I/O");
    press("j");
    ck_assert_str_eq(ui.message, "");
    update(model, &ui, &event, &command); /* the same model again says nothing new */
    ck_assert_str_eq(ui.message, "");
    ck_assert_uint_eq(update(model, &ui, &line, &command), UPDATE_DRAW);
    ck_assert_str_eq(ui.message, "stray line");
    ck_assert_uint_eq(update(model, &ui, &size, &command), UPDATE_DRAW | UPDATE_REDRAW);
    ck_assert_int_eq(ui.rows, 30);
    press("<C-l>");
    ck_assert_uint_eq(result, UPDATE_DRAW | UPDATE_REDRAW);
}
END_TEST

START_TEST(test_ring_catches_up)
{
    static struct exit_ring from, to;
    struct vm_exit exit = {.reason = EXIT_HLT};

    exit_ring_reset(&from, 1);
    exit_ring_reset(&to, 0);
    for (exit.seq = 0; exit.seq < 3 * EXIT_RING + 5; exit.seq++) {
        exit.rip = exit.seq * 16;
        exit_ring_add(&from, &exit);
        if (exit.seq % 1000 != 0)
            continue;
        exit_ring_catch_up(&to, &from);
        ck_assert_uint_eq(to.begin, from.begin);
        ck_assert_uint_eq(to.end, from.end);
        for (uint64_t seq = to.begin; seq < to.end; seq++)
            if (exit_ring_get(&to, seq)->rip != seq * 16)
                ck_abort_msg("exit %d is wrong", (int)seq);
    }
    ck_assert_ptr_null(exit_ring_get(&from, from.begin - 1));
    ck_assert_ptr_null(exit_ring_get(&from, from.end));
    exit_ring_reset(&from, 2);
    exit.seq = 0;
    exit.rip = 99;
    exit_ring_add(&from, &exit);
    exit_ring_catch_up(&to, &from);
    ck_assert_uint_eq(to.end, 1);
    ck_assert_uint_eq(exit_ring_get(&to, 0)->rip, 99);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("update");
    TCase *tc = tcase_create("update");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, test_keys);
    tcase_add_test(tc, test_table);
    tcase_add_test(tc, test_commands);
    tcase_add_test(tc, test_disabled);
    tcase_add_test(tc, test_views);
    tcase_add_test(tc, test_labs);
    tcase_add_test(tc, test_exits);
    tcase_add_test(tc, test_exits_that_are_gone);
    tcase_add_test(tc, test_panes);
    tcase_add_test(tc, test_scrolling);
    tcase_add_test(tc, test_messages);
    tcase_add_test(tc, test_ring_catches_up);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
