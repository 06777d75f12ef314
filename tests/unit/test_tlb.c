/*
 * x86/tlb.c: what stays cached and what a write to a control register, INVLPG or a fault takes out
 * (SDM vol. 3, 4.10.4), rights and keys at each access, the first write, saving and loading.
 */
#include "x86/regs.h"
#include "x86/tlb.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct x86_tlb tlb;
static const struct x86_paging mmu = {.cr0 = CR0_PE | CR0_PG, .cr4 = CR4_PAE | CR4_PGE};

static void setup(void)
{
    x86_tlb_drop_all(&tlb);
}

/* Cache a page; `leaf` is the low bits of its entry: 100h is G. */
static bool add(uint64_t gva, uint64_t gpa, uint8_t rights, uint64_t leaf, bool dirty)
{
    struct x86_walk walk = {.gva = gva,
                            .gpa = gpa,
                            .page_size = 4096,
                            .rights = rights,
                            .count = 1,
                            .steps = {{.entry = leaf}},
                            .dirty = dirty};

    return x86_tlb_add(&tlb, &mmu, &walk);
}

static bool cached(uint64_t gva)
{
    return x86_tlb_find(&tlb, gva) != NULL;
}

START_TEST(test_translate)
{
    struct x86_walk walk;

    ck_assert(!x86_tlb_translate(&tlb, &mmu, 0x1234, X86_READ, false, &walk));
    add(0x1000, 0x7000, X86_RIGHT_WRITE, 0, true);
    ck_assert(x86_tlb_translate(&tlb, &mmu, 0x1234, X86_WRITE, false, &walk));
    ck_assert_uint_eq(walk.verdict, X86_WALK_OK);
    ck_assert_uint_eq(walk.gpa, 0x7234);
    ck_assert_uint_eq(walk.count, 0);
    ck_assert(walk.may_write && !walk.may_fetch && walk.dirty);
    ck_assert(!x86_tlb_translate(&tlb, &mmu, 0x2234, X86_READ, false, &walk));
    add(0x1000, 0x9000, X86_RIGHT_WRITE, 0, true); /* in its place */
    ck_assert(x86_tlb_translate(&tlb, &mmu, 0x1fff, X86_READ, false, &walk));
    ck_assert_uint_eq(walk.gpa, 0x9fff);
    ck_assert_uint_eq(tlb.count, 1);
}
END_TEST

/* What may not be done from here is walked: rights, the first write, paging off. */
START_TEST(test_walk_again)
{
    struct x86_paging other = mmu;
    struct x86_walk walk;

    add(0x1000, 0x7000, X86_RIGHT_USER, 0, true);
    add(0x2000, 0x8000, X86_RIGHT_WRITE | X86_RIGHT_USER, 0, false);
    ck_assert(x86_tlb_translate(&tlb, &mmu, 0x1000, X86_READ, true, &walk));
    ck_assert(!x86_tlb_translate(&tlb, &mmu, 0x1000, X86_WRITE, true, &walk));
    ck_assert(!x86_tlb_translate(&tlb, &mmu, 0x1000, X86_FETCH, true, &walk));
    ck_assert(x86_tlb_translate(&tlb, &mmu, 0x1000, X86_WRITE, false, &walk)); /* WP is 0 */
    other.cr0 |= CR0_WP;
    ck_assert(!x86_tlb_translate(&tlb, &other, 0x1000, X86_WRITE, false, &walk));
    other.cr4 |= CR4_SMAP;
    ck_assert(!x86_tlb_translate(&tlb, &other, 0x1000, X86_READ, false, &walk));
    other.ac = true;
    ck_assert(x86_tlb_translate(&tlb, &other, 0x1000, X86_READ, false, &walk));
    ck_assert(x86_tlb_translate(&tlb, &mmu, 0x2000, X86_READ, true, &walk));
    ck_assert(!x86_tlb_translate(&tlb, &mmu, 0x2000, X86_WRITE, true, &walk)); /* D is not set */
    other.cr0 = CR0_PE;
    ck_assert(!x86_tlb_translate(&tlb, &other, 0x1000, X86_READ, false, &walk));
}
END_TEST

/* The key is cached with the page; PKRU and CR4.PKE count at each access, without a flush. */
START_TEST(test_keys)
{
    struct x86_walk page = {.gva = 0x1000,
                            .gpa = 0x7000,
                            .page_size = 2u << 20,
                            .rights = X86_RIGHT_USER | X86_RIGHT_WRITE | X86_RIGHT_FETCH,
                            .key = 13,
                            .dirty = true};
    struct x86_paging keyed = mmu;
    struct x86_walk walk;

    keyed.efer = EFER_LME | EFER_LMA;
    keyed.cr4 |= CR4_PKE;
    ck_assert(x86_tlb_add(&tlb, &keyed, &page));
    ck_assert(x86_tlb_translate(&tlb, &keyed, 0x1234, X86_WRITE, true, &walk));
    ck_assert_uint_eq(walk.key, 13);
    ck_assert_uint_eq(walk.page_size, 2u << 20);
    ck_assert(walk.may_read && walk.may_write && walk.may_fetch);
    keyed.pkru = PKRU_WD(13);
    ck_assert(!x86_tlb_translate(&tlb, &keyed, 0x1234, X86_WRITE, true, &walk));
    ck_assert(x86_tlb_translate(&tlb, &keyed, 0x1234, X86_WRITE, false, &walk)); /* WP is 0 */
    ck_assert(x86_tlb_translate(&tlb, &keyed, 0x1234, X86_READ, true, &walk));
    ck_assert(walk.may_read && !walk.may_write);
    keyed.pkru = PKRU_AD(13);
    ck_assert(!x86_tlb_translate(&tlb, &keyed, 0x1234, X86_READ, false, &walk));
    ck_assert(x86_tlb_translate(&tlb, &keyed, 0x1234, X86_FETCH, true, &walk));
    ck_assert(!walk.may_read && !walk.may_write && walk.may_fetch);
    keyed.pkru = ~(PKRU_AD(13) | PKRU_WD(13));
    ck_assert(x86_tlb_translate(&tlb, &keyed, 0x1234, X86_WRITE, true, &walk));
    keyed.pkru = ~0u;
    keyed.cr4 &= ~(uint64_t)CR4_PKE;
    ck_assert(x86_tlb_translate(&tlb, &keyed, 0x1234, X86_WRITE, true, &walk));
}
END_TEST

