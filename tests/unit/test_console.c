/* tui/widget/console.c: what moves, what is a dot, which text, scrolling from the end, the cursor. */
#include "tui/widget/console.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3, COLS = 12 }; /* the text has a column of margin on each side */

static struct text_tail text;
static struct cell cells[ROWS * COLS];
static struct grid grid;

static void print(enum text_source source, const char *what)
{
    text_tail_add(&text, source, what, strlen(what));
}

static int draw(enum console_text which, int scroll, bool cursor)
{
    struct area area;

    grid = (struct grid){.rows = ROWS, .cols = COLS, .cells = cells};
    grid_clear(&grid);
    area = area_all(&grid);
    return console_draw(&text, which, &area, scroll, cursor);
}

/* A row without its margins and the blanks at its end. */
static void check_row(int row, const char *want)
{
    char got[COLS + 1] = "";

    for (int col = 1; col < COLS - 1; col++)
        got[col - 1] =
            grid_at(&grid, row, col)->ch < 0x7f ? (char)grid_at(&grid, row, col)->ch : '@';
    for (size_t end = strlen(got); end > 0 && got[end - 1] == ' '; end--)
        got[end - 1] = '\0';
    ck_assert_str_eq(got, want);
}

static void check_cursor(int row, int col)
{
    ck_assert_int_eq(grid.cursor_row, row);
    ck_assert_int_eq(grid.cursor_col, col);
}

static void setup(void)
{
    memset(&text, 0, sizeof(text));
}

START_TEST(test_moves)
{
    print(TEXT_SERIAL, "abcd\b \bX\rY\na\tb\n\b\b|");
    ck_assert_int_eq(draw(CONSOLE_ALL, 0, false), 3);
    check_row(0, "YbcX");
    check_row(1, "a       b");
    check_row(2, "|");
    check_cursor(-1, -1);
}
END_TEST

/* The guest owns what it prints: no escape sequence is carried out, none gets through. */
START_TEST(test_dots)
{
    print(TEXT_SERIAL, "\033[2J\177\303\251\a");
    ck_assert_int_eq(draw(CONSOLE_ALL, 0, false), 1);
    check_row(0, "@[2J@@@@");
}
END_TEST

START_TEST(test_sources)
{
    ck_assert_int_eq(draw(CONSOLE_ALL, 0, false), 1);
    check_row(0, "The guest"); /* ... has printed nothing */
    print(TEXT_DEBUG_PORT, "de");
    draw(CONSOLE_SERIAL, 0, false);
    check_row(0, "The guest");
    print(TEXT_SERIAL, "se");
    print(TEXT_DEBUG_PORT, "bug");
    print(TEXT_SERIAL, "rial");
    draw(CONSOLE_ALL, 0, false);
    check_row(0, "desebugria");
    check_row(1, "l");
    draw(CONSOLE_SERIAL, 0, false);
    check_row(0, "serial");
    draw(CONSOLE_DEBUG_PORT, 0, false);
    check_row(0, "debug");
}
END_TEST

START_TEST(test_scrolls_from_the_end)
{
    print(TEXT_SERIAL, "1\n2\n3\n4\n5");
    ck_assert_int_eq(draw(CONSOLE_ALL, 0, false), 5);
    check_row(0, "3");
    check_row(2, "5");
    draw(CONSOLE_ALL, 1, false);
    check_row(0, "2");
    draw(CONSOLE_ALL, 100, false);
    check_row(0, "1");
    check_row(2, "3");
}
END_TEST

START_TEST(test_cursor)
{
    draw(CONSOLE_ALL, 0, true);
    check_row(0, "");
    check_cursor(0, 1);
    print(TEXT_SERIAL, "1\n2\n> ");
    draw(CONSOLE_ALL, 0, true);
    check_cursor(2, 3);
    print(TEXT_SERIAL, "\n"); /* the empty line is seen: the cursor is on it */
    ck_assert_int_eq(draw(CONSOLE_ALL, 0, true), 4);
    check_row(1, ">");
    check_cursor(2, 1);
    draw(CONSOLE_ALL, 1, true); /* scrolled away */
    check_cursor(-1, -1);
    print(TEXT_SERIAL, "0123456789");
    draw(CONSOLE_ALL, 0, true);
    check_cursor(2, 10);
}
END_TEST

/* The newest are kept, and each byte with its source. */
START_TEST(test_more_than_is_kept)
{
    for (int i = 0; i < TEXT_TAIL; i++)
        print(TEXT_DEBUG_PORT, i % 8 == 7 ? "\n" : "d");
    for (int i = 0; i < 16; i++)
        print(TEXT_SERIAL, i % 8 == 7 ? "\n" : "s");
    ck_assert_int_eq(draw(CONSOLE_ALL, 0, false), TEXT_TAIL / 8);
    ck_assert_int_eq(draw(CONSOLE_SERIAL, 0, false), 2);
    ck_assert_int_eq(draw(CONSOLE_DEBUG_PORT, 0, false), TEXT_TAIL / 8 - 2);
    check_row(2, "ddddddd");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("console");
    TCase *tc = tcase_create("console");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, test_moves);
    tcase_add_test(tc, test_dots);
    tcase_add_test(tc, test_sources);
    tcase_add_test(tc, test_scrolls_from_the_end);
    tcase_add_test(tc, test_cursor);
    tcase_add_test(tc, test_more_than_is_kept);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
