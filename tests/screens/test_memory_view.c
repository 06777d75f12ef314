/* The memory view: where its keys go, what they ask of the engine, and the ends of the space. */
#include "tests/support/screen_models.h"
#include "tui/act_memory.h"
#include "tui/key.h"
#include "tui/update.h"
#include "tui/view.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct model *model;
static struct ui ui;
static struct command commands[64];
static unsigned count;

static void event(const struct event *e)
{
    update(model, &ui, e, &commands[count]);
    count += commands[count].kind != COMMAND_NONE;
}

static void start(struct model *m)
{
    struct event fresh = {.kind = EVENT_MODEL};

    model = m;
    ui_init(&ui, VIEW_STEP, VIEW_STEP, 24, 80);
    count = 0;
    event(&fresh);
}

static void press(const char *keys)
{
    int key;

    count = 0;
    while ((key = key_parse(&keys)) > 0) {
        struct event e = {.kind = EVENT_KEY, .key = (uint32_t)key};

        event(&e);
    }
    ck_assert_int_eq(key, 0);
}

static uint64_t cursor(void)
{
    return memory_cursor(model, &ui);
}

/* The engine's answer to what was asked for last. */
static void answer(void)
{
    struct event fresh = {.kind = EVENT_MODEL};

    model->done = ui.sent;
    model->memory_place = ui.memory.place;
    model->memory_at = cursor();
    model->memory.on = true;
    model->memory.physical = ui.memory.place.physical;
    model->memory.start = memory_window_start(cursor());
    count = 0;
    event(&fresh);
}

#define STACK 0xffff800000007fe0

START_TEST(test_asks)
{
    start(screen_model_memory());
    model->memory.on = false;
    ck_assert_uint_eq(count, 0); /* not before it is shown */
    press("M");
    ck_assert_int_eq(ui_view(&ui), VIEW_MEMORY);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(commands[0].kind, COMMAND_LOOK);
    ck_assert_int_eq(commands[0].place.base, MEMORY_RSP);
    press("x"); /* under way: not asked again */
    ck_assert_uint_eq(count, 0);
    answer();
    ck_assert_uint_eq(count, 0);
    press("<Right>");
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(commands[0].place.offset, 1);
    model->done = ui.sent; /* an interrupt dropped it: asked once more */
    press("x");
    ck_assert_uint_eq(count, 1);
    answer();
    press("s");
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(commands[0].kind, COMMAND_STEP);
    start(screen_model_empty());
    press("MjkhgGaP<Enter>w");
    ck_assert_uint_eq(count, 0); /* without a machine nothing is asked */
}
END_TEST

START_TEST(test_cursor)
{
    start(screen_model_memory());
    press("M<Right>");
    ck_assert_uint_eq(cursor(), STACK + 1);
    press("hh");
    ck_assert_uint_eq(cursor(), STACK - 1);
    press("<Left>w");
    ck_assert_uint_eq(cursor(), STACK + 6);
    press("W");
    ck_assert_uint_eq(cursor(), STACK - 2);
    press("j<Down>k");
    ck_assert_uint_eq(cursor(), STACK + 14);
    press("<PgDn>"); /* 9 rows of 16 bytes */
    ck_assert_uint_eq(cursor(), STACK + 14 + 8 * 16);
    press("<PgUp>g");
    ck_assert_uint_eq(cursor(), 0xffff800000007000);
    press("G");
    ck_assert_uint_eq(cursor(), 0xffff800000007fff);
    ck_assert_int_eq(ui.memory.place.base, MEMORY_RSP); /* still counted from it */
    model->now.gpr[X86_RSP] -= 8;
    ck_assert_uint_eq(cursor(), 0xffff800000007ff7);
}
END_TEST

/* In the other panes left and right go from pane to pane, as everywhere. */
START_TEST(test_sides)
{
    start(screen_model_memory());
    press("M2<Right>");
    ck_assert_uint_eq(ui.focus[VIEW_MEMORY], 3);
    press("h");
    ck_assert_uint_eq(ui.focus[VIEW_MEMORY], 2);
    press("<S-Tab>");
    ck_assert_uint_eq(ui.focus[VIEW_MEMORY], 1);
    press("q<Right>");
    ck_assert_uint_eq(ui.focus[VIEW_STEP], 4);
    press("h");
    ck_assert_uint_eq(ui.focus[VIEW_STEP], 3);
}
END_TEST

/* The lines stay where they are while the cursor moves among them. */
/* Row of the terminal's cursor, which is on the byte, after some keys. */
static int row_after(const char *keys)
{
    struct grid *grid = grid_create(24, 80);
    int row;

    press(keys);
    screen_draw(model, &ui, grid);
    row = grid->cursor_row;
    ck_assert_int_eq(grid->cursor_col, 12);
    grid_destroy(grid);
    return row;
}

