/* The line editor of the prompt. */
#include "tui/key.h"
#include "tui/prompt.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct prompt prompt;

static enum prompt_result type(const char *keys)
{
    enum prompt_result result = PROMPT_GOES_ON;
    int key;

    while (result == PROMPT_GOES_ON && (key = key_parse(&keys)) > 0)
        result = prompt_key(&prompt, (uint32_t)key);
    return result;
}

static const struct {
    const char *keys, *text;
    unsigned cursor;
} edits[] = {
    {"rip=7c00", "rip=7c00", 8},
    {"abc<Left><Left>x", "axbc", 2},
    {"abc<Left><Left><Left><Left>x", "xabc", 1},
    {"abc<Home>x<End>y", "xabcy", 5},
    {"abc<C-a>x<C-e>y", "xabcy", 5},
    {"abc<BS>d", "abd", 3},
    {"abc<Left><BS>", "ac", 1},
    {"abc<Home><BS>", "abc", 0},
    {"abc<Home><Del>", "bc", 0},
    {"abc<Del>", "abc", 3},
    {"one two  <C-w>x", "one x", 5},
    {"one<C-w><C-w>", "", 0},
    {"one two<Left><C-u>", "o", 0},
    {"a\xc3\xa9<Up><PgDn><Tab>b", "ab", 2}, /* not ASCII, not a character */
    {"<Right><Right>a", "a", 1},
};

START_TEST(test_editing)
{
    prompt_open(&prompt, 7);
    ck_assert_int_eq(type(edits[_i].keys), PROMPT_GOES_ON);
    ck_assert_str_eq(prompt.text, edits[_i].text);
    ck_assert_uint_eq(prompt.cursor, edits[_i].cursor);
    ck_assert_uint_eq(prompt.length, strlen(edits[_i].text));
    ck_assert_uint_eq(prompt.action, 7);
}
END_TEST

START_TEST(test_ends)
{
    prompt_open(&prompt, 0);
    ck_assert_int_eq(type("abc<Enter>"), PROMPT_DONE);
    ck_assert(!prompt.open);
    ck_assert_str_eq(prompt.text, "abc");
    prompt_open(&prompt, 0);
    ck_assert_str_eq(prompt.text, "");
    ck_assert_int_eq(type("abc<Esc>"), PROMPT_CANCELLED);
    ck_assert(!prompt.open);
    prompt_open(&prompt, 0);
    ck_assert_int_eq(type("a<BS>"), PROMPT_GOES_ON);
    ck_assert_int_eq(type("<BS>"), PROMPT_CANCELLED);
    ck_assert(!prompt.open);
}
END_TEST

START_TEST(test_full)
{
    prompt_open(&prompt, 0);
    for (int i = 0; i < 3 * PROMPT_MAX; i++)
        prompt_key(&prompt, 'a' + (uint32_t)i % 26);
    ck_assert_uint_eq(prompt.length, PROMPT_MAX - 1);
    ck_assert_uint_eq(strlen(prompt.text), PROMPT_MAX - 1);
    prompt_key(&prompt, K_HOME);
    prompt_key(&prompt, 'x');
    ck_assert_int_eq(prompt.text[0], 'a');
    prompt_set(&prompt, "a\ttab\x80");
    ck_assert_str_eq(prompt.text, "atab");
    ck_assert_uint_eq(prompt.cursor, 4);
}
END_TEST

/* The cursor is in sight whatever the width. */
START_TEST(test_drawing)
{
    struct grid *grid = grid_create(3, 30);
    struct area line;

    for (int cols = 1; cols <= 30; cols++) {
        struct area all = area_all(grid);

        grid_clear(grid);
        line = area_part(&all, 1, 0, 1, cols);
        prompt_open(&prompt, 0);
        prompt_set(&prompt, "a text that is longer than the line");
        prompt_draw(&prompt, "find", &line);
        ck_assert_int_eq(grid->cursor_row, 1);
        ck_assert_int_ge(grid->cursor_col, 0);
        ck_assert_int_lt(grid->cursor_col, cols);
    }
    ck_assert_uint_eq(grid_at(grid, 1, 0)->ch, 'f');
    ck_assert_uint_eq(grid_at(grid, 1, 28)->ch, 'e');
    ck_assert_int_eq(grid->cursor_col, 29);
    grid_destroy(grid);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("prompt");
    TCase *tc = tcase_create("prompt");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tc, test_editing, 0, sizeof(edits) / sizeof(edits[0]));
    tcase_add_test(tc, test_ends);
    tcase_add_test(tc, test_full);
    tcase_add_test(tc, test_drawing);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
