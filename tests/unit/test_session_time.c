/*
 * The screen in time: n steps forward and n back show the same, cell by cell; calls, marks, breakpoints
 * and typing backward.
 */
#include "core/loader.h"
#include "tests/support/guest_machine.h"
#include "tui/session.h"
#include "tui/update.h"
#include "tui/view.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* A procedure that calls itself three times deep, a repeated string instruction, an OUT; see test_engine. */
static const uint8_t call_guest[] = {
    0xbc, 0x00, 0x70, /* 1000  mov sp, 7000h */
    0xbf, 0x03, 0x00, /* 1003  mov di, 3 */
    0xe8, 0x0a, 0x00, /* 1006  call f */
    0xb9, 0x05, 0x00, /* 1009  mov cx, 5 */
    0xf3, 0xaa,       /* 100c  rep stosb */
    0xba, 0xe9, 0x00, /* 100e  mov dx, e9h */
    0xee,             /* 1011  out dx, al */
    0xf4,             /* 1012  hlt */
    0x0f, 0xa2,       /* 1013  f: cpuid */
    0x4f,             /* 1015  dec di */
    0x74, 0x03,       /* 1016  jz 101b */
    0xe8, 0xf8, 0xff, /* 1018  call f */
    0xc3,             /* 101b  ret */
};
/* What comes in over COM1 is put down at 20000h, see test_timeline. */
static const uint8_t reader_guest[] = {0x31, 0xff, 0xb8, 0x00, 0x20, 0x8e, 0xc0, 0xba,
                                       0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xf8, 0xba,
                                       0xf8, 0x03, 0xec, 0xaa, 0xeb, 0xf1};

enum { CALLS, READER, FIRST_FILE };

static const char *const files[] = {"prot32.elf", "long64.elf", "irq_hlt.elf", "bios_disk.bin",
                                    "page_ad.elf"};
#define FILES (sizeof(files) / sizeof(files[0]))

static const struct lab_info guest_labs[FIRST_FILE + FILES] = {
    {.id = "01"}, {.id = "02"}, {.id = "03"}, {.id = "04"},
    {.id = "05"}, {.id = "06"}, {.id = "07"}};

static int open_guest(void *ctx, unsigned lab, const struct text_sink *text,
                      struct machine **machine, struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct image image = {.kind = IMAGE_FLAT, .name = "guest", .at = 0x1000, .has_at = true};
    int rc;

    (void)ctx;
    config.text = *text;
    if (lab >= FIRST_FILE) {
        *machine = guest_machine_of(files[lab - FIRST_FILE], config);
        return 0;
    }
    rc = machine_create(machine, &config, err);
    image.data = lab == CALLS ? call_guest : reader_guest;
    image.size = lab == CALLS ? sizeof(call_guest) : sizeof(reader_guest);
    return rc ? rc : machine_load(*machine, &image, err);
}

static const struct tui_config config = {
    .labs = guest_labs, .lab_count = FIRST_FILE + FILES, .lab = -1, .open = open_guest};
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

static void go(enum command_kind kind)
{
    const struct command command = {.kind = kind};

    execute(&command);
}

static void seek(struct moment at)
{
    const struct command command = {.kind = COMMAND_SEEK,
                                    .time = {.at = at, .by_exits = true, .by_insns = true}};

    execute(&command);
}

static void open_lab(unsigned lab)
{
    const struct command command = {.kind = COMMAND_OPEN, .lab = lab};

    s = session_create(&config);
    ck_assert_ptr_nonnull(s);
    model_init(&model, guest_labs, config.lab_count);
    ui_init(&ui, VIEW_STEP, VIEW_STEP, 48, 99);
    execute(&command);
    ck_assert_int_eq(model.run, RUN_PAUSED);
}

/* ---- the same screen --------------------------------------------------------------------------- */

#define STOPS 60

struct screen {
    struct moment at;
    struct grid *views[3];
};

static const enum view_id shown[3] = {VIEW_STEP, VIEW_PAGES, VIEW_DEVICES};
static struct screen screens[STOPS + 1];

static struct grid *draw(enum view_id view)
{
    struct grid *grid = grid_create(48, 99);

    ck_assert_ptr_nonnull(grid);
    ui.stack[0] = view;
    publish();
    screen_draw(&model, &ui, grid);
    return grid;
}

static void take_screen(unsigned i)
{
    screens[i].at = model.time.now;
    for (unsigned v = 0; v < 3; v++)
        screens[i].views[v] = draw(shown[v]);
}

static void check_screen(unsigned i)
{
    ck_assert_int_eq(moment_compare(model.time.now, screens[i].at), 0);
    for (unsigned v = 0; v < 3; v++) {
        struct grid *grid = draw(shown[v]), *was = screens[i].views[v];

        for (int row = 0; row < grid->rows; row++)
            for (int col = 0; col < grid->cols; col++)
                ck_assert_msg(grid_at(grid, row, col)->ch == grid_at(was, row, col)->ch &&
                                  grid_at(grid, row, col)->role == grid_at(was, row, col)->role,
                              "stop %u, view %u: another cell at row %d, column %d", i, v, row,
                              col);
        grid_destroy(grid);
    }
}

