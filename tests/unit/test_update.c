/* Events: what keys do to the screen's state, and which commands they give. */
#include "tests/support/screen_models.h"
#include "tui/action.h"
#include "tui/key.h"
#include "tui/palette.h"
#include "tui/tour.h"
#include "tui/update.h"
#include "tui/view.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct model *model;
static struct ui ui;
static unsigned result;
static struct command last;
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
        if (command.kind == COMMAND_NONE)
            continue;
        ck_assert_uint_lt(command_count, sizeof(commands) / sizeof(commands[0]));
        commands[command_count++] = command.kind;
        last = command;
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
        const struct action *action = action_get((enum action_id)id);

        ck_assert_uint_gt(strlen(action->text), 5);
        ck_assert_uint_gt(strlen(action->name), 1);
        ck_assert_ptr_null(strchr(action->name, ' '));
        ck_assert_ptr_nonnull(action->why_not);
        ck_assert_uint_ne(action->where, 0);
        for (unsigned other = 0; other < id; other++)
            ck_assert_str_ne(action->name, action_get((enum action_id)other)->name);
    }
}
END_TEST

START_TEST(test_commands)
{
    start(screen_model_real(), VIEW_STEP);
    press("s]nu}cr");
    ck_assert_uint_eq(command_count, 7);
    ck_assert_int_eq(commands[0], COMMAND_STEP);
    ck_assert_int_eq(commands[1], COMMAND_NEXT_EXIT);
    ck_assert_int_eq(commands[2], COMMAND_OVER);
    ck_assert_int_eq(commands[3], COMMAND_OUT);
    ck_assert_int_eq(commands[4], COMMAND_NEXT_SAME);
    ck_assert_int_eq(commands[5], COMMAND_CONTINUE);
    ck_assert_int_eq(commands[6], COMMAND_RESTART);
    ck_assert_uint_eq(ui.sent, 7);
    ck_assert(ui_busy(&ui, model));
    press("i");
    ck_assert_int_eq(commands[7], COMMAND_INTERRUPT);
    ck_assert_uint_eq(ui.sent, 7);
    model->done = 7;
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

/* The end of the run that refused a key does not take the reason away; what it has to say does. */
START_TEST(test_refusal_stays)
{
    struct event event = {.kind = EVENT_MODEL};
    struct command command;

    start(screen_model_real(), VIEW_STEP);
    model->run = RUN_RUNNING;
    press("s");
    model->run = RUN_PAUSED;
    model->message[0] = '\0';
    model->message_id++;
    update(model, &ui, &event, &command);
    ck_assert_str_eq(ui.message, "the guest is running: i stops it");
    strcpy(model->message, "exit 1: CPUID");
    model->message_id++;
    update(model, &ui, &event, &command);
    ck_assert_str_eq(ui.message, "exit 1: CPUID");
    model->message[0] = '\0';
    model->message_id++;
    update(model, &ui, &event, &command);
    ck_assert_str_eq(ui.message, "");
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
    press("<Tab>"); /* 5 to 8 have no place at 80x24 */
    ck_assert_uint_eq(ui.focus[VIEW_STEP], 9);
    press("<Tab>");
    ck_assert_uint_eq(ui.focus[VIEW_STEP], 1);
    press("<S-Tab><S-Tab>");
    ck_assert_uint_eq(ui.focus[VIEW_STEP], 4);
    press("B9");
    ck_assert_str_eq(ui.message, "this view has no pane 9");
    press("q");
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

static struct breakpoint model_break(struct model *m, unsigned id, const char *text)
{
    struct breakpoint bp;
    struct error err = {0};

    ck_assert_int_eq(breakpoint_parse(&bp, text, &err), 0);
    bp.id = id;
    m->breaks[m->break_count++] = bp;
    return bp;
}

START_TEST(test_breakpoints)
{
    start(screen_model_real(), VIEW_STEP);
    press("b");
    ck_assert(ui.prompt.open);
    press("port=3f8<Enter>");
    ck_assert(!ui.prompt.open);
    ck_assert_int_eq(last.kind, COMMAND_BREAK_ADD);
    ck_assert_int_eq(last.breakpoint.kind, BREAK_PORT);
    ck_assert_uint_eq(last.breakpoint.first, 0x3f8);
    ck_assert(last.breakpoint.enabled);
    press("bnonsense<Enter>");
    ck_assert_uint_eq(command_count, 1);
    ck_assert(ui.message_error);
    press("b<Esc>:break rip=7c00<Enter>");
    ck_assert_uint_eq(command_count, 2);
    ck_assert_int_eq(last.breakpoint.kind, BREAK_RIP);
    press("B<Enter>");
    ck_assert_str_eq(ui.message, "there is no breakpoint: b makes one");
    model_break(model, 4, "cpuid");
    model_break(model, 9, "rip=7c00");
    press("j<Enter>");
    ck_assert_int_eq(last.kind, COMMAND_BREAK_ENABLE);
    ck_assert_uint_eq(last.breakpoint.id, 9);
    press("kD");
    ck_assert_int_eq(last.kind, COMMAND_BREAK_REMOVE);
    ck_assert_uint_eq(last.breakpoint.id, 4);
    model->break_count = 1; /* the selection may have been behind it */
    press("jjj<Del>");
    ck_assert_uint_eq(last.breakpoint.id, 4);
}
END_TEST

START_TEST(test_filter)
{
    start(screen_model_long(), VIEW_STEP);
    press("fcpuid<Enter>");
    ck_assert(ui.filter.on);
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 1827); /* 1,842 exits, of which i % 20 == 7 */
    press("k");
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 1807);
    press("g");
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 7);
    press("jj");
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 47);
    press("fwhat<Enter>");
    ck_assert(ui.message_error && ui.filter.on);
    press("fhlt<Enter>"); /* none of these */
    ck_assert_ptr_null(ui_exit(&ui, model));
    press("kjgGx");
    ck_assert_str_eq(ui.message, "no exit is listed: f and Enter list all");
    press("f<Enter>G");
    ck_assert(!ui.filter.on);
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 1842);
}
END_TEST

