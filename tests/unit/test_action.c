/*
 * Every action of action.def, in every view that it belongs to: it does something in some state, it
 * says why not in the others, and help lists it with its key or its name.
 */
#include "tests/support/screen_models.h"
#include "tui/action.h"
#include "tui/key.h"
#include "tui/text.h"
#include "tui/update.h"
#include "tui/view.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 120, COLS = 200 };

/* States in which an action may find something to do: a model, its run state, keys before. */
static const struct state {
    struct model *(*model)(void);
    enum run_state run;
    const char *keys;
} states[] = {
    {screen_model_breaks, RUN_PAUSED, ""},
    {screen_model_breaks, RUN_PAUSED, "G"},
    {screen_model_breaks, RUN_PAUSED, "G<Up><Up><Down>"},
    {screen_model_breaks, RUN_PAUSED, "g"},
    {screen_model_breaks, RUN_PAUSED, "/cpuid<Enter>"},
    {screen_model_breaks, RUN_PAUSED, "a1000<Enter>a2000<Enter>"},
    {screen_model_breaks, RUN_PAUSED, "m"},
    {screen_model_snapshots, RUN_PAUSED, "m"},
    {screen_model_snapshots, RUN_PAUSED, "G"},
    {screen_model_snapshots, RUN_PAUSED, "mD"},
    {screen_model_breaks, RUN_RUNNING, ""},
    {screen_model_devices, RUN_PAUSED, "2g"},
    {screen_model_devices, RUN_PAUSED, "2G"},
    {screen_model_devices, RUN_PAUSED, "<Enter>"},
    {screen_model_empty, RUN_NONE, ""},
    {screen_model_empty, RUN_NONE, "jj/exit<Enter>"},
    {screen_model_real, RUN_PAUSED, "2G"},
    {screen_model_real, RUN_PAUSED, "k"},
    {screen_model_pages, RUN_PAUSED, ""},
    {screen_model_pages, RUN_PAUSED, "3<Right><Right>"},
    {screen_model_ept, RUN_PAUSED, ""},
    {screen_model_ept, RUN_PAUSED, "<Down>"},
    {screen_model_heat, RUN_PAUSED, "<Right>"},
    {screen_model_compare, RUN_PAUSED, "g"},
    {screen_model_compare, RUN_PAUSED, "G"},
};

enum { STATES = sizeof(states) / sizeof(states[0]) };

static const struct model *model;
static struct ui ui;
static struct command command;

static void press(const char *keys)
{
    int key;

    while ((key = key_parse(&keys)) > 0) {
        struct event event = {.kind = EVENT_KEY, .key = (uint32_t)key};

        update(model, &ui, &event, &command);
    }
}

static void prepare(const struct state *state, enum view_id view)
{
    struct event event = {.kind = EVENT_MODEL};
    struct model *m = state->model();

    m->run = state->run;
    model = m;
    ui_init(&ui, view, view, 24, 80);
    update(model, &ui, &event, &command);
    press(state->keys);
    m->done = ui.sent;
}

/* True when it could be done and left a trace: a command, another ui, a frame, the end. */
static bool does_something(enum action_id id, const char *argument)
{
    static struct ui before;
    unsigned result;

    command.kind = COMMAND_NONE;
    if (action_get(id)->why_not(model, &ui))
        return false;
    ui.message[0] = '\0';
    memcpy(&before, &ui, sizeof(ui));
    result = update_action(model, &ui, id, argument, &command);
    return command.kind != COMMAND_NONE || (result & ~(unsigned)UPDATE_DRAW) ||
           memcmp(&before, &ui, sizeof(ui)) != 0;
}

static const char *argument_for(enum action_id id)
{
    switch (id) {
    case ACTION_FOCUS:
        return "1";
    case ACTION_FILTER:
    case ACTION_BREAK:
        return "hlt";
    case ACTION_FIND:
        return "e";
    case ACTION_ADDRESS:
        return "1234";
    case ACTION_SET:
        return "rax=1";
    case ACTION_JUMP:
        return "12";
    case ACTION_TRY:
        return "w wp=1 smep=1";
    case ACTION_PALETTE:
        return NULL;
    default:
        return action_get(id)->asks[0] ? "x" : NULL;
    }
}

