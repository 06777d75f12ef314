/* The marks of the code pane: what does not trap outside of ring 0, where there are rings. */
#include "tests/support/fixture.h"
#include "tui/grid.h"
#include "tui/session.h"
#include "tui/view.h"

#include <stdlib.h>
#include <string.h>

static struct model model;
static struct session *session;
static enter_fn *mode;

/* pushf; cli; popf; mov eax, cs; nop: the same bytes in every code size */
static const uint8_t code[] = {0x9c, 0xfa, 0x9d, 0x8c, 0xc8, 0x90};

/* The session owns the fixture's machine. */
static int open_machine(void *ctx, unsigned lab, const struct text_sink *text, struct machine **m,
                        struct error *err)
{
    (void)ctx;
    (void)lab;
    (void)text;
    (void)err;
    fixture_setup();
    load(code, sizeof(code), mode);
    *m = f.m;
    return 0;
}

static void start(enter_fn *enter)
{
    static const struct lab_info lab = {.id = "02"};
    static struct tui_config config;
    struct command open = {.kind = COMMAND_OPEN};

    mode = enter;
    config = (struct tui_config){.labs = &lab, .lab_count = 1, .open = open_machine};
    session = session_create(&config);
    model_init(&model, &lab, 1);
    session_execute(session, &open);
    session_publish(session, &model);
    ck_assert_int_eq(model.run, RUN_PAUSED);
}

/* The marks of the five instructions, as bits from the first on. */
static unsigned marks(void)
{
    unsigned bits = 0;

    ck_assert_uint_ge(model.code_count, 5);
    for (unsigned i = 0; i < 5; i++)
        bits |= model.code[i].leaks ? 1u << i : 0;
    return bits;
}

START_TEST(test_rings)
{
    start(enter_flat32);
    ck_assert_uint_eq(marks(), 0x0d);
    session_destroy(session);
    start(enter_long64);
    ck_assert_uint_eq(marks(), 0x0d);
    session_destroy(session);
    start(enter_real);
    ck_assert_uint_eq(marks(), 0);
    session_destroy(session);
}
END_TEST

/* The character in front of the instruction of a row of the code pane. */
START_TEST(test_drawn)
{
    struct grid *grid = grid_create(24, 80);
    struct ui ui;
    unsigned drawn = 0;

    start(enter_flat32);
    ui_init(&ui, VIEW_STEP, VIEW_STEP, 24, 80);
    screen_draw(&model, &ui, grid);
    for (int row = 2; row < 7; row++)
        for (int col = 0; col < 33; col++)
            drawn |= grid_at(grid, row, col)->ch == '~' ? 1u << (row - 2) : 0;
    ck_assert_uint_eq(drawn, 0x0d);
    grid_destroy(grid);
    session_destroy(session);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session_code");
    TCase *tc = tcase_create("marks");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, test_rings);
    tcase_add_test(tc, test_drawn);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
