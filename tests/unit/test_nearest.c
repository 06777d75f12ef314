/* The nearest name: what counts as a slip of the finger, and what does not. */
#include "util/nearest.h"

#include <check.h>
#include <stdlib.h>

static const char *const names[] = {"step", "type", "continue", "exits", "breaks", "a"};

static const struct {
    const char *text, *nearest;
} cases[] = {
    {"step", "step"},
    {"stpe", "step"},
    {"ste", "step"},
    {"sttep", "step"},
    {"sytp", "step"},
    {"exit", "exits"},
    {"exist", "exits"},
    {"brakes", "breaks"},
    {"contniue", "continue"},
    {"cotninue", "continue"},
    {"", NULL},
    {"b", NULL},
    {"quux", NULL},
    {"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", NULL},
};

START_TEST(test_nearest)
{
    const char *got = nearest_name(cases[_i].text, names, sizeof(names) / sizeof(names[0]));

    if (cases[_i].nearest)
        ck_assert_str_eq(got, cases[_i].nearest);
    else
        ck_assert_msg(got == NULL, "'%s': %s", cases[_i].text, got);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nearest");
    TCase *tc = tcase_create("nearest");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tc, test_nearest, 0, sizeof(cases) / sizeof(cases[0]));
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