/* To the view that is shown, and to a pane that is the only one: nowhere to go. */
static bool goes_nowhere(enum action_id id, enum view_id view)
{
    switch (id) {
    case ACTION_STEPS:
        return view == VIEW_STEP;
    case ACTION_EXITS:
        return view == VIEW_EXITS;
    case ACTION_PAGES:
        return view == VIEW_PAGES;
    case ACTION_EPT:
        return view == VIEW_EPT;
    case ACTION_HEAT:
        return view == VIEW_HEAT;
    case ACTION_SNAPSHOTS:
        return view == VIEW_SNAPSHOTS;
    case ACTION_COMPARE:
        return view == VIEW_COMPARE;
    case ACTION_MEMORY:
        return view == VIEW_MEMORY;
    case ACTION_BREAKS:
        return view == VIEW_BREAKS;
    case ACTION_DEVICES:
        return view == VIEW_DEVICES;
    case ACTION_MESSAGES:
        return view == VIEW_MESSAGES;
    case ACTION_LABS:
        return view == VIEW_LABS;
    case ACTION_HELP:
        return view == VIEW_HELP;
    case ACTION_FOCUS:
    case ACTION_FOCUS_NEXT:
    case ACTION_FOCUS_PREVIOUS:
    case ACTION_LEFT:
    case ACTION_RIGHT:
    case ACTION_UP:
    case ACTION_DOWN:
    case ACTION_PAGE_UP:
    case ACTION_PAGE_DOWN:
    case ACTION_TOP:
    case ACTION_BOTTOM:
        return view == VIEW_BREAKS || view == VIEW_MESSAGES || view == VIEW_HELP;
    default:
        return false;
    }
}

START_TEST(test_does_something)
{
    enum action_id id = (enum action_id)_i;

    for (unsigned view = 0; view < VIEW_COUNT; view++) {
        bool done = goes_nowhere(id, (enum view_id)view);

        if (!action_in(id, (enum view_id)view))
            continue;
        for (unsigned i = 0; i < STATES && !done; i++) {
            prepare(&states[i], (enum view_id)view);
            done = does_something(id, argument_for(id));
        }
        ck_assert_msg(done, "%s does nothing in the %s view", action_get(id)->name,
                      view_ops((enum view_id)view)->name);
    }
}
END_TEST

/* What cannot be done changes nothing but the message, and that says why in plain words. */
START_TEST(test_says_why_not)
{
    enum action_id id = (enum action_id)_i;

    for (unsigned view = 0; view < VIEW_COUNT; view++)
        for (unsigned i = 0; i < STATES && action_in(id, (enum view_id)view); i++) {
            const char *why;

            prepare(&states[i], (enum view_id)view);
            why = action_get(id)->why_not(model, &ui);
            if (!why)
                continue;
            command.kind = COMMAND_NONE;
            update_action(model, &ui, id, argument_for(id), &command);
            ck_assert_int_eq(command.kind, COMMAND_NONE);
            ck_assert_str_eq(ui.message, why);
            ck_assert(ui.message_error);
            ck_assert_uint_gt(strlen(why), 8);
        }
}
END_TEST

static bool grid_has_line(const struct grid *grid, const char *key, const char *text)
{
    for (int row = 0; row < grid->rows; row++) {
        char line[COLS + 1];

        for (int col = 0; col < grid->cols; col++) {
            uint32_t ch = grid_at(grid, row, col)->ch;

            line[col] = ch < 0x7f ? (char)ch : '?';
        }
        line[grid->cols] = '\0';
        if (strstr(line, text) && strstr(line, key))
            return true;
    }
    return false;
}

START_TEST(test_help_lists_it)
{
    struct grid *grid = grid_create(ROWS, COLS);

    for (unsigned view = 0; view < VIEW_COUNT; view++) {
        if (view == VIEW_HELP)
            continue;
        prepare(&states[0], (enum view_id)view);
        ui.rows = ROWS;
        ui.cols = COLS;
        ui_show(&ui, VIEW_HELP);
        grid_clear(grid);
        screen_draw(model, &ui, grid);
        for (unsigned id = 0; id < ACTION_COUNT; id++) {
            const struct action *action = action_get((enum action_id)id);
            char keys[64], text[64];

            if (!action_in((enum action_id)id, (enum view_id)view))
                continue;
            text_keys(action->keys, keys, sizeof(keys));
            snprintf(text, sizeof(text), "%.60s", action->text);
            ck_assert_msg(grid_has_line(grid, keys[0] ? keys : action->name, text),
                          "help of %s does not list %s", view_ops((enum view_id)view)->name,
                          action->name);
        }
    }
    grid_destroy(grid);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("action");
    TCase *tc = tcase_create("action");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tc, test_does_something, 0, ACTION_COUNT);
    tcase_add_loop_test(tc, test_says_why_not, 0, ACTION_COUNT);
    tcase_add_test(tc, test_help_lists_it);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
