/* What a session reads of guest memory, at both ends of the address space, and its searches. */
#include "mmu/ept.h"
#include "tests/support/fixture.h"
#include "tui/session_memory.h"

#include <stdlib.h>
#include <string.h>

static struct model model;
static struct session *session;
static enter_fn *mode;

/*
 * 1000  88 04 25 00 30 00 00   mov [3000h], al       (64-bit)
 * 1007  50                     push rax
 * 1008  eb f6                  jmp 1000
 */
static const uint8_t writer[] = {0x88, 0x04, 0x25, 0x00, 0x30, 0x00, 0x00, 0x50, 0xeb, 0xf6};

/* The session owns the fixture's machine. */
static int open_machine(void *ctx, unsigned lab, const struct text_sink *text, struct machine **m,
                        struct error *err)
{
    (void)ctx;
    (void)lab;
    (void)text;
    (void)err;
    fixture_setup();
    load(writer, sizeof(writer), mode);
    *m = f.m;
    return 0;
}

static void execute(const struct command *command)
{
    session_execute(session, command);
    session_publish(session, &model);
}

static void start(enter_fn *enter)
{
    static const struct lab_info lab = {.id = "01"};
    static struct tui_config config;
    struct command open = {.kind = COMMAND_OPEN};

    mode = enter;
    config = (struct tui_config){.labs = &lab, .lab_count = 1, .open = open_machine};
    session = session_create(&config);
    model_init(&model, &lab, 1);
    execute(&open);
    ck_assert_int_eq(model.run, RUN_PAUSED);
}

static void look(const char *text)
{
    struct command command = {.kind = COMMAND_LOOK};
    struct error err = {0};

    ck_assert_int_eq(memory_place_parse(&command.place, text, &err), 0);
    execute(&command);
    ck_assert(model.memory.on);
    ck_assert(memory_place_equal(&model.memory_place, &command.place));
}

static const struct memory_page *page_at(uint64_t address)
{
    const struct memory_page *page = memory_window_page(&model.memory, address);

    ck_assert_ptr_nonnull(page);
    return page;
}

static void put(uint64_t gpa, const char *text)
{
    ck_assert(ram_write(&f.m->ram, gpa, text, strlen(text)));
}

/* Nothing is read before it is asked for, nor without a machine. */
START_TEST(test_off)
{
    struct command bad = {.kind = COMMAND_OPEN, .lab = 7};

    start(enter_long64);
    ck_assert(!model.memory.on);
    look("1000");
    execute(&bad);
    ck_assert(!model.memory.on);
    session_destroy(session);
}
END_TEST

START_TEST(test_linear)
{
    uint8_t bytes[16];

    start(enter_long64);
    look("1000");
    ck_assert_uint_eq(model.memory_at, 0x1000);
    ck_assert_uint_eq(memory_window_read(&model.memory, 0x1000, bytes, 10), 10);
    ck_assert_mem_eq(bytes, writer, sizeof(writer));
    ck_assert_str_eq(model.memory_insn.text, "mov byte ptr [0x3000], al");
    ck_assert_uint_eq(model.memory_insn.length, 7);
    ck_assert_uint_eq(page_at(0x1000)->gpa, 0x1000);
    ck_assert_uint_eq(page_at(0x1000)->ept, EPT_ALL);
    ck_assert_uint_eq(page_at(0x1000)->page_size, 4096);
    look("4ff8"); /* 5000h is not present, 6000h is read-only */
    ck_assert_uint_eq(memory_window_read(&model.memory, 0x4ff8, bytes, 16), 8);
    ck_assert_int_eq(page_at(0x5000)->status, MEMORY_UNMAPPED);
    ck_assert_str_eq(page_at(0x5000)->rule, "P = 0: not present");
    look("5ff8");
    ck_assert_uint_eq(memory_window_read(&model.memory, 0x5ff8, bytes, 16), 0);
    ck_assert_int_eq(page_at(0x6000)->status, MEMORY_THERE);
    ck_assert(!(page_at(0x6000)->rights & X86_RIGHT_WRITE));
    look("200000"); /* a large page behind the end of RAM */
    ck_assert_int_eq(page_at(0x200000)->status, MEMORY_NOTHING);
    ck_assert_uint_eq(page_at(0x200000)->page_size, 2u << 20);
    ck_assert_uint_eq(page_at(0x200000)->ept, 0);
    ck_assert_uint_eq(model.memory_insn.length, 0);
    session_destroy(session);
}
END_TEST

