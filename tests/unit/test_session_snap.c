/*
 * Snapshots from the screen: take, run on, restore; the tree and what differs; a future that is kept
 * where another one begins.
 */
#include "core/loader.h"
#include "tests/support/store_bench.h"
#include "tui/key.h"
#include "tui/session.h"
#include "tui/update.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* What comes in over COM1 is put down at 20000h, see tests/guest/test_timeline.c. */
static const uint8_t reader_guest[] = {0x31, 0xff, 0xb8, 0x00, 0x20, 0x8e, 0xc0, 0xba,
                                       0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xf8, 0xba,
                                       0xf8, 0x03, 0xec, 0xaa, 0xeb, 0xf1};

static const struct lab_info guest_labs[2] = {{.id = "01", .name = "one", .folder = "01_one"},
                                              {.id = "02", .name = "two", .folder = "02_two"}};

static int open_guest(void *ctx, unsigned lab, const struct text_sink *text,
                      struct machine **machine, struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct image image = {.kind = IMAGE_FLAT, .name = "guest", .at = 0x1000, .has_at = true};
    int rc;

    (void)ctx, (void)lab;
    config.text = *text;
    config.ram_size = 2u << 20;
    rc = machine_create(machine, &config, err);
    image.data = reader_guest;
    image.size = sizeof(reader_guest);
    return rc ? rc : machine_load(*machine, &image, err);
}

static struct tui_config config;
static struct session *s;
static struct model model; /* large */
static struct ui ui;

static void publish(void)
{
    const struct event event = {.kind = EVENT_MODEL};
    struct command command;

    do {
        session_publish(s, &model);
        update(&model, &ui, &event, &command);
        if (command.kind != COMMAND_NONE)
            session_execute(s, &command);
    } while (command.kind != COMMAND_NONE);
}

static void execute(const struct command *command)
{
    session_execute(s, command);
    publish();
}

static void open_lab(unsigned lab)
{
    const struct command command = {.kind = COMMAND_OPEN, .lab = lab};

    execute(&command);
}

static void setup(void)
{
    bench_make_folder();
    config = (struct tui_config){.labs = guest_labs, .lab_count = 2, .lab = -1, .open = open_guest};
    snprintf(config.snapshots, sizeof(config.snapshots), "%s", bench_dir);
    s = session_create(&config);
    model_init(&model, guest_labs, 2);
    ui_init(&ui, VIEW_STEP, VIEW_SNAPSHOTS, 24, 80);
    open_lab(0);
}

static void teardown(void)
{
    session_destroy(s);
    bench_remove_folder();
}

static void take(const char *name)
{
    struct command command = {.kind = COMMAND_SNAP_TAKE};

    snprintf(command.text, sizeof(command.text), "%s", name);
    execute(&command);
}

static void send(enum command_kind kind, const char *id, const char *text)
{
    struct command command = {.kind = kind};

    snprintf(command.id, sizeof(command.id), "%s", id);
    snprintf(command.text, sizeof(command.text), "%s", text);
    execute(&command);
}

static void ui_key(const char *keys)
{
    struct command command;
    int key;

    while ((key = key_parse(&keys)) > 0) {
        const struct event event = {.kind = EVENT_KEY, .key = (uint32_t)key};

        update(&model, &ui, &event, &command);
        if (command.kind != COMMAND_NONE)
            execute(&command);
    }
}

static void run_for(uint64_t insns)
{
    const struct command command = {.kind = COMMAND_CONTINUE};

    s->limits = (struct run_limits){.insns = insns};
    execute(&command);
}

static void type(const char *text)
{
    struct command command = {.kind = COMMAND_TYPE, .size = (uint8_t)strlen(text)};

    memcpy(command.bytes, text, command.size);
    execute(&command);
}

