/* x86/fidelity.c: the table is well formed, and explains what it says and nothing else. */
#include "x86/fidelity.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct x86_insn decode(const uint8_t *bytes, size_t size)
{
    struct x86_insn insn;

    ck_assert(x86_decode(bytes, size, 32, &insn));
    return insn;
}

#define DECODE(...) decode((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static const char *explain(struct x86_insn insn, unsigned fields, unsigned here, unsigned there)
{
    const struct fidelity *f = fidelity_explain(&insn, fields, here, there);

    return f ? f->id : "";
}

START_TEST(test_table)
{
    for (unsigned i = 0; i < fidelity_count; i++) {
        const struct fidelity *f = &fidelity_table[i];

        ck_assert_str_ne(f->id, "");
        ck_assert_int_eq(f->text[strlen(f->text) - 1], '.');
        ck_assert_msg(strncmp(f->section, "vol. ", 5) == 0, "%s: %s", f->id, f->section);
        ck_assert_str_ne(f->seen, "");
        ck_assert(f->owner != FIDELITY_BOTH || f->patterns[0].last == 0);
        ck_assert_uint_eq(f->patterns[FIDELITY_PATTERNS - 1].last, 0);
        for (unsigned k = 0; k < i; k++)
            ck_assert_str_ne(f->id, fidelity_table[k].id);
        for (unsigned k = 0; f->patterns[k].last; k++) {
            ck_assert_uint_le(f->patterns[k].first, f->patterns[k].last);
            ck_assert_uint_ne(f->patterns[k].fields, 0);
        }
    }
}
END_TEST

START_TEST(test_explains)
{
    /* LOCK NEG [EAX], and the same without LOCK */
    ck_assert_str_eq(
        explain(DECODE(0xf0, 0xf7, 0x18), FIDELITY_RFLAGS, FIDELITY_NONE, FIDELITY_NONE),
        "lock-neg");
    ck_assert_str_eq(explain(DECODE(0xf7, 0x18), FIDELITY_RFLAGS, FIDELITY_NONE, FIDELITY_NONE),
                     "");
    /* MOVAPS XMM0, [EAX]: #GP in QEMU alone, not here alone */
    ck_assert_str_eq(
        explain(DECODE(0x0f, 0x28, 0x00), FIDELITY_EVENT | FIDELITY_RIP, FIDELITY_NONE, 13),
        "sse-alignment");
    ck_assert_str_eq(
        explain(DECODE(0x0f, 0x28, 0x00), FIDELITY_EVENT | FIDELITY_RIP, 13, FIDELITY_NONE), "");
    /* FADD: the status word, not the register */
    ck_assert_str_eq(explain(DECODE(0xd8, 0xc1), FIDELITY_X87_STATUS, FIDELITY_NONE, FIDELITY_NONE),
                     "x87-flags");
    ck_assert_str_eq(explain(DECODE(0xd8, 0xc1), FIDELITY_X87, FIDELITY_NONE, FIDELITY_NONE), "");
}
END_TEST

/* What a program does all day has no excuse. */
START_TEST(test_plain_instructions)
{
    static const uint8_t plain[][6] = {{0x01, 0xd8}, {0x89, 0x03}, {0x8b, 0x03}, {0xff, 0xc0},
                                       {0x0f, 0xaf}, {0xf7, 0xe3}, {0x50},       {0xc3},
                                       {0xe8},       {0x74, 0x02}, {0x0f, 0xb6}, {0xd3, 0xe0}};

    for (unsigned i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        for (unsigned field = FIDELITY_GPR; field <= FIDELITY_EVENT; field <<= 1)
            ck_assert_str_eq(explain(decode(plain[i], 6), field, FIDELITY_NONE, FIDELITY_NONE), "");
}
END_TEST

START_TEST(test_owner_names)
{
    ck_assert_str_eq(fidelity_owner_name(FIDELITY_CORE), "this CPU");
    ck_assert_str_eq(fidelity_owner_name(FIDELITY_BOTH), "this CPU and QEMU");
    ck_assert_str_eq(fidelity_owner_name(FIDELITY_QEMU), "QEMU");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fidelity");
    TCase *table = tcase_create("table");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(table, test_table);
    tcase_add_test(table, test_explains);
    tcase_add_test(table, test_plain_instructions);
    tcase_add_test(table, test_owner_names);
    suite_add_tcase(suite, table);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
