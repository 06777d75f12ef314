/* The list of kept exits, with and without a filter, against the plain way to the same answer. */
#include "tui/exit_list.h"

#include <check.h>
#include <stdlib.h>

enum { COUNT = 3 * EXIT_RING / 2, ROWS_MAX = 60 };

static struct exit_ring ring;
static const struct exit_filter all = {.on = false};
static const struct exit_filter cpuid = {
    .on = true, .only = {.kind = BREAK_REASON, .first = EXIT_CPUID, .last = EXIT_CPUID}};
static const struct exit_filter hlt = {
    .on = true, .only = {.kind = BREAK_REASON, .first = EXIT_HLT, .last = EXIT_HLT}};

/* Every seventh is CPUID, the others are I/O; the first third has fallen out of the ring. */
static void fill(void)
{
    struct vm_exit exit = {0};

    exit_ring_reset(&ring, 1);
    for (exit.seq = 0; exit.seq < COUNT; exit.seq++) {
        exit.reason = exit.seq % 7 == 0 ? EXIT_CPUID : EXIT_IO;
        exit_ring_add(&ring, &exit);
    }
}

static bool passes(const struct exit_filter *filter, uint64_t seq)
{
    return !filter->on || (filter == &cpuid && seq % 7 == 0);
}

static uint64_t seq_of(const struct vm_exit *exit)
{
    return exit ? exit->seq : UINT64_MAX;
}

/* The last that passes up to `seq`, else the first after it. */
static uint64_t expect_at(const struct exit_filter *filter, uint64_t seq)
{
    for (uint64_t s = seq < ring.end ? seq : ring.end - 1; s >= ring.begin; s--)
        if (passes(filter, s))
            return s;
    for (uint64_t s = ring.begin; s < ring.end; s++)
        if (passes(filter, s))
            return s;
    return UINT64_MAX;
}

START_TEST(test_at)
{
    static const uint64_t seqs[] = {
        0,    EXIT_RING / 2 - 1, EXIT_RING / 2, EXIT_RING / 2 + 1, 5000, 5001, 5005,
        5006, COUNT - 1,         COUNT,         UINT64_MAX};

    fill();
    for (unsigned i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
        ck_assert_uint_eq(seq_of(exit_list_at(&ring, &all, seqs[i])), expect_at(&all, seqs[i]));
        ck_assert_uint_eq(seq_of(exit_list_at(&ring, &cpuid, seqs[i])), expect_at(&cpuid, seqs[i]));
        ck_assert_ptr_null(exit_list_at(&ring, &hlt, seqs[i]));
    }
}
END_TEST

START_TEST(test_moves)
{
    uint64_t first = ring.begin, last;

    fill();
    first = expect_at(&cpuid, 0);
    last = expect_at(&cpuid, UINT64_MAX);
    ck_assert_uint_eq(seq_of(exit_list_first(&ring, &cpuid)), first);
    ck_assert_uint_eq(seq_of(exit_list_last(&ring, &cpuid)), last);
    ck_assert_uint_eq(seq_of(exit_list_first(&ring, &all)), ring.begin);
    ck_assert_uint_eq(seq_of(exit_list_last(&ring, &all)), COUNT - 1);
    ck_assert_uint_eq(seq_of(exit_list_move(&ring, &all, 5000, 3)), 5003);
    ck_assert_uint_eq(seq_of(exit_list_move(&ring, &all, 5000, -3)), 4997);
    ck_assert_uint_eq(seq_of(exit_list_move(&ring, &cpuid, first, 3)), first + 21);
    ck_assert_uint_eq(seq_of(exit_list_move(&ring, &cpuid, first + 21, -2)), first + 7);
    ck_assert_uint_eq(seq_of(exit_list_move(&ring, &cpuid, first, -5)), first);
    ck_assert_uint_eq(seq_of(exit_list_move(&ring, &cpuid, last, 5)), last);
    ck_assert_uint_eq(seq_of(exit_list_move(&ring, &cpuid, last - 7, 50)), last);
    ck_assert_ptr_null(exit_list_move(&ring, &hlt, 5000, 1));
}
END_TEST

/* Rows are successive, hold the selection, and are as many as there can be. */
static void check_window(const struct exit_filter *filter, uint64_t seq, int rows)
{
    uint64_t seqs[ROWS_MAX], selected = expect_at(filter, seq);
    int count = exit_list_window(&ring, filter, seq, rows, seqs);
    bool seen = false;

    ck_assert_int_eq(count, rows);
    for (int i = 0; i < count; i++) {
        seen |= seqs[i] == selected;
        if (i > 0)
            ck_assert_uint_eq(seqs[i], seqs[i - 1] + (filter->on ? 7 : 1));
    }
    ck_assert_msg(seen, "%d rows around %d do not hold it", rows, (int)seq);
}

START_TEST(test_windows)
{
    uint64_t seqs[ROWS_MAX];

    fill();
    for (int rows = 1; rows <= ROWS_MAX; rows++)
        for (uint64_t seq = ring.begin; seq < ring.end; seq += seq % 997 == 0 ? 1 : 211) {
            check_window(&all, seq, rows);
            check_window(&cpuid, seq, rows);
        }
    check_window(&all, ring.begin, 10);
    check_window(&all, ring.end - 1, 10);
    ck_assert_int_eq(exit_list_window(&ring, &hlt, 5000, 10, seqs), 0);
    ck_assert_int_eq(exit_list_window(&ring, &all, 5000, 0, seqs), 0);
    ck_assert_int_eq(exit_list_window(&ring, &all, 5000, -2, seqs), 0);
}
END_TEST

START_TEST(test_short_lists)
{
    struct vm_exit exit = {.reason = EXIT_CPUID};
    uint64_t seqs[ROWS_MAX];

    exit_ring_reset(&ring, 2);
    ck_assert_ptr_null(exit_list_at(&ring, &all, 0));
    ck_assert_ptr_null(exit_list_last(&ring, &all));
    ck_assert_int_eq(exit_list_window(&ring, &all, 0, 5, seqs), 0);
    exit_ring_add(&ring, &exit);
    ck_assert_int_eq(exit_list_window(&ring, &all, 9, 5, seqs), 1);
    ck_assert_uint_eq(seqs[0], 0);
    ck_assert_uint_eq(seq_of(exit_list_move(&ring, &cpuid, 0, -1)), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exit list");
    TCase *tc = tcase_create("exit list");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, test_at);
    tcase_add_test(tc, test_moves);
    tcase_add_test(tc, test_windows);
    tcase_add_test(tc, test_short_lists);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
