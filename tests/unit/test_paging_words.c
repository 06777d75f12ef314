/* x86/paging_words.c: the bits of entries of every kind by their names. */
#include "x86/paging_words.h"
#include "x86/regs.h"

#include <check.h>
#include <stdlib.h>

static const struct {
    uint64_t cr4, efer;
    unsigned level;
    uint64_t entry;
    const char *text;
} entries[] = {
    {0, 0, 1, 0x5000, "not present"},
    {0, 0, 1, 0x5fff, "P R/W U/S PWT PCD A D PAT G AVL=7"},
    {0, 0, 2, 0x50e7, "P R/W U/S A"}, /* CR4.PSE = 0: bits 8:6 say nothing */
    {CR4_PSE, 0, 2, 0x4011e3, "P R/W A D PS G PAT"},
    {CR4_PAE, 0, 3, 0x2e19, "P PWT PCD AVL=7"},
    {CR4_PAE, 0, 3, 0x2067, "P"}, /* the rest is reserved */
    {CR4_PAE, 0, 2, 0x80000000002000e3, "P R/W A D PS XD"},
    {CR4_PAE, EFER_LMA, 4, 0x8000000000002003, "P R/W XD"},
    {CR4_PAE, EFER_LMA, 3, 0x40000083, "P R/W PS"},
    {CR4_PAE, EFER_LMA, 1, 0x1810000000005001, "P 62:52=181"},
    {CR4_PAE | CR4_PKE, EFER_LMA, 1, 0x1810000000005001, "P 58:52=1 PK=3"},
    {CR4_PAE | CR4_PKE, 0, 1, 0x1810000000005001, "P"}, /* PAE paging has no keys */
    {CR4_PAE | CR4_PKE, EFER_LMA, 2, 0x1810000000005001, "P 62:52=181"}, /* no leaf: no key */
};

START_TEST(test_entry)
{
    struct x86_paging mmu = {
        .cr0 = CR0_PE | CR0_PG, .cr4 = entries[_i].cr4, .efer = entries[_i].efer};
    char text[X86_ENTRY_TEXT_MAX];

    ck_assert_str_eq(x86_entry_text(&mmu, entries[_i].level, entries[_i].entry, text),
                     entries[_i].text);
}
END_TEST

START_TEST(test_names)
{
    ck_assert_str_eq(x86_entry_name(5), "PML5E");
    ck_assert_str_eq(x86_entry_name(3), "PDPTE");
    ck_assert_str_eq(x86_entry_name(1), "PTE");
    ck_assert_str_eq(x86_entry_name(6), "");
    ck_assert_str_eq(x86_paging_name(0), "no paging");
    ck_assert_str_eq(x86_paging_name(2), "32-bit paging");
    ck_assert_str_eq(x86_paging_manual(3), "SDM vol. 3, 4.4");
    ck_assert_str_eq(x86_verdict_manual(X86_WALK_DENIED), "SDM vol. 3, 4.6.1");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("paging_words");
    TCase *tc = tcase_create("words");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_loop_test(tc, test_entry, 0, sizeof(entries) / sizeof(entries[0]));
    tcase_add_test(tc, test_names);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
