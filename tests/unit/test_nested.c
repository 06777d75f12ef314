/*
 * core/nested.c: what it says of an access is the exit that the access makes when the guest really
 * makes it, and the rights of tables and page.
 */
#include "core/nested.h"

#include "tests/support/fixture.h"
#include "util/bytes.h"

#include <stdlib.h>

#define READ_5008 0x8b, 0x04, 0x25, 0x08, 0x50, 0, 0  /* mov eax, [5008h]: not present */
#define READ_7008 0x8b, 0x04, 0x25, 0x08, 0x70, 0, 0  /* mov eax, [7008h] */
#define WRITE_6008 0x89, 0x04, 0x25, 0x08, 0x60, 0, 0 /* mov [6008h], eax: read-only */
#define WRITE_7008 0x89, 0x04, 0x25, 0x08, 0x70, 0, 0 /* mov [7008h], eax */
#define FETCH_7008 0xb8, 0x08, 0x70, 0, 0, 0xff, 0xe0 /* mov eax, 7008h; jmp rax */

static struct nested_walk walk_of(uint64_t gva, enum x86_access access)
{
    struct nested_walk walk;

    machine_nested_walk(f.m, gva, access, false, &walk);
    return walk;
}

/* Run on to the first exit: it is the one that was foretold. */
static void comes_true(const struct nested_walk *walk)
{
    const struct vm_exit *came = &f.exits[0], *told = &walk->refused;
    struct run_limits limits = {.insns = 10, .exits = 1};
    struct run_result result;

    ck_assert_int_eq(machine_run(f.m, &limits, &result), 0);
    ck_assert_uint_ge(f.count, 1);
    ck_assert_uint_eq(told->reason, came->reason);
    ck_assert_uint_eq(told->qualification, came->qualification);
    ck_assert_uint_eq(told->intr_info, came->intr_info);
    ck_assert_uint_eq(told->intr_error, came->intr_error);
    ck_assert_uint_eq(told->guest_physical, came->guest_physical);
    if (came->has & EXIT_HAS_GVA)
        ck_assert_uint_eq(told->guest_linear, came->guest_linear);
    ck_assert_uint_eq(told->has & (EXIT_HAS_GPA | EXIT_HAS_INTR | EXIT_HAS_QUALIFICATION),
                      came->has & (EXIT_HAS_GPA | EXIT_HAS_INTR | EXIT_HAS_QUALIFICATION));
}

START_TEST(test_allowed)
{
    struct nested_walk walk;

    LOAD(enter_long64, READ_7008);
    ck_assert_int_eq(machine_protect(f.m, 0x13000, 1, EPT_READ | EPT_WRITE), 0);
    ck_assert_int_eq(machine_protect(f.m, 0x7000, 1, EPT_READ), 0);
    walk = walk_of(0x7008, X86_READ);
    ck_assert_int_eq(walk.verdict, NESTED_ALLOWED);
    ck_assert_uint_eq(walk.guest.gpa, 0x7008);
    ck_assert_uint_eq(walk.page.rights, EPT_READ);
    ck_assert_uint_eq(walk.tables[0].rights, EPT_ALL);
    ck_assert_uint_eq(walk.tables[3].rights, EPT_READ | EPT_WRITE);
    ck_assert_uint_eq(walk.reads, 4);
    ck_assert_uint_eq(walk.nested_reads, 24); /* the number that everybody knows */
    ck_assert_uint_eq(run(1, 0).exits, 0);
}
END_TEST

START_TEST(test_guest_refuses)
{
    struct nested_walk walk;

    LOAD(enter_long64, READ_5008);
    walk = walk_of(0x5008, X86_READ);
    ck_assert_int_eq(walk.verdict, NESTED_GUEST);
    comes_true(&walk);

    fixture_again();
    LOAD(enter_long64, WRITE_6008);
    walk = walk_of(0x6008, X86_WRITE);
    ck_assert_int_eq(walk.verdict, NESTED_GUEST);
    ck_assert_uint_eq(walk.refused.intr_error, PF_PRESENT | PF_WRITE);
    /* pages of 2 MiB: 3 reads; the second stage is not asked for the page */
    ck_assert_uint_eq(walk.nested_reads, 4 * (3 + 1));
    comes_true(&walk);
}
END_TEST

START_TEST(test_not_canonical)
{
    struct nested_walk walk;

    LOAD(enter_long64, 0x48, 0xb8, 0, 0, 0, 0, 0, 0x80, 0, 0, 0x8b, 0x00); /* mov eax, [rax] */
    walk = walk_of(0x800000000000, X86_READ);
    ck_assert_uint_eq(walk.reads, 0);
    comes_true(&walk);
}
END_TEST

