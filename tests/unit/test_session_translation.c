/*
 * What a session says of a guest's translations: both stages, what is tried, the TLB, shadow tables, what
 * changed in a step, and which pages were written. The guest never sees that anybody looked.
 */
#include "tests/support/fixture.h"
#include "tui/session.h"
#include "util/bytes.h"

#include <stdlib.h>
#include <string.h>

static struct model model;
static struct session *session;
static bool shadow;

/*
 * 1000  48 a1 / mov rax, [7000h]; 88 04 25 00 30 00 00  mov [3000h], al; then 7000h's PTE is written:
 * PTEs of 0-2 MiB lie at 13000h in the fixture's tables.
 */
static const uint8_t program[] = {
    0x8a, 0x04, 0x25, 0x00, 0x70, 0x00, 0x00,       /* mov al, [7000h] */
    0x88, 0x04, 0x25, 0x00, 0x30, 0x00, 0x00,       /* mov [3000h], al */
    0x80, 0x24, 0x25, 0x38, 0x30, 0x01, 0x00, 0xfd, /* and byte [13038h], ~R/W */
    0xf4,
};

static int open_machine(void *ctx, unsigned lab, const struct text_sink *text, struct machine **m,
                        struct error *err)
{
    (void)ctx;
    (void)lab;
    (void)text;
    (void)err;
    (shadow ? fixture_setup_shadow : fixture_setup)();
    load(program, sizeof(program), enter_long64);
    *m = f.m;
    return 0;
}

static void execute(const struct command *command)
{
    session_execute(session, command);
    session_publish(session, &model);
}

static void start(void)
{
    static const struct lab_info lab = {.id = "01"};
    static struct tui_config config;
    struct command open = {.kind = COMMAND_OPEN};

    config = (struct tui_config){.labs = &lab, .lab_count = 1, .open = open_machine};
    session = session_create(&config);
    model_init(&model, &lab, 1);
    execute(&open);
    ck_assert_int_eq(model.run, RUN_PAUSED);
}

static void step(void)
{
    struct command command = {.kind = COMMAND_STEP};

    execute(&command);
}

static void look(uint64_t gva, enum x86_access access, unsigned tries, unsigned level)
{
    struct command command = {.kind = COMMAND_LOOK_PAGES};

    command.pages = (struct pages_question){.on = true,
                                            .place = {.offset = gva},
                                            .access = (uint8_t)access,
                                            .tries = (uint8_t)tries,
                                            .level = (uint8_t)level};
    execute(&command);
    ck_assert(model.pages.on);
    ck_assert_uint_eq(model.pages.gva, gva);
}

START_TEST(test_walk)
{
    start();
    ck_assert(!model.pages.on);
    look(0x6123, X86_WRITE, 0, 0); /* a read-only page, CR0.WP = 0 or 1 as the fixture has it */
    ck_assert_uint_eq(model.pages.levels, 4);
    ck_assert_uint_eq(model.pages.walk.guest.count, 4);
    ck_assert_uint_eq(model.pages.walk.guest.gpa, 0x6123);
    ck_assert(model.pages.table.on);
    ck_assert_uint_eq(model.pages.table.level, 1);
    ck_assert_uint_eq(model.pages.table.entries[6] & 3, 1);
    ck_assert_uint_eq(model.pages.table.entries[5] & 1, 0);
    look(0x6123, X86_WRITE, 0, 4);
    ck_assert_uint_eq(model.pages.table.level, 4);
    ck_assert_uint_eq(model.pages.table.gpa, 0x10000);
    session_destroy(session);
}
END_TEST

/* CR0.WP the other way round lets a supervisor write, or not; CPL 3 may do nothing here. */
START_TEST(test_tries)
{
    bool wp, allowed;

    start();
    wp = model.now.cr0 & CR0_WP;
    look(0x6123, X86_WRITE, 0, 0);
    allowed = model.pages.verdicts[0][X86_WRITE] == NESTED_ALLOWED;
    ck_assert_int_eq(allowed, !wp);
    look(0x6123, X86_WRITE, 1 << TRY_WP, 0);
    ck_assert_int_eq(model.pages.walk.verdict == NESTED_ALLOWED, wp);
    ck_assert_uint_eq(model.pages.verdicts[1][X86_READ], NESTED_GUEST);
    look(0x6123, X86_READ, 1 << TRY_CPL, 0);
    ck_assert(model.pages.user);
    ck_assert_int_eq(model.pages.walk.verdict, NESTED_GUEST);
    ck_assert_uint_eq(model.pages.walk.guest.error_code, PF_PRESENT | PF_USER);
    session_destroy(session);
}
END_TEST

