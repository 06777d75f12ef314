/* x86/disasm.c: texts in each code size, what cannot be decoded, and what is too long. */
#include "x86/disasm.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct sample {
    unsigned bits;
    uint8_t bytes[12];
    size_t size;
    uint64_t address;
    unsigned length;
    const char *text;
};

/* clang-format off */
static const struct sample samples[] = {
    {16, {0xb8, 0x34, 0x12}, 3, 0x7c00, 3, "mov ax, 0x1234"},
    {32, {0xb8, 0x34, 0x12, 0, 0}, 5, 0x100000, 5, "mov eax, 0x1234"},
    {64, {0x48, 0x89, 0xe5}, 3, 0, 3, "mov rbp, rsp"},
    {32, {0x0f, 0xa2}, 2, 0, 2, "cpuid"},
    {16, {0xe6, 0xe9}, 2, 0, 2, "out 0xe9, al"},
    {16, {0xeb, 0xfe}, 2, 0x7c10, 2, "jmp 0x7c10"},
    {32, {0xe8, 0xfb, 0xff, 0xff, 0xff}, 5, 0x100000, 5, "call 0x100000"},
    {64, {0xeb, 0x10}, 2, 0xffffffff80000000, 2, "jmp 0xffffffff80000012"},
    {32, {0x0f, 0x22, 0xd8}, 3, 0, 3, "mov cr3, eax"},
    {32, {0x0f, 0x01, 0xc1}, 3, 0, 3, "vmcall"},
    {32, {0x0f, 0xff}, 1, 0, 1, "db 0x0f"},          /* cut off */
    {64, {0x06, 0x90}, 2, 0, 1, "db 0x06"},          /* PUSH ES is not in 64-bit mode */
    {32, {0}, 0, 0, 1, "(bad)"},                     /* nothing there */
};
/* clang-format on */

START_TEST(test_samples)
{
    const struct sample *s = &samples[_i];
    struct x86_disasm *d = x86_disasm_create();
    struct x86_disasm_line line;

    ck_assert_ptr_nonnull(d);
    for (int again = 0; again < 2; again++) { /* nothing of the last one may be left */
        x86_disasm_one(d, s->bytes, s->size, s->bits, s->address, &line);
        ck_assert_str_eq(line.text, s->text);
        ck_assert_uint_eq(line.length, s->length);
    }
    x86_disasm_destroy(d);
}
END_TEST

START_TEST(test_noise)
{
    struct x86_disasm *d = x86_disasm_create();
    uint64_t state = 88172645463325252u;

    for (unsigned i = 0; i < 100000; i++) {
        struct x86_disasm_line line;
        uint8_t bytes[16];

        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        memcpy(bytes, &state, 8);
        memcpy(bytes + 8, &state, 8);
        memset(&line, 0xee, sizeof(line));
        x86_disasm_one(d, bytes, i % 17, 16u << i % 3, state, &line);
        ck_assert_uint_ge(line.length, 1);
        ck_assert_uint_le(line.length, i % 17 ? i % 17 : 1);
        ck_assert_ptr_nonnull(memchr(line.text, '\0', sizeof(line.text)));
        ck_assert_uint_gt(strlen(line.text), 0);
    }
    x86_disasm_destroy(d);
    x86_disasm_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disasm");
    TCase *all = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(all, test_samples, 0, sizeof(samples) / sizeof(samples[0]));
    tcase_add_test(all, test_noise);
    tcase_set_timeout(all, 60);
    suite_add_tcase(suite, all);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