START_TEST(test_find)
{
    start(screen_model_long(), VIEW_STEP);
    press(";");
    ck_assert_str_eq(ui.message, "nothing was looked for: / asks what");
    press("/CpUiD<Enter>"); /* from the newest on, so from the beginning */
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 7);
    press(";");
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 27);
    press(",,");
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 1827);
    press("/violation<Enter>");
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 1842);
    press("/nowhere<Enter>");
    ck_assert_str_eq(ui.message, "'nowhere' is not in this pane");
    ck_assert_uint_eq(ui_exit(&ui, model)->seq, 1842);
    press("2/gdtr<Enter>"); /* a pane that scrolls */
    ck_assert_int_gt(ui.scroll[VIEW_STEP][2], 5);
    press("?/anew<Enter>");
    ck_assert_int_gt(ui.scroll[VIEW_HELP][1], 5);
    start(screen_model_empty(), VIEW_LABS);
    press("/exit<Enter>");
    ck_assert_uint_eq(ui.selected_lab, 2);
    press("/trap<Enter>");
    ck_assert_uint_eq(ui.selected_lab, 1);
}
END_TEST

START_TEST(test_palette)
{
    start(screen_model_real(), VIEW_STEP);
    press(":next-e<Enter>");
    ck_assert_int_eq(last.kind, COMMAND_NEXT_EXIT);
    press(":registers<Enter>");
    ck_assert_str_eq(ui.message, "'registers' is no command here: ? lists them");
    press(":s<Enter>"); /* the first of those that begin with it */
    ck_assert_int_eq(last.kind, COMMAND_STEP);
    press(":ste<Down><Down><Enter>");
    ck_assert_int_eq(ui_view(&ui), VIEW_STEP);
    ck_assert_uint_eq(command_count, 2);
    press(":mess<Tab><Enter>");
    ck_assert_int_eq(ui_view(&ui), VIEW_MESSAGES);
    press("q:filter cpuid<Enter>");
    ck_assert(ui.filter.on);
    press(":filter<Enter>"); /* asks */
    ck_assert(ui.prompt.open);
    press("<Enter>");
    ck_assert(!ui.filter.on && !ui.prompt.open);
    model->done = ui.sent;
    press(":interrupt<Enter>");
    ck_assert_str_eq(ui.message, "the guest is not running");
    press(":pane 2<Enter>");
    ck_assert_uint_eq(ui.focus[VIEW_STEP], 2);
    press(":quit<Enter>");
    ck_assert(result & UPDATE_QUIT);
}
END_TEST