START_TEST(test_take_and_restore)
{
    char id[NODE_ID_SIZE];
    uint64_t hash;

    ck_assert(model.snapshots.on);
    ck_assert_str_eq(model.snapshots.why_not, "");
    ck_assert_uint_eq(model.snapshots.count, 0);
    run_for(500);
    hash = machine_state_hash(s->machine);
    take("half");
    ck_assert_uint_eq(model.snapshots.count, 1);
    ck_assert_str_eq(model.snapshots.rows[0].name, "half");
    ck_assert_str_eq(model.snapshots.here, model.snapshots.rows[0].id);
    ck_assert(!model.snapshots.unsaved);
    ck_assert_uint_eq(model.snapshots.diff_all, 0);
    memcpy(id, model.snapshots.rows[0].id, sizeof(id));
    type("ab");
    run_for(400000);
    ck_assert(model.snapshots.unsaved);
    ck_assert(model.snapshots.compared);
    ck_assert_uint_ge(model.snapshots.diff_pages, 1);
    take("");
    ck_assert_uint_eq(model.snapshots.count, 2);
    ck_assert_uint_eq(model.snapshots.rows[1].depth, 1);
    ck_assert_uint_lt(model.snapshots.rows[1].own, 3 * 4096);
    send(COMMAND_SNAP_RESTORE, id, "");
    ck_assert_uint_eq(machine_state_hash(s->machine), hash);
    ck_assert_uint_eq(model.insns, 500);
    ck_assert_str_eq(model.snapshots.here, id);
    take("half");
    ck_assert(model.message_error);
    ck_assert_uint_eq(model.snapshots.count, 2);
}
END_TEST

START_TEST(test_tree)
{
    char root[NODE_ID_SIZE];

    take("root");
    memcpy(root, model.snapshots.rows[0].id, sizeof(root));
    run_for(100);
    take("middle");
    run_for(100);
    take("leaf");
    ck_assert_uint_eq(model.snapshots.rows[2].depth, 2);
    send(COMMAND_SNAP_RENAME, root, "base");
    send(COMMAND_SNAP_NOTE, root, "where it begins");
    ck_assert_str_eq(model.snapshots.rows[0].name, "base");
    ck_assert_str_eq(model.snapshots.rows[0].note, "where it begins");
    send(COMMAND_SNAP_DELETE, model.snapshots.rows[1].id, "");
    ck_assert_uint_eq(model.snapshots.count, 2);
    ck_assert_str_eq(model.snapshots.rows[1].name, "leaf");
    ck_assert_uint_eq(model.snapshots.rows[1].depth, 1);
    open_lab(1); /* another lab's tree is another */
    ck_assert_uint_eq(model.snapshots.count, 0);
}
END_TEST

/* Each point of the growth is what all up to it take; the last is what the store says of itself. */
START_TEST(test_growth)
{
    const struct snapshots_look *look = &model.snapshots;
    uint64_t unique = 0, naive = 0;

    ck_assert_uint_eq(look->growth_count, 0);
    for (unsigned i = 0; i < 4; i++) {
        run_for(100000);
        type("abc");
        take("");
    }
    ck_assert_uint_eq(look->growth_count, 4);
    ck_assert_uint_eq(look->growth[3].unique, look->unique);
    ck_assert_uint_eq(look->growth[3].naive, look->naive);
    for (unsigned i = 0; i < 4; i++) {
        unsigned row = 0;

        while (look->rows[row].point != i)
            row++;
        unique += look->rows[row].added;
        naive += look->rows[row].naive;
        ck_assert_uint_eq(look->growth[i].unique, unique);
        ck_assert_uint_eq(look->growth[i].naive, naive);
    }
    ck_assert_uint_lt(unique, naive / 2);
}
END_TEST

static void go_to(uint64_t insns)
{
    const struct command command = {.kind = COMMAND_SEEK,
                                    .time = {.at = {0, insns}, .by_insns = true}};

    execute(&command);
}

/* What a snapshot would add is what it adds; what is dropped is counted from the last one on. */
START_TEST(test_cost)
{
    const struct snapshots_look *look = &model.snapshots;

    for (unsigned i = 0; i < 3; i++) {
        uint64_t unique = look->unique, cost;

        run_for(100000);
        type("abc");
        run_for(100000);
        cost = look->new_bytes;
        ck_assert(look->unsaved);
        ck_assert_uint_ge(look->new_pages, 1);
        ck_assert_uint_eq(model.time.end.insns - look->since.insns, 200000);
        take("");
        ck_assert_uint_eq(look->unique - unique, cost);
        ck_assert_uint_eq(look->new_pages, 0);
        ck_assert_uint_eq(look->new_bytes, 0);
        ck_assert_int_eq(moment_compare(look->since, model.time.end), 0);
    }
    go_to(200);
    ck_assert(look->unsaved);
    ck_assert_int_eq(moment_compare(look->since, model.time.end), 0);
}
END_TEST