/* Both ways in the past, so that the end of the time is the same. */
static void check_there_and_back(enum command_kind on, enum command_kind back)
{
    unsigned count = 0;

    for (unsigned i = 0; i <= STOPS && model.run == RUN_PAUSED; i++)
        go(on);
    seek(model.time.start);
    go(on); /* at the start, nothing was before */
    while (count < STOPS && model.run == RUN_PAUSED && model.time.past) {
        take_screen(count++);
        go(on);
    }
    ck_assert_uint_gt(count, 5);
    while (count-- > 0) {
        go(back);
        check_screen(count);
        for (unsigned v = 0; v < 3; v++)
            grid_destroy(screens[count].views[v]);
    }
    session_destroy(s);
}

START_TEST(test_steps)
{
    open_lab(FIRST_FILE + (unsigned)_i);
    check_there_and_back(COMMAND_STEP, COMMAND_STEP_BACK);
}
END_TEST

START_TEST(test_exits)
{
    open_lab(FIRST_FILE + (unsigned)_i);
    check_there_and_back(COMMAND_NEXT_EXIT, COMMAND_EXIT_BACK);
}
END_TEST

/* ---- calls ------------------------------------------------------------------------------------- */

/* Forward over calls, and the same places backward. */
START_TEST(test_over)
{
    uint64_t places[12];
    unsigned count = 0;

    open_lab(CALLS);
    while (count < 7) {
        places[count++] = model.now.rip;
        go(COMMAND_OVER);
    }
    ck_assert_uint_eq(places[3], 0x1009);
    ck_assert_uint_eq(places[5], 0x100e);
    while (count-- > 0) {
        go(COMMAND_OVER_BACK);
        ck_assert_uint_eq(model.now.rip, places[count]);
    }
    ck_assert_int_eq(moment_compare(model.time.now, model.time.start), 0);
    session_destroy(s);
}
END_TEST

START_TEST(test_out)
{
    open_lab(CALLS);
    for (unsigned i = 0; i < 5; i++)
        go(COMMAND_STEP);
    while (model.now.gpr[X86_RDI] != 0)
        go(COMMAND_STEP); /* into the third f */
    ck_assert_uint_eq(model.now.gpr[X86_RSP] & 0xffff, 0x6ffa);
    go(COMMAND_OUT_BACK);
    ck_assert_uint_eq(model.now.rip, 0x1018);
    ck_assert_uint_eq(model.now.gpr[X86_RSP] & 0xffff, 0x6ffc);
    go(COMMAND_OUT_BACK);
    ck_assert_uint_eq(model.now.rip, 0x1018);
    ck_assert_uint_eq(model.now.gpr[X86_RSP] & 0xffff, 0x6ffe);
    go(COMMAND_OUT_BACK);
    ck_assert_uint_eq(model.now.rip, 0x1006);
    go(COMMAND_OUT_BACK);
    ck_assert_str_eq(model.message, "there is nothing before this that fits");
    ck_assert_uint_eq(model.now.rip, 0x1006);
    session_destroy(s);
}
END_TEST

/* ---- the rest ---------------------------------------------------------------------------------- */

START_TEST(test_breakpoints)
{
    struct command command = {.kind = COMMAND_BREAK_ADD};
    struct error err;

    open_lab(CALLS);
    ck_assert_int_eq(breakpoint_parse(&command.breakpoint, "rip=1015", &err), 0);
    go(COMMAND_CONTINUE);
    ck_assert_int_eq(model.run, RUN_ENDED);
    execute(&command);
    for (unsigned i = 3; i-- > 0;) {
        go(COMMAND_CONTINUE_BACK);
        ck_assert_uint_eq(model.now.rip, 0x1015);
        ck_assert_uint_eq(model.now.gpr[X86_RDI], 3 - i);
        ck_assert_str_eq(model.message, "back at breakpoint 1: rip=1015");
    }
    go(COMMAND_CONTINUE_BACK);
    ck_assert_str_eq(model.message, "this is the start: there is nothing before");
    ck_assert_uint_eq(model.exits, 0);
    go(COMMAND_CONTINUE);
    ck_assert_uint_eq(model.now.gpr[X86_RDI], 3);
    session_destroy(s);
}
END_TEST

/* What the guest has said, and how often it left, is as it was then. */
START_TEST(test_gathered)
{
    open_lab(FIRST_FILE);
    go(COMMAND_CONTINUE);
    ck_assert_uint_gt(model.text.total, 20);
    seek((struct moment){0, 0});
    ck_assert_uint_eq(model.text.total, 0);
    ck_assert_uint_eq(model.ring.end, 0);
    ck_assert_uint_eq(model.counts[EXIT_IO], 0);
    go(COMMAND_NEXT_EXIT);
    ck_assert_uint_eq(model.ring.end, 1);
    ck_assert_uint_eq(exit_ring_get(&model.ring, 0)->seq, 0);
    session_destroy(s);
}
END_TEST

