/* mmu/ept_map.c: ranges of a second stage, at its ends, cut, and against ept_walk() page by page. */
#include "mmu/ept_map.h"

#include "tests/support/prng.h"

#include <check.h>
#include <stdlib.h>

#define MIB2 (2ull << 20)
#define ROOM 64

static struct host_memory *host;
static struct ept ept;
static uint64_t piece;
static struct ept_range ranges[ROOM];

static void setup(void)
{
    struct error err;

    host = host_memory_create();
    ck_assert_int_eq(host_memory_take(host, 8 * MIB2, MIB2, &piece, &err), 0);
    ck_assert_int_eq(ept_create(&ept, host, 0), 0);
}

static void teardown(void)
{
    ept_destroy(&ept);
    host_memory_release(host);
}

static void map(uint64_t gpa, uint64_t offset, uint64_t size, unsigned rights)
{
    ck_assert_int_eq(ept_map(&ept, gpa, piece + offset, size, rights, EPT_WB), 0);
}

START_TEST(test_empty)
{
    uint64_t cut;

    ck_assert_uint_eq(ept_map_ranges(&ept, ranges, ROOM, 1000, &cut), 1);
    ck_assert_uint_eq(cut, EPT_GPA_END);
    ck_assert_uint_eq(ranges[0].first, 0);
    ck_assert_uint_eq(ranges[0].last, EPT_GPA_END - 1);
    ck_assert_uint_eq(ranges[0].page_size, 0);
    ck_assert_int_eq(ranges[0].verdict, EPT_NOT_PRESENT);
}
END_TEST

/* What goes on is one range; another page size, other rights, another frame are not. */
START_TEST(test_ranges)
{
    static const struct {
        uint64_t first, last, page_size;
        unsigned rights;
    } want[] = {
        {0, 2 * MIB2 - 1, MIB2, EPT_ALL},
        {2 * MIB2, 2 * MIB2 + 0xfff, 0x1000, EPT_ALL},
        {2 * MIB2 + 0x1000, 2 * MIB2 + 0x2fff, 0x1000, EPT_READ},
        {2 * MIB2 + 0x3000, 2 * MIB2 + 0x3fff, 0x1000, EPT_READ}, /* elsewhere */
        {2 * MIB2 + 0x4000, EPT_GPA_END - 0x1001, 0, 0},
        {EPT_GPA_END - 0x1000, EPT_GPA_END - 1, 0x1000, EPT_ALL},
    };
    uint64_t cut;

    map(0, 0, 2 * MIB2, EPT_ALL);
    map(2 * MIB2, 2 * MIB2, 0x1000, EPT_ALL);
    map(2 * MIB2 + 0x1000, 2 * MIB2 + 0x1000, 0x2000, EPT_READ);
    map(2 * MIB2 + 0x3000, 0, 0x1000, EPT_READ);
    map(EPT_GPA_END - 0x1000, 0, 0x1000, EPT_ALL);
    ck_assert_uint_eq(ept_map_ranges(&ept, ranges, ROOM, 4000, &cut), 6);
    ck_assert_uint_eq(cut, EPT_GPA_END);
    for (unsigned i = 0; i < 6; i++) {
        ck_assert_uint_eq(ranges[i].first, want[i].first);
        ck_assert_uint_eq(ranges[i].last, want[i].last);
        ck_assert_uint_eq(ranges[i].page_size, want[i].page_size);
        if (want[i].page_size)
            ck_assert_uint_eq(ranges[i].rights, want[i].rights);
    }
}
END_TEST

START_TEST(test_cut)
{
    uint64_t cut;

    map(0, 0, 0x1000, EPT_ALL);
    map(0x1000, 0x5000, 0x1000, EPT_ALL);
    ck_assert_uint_eq(ept_map_ranges(&ept, ranges, 1, 1000, &cut), 1);
    ck_assert_uint_eq(cut, 0x1000);
    ck_assert_uint_eq(ept_map_ranges(&ept, ranges, ROOM, 3, &cut), 3);
    ck_assert_uint_eq(cut, 0x3000);
    ck_assert_uint_eq(ranges[2].last, 0x2fff);
}
END_TEST

/* Random maps of 4 MiB: each page is in the range that says what its walk says. */
START_TEST(test_random)
{
    static struct ept_range many[2048];
    struct prng rng = {(uint64_t)_i + 1};
    uint64_t cut;
    unsigned count, at = 0;

    for (unsigned i = 0; i < 60; i++) {
        uint64_t pages = 1 + prng_below(&rng, 40), first = prng_below(&rng, 1024 - 40);

        map(first << 12, prng_below(&rng, 1024) << 12, pages << 12,
            prng_below(&rng, 2) ? EPT_ALL : EPT_READ);
    }
    count = ept_map_ranges(&ept, many, 2048, 100000, &cut);
    ck_assert_uint_eq(cut, EPT_GPA_END);
    for (uint64_t gpa = 0; gpa < 2 * MIB2; gpa += 0x1000) {
        struct ept_walk walk;

        ept_walk(&ept, gpa, 0, &walk);
        while (many[at].last < gpa)
            ck_assert_uint_eq(many[++at].first, many[at - 1].last + 1);
        ck_assert_uint_lt(at, count);
        ck_assert_uint_eq(many[at].page_size, walk.page_size);
        if (!walk.page_size)
            continue;
        ck_assert_uint_eq(many[at].hpa + (gpa - many[at].first), walk.hpa);
        ck_assert_uint_eq(many[at].rights, walk.rights);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("EPT ranges");
    TCase *tc = tcase_create("ranges");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_empty);
    tcase_add_test(tc, test_ranges);
    tcase_add_test(tc, test_cut);
    tcase_add_loop_test(tc, test_random, 0, 20);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