START_TEST(test_lines)
{
    struct pane pane;
    int last;

    start(screen_model_memory());
    ck_assert_int_eq(row_after("M"), 5);
    view_focused_pane(&ui, &pane);
    last = pane.row + pane.rows - 2;
    ck_assert_int_eq(row_after("j"), 6);
    ck_assert_int_eq(row_after("jjjj"), last);
    ck_assert_int_eq(row_after("j"), last); /* the lines move under it */
    ck_assert_int_eq(row_after("k"), last - 1);
    ck_assert_int_eq(row_after("<PgUp>"), pane.row + 1);
}
END_TEST

START_TEST(test_address)
{
    start(screen_model_memory());
    press("Maphys 1000<Enter>");
    ck_assert_uint_eq(cursor(), 0x1000);
    ck_assert(ui.memory.place.physical);
    ck_assert_int_eq(commands[count - 1].kind, COMMAND_LOOK);
    ck_assert(commands[count - 1].place.physical);
    press("arsi+8<Enter>");
    ck_assert_uint_eq(cursor(), 0xffff800000400018);
    press("anonsense<Enter>");
    ck_assert(ui.message_error);
    ck_assert_uint_eq(cursor(), 0xffff800000400018);
    press("<BS>");
    ck_assert_uint_eq(cursor(), 0x1000);
    press("<BS>");
    ck_assert_uint_eq(cursor(), STACK);
    press("<BS>");
    ck_assert_str_eq(ui.message, "there is no place before");
    for (unsigned i = 0; i < 3 * MEMORY_BACK; i++)
        press("a7c00<Enter>");
    for (unsigned i = 0; i < MEMORY_BACK; i++)
        press("<BS>");
    ck_assert_str_eq(ui.message, "");
    press(":address gdtr<Enter>");
    ck_assert_uint_eq(cursor(), 0x6000);
}
END_TEST

START_TEST(test_ends)
{
    struct grid *grid = grid_create(24, 80);

    start(screen_model_memory());
    press("Maffffffffffffffff<Enter>");
    answer();
    press("<Right>jw<PgDn>G");
    ck_assert_uint_eq(cursor(), UINT64_MAX);
    screen_draw(model, &ui, grid);
    press("a0<Enter>");
    answer();
    press("hkW<PgUp>g");
    ck_assert_uint_eq(cursor(), 0);
    screen_draw(model, &ui, grid);
    press("a800000000000<Enter>");
    answer();
    screen_draw(model, &ui, grid);
    ck_assert_uint_eq(cursor(), 0x800000000000);
    grid_destroy(grid);
}
END_TEST

START_TEST(test_follow)
{
    start(screen_model_memory());
    press("M<Enter>"); /* the return address on the stack */
    ck_assert_uint_eq(cursor(), 0xffff800000201232);
    press("<BS>");
    model->now.efer = model->now.cr0 = model->now.cr4 = 0; /* 32-bit code: 4 bytes */
    model->now.seg[X86_CS].access = SEG_DB;
    model->now.cr0 = CR0_PE;
    ui.memory.place = (struct memory_place){.offset = STACK};
    press("<Enter>");
    ck_assert_uint_eq(cursor(), 0x00201232);
    start(screen_model_memory()); /* into the page that is not mapped */
    press("Ma ffff800000007ffc<Enter>");
    answer();
    press("<Enter>");
    ck_assert_str_eq(ui.message, "no pointer of 8 bytes can be read here");
    press("3jjj<Enter>"); /* the fourth register */
    ck_assert_uint_eq(cursor(), 0xffff800000400010);
    ck_assert_int_eq(ui.memory.place.base, MEMORY_RSI);
    press("/cr3<Enter><Enter>");
    ck_assert(ui.memory.place.physical);
    ck_assert_uint_eq(cursor(), 0x1000);
}
END_TEST

/* In physical memory what is followed is an entry of a page table. */
START_TEST(test_follow_entry)
{
    start(screen_model_memory());
    press("Macr3<Enter>");
    answer();
    model->memory.pages[1] = model->memory.pages[0]; /* 1000h */
    memcpy(model->memory.bytes + 0x1000, "\x63\x50\x00\x00\x00\x00\x00\x80", 8);
    memset(model->memory.bytes + 0x1008, 0, 8);
    ck_assert_uint_eq(model->memory.start, 0);
    press("<Enter>");
    ck_assert_uint_eq(cursor(), 0x5000);
    press("<BS>w<Enter>");
    ck_assert_ptr_nonnull(strstr(ui.message, "not present"));
    ck_assert_uint_eq(cursor(), 0x1008);
}
END_TEST