START_TEST(test_ends)
{
    start(enter_long64);
    look("0");
    ck_assert_uint_eq(model.memory.start, 0);
    ck_assert_int_eq(page_at(0)->status, MEMORY_THERE);
    look("ffffffffffffffff");
    ck_assert_int_eq(page_at(UINT64_MAX)->status, MEMORY_UNMAPPED);
    look("7fffffffffff"); /* across the edge of the canonical addresses */
    ck_assert_str_eq(page_at(0x7fffffffffff)->rule, "P = 0: not present");
    ck_assert_str_eq(page_at(0x800000000000)->rule, "the address is not canonical");
    look("phys ffffffffffffffff");
    ck_assert_int_eq(page_at(UINT64_MAX)->status, MEMORY_BEYOND);
    look("phys ffffffffff");
    ck_assert_int_eq(page_at(0xffffffffff)->status, MEMORY_NOTHING);
    ck_assert_int_eq(page_at(0x10000000000)->status, MEMORY_BEYOND);
    session_destroy(session);
    start(enter_real);
    look("ffffffff");
    ck_assert_int_eq(page_at(0xffffffff)->status, MEMORY_NOTHING);
    ck_assert_uint_eq(page_at(0xffffffff)->page_size, 0); /* paging is off */
    ck_assert_int_eq(page_at(0x100000000)->status, MEMORY_BEYOND);
    session_destroy(session);
}
END_TEST

START_TEST(test_physical)
{
    uint8_t bytes[4];

    start(enter_long64);
    put(0x5000, "abcd"); /* no linear address leads there */
    look("phys 5000");
    ck_assert(model.memory.physical);
    ck_assert_uint_eq(memory_window_read(&model.memory, 0x5000, bytes, 4), 4);
    ck_assert_mem_eq(bytes, "abcd", 4);
    ck_assert_int_eq(machine_protect(f.m, 0x6000, 4096, EPT_READ), 0);
    look("phys 6000");
    ck_assert_uint_eq(page_at(0x6000)->ept, EPT_READ);
    look("phys 1fffff");
    ck_assert_int_eq(page_at(0x1fffff)->status, MEMORY_THERE);
    ck_assert_int_eq(page_at(0x200000)->status, MEMORY_NOTHING);
    look("cr3");
    ck_assert_uint_eq(model.memory_at, 0x10000);
    session_destroy(session);
}
END_TEST

/* What a step wrote is told from what was there, also when the window moved with a register. */
START_TEST(test_changes)
{
    struct command step = {.kind = COMMAND_STEP}, again = {.kind = COMMAND_RESTART};
    struct x86_state state;
    uint64_t stack;

    start(enter_long64);
    machine_get_state(f.m, &state);
    state.gpr[X86_RSP] = 0x8800;
    state.gpr[X86_RAX] = 0x1122334455667788;
    machine_set_state(f.m, &state);
    put(0x3000, "x");
    look("3000");
    ck_assert(!model.memory_before.on);
    execute(&step);
    ck_assert(memory_changed(&model.memory, &model.memory_before, 0x3000));
    ck_assert(!memory_changed(&model.memory, &model.memory_before, 0x3001));
    put(model.now.gpr[X86_RSP] - 1, "y");
    look("rsp");
    stack = model.memory_at;
    execute(&step);
    ck_assert_uint_eq(model.memory_at, stack - 8);
    ck_assert(memory_changed(&model.memory, &model.memory_before, stack - 1));
    ck_assert(!memory_changed(&model.memory, &model.memory_before, stack));
    execute(&again); /* another machine: no stop before */
    ck_assert(model.memory.on && !model.memory_before.on);
    session_destroy(session);
}
END_TEST