/* All that there is to do can be done by its name, and by a key where it has one. */
START_TEST(test_everything_is_reachable)
{
    for (unsigned id = 0; id < ACTION_COUNT; id++) {
        const struct action *action = action_get((enum action_id)id);
        enum view_id view = (enum view_id)__builtin_ctz(action->where);
        const char *argument;

        if (id == ACTION_PALETTE)
            continue;
        start(screen_model_long(), view);
        press(":");
        prompt_set(&ui.prompt, action->name);
        ck_assert_msg(palette_action(&ui, &argument) == (enum action_id)id, ":%s", action->name);
        ck_assert_str_eq(argument, "");
        if (action->keys[0]) {
            const char *keys = action->keys;

            ck_assert_msg(action_find(view, (uint32_t)key_parse(&keys)) == (enum action_id)id, "%s",
                          action->keys);
        }
    }
}
END_TEST

START_TEST(test_tour)
{
    start(screen_model_real(), VIEW_STEP);
    ui.tour = 1;
    press("x"); /* another thing: it waits */
    ck_assert_uint_eq(ui.tour, 1);
    press("s");
    ck_assert_uint_eq(ui.tour, 2);
    press("]S");
    ck_assert_uint_eq(ui.tour, 4);
    press("pqT<Enter>");
    ck_assert_uint_eq(ui.tour, 6);
    start(screen_model_snapshots(), VIEW_SNAPSHOTS);
    ui.tour = 6;
    press("r");
    ck_assert_uint_eq(ui.tour, 7);
    model->run = RUN_RUNNING;
    press(":<Esc>");
    ck_assert_uint_eq(ui.tour, 0);
    press(":tour<Enter>");
    ck_assert_uint_eq(ui.tour, 1);
    press(":tour<Enter>");
    ck_assert_uint_eq(ui.tour, 0);
    for (unsigned i = 1; i <= tour_steps(); i++)
        ck_assert_int_ne(tour_action(i), ACTION_COUNT);
    ck_assert_int_eq(tour_action(0), ACTION_COUNT);
    ck_assert_int_eq(tour_action(tour_steps() + 1), ACTION_COUNT);
}
END_TEST

static unsigned mouse(enum mouse what, int row, int col)
{
    struct event event = {.kind = EVENT_MOUSE, .mouse = what, .row = row, .col = col};
    struct command command;

    result = update(model, &ui, &event, &command);
    if (command.kind != COMMAND_NONE)
        commands[command_count++] = command.kind;
    return result;
}

START_TEST(test_mouse)
{
    struct pane panes[PANES_MAX];
    unsigned count;

    start(screen_model_long(), VIEW_STEP);
    count = view_panes(&ui, panes);
    for (unsigned i = 0; i < count; i++) {
        mouse(MOUSE_CLICK, panes[i].row + 1, panes[i].col + 1);
        ck_assert_uint_eq(ui.focus[VIEW_STEP], panes[i].number);
    }
    for (unsigned i = 0; i < count; i++)
        if (panes[i].number == 3) {
            mouse(MOUSE_CLICK, panes[i].row + 2, panes[i].col + 4); /* the first row of the table */
            ck_assert_uint_lt(ui_exit(&ui, model)->seq, 1842);
            ck_assert(!ui.follow);
            mouse(MOUSE_WHEEL_DOWN, panes[i].row + 2, panes[i].col + 4);
            mouse(MOUSE_WHEEL_DOWN, panes[i].row + 2, panes[i].col + 4);
            ck_assert(ui.follow);
            mouse(MOUSE_CLICK, panes[i].row + panes[i].rows - 1, 2); /* the border */
            mouse(MOUSE_CLICK, panes[i].row + panes[i].rows - 2, 2); /* the summary */
            ck_assert(ui.follow);
        }
    mouse(MOUSE_CLICK, ui.rows - 1, 1); /* "s step" */
    ck_assert_int_eq(commands[0], COMMAND_STEP);
    mouse(MOUSE_CLICK, ui.rows - 1, 7); /* between two */
    ck_assert_uint_eq(command_count, 1);
    mouse(MOUSE_CLICK, 0, 5);
    mouse(MOUSE_CLICK, -1, 5000);
    mouse(MOUSE_WHEEL_UP, 100, 100);
    ck_assert_uint_eq(command_count, 1);
}
END_TEST

