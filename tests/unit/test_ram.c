/* core/ram.c and mmu/ept.c: bounds, slots, ROM in front of RAM, dirty pages, rights. */
#include "core/ram.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct ram ram;
static struct error err;

static void teardown(void)
{
    ram_destroy(&ram);
}

START_TEST(test_sizes)
{
    static const uint64_t bad[] = {
        0, 4096, RAM_SIZE_MIN - 4096, RAM_SIZE_MIN + 1, RAM_SIZE_MAX + 4096, 1ull << 40, ~0ull};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_int_eq(ram_init(&ram, NULL, bad[i], &err), -EINVAL);
        ck_assert_ptr_nonnull(strstr(err.text, "RAM"));
    }
    ck_assert_int_eq(ram_init(&ram, NULL, RAM_SIZE_MAX, &err), 0);
    ck_assert_ptr_nonnull(ram_ptr(&ram, RAM_LOW_TOP - 1, 1));
    ck_assert_ptr_null(ram_ptr(&ram, RAM_LOW_TOP, 1)); /* the hole below 4 GiB */
    ck_assert_ptr_nonnull(ram_ptr(&ram, RAM_HIGH_BASE + (1u << 30) - 1, 1));
    ck_assert_ptr_null(ram_ptr(&ram, RAM_HIGH_BASE + (1u << 30), 1));
}
END_TEST

START_TEST(test_bounds)
{
    uint8_t buf[16] = {0};

    ck_assert_int_eq(ram_init(&ram, NULL, 1u << 20, &err), 0);
    ck_assert(ram_write(&ram, (1u << 20) - 16, buf, 16));
    ck_assert(!ram_write(&ram, (1u << 20) - 15, buf, 16));
    ck_assert(!ram_read(&ram, ~0ull - 3, buf, 16));
    ck_assert(!ram_write(&ram, ~0ull - 3, buf, 16));
    ck_assert_ptr_null(ram_ptr(&ram, 0, (1u << 20) + 1ull));
    ck_assert_ptr_null(ram_ptr(&ram, 4, ~0ull));
    ck_assert_ptr_null(ram_ptr(&ram, 0, 0));
}
END_TEST

START_TEST(test_rom)
{
    uint8_t image[0x40000], byte = 0;

    memset(image, 0x5a, sizeof(image));
    image[0x3fff0] = 0xea;
    image[0x20000] = 0x77;
    ck_assert_int_eq(ram_init(&ram, NULL, 2u << 20, &err), 0);
    ck_assert_int_eq(ram_add_rom(&ram, image, sizeof(image), &err), 0);
    ck_assert(ram_read(&ram, 0xfffffff0, &byte, 1));
    ck_assert_uint_eq(byte, 0xea);
    ck_assert(ram_read(&ram, 0xe0000, &byte, 1)); /* the last 128 KiB, in front of RAM */
    ck_assert_uint_eq(byte, 0x77);
    ck_assert(!ram_write(&ram, 0xfffff, &byte, 1));
    ck_assert(!ram_write(&ram, 0xdffff, "ab", 2)); /* all or nothing */
    ck_assert(ram_read(&ram, 0xdffff, &byte, 1));
    ck_assert_uint_eq(byte, 0);
    ck_assert_ptr_null(ram_ptr(&ram, 0xdffff, 2)); /* not across the border */
    ck_assert_int_eq(ram_add_rom(&ram, image, 1, &err), -EINVAL);
}
END_TEST

START_TEST(test_dirty)
{
    ck_assert_int_eq(ram_init(&ram, NULL, 1u << 20, &err), 0);
    ck_assert(ram_write(&ram, 0x1fff, "ab", 2));
    ck_assert(ram_is_dirty(&ram, DIRTY_TIME, 0x1000));
    ck_assert(ram_is_dirty(&ram, DIRTY_TIME, 0x2fff));
    ck_assert(!ram_is_dirty(&ram, DIRTY_TIME, 0x3000));
    ck_assert_uint_eq(ram.dirty[DIRTY_TIME].count, 2);
    ram_clear_dirty(&ram, DIRTY_TIME);
    ck_assert(!ram_is_dirty(&ram, DIRTY_TIME, 0x1000));
    ck_assert_uint_eq(ram.dirty[DIRTY_TIME].count, 0);
}
END_TEST

/* A log that is begun again takes nothing out of another, and every write reaches both. */
START_TEST(test_dirty_logs)
{
    ck_assert_int_eq(ram_init(&ram, NULL, 1u << 20, &err), 0);
    ram_mark_dirty(&ram, 0x3000);
    ck_assert(ram_is_logged(&ram, 0x3fff));
    ram_clear_dirty(&ram, DIRTY_TIME);
    ck_assert(ram_is_dirty(&ram, DIRTY_RUNS, 0x3000));
    ck_assert(!ram_is_logged(&ram, 0x3000));
    ram_mark_dirty(&ram, 0x5000);
    ram_mark_dirty(&ram, 0x3000);
    ram_mark_dirty(&ram, 0x3000);
    ck_assert_uint_eq(ram.dirty[DIRTY_RUNS].count, 2);
    ck_assert_uint_eq(ram.dirty[DIRTY_TIME].count, 2);
    ck_assert_uint_eq(ram.dirty[DIRTY_RUNS].pages[0], 3);
    ck_assert_uint_eq(ram.dirty[DIRTY_TIME].pages[0], 5);
    ck_assert_uint_eq(ram.dirty[DIRTY_TIME].pages[1], 3);
}
END_TEST

START_TEST(test_page_numbers)
{
    static const uint64_t gpas[] = {0, 0x1000, RAM_LOW_TOP - PAGE_SIZE, RAM_HIGH_BASE,
                                    RAM_HIGH_BASE + 0x5000};

    for (size_t i = 0; i < sizeof(gpas) / sizeof(gpas[0]); i++)
        ck_assert_uint_eq(ram_page_gpa(ram_page_number(gpas[i])), gpas[i]);
    ck_assert_uint_eq(ram_page_number(RAM_HIGH_BASE), RAM_LOW_TOP / PAGE_SIZE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ram");
    TCase *tc = tcase_create("ram");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(tc, NULL, teardown);
    tcase_add_test(tc, test_sizes);
    tcase_add_test(tc, test_bounds);
    tcase_add_test(tc, test_rom);
    tcase_add_test(tc, test_dirty);
    tcase_add_test(tc, test_dirty_logs);
    tcase_add_test(tc, test_page_numbers);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