static bool find(const char *from, const char *bytes, bool backward)
{
    struct command command = {
        .kind = COMMAND_FIND, .backward = backward, .pattern_size = (uint8_t)strlen(bytes)};
    struct error err = {0};

    memcpy(command.pattern, bytes, command.pattern_size);
    ck_assert_int_eq(memory_place_parse(&command.place, from, &err), 0);
    execute(&command);
    return model.found.hit;
}

START_TEST(test_find)
{
    start(enter_long64);
    put(0x2ffd, "needle"); /* across a page */
    put(0x8000, "needle");
    put(0xff000, "needle");
    ck_assert(find("0", "needle", false));
    ck_assert_uint_eq(model.found.address, 0x2ffd);
    ck_assert_str_eq(model.message, "found at 2ffd");
    ck_assert(find("2ffd", "needle", false));
    ck_assert_uint_eq(model.found.address, 0x8000);
    ck_assert(find("ff000", "needle", false)); /* past the end: from the beginning */
    ck_assert_uint_eq(model.found.address, 0x2ffd);
    ck_assert(find("8000", "needle", true));
    ck_assert_uint_eq(model.found.address, 0x2ffd);
    ck_assert(find("2ffd", "needle", true)); /* and backward */
    ck_assert_uint_eq(model.found.address, 0xff000);
    ck_assert(find("ffffffffffffffff", "needle", false));
    ck_assert_uint_eq(model.found.address, 0x2ffd);
    ck_assert(find("800000000000", "needle", true)); /* from where no address is */
    ck_assert_uint_eq(model.found.address, 0xff000);
    ck_assert(find("phys 1000", "needle", false));
    ck_assert(model.found.physical);
    session_destroy(session);
}
END_TEST

/* The only one is found again; what lies across a hole is not there. */
START_TEST(test_find_edges)
{
    start(enter_long64);
    put(0x9000, "only one");
    ck_assert(find("9000", "only one", false));
    ck_assert(find("9000", "only one", true));
    ck_assert_uint_eq(model.found.address, 0x9000);
    put(0x4ffe, "hole"); /* its second half is in the page that is not mapped */
    ck_assert(!find("0", "hole", false));
    ck_assert(find("phys 0", "hole", false));
    ck_assert_uint_eq(model.found.address, 0x4ffe);
    put(0x1ffffc, "last");
    ck_assert(find("phys 0", "last", false));
    ck_assert(find("phys 0", "last", true));
    ck_assert_uint_eq(model.found.address, 0x1ffffc);
    ck_assert(!find("phys 0", "lastx", true));
    session_destroy(session);
}
END_TEST

START_TEST(test_find_nothing)
{
    struct command empty = {.kind = COMMAND_FIND};
    uint64_t id;

    start(enter_long64);
    ck_assert(!find("1000", "no such text", false));
    ck_assert(model.message_error);
    ck_assert_ptr_nonnull(strstr(model.message, "not found in"));
    ck_assert(!find("phys 1000", "no such text", true));
    id = model.found.id;
    execute(&empty);
    ck_assert_uint_eq(model.found.id, id);
    session_destroy(session);
}
END_TEST

/* One page mapped everywhere, as far as tables go: the search ends. */
START_TEST(test_find_is_bounded)
{
    uint64_t entry[3] = {0x11003, 0x12003, 0x13003};

    start(enter_long64);
    for (unsigned i = 0; i < 512; i++) {
        uint64_t page = 0x14000 | 3;

        for (unsigned level = 0; level < 3; level++)
            ram_write(&f.m->ram, 0x10000 + level * 0x1000u + i * 8, &entry[level], 8);
        ram_write(&f.m->ram, 0x13000 + i * 8, &page, 8);
    }
    ck_assert(!find("0", "no such text", false));
    ck_assert_ptr_nonnull(strstr(model.message, "not found in 256 MiB"));
    session_destroy(session);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session memory");
    TCase *tc = tcase_create("session memory");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_off);
    tcase_add_test(tc, test_linear);
    tcase_add_test(tc, test_ends);
    tcase_add_test(tc, test_physical);
    tcase_add_test(tc, test_changes);
    tcase_add_test(tc, test_find);
    tcase_add_test(tc, test_find_edges);
    tcase_add_test(tc, test_find_nothing);
    tcase_add_test(tc, test_find_is_bounded);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