START_TEST(test_drop_page)
{
    struct x86_walk large = {.gva = 0x600000, .gpa = 0x200000, .page_size = 2u << 20};

    add(0x1000, 0x7000, 7, 0x100, true);
    add(0x2000, 0x8000, 7, 0, true);
    ck_assert(x86_tlb_drop_page(&tlb, 0x1fff)); /* also a global one */
    ck_assert(!cached(0x1000) && cached(0x2000));
    ck_assert(!x86_tlb_drop_page(&tlb, 0x1fff));
    ck_assert(x86_tlb_add(&tlb, &mmu, &large));
    large.gva += 0x5000;
    large.gpa += 0x5000;
    ck_assert(x86_tlb_add(&tlb, &mmu, &large));
    ck_assert(x86_tlb_drop_page(&tlb, 0x7ff000)); /* all of the large page */
    ck_assert(!cached(0x600000) && !cached(0x605000) && cached(0x2000));
    ck_assert_uint_eq(tlb.count, 4);
    add(0x1000, 0x7000, 7, 0, true); /* where it was */
    ck_assert_uint_eq(tlb.count, 4);
}
END_TEST

static void control(unsigned cr, uint64_t old, uint64_t value, uint64_t cr4, bool local,
                    bool global)
{
    setup();
    add(0x1000, 0x7000, 7, 0, true);
    add(0x2000, 0x8000, 7, 0x100, true);
    x86_tlb_control_written(&tlb, cr, old, value, cr4);
    ck_assert(cached(0x1000) == local && cached(0x2000) == global);
}

START_TEST(test_control_written)
{
    static const uint64_t all[] = {CR4_PSE, CR4_PAE, CR4_PGE, CR4_SMEP, CR4_LA57};

    control(0, CR0_PG, 0, 0, false, false);
    control(0, CR0_PG, CR0_PG | CR0_WP, 0, true, true);
    control(3, 0x1000, 0x1000, CR4_PGE, false, true);
    control(3, 0x1000, 0x1000, 0, false, false);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        control(4, CR4_OSFXSR, CR4_OSFXSR | all[i], CR4_PGE, false, false);
    control(4, 0, CR4_OSFXSR | CR4_TSD | CR4_PKE, CR4_PGE, true, true);
    control(8, 0, 1, CR4_PGE, true, true);
}
END_TEST

START_TEST(test_full)
{
    for (uint64_t i = 0; i < X86_TLB_SIZE; i++) {
        ck_assert(x86_tlb_has_room(&tlb, i << 12));
        ck_assert(add(i << 12, i << 13, 7, 0, true));
    }
    ck_assert(!x86_tlb_has_room(&tlb, 1ull << 40) && !add(1ull << 40, 0, 7, 0, true));
    ck_assert(x86_tlb_has_room(&tlb, 0x5000)); /* it has one */
    for (uint64_t i = 0; i < X86_TLB_SIZE; i++)
        ck_assert_uint_eq(x86_tlb_find(&tlb, i << 12)->gpa, i << 13);
    x86_tlb_drop_all(&tlb);
    ck_assert(!cached(0x5000) && add(1ull << 40, 0, 7, 0, true));
}
END_TEST

START_TEST(test_save_load)
{
    static struct x86_tlb loaded;
    uint8_t buf[64], bad[64];

    add(0x1000, 0x7000, 7, 0x100, true);
    add(0xffffffffff000, 0x8000, 1, 0, false);
    add(0x3000, 0x9000, 7, 0, true);
    x86_tlb_drop_page(&tlb, 0x3000);
    ck_assert_uint_eq(x86_tlb_save(&tlb, buf, sizeof(buf)), 48);
    ck_assert(x86_tlb_load(&loaded, buf, 48));
    ck_assert_uint_eq(loaded.count, 3);
    ck_assert_mem_eq(loaded.entries, tlb.entries, 48);
    ck_assert_uint_eq(x86_tlb_find(&loaded, 0xffffffffff123)->gpa, 0x8000);
    ck_assert_ptr_null(x86_tlb_find(&loaded, 0x3000));
    ck_assert(!x86_tlb_load(&loaded, buf, 47));
    ck_assert_uint_eq(loaded.count, 0);
    memcpy(bad, buf, 48);
    memcpy(bad + 16, buf, 16); /* one page twice */
    ck_assert(!x86_tlb_load(&loaded, bad, 48));
    memcpy(bad, buf, 48);
    bad[8] = 1; /* not a page's address */
    ck_assert(!x86_tlb_load(&loaded, bad, 48));
    ck_assert_uint_eq(loaded.count, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tlb");
    TCase *tc = tcase_create("tlb");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, test_translate);
    tcase_add_test(tc, test_walk_again);
    tcase_add_test(tc, test_keys);
    tcase_add_test(tc, test_drop_page);
    tcase_add_test(tc, test_control_written);
    tcase_add_test(tc, test_full);
    tcase_add_test(tc, test_save_load);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