static void expect_mark(unsigned i, enum time_mark_kind kind, uint64_t insns)
{
    ck_assert_uint_lt(i, model.time.mark_count);
    ck_assert_int_eq(model.time.marks[i].kind, kind);
    ck_assert_uint_eq(model.time.marks[i].at.insns, insns);
}

/* The line of time has where the machine was kept, and stopped; not what it cannot go to any more. */
START_TEST(test_marks)
{
    struct command stop = {.kind = COMMAND_BREAK_ADD, .breakpoint = {.enabled = true}};
    struct error err = {0};

    run_for(300);
    take("a");
    run_for(300);
    take("b");
    ck_assert_int_ge(breakpoint_parse(&stop.breakpoint, "rip=100a", &err), 0); /* in al, dx */
    execute(&stop);
    run_for(300);
    ck_assert_uint_eq(model.time.mark_count, 3);
    expect_mark(0, TIME_SNAPSHOT, 300);
    expect_mark(1, TIME_SNAPSHOT, 600);
    expect_mark(2, TIME_BREAK, model.insns);
    go_to(650);
    run_for(1);
    go_to(400);
    ck_assert_uint_eq(model.time.mark_count, 3); /* they are still there to go to */
    send(COMMAND_SNAP_DELETE, model.snapshots.rows[0].id, "");
    ck_assert_uint_eq(model.time.mark_count, 2);
    take("c");
    type("x"); /* another future, without b */
    ck_assert_uint_eq(model.time.mark_count, 1);
    expect_mark(0, TIME_SNAPSHOT, 400);
    send(COMMAND_SNAP_RESTORE, model.snapshots.here, "");
    ck_assert_uint_eq(model.time.mark_count, 1);
    open_lab(1);
    ck_assert_uint_eq(model.time.mark_count, 0);
}
END_TEST

/* Gone back before a snapshot, the machine is behind the one before that, and so is what is taken there. */
START_TEST(test_gone_back)
{
    const struct snapshots_look *look = &model.snapshots;

    run_for(300);
    take("a");
    run_for(300);
    take("b");
    ck_assert_str_eq(look->here, look->rows[1].id);
    go_to(450);
    ck_assert_str_eq(look->here, look->rows[0].id);
    ck_assert(look->unsaved);
    ck_assert_int_eq(moment_compare(look->since, model.time.end), 0); /* b: nothing would be lost */
    take("c");
    ck_assert(!look->unsaved);
    ck_assert_uint_eq(look->count, 3);
    ck_assert_uint_eq(look->rows[1].depth, 1);
    ck_assert_uint_eq(look->rows[2].depth, 1);
    go_to(100);
    ck_assert_str_eq(look->here, "");
    ck_assert(look->unsaved);
    take("d");
    ck_assert_uint_eq(look->count, 4);
    for (unsigned i = 0; i < 4; i++) /* of one second they come in any order */
        ck_assert_uint_eq(look->rows[i].depth, strchr("ad", look->rows[i].name[0]) ? 0 : 1);
    go_to(600); /* at b again */
    ck_assert(!look->unsaved);
    run_for(50);
    ck_assert_uint_eq(model.time.end.insns - look->since.insns, 50);
    go_to(450);
    ck_assert(!look->unsaved); /* at c, but the end would be lost: asked for twice */
    ui_key("gr");
    ck_assert(ui.message_error);
    ck_assert_uint_eq(model.insns, 450);
    ui_key("r");
    ck_assert_uint_ne(model.insns, 450);
}
END_TEST

