/* The grid: characters, clipping, text. */
#include "tui/grid.h"
#include "tui/text.h"
#include "tui/widget/pane.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct grid *grid;

static void setup(void)
{
    grid = grid_create(4, 10);
    ck_assert_ptr_nonnull(grid);
}

static void teardown(void)
{
    grid_destroy(grid);
}

/* A row as text; what is not ASCII comes as its fold. */
static const char *row_text(int row)
{
    static char text[GRID_SIDE_MAX + 1];

    for (int col = 0; col < grid->cols; col++)
        text[col] = (char)char_fold_ascii(grid_at(grid, row, col)->ch);
    text[grid->cols] = '\0';
    return text;
}

START_TEST(test_create_bounds)
{
    ck_assert_ptr_null(grid_create(0, 5));
    ck_assert_ptr_null(grid_create(5, 0));
    ck_assert_ptr_null(grid_create(-1, 5));
    ck_assert_ptr_null(grid_create(GRID_SIDE_MAX + 1, 5));
    ck_assert_ptr_null(grid_at(grid, 4, 0));
    ck_assert_ptr_null(grid_at(grid, 0, 10));
    ck_assert_ptr_null(grid_at(grid, -1, 0));
}
END_TEST

START_TEST(test_utf8)
{
    static const struct {
        const char *text;
        uint32_t want[4];
    } cases[] = {
        {"a\xc3\xa9", {'a', 0xe9}},
        {"\xe2\x94\x80", {0x2500}},
        {"\xe4\xb8\xad", {'?'}},        /* two columns wide */
        {"\xcc\x81", {'?'}},            /* combining */
        {"\xff\x41", {'?', 'A'}},       /* no first byte */
        {"\xe2\x94", {'?'}},            /* cut off */
        {"\xe2\x41", {'?', 'A'}},       /* broken off */
        {"\xc0\xaf", {'?', '?'}},       /* overlong */
        {"\x1b[\x7f", {'?', '[', '?'}}, /* controls */
        {"\xc2\x9b", {'?'}},            /* C1: CSI */
    };

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text = cases[i].text;

        for (unsigned j = 0; cases[i].want[j]; j++)
            ck_assert_uint_eq(utf8_next(&text), cases[i].want[j]);
        ck_assert_uint_eq(utf8_next(&text), 0);
        ck_assert_uint_eq(utf8_next(&text), 0);
    }
}
END_TEST

START_TEST(test_utf8_round_trip)
{
    static const uint32_t chars[] = {'a', 0xe9, 0x2502, 0x2588};
    char bytes[5] = "";

    for (unsigned i = 0; i < 4; i++) {
        const char *text = bytes;

        bytes[utf8_put(chars[i], bytes)] = '\0';
        ck_assert_uint_eq(utf8_next(&text), chars[i]);
        ck_assert_int_eq(*text, 0);
    }
    ck_assert_int_eq(utf8_put(0x1f600, bytes), 4);
}
END_TEST

START_TEST(test_text_is_cut_with_an_ellipsis)
{
    struct area all = area_all(grid);

    ck_assert_int_eq(area_text(&all, 0, 2, ROLE_NORMAL, "12345678"), 10);
    ck_assert_str_eq(row_text(0), "  12345678");
    ck_assert_int_eq(area_text(&all, 1, 2, ROLE_NORMAL, "123456789"), 11);
    ck_assert_str_eq(row_text(1), "  1234567~");
    area_text(&all, 2, -2, ROLE_NORMAL, "abcd");
    ck_assert_str_eq(row_text(2), "cd        ");
    area_text(&all, 9, 0, ROLE_NORMAL, "below");
    area_text(&all, -1, 0, ROLE_NORMAL, "above");
    ck_assert_str_eq(row_text(3), "          ");
}
END_TEST

START_TEST(test_area_clips)
{
    struct area all = area_all(grid);
    struct area part = area_part(&all, 1, 3, 2, 4);
    struct area outside = area_part(&all, 2, 8, 10, 10);
    struct area nothing = area_part(&part, 5, 5, 3, 3);

    ck_assert_int_eq(part.rows, 2);
    ck_assert_int_eq(part.cols, 4);
    area_text(&part, 0, 0, ROLE_NORMAL, "abcdef");
    area_text(&part, 2, 0, ROLE_NORMAL, "no");
    ck_assert_str_eq(row_text(1), "   abc~   ");
    ck_assert_str_eq(row_text(3), "          ");
    ck_assert_int_eq(outside.rows, 2);
    ck_assert_int_eq(outside.cols, 2);
    ck_assert_int_eq(nothing.rows, 0);
    ck_assert_int_eq(nothing.cols, 0);
    area_text(&nothing, 0, 0, ROLE_NORMAL, "x");
    area_fill_row(&nothing, 0, ROLE_HEADER);
    area_select_row(&nothing, 0);
    ck_assert_int_eq(grid->cursor_row, -1);
}
END_TEST