START_TEST(test_physical)
{
    start(screen_model_memory());
    press("MP");
    ck_assert(ui.memory.place.physical);
    ck_assert_uint_eq(cursor(), 0x207fe0);
    press("P"); /* back to where linear memory was left */
    ck_assert(!ui.memory.place.physical);
    ck_assert_int_eq(ui.memory.place.base, MEMORY_RSP);
    press("affff800000008000<Enter>");
    answer();
    model->memory.pages[1].status = model->memory.pages[2].status = MEMORY_UNMAPPED;
    press("P");
    ck_assert(!ui.memory.place.physical);
    ck_assert_ptr_nonnull(strstr(ui.message, "P = 0: not present"));
    start(screen_model_memory());
    press("M");
    ui.memory.place = (struct memory_place){.physical = true, .offset = 0x1234};
    press("P"); /* linear memory was never shown: the same number */
    ck_assert_uint_eq(cursor(), 0x1234);
}
END_TEST

START_TEST(test_find)
{
    struct event fresh = {.kind = EVENT_MODEL};

    start(screen_model_memory());
    press("M/0f a2<Enter>");
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(commands[0].kind, COMMAND_FIND);
    ck_assert_uint_eq(commands[0].pattern_size, 2);
    ck_assert_uint_eq(commands[0].pattern[1], 0xa2);
    ck_assert(!commands[0].backward);
    ck_assert_int_eq(commands[0].place.base, MEMORY_RSP);
    model->found = (struct memory_found){.id = 1, .hit = true, .address = 0x7c05};
    event(&fresh);
    ck_assert_uint_eq(cursor(), 0x7c05);
    event(&fresh); /* the same answer is taken once */
    press("<BS>");
    ck_assert_uint_eq(cursor(), STACK);
    press(",");
    ck_assert(commands[0].backward);
    model->found = (struct memory_found){.id = 2};
    event(&fresh);
    ck_assert_uint_eq(cursor(), STACK);
    press("3/stack<Enter>"); /* in the list of registers the screen itself looks */
    ck_assert_int_eq(memory_selected(model, &ui), MEMORY_RSP);
    press(";");
    ck_assert_int_eq(memory_selected(model, &ui), MEMORY_RBP);
    ck_assert_uint_eq(count, 0);
    press("/nothing such<Enter>");
    ck_assert(ui.message_error);
}
END_TEST

START_TEST(test_click)
{
    struct event click = {.kind = EVENT_MOUSE, .mouse = MOUSE_CLICK, .row = 3, .col = 20};

    start(screen_model_memory());
    press("M");
    event(&click);
    ck_assert_uint_eq(cursor(), STACK - 0x20);
    event(&click); /* the lines did not move */
    ck_assert_uint_eq(cursor(), STACK - 0x20);
    click.row = 13;
    click.col = 60;
    event(&click);
    ck_assert_int_eq(memory_selected(model, &ui), MEMORY_RSP);
    model->now.efer = 0; /* a mode without R8: the list is shorter */
    model->now.cr0 = CR0_PE;
    press("G");
    ui.memory.base = MEMORY_R8;
    ck_assert_int_eq(memory_selected(model, &ui), MEMORY_RIP);
}
END_TEST

/* On a screen with room for it the step view has a pane of memory, around the same place. */
START_TEST(test_in_steps)
{
    struct event size = {.kind = EVENT_RESIZE, .rows = 48, .cols = 160};

    start(screen_model_memory());
    model->memory.on = false;
    press("x");
    ck_assert_uint_eq(count, 0);
    event(&size);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(commands[0].kind, COMMAND_LOOK);
    answer();
    press("8j<Right>");
    ck_assert_uint_eq(ui.focus[VIEW_STEP], 8);
    ck_assert_uint_eq(cursor(), STACK + 17);
    press("/ab<Enter>");
    ck_assert_int_eq(commands[count - 1].kind, COMMAND_FIND);
    press("3/out<Enter>"); /* in the list of exits the screen itself looks */
    ck_assert_int_ne(commands[0].kind, COMMAND_FIND);
    press("M");
    ck_assert_uint_eq(cursor(), STACK + 17);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory view");
    TCase *tc = tcase_create("memory view");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, test_asks);
    tcase_add_test(tc, test_cursor);
    tcase_add_test(tc, test_sides);
    tcase_add_test(tc, test_lines);
    tcase_add_test(tc, test_address);
    tcase_add_test(tc, test_ends);
    tcase_add_test(tc, test_follow);
    tcase_add_test(tc, test_follow_entry);
    tcase_add_test(tc, test_physical);
    tcase_add_test(tc, test_find);
    tcase_add_test(tc, test_click);
    tcase_add_test(tc, test_in_steps);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
