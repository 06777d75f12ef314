/* x86/event.c: every cell of SDM vol. 3, Table 6-5, and the triple fault. */
#include "core/exit.h"
#include "x86/event.h"
#include "x86/regs.h"

#include <check.h>
#include <stdlib.h>

static uint32_t exception(unsigned vector)
{
    return INTR_VALID | INTR_HARDWARE_EXCEPTION << 8 | vector;
}

#define SECOND X86_COMBINED_SECOND
#define DOUBLE X86_COMBINED_DOUBLE
#define TRIPLE X86_COMBINED_TRIPLE

/* Rows: first #BP (benign), #GP (contributory), #PF, #DF; columns: second #UD, #NP, #PF. */
static const enum x86_combined table[4][3] = {
    {SECOND, SECOND, SECOND},
    {SECOND, DOUBLE, SECOND},
    {SECOND, DOUBLE, DOUBLE},
    {SECOND, TRIPLE, TRIPLE},
};

START_TEST(test_table)
{
    static const unsigned first[4] = {X86_BP, X86_GP, X86_PF, X86_DF};
    static const unsigned second[3] = {X86_UD, X86_NP, X86_PF};

    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 3; j++)
            ck_assert_int_eq(x86_combine_events(exception(first[i]), exception(second[j])),
                             table[i][j]);
}
END_TEST

START_TEST(test_contributory)
{
    static const unsigned vectors[] = {X86_DE, X86_TS, X86_NP, X86_SS_FAULT, X86_GP};

    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++)
            ck_assert_int_eq(x86_combine_events(exception(vectors[i]), exception(vectors[j])),
                             DOUBLE);
}
END_TEST

START_TEST(test_interrupts_are_benign)
{
    uint32_t int13 = INTR_VALID | INTR_SOFTWARE << 8 | X86_GP;

    ck_assert_int_eq(x86_combine_events(int13, exception(X86_GP)), SECOND);
    ck_assert_int_eq(x86_combine_events(INTR_VALID | INTR_NMI << 8 | 2, exception(X86_PF)), SECOND);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event");
    TCase *tc = tcase_create("combine");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_table);
    tcase_add_test(tc, test_contributory);
    tcase_add_test(tc, test_interrupts_are_benign);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
