/* tui/pages.c: what is to be tried, and the arithmetic of tables at each level and both ends. */
#include "tui/pages.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct pages_look look, before;

START_TEST(test_try)
{
    static const struct {
        const char *text;
        unsigned cpu;
        int ret;
        unsigned access, tries;
    } cases[] = {
        {"w", 0, 0, X86_WRITE, 0},
        {"READ", 0, 0, X86_READ, 0},
        {"x user", 0, 0, X86_FETCH, 1 << TRY_CPL},
        {"x user", 1 << TRY_CPL, 0, X86_FETCH, 0},
        {"supervisor", 1 << TRY_CPL, 0, X86_FETCH, 1 << TRY_CPL},
        {"wp=0", 1 << TRY_WP, 0, X86_FETCH, 1 << TRY_WP},
        {"wp=0", 0, 0, X86_FETCH, 0},
        {"  SMAP=1   ac=1 r ", 0, 0, X86_READ, 1 << TRY_SMAP | 1 << TRY_AC},
        {"smep=1 smep=0", 0, 0, X86_FETCH, 0},
        {"pke=1", 0, 0, X86_FETCH, 1 << TRY_PKE},
        {"wp=2", 0, -EINVAL, X86_FETCH, 0},
        {"wp", 0, -EINVAL, X86_FETCH, 0},
        {"cpl=1", 0, -EINVAL, X86_FETCH, 0},
        {"w writes", 0, -EINVAL, X86_FETCH, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pages_question q = {.access = X86_FETCH};
        struct error err = {0};

        ck_assert_int_eq(pages_try_parse(&q, cases[i].cpu, cases[i].text, &err), cases[i].ret);
        ck_assert_uint_eq(q.access, cases[i].access);
        ck_assert_uint_eq(q.tries, cases[i].tries);
        ck_assert(!cases[i].ret || strstr(err.text, "is none of"));
    }
}
END_TEST

START_TEST(test_try_nothing)
{
    struct pages_question q = {.access = X86_WRITE, .tries = 0x7f};
    struct error err;

    ck_assert_int_eq(pages_try_parse(&q, 0, "", &err), 0);
    ck_assert_uint_eq(q.tries, 0);
    ck_assert_uint_eq(q.access, X86_WRITE);
}
END_TEST

static void table(unsigned levels, unsigned level, unsigned size, unsigned count, uint64_t gva)
{
    memset(&look, 0, sizeof(look));
    look.on = look.table.on = true;
    look.levels = levels;
    look.gva = gva;
    look.table.level = (uint8_t)level;
    look.table.entry_size = (uint8_t)size;
    look.table.count = (uint16_t)count;
    look.table.gpa = 0x1000;
}

START_TEST(test_entries)
{
    static const struct {
        unsigned levels, level, size, count;
        uint64_t gva;
        unsigned index, other;
        uint64_t other_gva;
    } cases[] = {
        {4, 4, 8, 512, 0xffff800000400010, 0x100, 0x1ff, 0xffffff8000000000},
        {4, 4, 8, 512, 0xffff800000400010, 0x100, 0xff, 0x00007f8000000000},
        {4, 1, 8, 512, 0xffff800000400010, 0, 5, 0xffff800000405000},
        {4, 2, 8, 512, 0x00007fffffffffff, 0x1ff, 0, 0x00007fffc0000000},
        {5, 5, 8, 512, 0xff00000000000000, 0x100, 0xff, 0x00ff000000000000},
        {3, 3, 8, 4, 0xc0000123, 3, 1, 0x40000000},
        {3, 2, 8, 512, 0xc0200123, 1, 0x1ff, 0xffe00000},
        {2, 2, 4, 1024, 0xffc00fff, 0x3ff, 0, 0},
        {2, 1, 4, 1024, 0xffc01fff, 1, 0x3ff, 0xfffff000},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        table(cases[i].levels, cases[i].level, cases[i].size, cases[i].count, cases[i].gva);
        ck_assert_uint_eq(pages_entry_index(&look, cases[i].gva), cases[i].index);
        ck_assert_uint_eq(pages_entry_gva(&look, cases[i].other), cases[i].other_gva);
        ck_assert_uint_eq(pages_entry_index(&look, cases[i].other_gva), cases[i].other);
        ck_assert_uint_eq(pages_entry_gva(&look, cases[i].index),
                          cases[i].gva & ~(pages_entry_span(&look) - 1));
    }
}
END_TEST

/* Entries that are not present are one line, unless one of them has just become so. */
START_TEST(test_runs)
{
    table(4, 1, 8, 512, 0);
    look.table.entries[3] = 0x5001;
    before = look;
    ck_assert_uint_eq(pages_entry_run(&look, &before, 0), 3);
    ck_assert_uint_eq(pages_entry_run(&look, &before, 3), 1);
    ck_assert_uint_eq(pages_entry_run(&look, &before, 4), 508);
    before.table.entries[10] = 0x6001;
    ck_assert_uint_eq(pages_entry_run(&look, &before, 4), 6);
    ck_assert_uint_eq(pages_entry_run(&look, &before, 10), 1);
    before.table.gpa = 0x9000; /* another table */
    ck_assert_uint_eq(pages_entry_run(&look, &before, 4), 508);
}
END_TEST

START_TEST(test_changed_range)
{
    struct x86_range range = {.first = 0x1000, .last = 0x1fff, .page_size = 4096};

    memset(&before, 0, sizeof(before));
    ck_assert(!pages_range_is_new(&before, &range)); /* nobody looked before */
    before.on = true;
    before.levels = 4;
    before.map.count = 1;
    before.ranges[0] = range;
    ck_assert(!pages_range_is_new(&before, &range));
    range.rights = X86_RIGHT_WRITE;
    ck_assert(pages_range_is_new(&before, &range));
    range.first = 0x9000; /* the map before was cut there */
    ck_assert(!pages_range_is_new(&before, &range));
}
END_TEST

START_TEST(test_stale)
{
    memset(&look, 0, sizeof(look));
    look.gva = 0x400123;
    look.walk.guest = (struct x86_walk){.page_size = 4096, .gpa = 0x5123, .rights = 3};
    ck_assert(!pages_tlb_is_stale(&look));
    look.has_tlb = true;
    look.tlb_gpa = 0x5000;
    look.tlb_rights = 3;
    ck_assert(!pages_tlb_is_stale(&look));
    look.tlb_rights = 1;
    ck_assert(pages_tlb_is_stale(&look));
    look.tlb_rights = 3;
    look.tlb_gpa = 0x6000;
    ck_assert(pages_tlb_is_stale(&look));
    look.tlb_gpa = 0x5000;
    look.walk.guest.page_size = 0;
    ck_assert(pages_tlb_is_stale(&look));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pages");
    TCase *tc = tcase_create("pages");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, test_try);
    tcase_add_test(tc, test_try_nothing);
    tcase_add_test(tc, test_entries);
    tcase_add_test(tc, test_runs);
    tcase_add_test(tc, test_changed_range);
    tcase_add_test(tc, test_stale);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
