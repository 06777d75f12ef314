/* core/host_memory.c: frames, their references, pieces, and what is in none of them. */
#include "core/host_memory.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct host_memory *host;
static struct error err;

static void setup(void)
{
    host = host_memory_create();
    ck_assert_ptr_nonnull(host);
}

static void teardown(void)
{
    host_memory_release(host);
}

START_TEST(test_frames)
{
    uint64_t a, b, again;

    ck_assert_int_eq(host_frame_take(host, &a), 0);
    ck_assert_int_eq(host_frame_take(host, &b), 0);
    ck_assert_uint_ne(a, b);
    ck_assert_uint_eq(a % PAGE_SIZE, 0);
    ck_assert_uint_ge(a, HOST_FRAMES_BASE);
    ck_assert_uint_eq(host->frames_used, 2);
    host_frame_hold(host, a);
    ck_assert_uint_eq(host_frame_references(host, a), 2);
    host_frame_drop(host, a);
    ck_assert_uint_eq(host_frame_references(host, a), 1);
    memset(host_memory_ptr(host, a, PAGE_SIZE), 0xee, PAGE_SIZE);
    host_frame_drop(host, a);
    ck_assert_uint_eq(host_frame_references(host, a), 0);
    host_frame_drop(host, a); /* once more changes nothing */
    ck_assert_uint_eq(host->frames_used, 1);
    ck_assert_int_eq(host_frame_take(host, &again), 0);
    ck_assert_uint_eq(again, a);
    ck_assert_uint_eq(host_read64(host, again), 0); /* what was there is gone */
}
END_TEST

/* More frames than a chunk has. */
START_TEST(test_growth)
{
    uint64_t hpa, last = 0;

    for (unsigned i = 0; i < 5000; i++) {
        ck_assert_int_eq(host_frame_take(host, &hpa), 0);
        ck_assert_uint_gt(hpa, last);
        ck_assert_ptr_nonnull(host_memory_ptr(host, hpa, PAGE_SIZE));
        last = hpa;
    }
    ck_assert_uint_gt(host->count, 2);
    ck_assert_uint_eq(host->frames_used, 5000);
}
END_TEST

START_TEST(test_pieces)
{
    uint64_t a, b;

    ck_assert_int_eq(host_memory_take(host, 3 * PAGE_SIZE, 1ull << 30, &a, &err), 0);
    ck_assert_int_eq(host_memory_take(host, 2u << 20, 2u << 20, &b, &err), 0);
    ck_assert_uint_eq(a % (1ull << 30), 0);
    ck_assert_uint_eq(b % (2u << 20), 0);
    ck_assert_uint_eq(host_frame_references(host, a + 2 * PAGE_SIZE), 1);
    ck_assert_uint_eq(host_frame_references(host, a + 3 * PAGE_SIZE), 0); /* behind it */
    ck_assert_ptr_nonnull(host_memory_ptr(host, a, 3 * PAGE_SIZE));
    ck_assert_ptr_null(host_memory_ptr(host, a, 3 * PAGE_SIZE + 1));
    ck_assert_ptr_null(host_memory_ptr(host, a - 1, 1));
    ck_assert_ptr_null(host_memory_ptr(host, a, UINT64_MAX));
    ck_assert_uint_eq(host->frames_used, 3 + 512);
    host_memory_drop(host, b, 2u << 20);
    ck_assert_uint_eq(host->frames_used, 3);
    ck_assert_int_eq(host_memory_take(host, HOST_MEMORY_END, PAGE_SIZE, &a, &err), -ENOSPC);
    ck_assert_str_ne(err.text, "");
}
END_TEST

/* A piece lies where another was, zeros again, but not over a frame that somebody still has. */
START_TEST(test_piece_again)
{
    const uint64_t size = 4u << 20, half = 2u << 20;
    uint64_t a, b, c;

    ck_assert_int_eq(host_memory_take(host, size, PAGE_SIZE, &a, &err), 0);
    memset(host_memory_ptr(host, a, size), 0xee, size);
    host_frame_hold(host, a + PAGE_SIZE);
    host_memory_drop(host, a, size);
    ck_assert_int_eq(host_memory_take(host, size, PAGE_SIZE, &b, &err), 0);
    ck_assert_uint_ne(b, a);
    ck_assert_int_eq(host_memory_take(host, half, PAGE_SIZE, &c, &err), 0);
    ck_assert_uint_eq(c, a + half);
    for (uint64_t i = 0; i < half; i += 8)
        ck_assert_uint_eq(host_read64(host, c + i), 0);
    ck_assert_uint_eq(host_frame_references(host, c + half - PAGE_SIZE), 1);
    ck_assert_uint_eq(host->frames_used, 1 + (size + half) / PAGE_SIZE);
    ck_assert_uint_ne(host_read64(host, a + PAGE_SIZE), 0);
    host_frame_drop(host, a + PAGE_SIZE);
    host_memory_drop(host, c, half);
    ck_assert_int_eq(host_memory_take(host, size, PAGE_SIZE, &c, &err), 0);
    ck_assert_uint_eq(c, a);
    ck_assert_uint_eq(host->count, 2);
}
END_TEST

/* Single frames that lie where a piece was go to nobody else. */
START_TEST(test_many_pieces)
{
    uint64_t piece, frame;

    for (unsigned i = 0; i < 4 * HOST_CHUNKS_MAX; i++) {
        ck_assert_int_eq(host_memory_take(host, 2u << 20, PAGE_SIZE, &piece, &err), 0);
        ck_assert_int_eq(host_frame_take(host, &frame), 0);
        ck_assert(frame < piece || frame >= piece + (2u << 20));
        host_memory_drop(host, piece, 2u << 20);
    }
}
END_TEST

START_TEST(test_nowhere)
{
    ck_assert_uint_eq(host_read64(host, 0), ~0ull);
    host_write64(host, 0, 1); /* goes nowhere */
    host_frame_hold(host, 0x123000);
    ck_assert_uint_eq(host->frames_used, 0);
}
END_TEST

START_TEST(test_holders)
{
    ck_assert_ptr_eq(host_memory_hold(host), host);
    host_memory_release(host);
    ck_assert_uint_eq(host->holders, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("host_memory");
    TCase *tc = tcase_create("host_memory");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_frames);
    tcase_add_test(tc, test_growth);
    tcase_add_test(tc, test_pieces);
    tcase_add_test(tc, test_piece_again);
    tcase_add_test(tc, test_many_pieces);
    tcase_add_test(tc, test_nowhere);
    tcase_add_test(tc, test_holders);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
