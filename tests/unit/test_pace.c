/* When frames may be written: to a terminal that answers, late, never, or once. */
#include "tui/pace.h"

#include <check.h>
#include <stdlib.h>

static const uint64_t s = 1000000000u, ms = 1000000u;

START_TEST(test_answers)
{
    struct pace p = {.can_ask = true};
    uint64_t now = 5 * s;

    ck_assert(pace_ready(&p, false, now));
    ck_assert(pace_ask(&p, now));
    ck_assert(!pace_ready(&p, false, now + ms));
    pace_answer(&p);
    for (int i = 0; i < 1000; i++) {
        now += 33 * ms;
        ck_assert(pace_ready(&p, false, now));
        ck_assert(pace_ask(&p, now));
        ck_assert(!pace_ready(&p, true, now + 20 * ms));
        pace_answer(&p);
    }
}
END_TEST

/* A line so slow that the first answer takes long: few frames until then, none without it after. */
START_TEST(test_slow_line)
{
    struct pace p = {.can_ask = true};
    unsigned frames = 0;
    uint64_t now = 1 * s;

    for (; now < 11 * s; now += 33 * ms)
        if (pace_ready(&p, false, now)) {
            ck_assert(pace_ask(&p, now));
            frames++;
        }
    ck_assert_uint_ge(frames, 2);
    ck_assert_uint_le(frames, 21);
    while (p.open > 1)
        pace_answer(&p);
    ck_assert(!pace_ready(&p, true, now));
    ck_assert_uint_le(pace_wait(&p, true, now), PACE_LOST_NS);
    pace_answer(&p);
    ck_assert(pace_ready(&p, true, now));
}
END_TEST

START_TEST(test_never_answers)
{
    struct pace p = {.can_ask = true};
    uint64_t now = 1 * s;

    ck_assert(pace_ask(&p, now));
    ck_assert(pace_ready(&p, true, now)); /* a key is drawn at once */
    ck_assert_uint_eq(pace_wait(&p, false, now), PACE_UNSURE_NS);
    ck_assert(pace_ready(&p, false, now + PACE_UNSURE_NS));
    now += PACE_PATIENCE_NS;
    ck_assert(pace_ready(&p, false, now));
    ck_assert(!pace_ask(&p, now));
    ck_assert(pace_ready(&p, false, now + 1));
}
END_TEST

START_TEST(test_lost_answer)
{
    struct pace p = {.can_ask = true};
    uint64_t now = 1 * s;

    pace_ask(&p, now);
    pace_answer(&p);
    pace_ask(&p, now);
    ck_assert_uint_eq(pace_wait(&p, true, now + 1), PACE_LOST_NS - 1);
    ck_assert(pace_ready(&p, false, now + PACE_LOST_NS));
    pace_answer(&p);
    pace_answer(&p); /* one that nobody asked for */
    ck_assert_uint_eq(p.open, 0);
}
END_TEST

START_TEST(test_cannot_be_asked)
{
    struct pace p = {.can_ask = false};

    for (uint64_t now = 0; now < 20 * s; now += s) {
        ck_assert(!pace_ask(&p, now));
        ck_assert(pace_ready(&p, false, now));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pace");
    TCase *tc = tcase_create("pace");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, test_answers);
    tcase_add_test(tc, test_slow_line);
    tcase_add_test(tc, test_never_answers);
    tcase_add_test(tc, test_lost_answer);
    tcase_add_test(tc, test_cannot_be_asked);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