static void type(const char *text)
{
    struct command command = {.kind = COMMAND_TYPE, .size = (uint8_t)strlen(text)};

    memcpy(command.bytes, text, command.size);
    execute(&command);
}

static void check_read(const char *text)
{
    char bytes[8] = "";

    ck_assert(ram_read(&s->machine->ram, 0x20000, bytes, sizeof(bytes) - 1));
    ck_assert_str_eq(bytes, text);
}

static void run_for(uint64_t insns)
{
    s->limits = (struct run_limits){.insns = insns};
    go(COMMAND_CONTINUE);
    s->limits = (struct run_limits){0};
}

/* What was typed is typed again; typed in the past, it makes another future. */
START_TEST(test_typing)
{
    struct moment before, typed;

    open_lab(READER);
    run_for(1000);
    before = model.time.now;
    go(COMMAND_STEP);
    type("ab");
    typed = model.time.now;
    run_for(1000000);
    check_read("ab");
    seek(before);
    ck_assert(model.time.past);
    run_for(1000000);
    check_read("ab");
    seek(before);
    type("x");
    ck_assert(!model.time.past);
    run_for(1000000);
    check_read("x");
    seek(typed);
    ck_assert(model.time.past);
    session_destroy(s);
}
END_TEST

static void set(const char *text)
{
    struct command command = {.kind = COMMAND_SET};

    snprintf(command.text, sizeof(command.text), "%s", text);
    execute(&command);
}

/* A register, a byte: changed in the past, the future is another; going back shows it, and what was. */
START_TEST(test_set)
{
    struct moment changed;

    open_lab(CALLS);
    go(COMMAND_STEP);
    go(COMMAND_STEP);
    changed = model.time.now;
    go(COMMAND_CONTINUE);
    seek(changed);
    ck_assert_uint_eq(model.now.gpr[X86_RDI], 3);
    set("edi=1");
    ck_assert_str_eq(model.message, "edi=1: a new future begins here");
    ck_assert_uint_eq(model.now.gpr[X86_RDI], 1);
    ck_assert_uint_eq(model.before.gpr[X86_RDI], 3);
    ck_assert(!model.time.past);
    set("1011=90"); /* OUT becomes NOP */
    go(COMMAND_CONTINUE);
    ck_assert_int_eq(model.run, RUN_ENDED);
    ck_assert_uint_eq(model.counts[EXIT_IO], 0);
    ck_assert_uint_eq(model.counts[EXIT_CPUID], 1);
    go(COMMAND_EXIT_BACK);
    seek(changed);
    ck_assert_uint_eq(model.now.gpr[X86_RDI], 1);
    go(COMMAND_STEP_BACK);
    ck_assert_uint_ne(model.now.gpr[X86_RDI], 1);
    set("what");
    ck_assert(model.message_error);
    set("rax=xyz");
    ck_assert(model.message_error);
    set("phys ffff0000=00");
    ck_assert_str_eq(model.message, "phys ffff0000=00: no memory is there");
    set("1000=9");
    ck_assert(model.message_error);
    session_destroy(s);
}
END_TEST

START_TEST(test_behind_the_end)
{
    open_lab(CALLS);
    go(COMMAND_STEP);
    seek((struct moment){5, 500});
    ck_assert(model.message_error);
    ck_assert_str_eq(model.message, "the run has not come there: it ends at exit 0, instruction 1");
    ck_assert_uint_eq(model.insns, 1);
    session_destroy(s);
}
END_TEST

START_TEST(test_parse)
{
    const struct moment start = {0, 0}, end = {7, 70};
    struct time_place place;

    ck_assert(time_parse(&place, "12", start, end));
    ck_assert(place.by_exits && !place.by_insns && place.at.exits == 12);
    ck_assert(time_parse(&place, " i4503 ", start, end));
    ck_assert(!place.by_exits && place.by_insns && place.at.insns == 4503);
    ck_assert(time_parse(&place, "3 i9", start, end));
    ck_assert(place.by_exits && place.by_insns && place.at.exits == 3 && place.at.insns == 9);
    ck_assert(time_parse(&place, "end", start, end));
    ck_assert(place.at.exits == 7 && place.at.insns == 70);
    ck_assert(!time_parse(&place, "", start, end));
    ck_assert(!time_parse(&place, "12x", start, end));
    ck_assert(!time_parse(&place, "i", start, end));
    ck_assert(!time_parse(&place, "99999999999999999999999", start, end));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session_time");
    TCase *tc = tcase_create("session_time");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tc, test_steps, 0, (int)FILES);
    tcase_add_loop_test(tc, test_exits, 0, (int)FILES);
    tcase_add_test(tc, test_over);
    tcase_add_test(tc, test_out);
    tcase_add_test(tc, test_breakpoints);
    tcase_add_test(tc, test_gathered);
    tcase_add_test(tc, test_typing);
    tcase_add_test(tc, test_set);
    tcase_add_test(tc, test_behind_the_end);
    tcase_add_test(tc, test_parse);
    tcase_set_timeout(tc, 0);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