START_TEST(test_second_stage_refuses)
{
    struct nested_walk walk;

    LOAD(enter_long64, WRITE_7008);
    ck_assert_int_eq(machine_protect(f.m, 0x7000, 1, EPT_READ | EPT_EXECUTE), 0);
    walk = walk_of(0x7008, X86_WRITE);
    ck_assert_int_eq(walk.verdict, NESTED_PAGE);
    comes_true(&walk);

    fixture_again();
    LOAD(enter_long64, FETCH_7008);
    ck_assert_int_eq(machine_protect(f.m, 0x7000, 1, EPT_READ), 0);
    walk = walk_of(0x7008, X86_FETCH);
    comes_true(&walk);

    fixture_again();
    LOAD(enter_long64, READ_7008);
    ck_assert_int_eq(machine_protect(f.m, 0x7000, 1, EPT_WRITE), 0);
    walk = walk_of(0x7008, X86_READ);
    ck_assert_int_eq(walk.verdict, NESTED_MISCONFIG);
    comes_true(&walk);
}
END_TEST

/* The page table is where no memory is. */
START_TEST(test_table_refused)
{
    struct nested_walk walk;
    uint8_t entry[8];

    LOAD(enter_long64, 0x8b, 0x04, 0x25, 0x18, 0x10, 0x40, 0); /* mov eax, [401018h] */
    put_le64(entry, 0x90000003);
    ck_assert(ram_write(&f.m->ram, 0x12010, entry, 8));
    walk = walk_of(0x401018, X86_READ);
    ck_assert_int_eq(walk.verdict, NESTED_TABLE);
    ck_assert_uint_eq(walk.refused.guest_physical, 0x90000008);
    ck_assert_uint_eq(walk.reads, 3);
    comes_true(&walk);
}
END_TEST

START_TEST(test_paging_off)
{
    struct nested_walk walk;

    LOAD(enter_flat32, 0xf4);
    walk = walk_of(0x7008, X86_WRITE);
    ck_assert_int_eq(walk.verdict, NESTED_ALLOWED);
    ck_assert_uint_eq(walk.reads, 0);
    ck_assert_uint_eq(walk.nested_reads, 3);
    walk = walk_of(0x90000000, X86_READ); /* beyond RAM */
    ck_assert_int_eq(walk.verdict, NESTED_PAGE);
    ck_assert_uint_eq(walk.page.rights, 0);
}
END_TEST

/* PAE: the first step is read from a register. */
START_TEST(test_pae_reads)
{
    struct x86_state s;
    struct nested_walk walk;
    uint8_t entry[8];

    enter_flat32(&s);
    put_le64(entry, 0x83);
    ck_assert(ram_write(&f.m->ram, 0x20000, entry, 8));
    s.cr0 |= CR0_PG;
    s.cr4 = CR4_PAE;
    s.cr3 = 0x21000;
    s.pdpte[0] = 0x20001;
    machine_set_state(f.m, &s);
    walk = walk_of(0x7008, X86_READ);
    ck_assert_int_eq(walk.verdict, NESTED_ALLOWED);
    ck_assert_uint_eq(walk.guest.count, 2);
    ck_assert_uint_eq(walk.reads, 1);
    ck_assert_uint_eq(walk.nested_reads, (3 + 1) + 3);
}
END_TEST

/* SMAP as RFLAGS.AC has it at the moment. */
START_TEST(test_ac)
{
    struct nested_walk walk;
    struct x86_state s;

    LOAD(enter_long64, 0xf4);
    for (uint64_t table = 0x10000; table <= 0x12000; table += 0x1000) {
        uint8_t entry[8];

        put_le64(entry, table + 0x1007);
        ck_assert(ram_write(&f.m->ram, table, entry, 8));
    }
    ck_assert(ram_write(&f.m->ram, 0x13038, (uint8_t[]){0x07, 0x70}, 2));
    machine_get_state(f.m, &s);
    s.cr4 |= CR4_SMAP;
    machine_set_state(f.m, &s);
    walk = walk_of(0x7008, X86_READ);
    ck_assert_int_eq(walk.verdict, NESTED_GUEST);
    s.rflags |= RFLAGS_AC;
    machine_set_state(f.m, &s);
    walk = walk_of(0x7008, X86_READ);
    ck_assert_int_eq(walk.verdict, NESTED_ALLOWED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nested");
    TCase *tc = tcase_create("nested");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, test_allowed);
    tcase_add_test(tc, test_guest_refuses);
    tcase_add_test(tc, test_not_canonical);
    tcase_add_test(tc, test_second_stage_refuses);
    tcase_add_test(tc, test_table_refused);
    tcase_add_test(tc, test_paging_off);
    tcase_add_test(tc, test_pae_reads);
    tcase_add_test(tc, test_ac);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