/* What was said is kept, the newest of it; a message that is only taken away is not. */
START_TEST(test_log)
{
    start(screen_model_real(), VIEW_STEP);
    ck_assert_uint_eq(ui.logged, 1);
    press("jk");
    ck_assert_uint_eq(ui.logged, 1);
    press("i");
    ck_assert_uint_eq(ui.logged, 2);
    ck_assert(ui.log[1].error);
    ck_assert_str_eq(ui.log[1].text, "the guest is not running");
    ck_assert_uint_eq(ui.log[1].insns, 9);
    for (int i = 0; i < 3 * LOG_LINES; i++)
        press("i");
    ck_assert_uint_eq(ui.logged, 2 + 3 * LOG_LINES);
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

/* The bytes that a key gives in the serial console; 0: none. */
static unsigned bytes_of(uint32_t key, char bytes[COMMAND_BYTES + 1])
{
    struct event event = {.kind = EVENT_KEY, .key = key};
    struct command command;

    update(model, &ui, &event, &command);
    if (command.kind == COMMAND_NONE)
        return 0;
    ck_assert_int_eq(command.kind, COMMAND_TYPE);
    memcpy(bytes, command.bytes, command.size);
    bytes[command.size] = '\0';
    return command.size;
}

static void check_bytes(const char *keys, const char *want)
{
    char got[COMMAND_BYTES + 1] = "";

    ck_assert_uint_eq(bytes_of((uint32_t)key_parse(&keys), got), strlen(want));
    ck_assert_str_eq(got, want);
}

START_TEST(test_typing_begins)
{
    start(screen_model_real(), VIEW_STEP);
    press("o2<Enter>"); /* a device is wanted there, not the guest */
    ck_assert_int_eq(ui_view(&ui), VIEW_DEVICES);
    ck_assert_uint_eq(ui.focus[VIEW_DEVICES], CONSOLE_PANE);
    ck_assert(!ui.typing);
    press("<C-]>");
    ck_assert_ptr_nonnull(strstr(ui.message, "Enter"));
    press("<Enter>");
    ck_assert(ui.typing);
    press("<C-]>");
    ck_assert(!ui.typing);
    ck_assert_uint_eq(command_count, 0);
    model->run = RUN_ENDED;
    press("<Enter>");
    ck_assert(!ui.typing);
    ck_assert_str_eq(ui.message, "the guest has ended: r restarts it");
    start(screen_model_empty(), VIEW_LABS);
    press("o<Enter>");
    ck_assert(!ui.typing);
    ck_assert_str_eq(ui.message, "no lab is open: l lists them");
}
END_TEST

/* Every key is the guest's; none does anything here. */
START_TEST(test_typing)
{
    char bytes[COMMAND_BYTES + 1];

    start(screen_model_real(), VIEW_STEP);
    press("o<Enter>");
    for (uint32_t key = 1; key < 0x7f; key++) {
        if (key == K_CTRL(']'))
            continue;
        ck_assert_uint_eq(bytes_of(key, bytes), 1);
        ck_assert_uint_eq((unsigned char)bytes[0], key);
        ck_assert(ui.typing && !ui.prompt.open && !ui.zoom);
        ck_assert_int_eq(ui_view(&ui), VIEW_DEVICES);
        ck_assert_uint_eq(ui.focus[VIEW_DEVICES], CONSOLE_PANE);
    }
    ck_assert_uint_eq(bytes_of(K_NUL, bytes), 1);
    ck_assert_int_eq(bytes[0], '\0');
    ck_assert_uint_eq(ui.sent, 126);
    ck_assert(ui_busy(&ui, model));
    press("<C-]>");
    ck_assert(!ui.typing);
    press("q");
    ck_assert_int_eq(ui_view(&ui), VIEW_STEP);
}
END_TEST

START_TEST(test_typing_sequences)
{
    char bytes[COMMAND_BYTES + 1];

    start(screen_model_real(), VIEW_STEP);
    press("o<Enter>");
    check_bytes("<Enter>", "\r");
    check_bytes("<BS>", "\177");
    check_bytes("<Esc>", "\033");
    check_bytes("<Tab>", "\t");
    check_bytes("<S-Tab>", "\033[Z");
    check_bytes("<Up>", "\033[A");
    check_bytes("<Down>", "\033[B");
    check_bytes("<Right>", "\033[C");
    check_bytes("<Left>", "\033[D");
    check_bytes("<Home>", "\033[H");
    check_bytes("<End>", "\033[F");
    check_bytes("<PgUp>", "\033[5~");
    check_bytes("<PgDn>", "\033[6~");
    check_bytes("<Del>", "\033[3~");
    check_bytes("<C-c>", "\003");
    check_bytes("<C-z>", "\032");
    check_bytes("\xc3\xa9", "\xc3\xa9");
    ck_assert_uint_eq(bytes_of(0x1f642, bytes), 4);
    ck_assert_str_eq(bytes, "\xf0\x9f\x99\x82");
    ck_assert(ui.typing);
}
END_TEST

/* The mouse takes no keys away from the guest; the footer's way out can be clicked. */
START_TEST(test_typing_and_mouse)
{
    struct event click = {.kind = EVENT_MOUSE, .mouse = MOUSE_CLICK, .row = 12, .col = 5};
    struct command command;

    start(screen_model_real(), VIEW_STEP);
    press("o<Enter>");
    update(model, &ui, &click, &command);
    click.mouse = MOUSE_WHEEL_UP;
    update(model, &ui, &click, &command);
    ck_assert(ui.typing);
    ck_assert_uint_eq(ui.focus[VIEW_DEVICES], CONSOLE_PANE);
    click = (struct event){.kind = EVENT_MOUSE, .mouse = MOUSE_CLICK, .row = 23, .col = 2};
    update(model, &ui, &click, &command);
    ck_assert(!ui.typing);
}
END_TEST

START_TEST(test_devices)
{
    struct event click = {.kind = EVENT_MOUSE, .mouse = MOUSE_CLICK, .col = 5};
    struct command command;
    struct pane pane;

    start(screen_model_devices(), VIEW_STEP);
    press("o2");
    ck_assert_uint_eq(ui.selected_device, 0);
    press("3j2j");
    ck_assert_uint_eq(ui.selected_device, 1);
    ck_assert_int_eq(ui.scroll[VIEW_DEVICES][3], 0);
    press("G");
    ck_assert_uint_eq(ui.selected_device, model->devices.count - 1);
    press("/PIC<Enter>");
    ck_assert_uint_eq(ui.selected_device, 0);
    press("/3f8<Enter>");
    ck_assert_str_eq(model->devices.devices[ui.selected_device].name, "uart");
    press(";"); /* the only one: found again */
    ck_assert_str_eq(ui.message, "");
    press("/nowhere<Enter>");
    ck_assert_ptr_nonnull(strstr(ui.message, "not in this pane"));
    press("3/divisor<Enter>");
    ck_assert_int_gt(ui.scroll[VIEW_DEVICES][3], 0);
    press("2");
    view_focused_pane(&ui, &pane);
    click.row = pane.row + 2;
    update(model, &ui, &click, &command);
    ck_assert_uint_eq(ui.selected_device, 0);
    ck_assert_int_eq(ui.scroll[VIEW_DEVICES][3], 0);
    click.row = pane.row + 1; /* the head of the table */
    update(model, &ui, &click, &command);
    ck_assert_uint_eq(ui.selected_device, 0);
    press("www");
    ck_assert_int_eq(ui.console, CONSOLE_ALL);
    press("s"); /* keys of the machine work there */
    ck_assert_uint_eq(command_count, 1);
    ck_assert_int_eq(commands[0], COMMAND_STEP);
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
    tcase_add_test(tc, test_refusal_stays);
    tcase_add_test(tc, test_views);
    tcase_add_test(tc, test_labs);
    tcase_add_test(tc, test_exits);
    tcase_add_test(tc, test_exits_that_are_gone);
    tcase_add_test(tc, test_panes);
    tcase_add_test(tc, test_scrolling);
    tcase_add_test(tc, test_messages);
    tcase_add_test(tc, test_breakpoints);
    tcase_add_test(tc, test_filter);
    tcase_add_test(tc, test_find);
    tcase_add_test(tc, test_palette);
    tcase_add_test(tc, test_everything_is_reachable);
    tcase_add_test(tc, test_tour);
    tcase_add_test(tc, test_mouse);
    tcase_add_test(tc, test_log);
    tcase_add_test(tc, test_ring_catches_up);
    tcase_add_test(tc, test_typing_begins);
    tcase_add_test(tc, test_typing);
    tcase_add_test(tc, test_typing_sequences);
    tcase_add_test(tc, test_typing_and_mouse);
    tcase_add_test(tc, test_devices);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