/* The guest takes R/W from a page whose translation is cached: the TLB is stale, the entry marked. */
START_TEST(test_change)
{
    uint64_t was, hash, entry;

    start();
    look(0x7000, X86_READ, 0, 0);
    ck_assert(!model.pages.has_tlb);
    step();
    ck_assert(model.pages.has_tlb);
    ck_assert(!pages_tlb_is_stale(&model.pages));
    step();
    hash = machine_state_hash(f.m);
    look(0x7000, X86_READ, 0, 0);
    ck_assert_uint_eq(machine_state_hash(f.m), hash);
    step();
    entry = model.pages.table.entries[7];
    ck_assert_uint_eq(entry & 2, 0);
    ck_assert(pages_entry_changed(&model.pages_before, 0x13038, entry, &was));
    ck_assert_uint_eq(was, entry | 2);
    ck_assert(pages_tlb_is_stale(&model.pages));
    ck_assert(pages_range_is_new(&model.pages_before,
                                 &model.pages.ranges[pages_range_at(&model.pages, 0x7000)]));
    session_destroy(session);
}
END_TEST

START_TEST(test_shadow)
{
    shadow = true;
    start();
    look(0x7000, X86_READ, 0, 0);
    ck_assert(model.pages.has_shadow);
    ck_assert_int_ne(model.pages.shadow.verdict, X86_WALK_OK);
    for (unsigned i = 0; i < 20 && model.now.rip == AT;
         i++) /* the #PF that fills it in is an exit, so a step, of its own */
        step();
    ck_assert_int_eq(model.pages.shadow.verdict, X86_WALK_OK);
    ck_assert_uint_eq(model.pages.shadow.gpa, model.pages.walk.page.hpa);
    session_destroy(session);
    shadow = false;
}
END_TEST

/* Whoever steps and looks sees the same exits as who does not: nothing is filled in twice. */
START_TEST(test_shadow_exits)
{
    struct command heat = {.kind = COMMAND_LOOK_HEAT}, run = {.kind = COMMAND_CONTINUE};
    uint64_t exits;

    shadow = true;
    start();
    execute(&run);
    exits = model.exits;
    session_destroy(session);
    start();
    execute(&heat);
    look(0x7000, X86_READ, 0, 0);
    for (unsigned i = 0; i < 100 && model.run == RUN_PAUSED; i++)
        step();
    ck_assert_int_eq(model.run, RUN_ENDED);
    ck_assert_uint_eq(model.exits, exits);
    ck_assert(model.heat.first_only);
    ck_assert_uint_eq(model.heat.cells[3].ever, 1);
    session_destroy(session);
}
END_TEST

START_TEST(test_ept)
{
    struct command command = {.kind = COMMAND_LOOK_EPT};

    start();
    command.ept = (struct ept_question){.on = true, .place = {.physical = true, .offset = 0x3010}};
    execute(&command);
    ck_assert(model.ept.on && model.ept.own && model.ept.walked);
    ck_assert_uint_eq(model.ept.walk.hpa, ram_hpa(&f.m->ram, 0x3010));
    ck_assert_uint_eq(model.ept.page.references, 1);
    ck_assert(!model.ept.page.dirty);
    ck_assert_uint_eq(model.ept.table_level, model.ept.walk.steps[model.ept.walk.count - 1].level);
    step();
    step();
    ck_assert(model.ept.page.dirty);
    command.ept.place.offset = 0x40000000;
    execute(&command);
    ck_assert(!model.ept.page.has_slot);
    ck_assert_int_eq(model.ept.walk.verdict, EPT_NOT_PRESENT);
    command.ept.on = false;
    execute(&command);
    ck_assert(!model.ept.on);
    session_destroy(session);
}
END_TEST

/* Loading is no run: only what the guest writes counts, by runs. */
START_TEST(test_heat)
{
    struct command command = {.kind = COMMAND_LOOK_HEAT};

    start();
    execute(&command);
    ck_assert(model.heat.on);
    ck_assert_uint_eq(model.heat.pages, f.m->ram.size / PAGE_SIZE);
    ck_assert_uint_eq(model.heat.cell_size, 1);
    ck_assert_uint_eq(model.heat.ever, 0);
    step(); /* A in the tables */
    step(); /* 3000h, and D in its PTE */
    ck_assert_uint_eq(model.heat.cells[3].last, 1);
    ck_assert_uint_eq(model.heat.cells[0x13].last, 1);
    step();
    ck_assert_uint_eq(model.heat.cells[3].last, 0);
    ck_assert_uint_eq(model.heat.cells[3].ever, 1);
    ck_assert_uint_eq(model.heat.cells[3].runs, 1);
    ck_assert_uint_eq(model.heat.cells[0x13].runs, 3);
    ck_assert_uint_eq(model.heat.runs, 3);
    command.off = true;
    execute(&command);
    ck_assert(!model.heat.on);
    session_destroy(session);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session: translation");
    TCase *tc = tcase_create("translation");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, test_walk);
    tcase_add_test(tc, test_tries);
    tcase_add_test(tc, test_change);
    tcase_add_test(tc, test_shadow);
    tcase_add_test(tc, test_shadow_exits);
    tcase_add_test(tc, test_ept);
    tcase_add_test(tc, test_heat);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
