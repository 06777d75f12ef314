/* Reasons by count and shares: the order, rounding, counters of a day and the largest there are. */
#include "tui/reasons.h"

#include <check.h>
#include <stdlib.h>

START_TEST(test_order)
{
    uint64_t counts[EXIT_REASON_COUNT] = {
        [EXIT_IO] = 100000000000, [EXIT_CPUID] = 7, [EXIT_HLT] = 7, [EXIT_VMCALL] = 8};
    uint8_t order[EXIT_REASON_COUNT];

    ck_assert_uint_eq(reasons_sort(counts, order), 4);
    ck_assert_uint_eq(order[0], EXIT_IO);
    ck_assert_uint_eq(order[1], EXIT_VMCALL);
    ck_assert_uint_eq(order[2], EXIT_CPUID); /* as often as HLT: by number */
    ck_assert_uint_eq(order[3], EXIT_HLT);
    for (unsigned i = 0; i < EXIT_REASON_COUNT; i++)
        counts[i] = UINT64_MAX - i;
    ck_assert_uint_eq(reasons_sort(counts, order), EXIT_REASON_COUNT);
    ck_assert_uint_eq(order[EXIT_REASON_COUNT - 1], EXIT_REASON_COUNT - 1);
    for (unsigned i = 0; i < EXIT_REASON_COUNT; i++)
        counts[i] = 0;
    ck_assert_uint_eq(reasons_sort(counts, order), 0);
}
END_TEST

/* Nothing that happened is 0%, no part is 100%, and no counter is too large. */
START_TEST(test_shares)
{
    static const struct {
        uint64_t part, whole;
        const char *text, *fine;
    } cases[] = {
        {0, 0, "0%", "0.0%"},
        {0, 10, "0%", "0.0%"},
        {1, 1, "100%", "100.0%"},
        {1, 3, "33%", "33.3%"},
        {999, 1000, "99%", "99.9%"},
        {1, 100000000000, "<1%", "<0.1%"},
        {99999999999, 100000000000, "99%", "99.9%"},
        {100000000000, 100000000000, "100%", "100.0%"},
        {UINT64_MAX, UINT64_MAX, "100%", "100.0%"},
        {UINT64_MAX - 1, UINT64_MAX, "99%", "99.9%"},
        {1, UINT64_MAX, "<1%", "<0.1%"},
        {UINT64_MAX, 1, "100%", "100.0%"}, /* does not happen, and does no harm */
    };
    char buf[SHARE_MAX];

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert_str_eq(share_text(cases[i].part, cases[i].whole, buf), cases[i].text);
        ck_assert_str_eq(share_text_fine(cases[i].part, cases[i].whole, buf), cases[i].fine);
    }
}
END_TEST

START_TEST(test_bar)
{
    struct grid *grid = grid_create(1, 12);
    struct area area = area_all(grid);

    share_bar(&area, 0, 1, 10, 50000000000, 100000000000);
    for (int col = 0; col < 12; col++)
        ck_assert_int_eq(grid_at(grid, 0, col)->ch == 0x2588, col >= 1 && col <= 5);
    share_bar(&area, 0, 1, 10, UINT64_MAX, UINT64_MAX);
    ck_assert_uint_eq(grid_at(grid, 0, 10)->ch, 0x2588);
    ck_assert_uint_eq(grid_at(grid, 0, 11)->ch, ' ');
    share_bar(&area, 0, 1, 10, 0, 0);
    ck_assert_uint_eq(grid_at(grid, 0, 1)->ch, 0x2591);
    share_bar(&area, 0, 1, -5, 1, 1);
    grid_destroy(grid);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reasons");
    TCase *tc = tcase_create("reasons");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, test_order);
    tcase_add_test(tc, test_shares);
    tcase_add_test(tc, test_bar);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
