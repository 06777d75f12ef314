/* The config that a snapshot's state begins with: what is written is read, and no other bytes are. */
#include "snapshot/shape.h"
#include "tests/support/prng.h"
#include "util/bytes.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct shape full(void)
{
    struct shape shape = {.config = MACHINE_CONFIG_DEFAULT, .sectors = 2880, .rom_pages = 16};

    shape.config.shadow_paging = true;
    shape.config.ept_accessed_dirty = true;
    shape.config.nmi_count = 2;
    shape.config.nmi_at[0] = 5;
    shape.config.nmi_at[1] = 5000000000;
    return shape;
}

START_TEST(test_round_trip)
{
    struct shape shape = full(), again;
    uint8_t bytes[SHAPE_SIZE], same[SHAPE_SIZE];

    shape_put(&shape, bytes);
    ck_assert_int_eq(shape_get(&again, bytes, sizeof(bytes)), 0);
    ck_assert_ptr_null(shape_differs(&shape, &again));
    shape_put(&again, same);
    ck_assert_mem_eq(same, bytes, sizeof(bytes));
    ck_assert_uint_eq(shape_blocks(&shape), 360);
}
END_TEST

static int with(unsigned at, unsigned size, uint64_t value)
{
    struct shape shape = full();
    uint8_t bytes[SHAPE_SIZE];

    shape_put(&shape, bytes);
    if (size == 4)
        put_le32(bytes + at, (uint32_t)value);
    else
        put_le64(bytes + at, value);
    return shape_get(&shape, bytes, sizeof(bytes));
}

/* Each field just within its bounds and just outside. */
START_TEST(test_bounds)
{
    struct shape shape = full();
    uint8_t bytes[SHAPE_SIZE];

    shape_put(&shape, bytes);
    ck_assert_int_eq(shape_get(&shape, bytes, SHAPE_SIZE - 1), -EINVAL);
    ck_assert_int_eq(with(0, 4, 2), -EPROTONOSUPPORT);
    ck_assert_int_eq(with(4, 4, 4), -EINVAL);
    ck_assert_int_eq(with(8, 8, RAM_SIZE_MIN), 0);
    ck_assert_int_eq(with(8, 8, RAM_SIZE_MIN - PAGE_SIZE), -EINVAL);
    ck_assert_int_eq(with(8, 8, RAM_SIZE_MAX), 0);
    ck_assert_int_eq(with(8, 8, RAM_SIZE_MAX + PAGE_SIZE), -EINVAL);
    ck_assert_int_eq(with(8, 8, RAM_SIZE_MIN + 1), -EINVAL);
    ck_assert_int_eq(with(24, 4, SHAPE_SECTORS_MAX), 0);
    ck_assert_int_eq(with(24, 4, SHAPE_SECTORS_MAX + 1), -EINVAL);
    ck_assert_int_eq(with(28, 4, SHAPE_ROM_PAGES_MAX), 0);
    ck_assert_int_eq(with(28, 4, SHAPE_ROM_PAGES_MAX + 1), -EINVAL);
    ck_assert_int_eq(with(32, 4, MACHINE_NMIS_MAX + 1), -EINVAL);
    ck_assert_int_eq(with(32, 4, 1), -EINVAL);          /* something behind the last press */
    ck_assert_int_eq(with(32, 4, 3), -EINVAL);          /* the third is before the second */
    ck_assert_int_eq(with(36, 8, 6000000000), -EINVAL); /* the first is behind the second */
}
END_TEST

START_TEST(test_differs)
{
    struct shape a = full(), b = full();

    b.config.nmi_at[1]++;
    ck_assert_str_eq(shape_differs(&a, &b), "another --nmi");
    b.config.rtc_start++;
    ck_assert_str_eq(shape_differs(&a, &b), "another time of its start");
    b.config.ept_accessed_dirty = false;
    ck_assert_str_eq(shape_differs(&a, &b), "another --mmu");
    b.rom_pages++;
    ck_assert_str_eq(shape_differs(&a, &b), "a ROM of another size");
    b.sectors++;
    ck_assert_str_eq(shape_differs(&a, &b), "a disk of another size");
    b.config.ram_size += PAGE_SIZE;
    ck_assert_str_eq(shape_differs(&a, &b), "RAM of another size");
}
END_TEST

/* Whatever is taken is a machine, and the same bytes. */
START_TEST(test_hostile)
{
    struct prng random = {23};
    struct shape shape = full(), got;
    uint8_t bytes[SHAPE_SIZE], again[SHAPE_SIZE];
    unsigned taken = 0;

    for (unsigned i = 0; i < 20000; i++) {
        shape_put(&shape, bytes);
        for (unsigned n = prng_below(&random, 4); n < 4; n++)
            bytes[prng_below(&random, SHAPE_SIZE)] = (uint8_t)prng_below(&random, 256);
        if (shape_get(&got, bytes, sizeof(bytes)))
            continue;
        shape_put(&got, again);
        ck_assert_mem_eq(again, bytes, sizeof(bytes));
        taken++;
    }
    ck_assert_uint_gt(taken, 100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shape");
    TCase *tc = tcase_create("shape");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tc, test_round_trip);
    tcase_add_test(tc, test_bounds);
    tcase_add_test(tc, test_differs);
    tcase_add_test(tc, test_hostile);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