/* From a marked one to another: what the run between them has done, wherever the machine is now. */
START_TEST(test_differs_from_mark)
{
    uint64_t pages;

    run_for(500);
    take("before");
    type("ab");
    run_for(400000);
    take("after");
    type("c");
    run_for(400000);
    ui_key("m");
    ck_assert_str_eq(model.snapshots.asked.from, "");
    pages = model.snapshots.diff_pages;
    ui_key("jD");
    ck_assert(model.snapshots.compared);
    ck_assert_str_eq(model.snapshots.asked.from, model.snapshots.rows[0].id);
    ck_assert_str_eq(model.snapshots.asked.id, model.snapshots.rows[1].id);
    ck_assert_uint_eq(model.snapshots.diff_pages, 1); /* where it puts what it reads */
    ck_assert_uint_eq(model.snapshots.pages, 512);
    ck_assert_uint_eq(model.snapshots.cell_count, 512);
    for (unsigned i = 0; i < 512; i++)
        ck_assert_uint_eq(model.snapshots.cells[i], i == 0x20);
    ck_assert_uint_eq(model.snapshots.restore_pages, pages);
    ui_key("k"); /* with itself */
    ck_assert_uint_eq(model.snapshots.diff_all, 0);
    ck_assert_uint_eq(model.snapshots.restore_pages, pages);
    ui_key("jd");
    ck_assert_str_eq(model.snapshots.asked.from, "");
    ui_key("D");
    send(COMMAND_SNAP_DELETE, model.snapshots.rows[0].id, ""); /* the mark is gone: now again */
    ck_assert_str_eq(model.snapshots.asked.from, "");
    ui_key("D");
    ck_assert_str_eq(ui.message, "no snapshot is marked: m marks one");
}
END_TEST

/* Typed before the end: the end of what was, is a snapshot. */
START_TEST(test_keeps_the_future)
{
    struct command back = {.kind = COMMAND_SEEK, .time = {.at = {0, 1000}, .by_insns = true}};
    uint64_t hash, insns;

    run_for(1000);
    type("ab");
    run_for(400000);
    hash = machine_state_hash(s->machine);
    insns = s->machine->insns;
    back.time.at.insns = 700;
    execute(&back);
    ck_assert(model.time.past);
    type("x");
    ck_assert(!model.time.past);
    ck_assert_uint_eq(model.insns, 700);
    ck_assert_uint_eq(model.snapshots.count, 1);
    ck_assert_str_eq(model.snapshots.rows[0].name, "future");
    ck_assert_uint_eq(model.snapshots.rows[0].insns, insns);
    send(COMMAND_SNAP_RESTORE, model.snapshots.rows[0].id, "");
    ck_assert_uint_eq(machine_state_hash(s->machine), hash);
}
END_TEST

static void at_root(void *ctx, unsigned lab, char id[NODE_ID_SIZE])
{
    snprintf(id, NODE_ID_SIZE, "%s", lab == 0 ? (const char *)ctx : "");
}

/* A lab opens where it was restored to; r begins at its start; an id that is none is its start, too. */
START_TEST(test_opens_at)
{
    const struct command again = {.kind = COMMAND_RESTART};
    static char id[NODE_ID_SIZE];

    run_for(300);
    take("there");
    memcpy(id, model.snapshots.rows[0].id, sizeof(id));
    config.opens_at = at_root;
    config.ctx = id;
    open_lab(0);
    ck_assert_uint_eq(model.insns, 300);
    execute(&again);
    ck_assert_uint_eq(model.insns, 0);
    open_lab(1);
    ck_assert_uint_eq(model.insns, 0);
    memset(id, 'f', NODE_ID_SIZE - 1);
    open_lab(0);
    ck_assert_uint_eq(model.insns, 0);
    ck_assert_int_eq(model.run, RUN_PAUSED);
}
END_TEST

START_TEST(test_no_folder)
{
    session_destroy(s);
    snprintf(config.snapshots, sizeof(config.snapshots), "/nowhere/at/all");
    s = session_create(&config);
    open_lab(0);
    take("x");
    ck_assert(model.message_error);
    ck_assert_str_ne(model.snapshots.why_not, "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session_snap");
    TCase *tc = tcase_create("session_snap");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_take_and_restore);
    tcase_add_test(tc, test_tree);
    tcase_add_test(tc, test_growth);
    tcase_add_test(tc, test_cost);
    tcase_add_test(tc, test_marks);
    tcase_add_test(tc, test_gone_back);
    tcase_add_test(tc, test_differs_from_mark);
    tcase_add_test(tc, test_keeps_the_future);
    tcase_add_test(tc, test_opens_at);
    tcase_add_test(tc, test_no_folder);
    tcase_set_timeout(tc, 0);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