START_TEST(test_wrap)
{
    struct area all = area_all(grid);

    ck_assert_int_eq(area_wrap(&all, 0, 0, ROLE_NORMAL, "one two three averyverylongword"), 4);
    ck_assert_str_eq(row_text(0), "one two   ");
    ck_assert_str_eq(row_text(1), "three     ");
    ck_assert_str_eq(row_text(2), "averyveryl");
    ck_assert_str_eq(row_text(3), "ongword   ");
    grid_clear(grid);
    ck_assert_int_eq(area_wrap(&all, 0, 1, ROLE_NORMAL, "exactly10c next\nline"), 3);
    ck_assert_str_eq(row_text(0), "next      ");
    ck_assert_str_eq(row_text(1), "line      ");
    ck_assert_int_eq(area_wrap(&all, 0, 0, ROLE_NORMAL, ""), 0);
}
END_TEST

START_TEST(test_select_row)
{
    struct area all = area_all(grid);
    struct area part = area_part(&all, 1, 1, 2, 3);

    area_select_row(&part, 1);
    ck_assert_int_eq(grid->cursor_row, 2);
    ck_assert_int_eq(grid->cursor_col, 1);
    ck_assert_uint_eq(grid_at(grid, 2, 3)->attr, CELL_SELECTED);
    ck_assert_uint_eq(grid_at(grid, 2, 4)->attr, 0);
    ck_assert_uint_eq(grid_at(grid, 1, 1)->attr, 0);
}
END_TEST

START_TEST(test_panes_join)
{
    static const struct pane panes[] = {
        {.number = 1, .rows = 3, .cols = 8, .name = ""},
        {.number = 2, .col = 7, .rows = 3, .cols = 3, .name = ""},
        {.number = 3, .row = 2, .rows = 2, .cols = 10, .name = ""},
    };

    panes_draw(grid, panes, 3, 1);
    ck_assert_uint_eq(grid_at(grid, 0, 7)->ch, 0x252c);
    ck_assert_uint_eq(grid_at(grid, 2, 7)->ch, 0x2534);
    ck_assert_uint_eq(grid_at(grid, 2, 0)->ch, 0x251c);
    ck_assert_uint_eq(grid_at(grid, 2, 9)->ch, 0x2524);
    ck_assert_uint_eq(grid_at(grid, 3, 9)->ch, 0x2518);
    ck_assert_uint_eq(grid_at(grid, 1, 7)->role, ROLE_BORDER_FOCUS);
    ck_assert_uint_eq(grid_at(grid, 1, 9)->role, ROLE_BORDER);
    grid_fold_ascii(grid);
    for (int i = 0; i < 40; i++)
        ck_assert_uint_lt(grid->cells[i].ch, 0x7f);
}
END_TEST

/* Bars and shades stay in their order without their characters. */
START_TEST(test_blocks_fold)
{
    static const char bars[] = "__===###", shades[] = "-+%";

    for (uint32_t i = 0; i < 8; i++)
        ck_assert_uint_eq(char_fold_ascii(0x2581 + i), (uint32_t)bars[i]);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_uint_eq(char_fold_ascii(0x2591 + i), (uint32_t)shades[i]);
}
END_TEST

START_TEST(test_numbers)
{
    char buf[NUMBER_MAX];

    ck_assert_str_eq(text_grouped(0, buf), "0");
    ck_assert_str_eq(text_grouped(999, buf), "999");
    ck_assert_str_eq(text_grouped(1000, buf), "1,000");
    ck_assert_str_eq(text_grouped(UINT64_MAX, buf), "18,446,744,073,709,551,615");
    ck_assert_str_eq(text_time(0, buf), "0 ns");
    ck_assert_str_eq(text_time(99999, buf), "99,999 ns");
    ck_assert_str_eq(text_time(1193000, buf), "1,193 us");
    ck_assert_str_eq(text_time(54925493, buf), "54,925 us");
    ck_assert_str_eq(text_time(100000000, buf), "100 ms");
    ck_assert_str_eq(text_time(UINT64_MAX, buf), "18,446,744,073 s");
    ck_assert_str_eq(text_short(999, buf), "999");
    ck_assert_str_eq(text_short(1000, buf), "1.0k");
    ck_assert_str_eq(text_short(41234, buf), "41.2k");
    ck_assert_str_eq(text_short(412345, buf), "412k");
    ck_assert_str_eq(text_short(999999, buf), "999k");
    ck_assert_str_eq(text_short(81234567, buf), "81.2M");
    ck_assert_str_eq(text_short(UINT64_MAX, buf), "18.4E");
    ck_assert_int_eq(hex_digits(0), 1);
    ck_assert_int_eq(hex_digits(UINT64_MAX), 16);
    ck_assert_int_eq(decimal_digits(0), 1);
    ck_assert_int_eq(decimal_digits(UINT64_MAX), 20);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grid");
    TCase *tc = tcase_create("grid");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_create_bounds);
    tcase_add_test(tc, test_utf8);
    tcase_add_test(tc, test_utf8_round_trip);
    tcase_add_test(tc, test_text_is_cut_with_an_ellipsis);
    tcase_add_test(tc, test_area_clips);
    tcase_add_test(tc, test_wrap);
    tcase_add_test(tc, test_select_row);
    tcase_add_test(tc, test_panes_join);
    tcase_add_test(tc, test_blocks_fold);
    tcase_add_test(tc, test_numbers);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
