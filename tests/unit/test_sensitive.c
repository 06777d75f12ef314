/*
 * Sensitive instructions: what the table says of each is what running it in every ring comes to, and that is
 * what Robin and Irvine (2000, section 3.2) and SDM vol. 3, 5.9 say.
 */
#include "cli/sensitive_runs.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static enum x86_sensitivity of(const uint8_t *bytes, size_t size, unsigned bits)
{
    struct x86_insn insn;

    x86_decode(bytes, size, bits, &insn);
    return x86_sensitivity(&insn);
}

#define OF(bits, ...)                                                                              \
    of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), bits)

START_TEST(test_measured)
{
    struct sensitive_bench *bench;
    struct error err = {0};
    unsigned counts[3] = {0};

    ck_assert_int_eq(sensitive_create(&bench, &err), 0);
    for (unsigned i = 0; i < sensitive_count(); i++) {
        const struct sensitive_case *what = sensitive_get(i);
        enum x86_sensitivity known = of(what->bytes, what->length, 32);
        struct sensitive_row row;

        ck_assert_msg(sensitive_measure(bench, what, &row, &err) == 0, "%s: %s", what->name,
                      err.text);
        for (unsigned ring = SENSITIVE_RING1; ring < SENSITIVE_RINGS; ring++)
            ck_assert_msg(row.measured[ring] == known, "%s: %s in ring %s, not %s", what->name,
                          x86_sensitivity_name(row.measured[ring]),
                          ring == SENSITIVE_RING1 ? "1" : "3", x86_sensitivity_name(known));
        counts[known]++;
    }
    sensitive_destroy(bench);
    ck_assert_uint_eq(counts[X86_INNOCUOUS], 3);
    ck_assert_uint_eq(counts[X86_PRIVILEGED], 21);
    ck_assert_uint_eq(counts[X86_SENSITIVE], 17);
}
END_TEST

/* What the rows say: {name, ring 0, ring 3}. */
START_TEST(test_effects)
{
    static const char *const wanted[][3] = {
        {"sgdt [m]", "[m] 00004000:0057", "[m] 00004000:0057"},
        {"str eax", "eax 00000038", "eax 00000038"},
        {"smsw eax", "eax 00000019", "eax 00000019"},
        {"pushfd", "pushed 00000202", "pushed 00000202"},
        {"popfd", "IF 0", "nothing"},
        {"iretd", "IF 0", "nothing"},
        {"lar eax, ecx", "eax 00c09b00", "nothing"},
        {"verr cx", "ZF 1", "nothing"},
        {"mov eax, cs", "eax 00000008", "eax 0000002b"},
        {"call cs:here", "pushed 00000008", "pushed 0000002b"},
        {"cli", "IF 0", "#GP"},
        {"sti", "IF 1", "#GP"},
        {"hlt", "halts", "#GP"},
        {"in al, 80h", "eax 000000ff", "#GP"},
        {"clts", "CR0 00000011", "#GP"},
        {"add eax, ecx", "eax 00000003", "eax 00000003"},
    };
    struct sensitive_bench *bench;
    struct error err = {0};
    unsigned found = 0;

    ck_assert_int_eq(sensitive_create(&bench, &err), 0);
    for (unsigned i = 0; i < sensitive_count(); i++) {
        const struct sensitive_case *what = sensitive_get(i);
        struct sensitive_row row;

        ck_assert_int_eq(sensitive_measure(bench, what, &row, &err), 0);
        for (unsigned k = 0; k < sizeof(wanted) / sizeof(wanted[0]); k++) {
            if (strcmp(what->name, wanted[k][0]) != 0)
                continue;
            found++;
            ck_assert_str_eq(row.effect[SENSITIVE_RING0], wanted[k][1]);
            ck_assert_str_eq(row.effect[SENSITIVE_RING3], wanted[k][2]);
        }
    }
    sensitive_destroy(bench);
    ck_assert_uint_eq(found, sizeof(wanted) / sizeof(wanted[0]));
}
END_TEST

/* Opcodes with prefixes, and neighbours that share a byte. */
START_TEST(test_opcodes)
{
    ck_assert_int_eq(OF(32, 0x66, 0x9d), X86_SENSITIVE);       /* POPF */
    ck_assert_int_eq(OF(64, 0x9c), X86_SENSITIVE);             /* PUSHFQ */
    ck_assert_int_eq(OF(64, 0x48, 0xcf), X86_SENSITIVE);       /* IRETQ */
    ck_assert_int_eq(OF(64, 0x44, 0x8c, 0xc8), X86_SENSITIVE); /* MOV from CS, REX.R is ignored */
    ck_assert_int_eq(OF(32, 0x8c, 0xe0), X86_INNOCUOUS);       /* from FS */
    ck_assert_int_eq(OF(32, 0x8e, 0xd0), X86_INNOCUOUS);       /* to SS: faults by its operand */
    ck_assert_int_eq(OF(32, 0xff, 0x1d, 0, 0, 0, 0), X86_SENSITIVE);        /* far CALL */
    ck_assert_int_eq(OF(32, 0xff, 0x15, 0, 0, 0, 0), X86_INNOCUOUS);        /* near CALL */
    ck_assert_int_eq(OF(32, 0xf3, 0x6e), X86_PRIVILEGED);                   /* REP OUTSB */
    ck_assert_int_eq(OF(32, 0x0f, 0x01, 0x23), X86_SENSITIVE);              /* SMSW to memory */
    ck_assert_int_eq(OF(32, 0x0f, 0x01, 0xf0), X86_PRIVILEGED);             /* LMSW */
    ck_assert_int_eq(OF(64, 0x0f, 0x01, 0xf8), X86_PRIVILEGED);             /* SWAPGS */
    ck_assert_int_eq(OF(64, 0x0f, 0x01, 0xf9), X86_INNOCUOUS);              /* RDTSCP */
    ck_assert_int_eq(OF(32, 0x0f, 0x01, 0xd0), X86_INNOCUOUS);              /* XGETBV */
    ck_assert_int_eq(OF(32, 0x0f, 0x01, 0xd1), X86_PRIVILEGED);             /* XSETBV */
    ck_assert_int_eq(OF(32, 0x0f, 0x01, 0xd6), X86_INNOCUOUS);              /* XTEST */
    ck_assert_int_eq(OF(32, 0x0f, 0x01, 0xee), X86_INNOCUOUS);              /* RDPKRU */
    ck_assert_int_eq(OF(32, 0x66, 0x0f, 0x38, 0x82, 0x00), X86_PRIVILEGED); /* INVPCID */
    ck_assert_int_eq(OF(32, 0x66, 0x0f, 0x38, 0x00, 0xc0), X86_INNOCUOUS);  /* PSHUFB */
    ck_assert_int_eq(OF(32, 0x0f), X86_INNOCUOUS);                          /* cut off */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sensitive");
    TCase *tc = tcase_create("instructions");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, test_measured);
    tcase_add_test(tc, test_effects);
    tcase_add_test(tc, test_opcodes);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
