/*
 * Exit qualification of EPT violations, SDM vol. 3, Table 28-7: one test a bit, each by a guest that
 * really does it, and foretold by machine_nested_walk(). Then misconfigurations (29.3.3.1), and what the
 * second stage lets a CPU do with the guest's own tables (29.3.3.2, 29.3.5); these expectations are what
 * real CPUs do.
 *
 * Tables of the guest: PML4 10000h, PDPT 11000h, PD 12000h, PT 13000h; page 7000h is at 7000h.
 */
#include "core/nested.h"

#include "mmu/ept.h"
#include "tests/support/fixture.h"
#include "util/bytes.h"

#include <stdlib.h>

#define PT 0x13000u
#define ENTRY (PT + 8 * 7) /* of page 7000h */
#define FLAG_A 0x20u
#define FLAG_D 0x40u

#define READ 0x8b, 0x04, 0x25, 0x08, 0x70, 0, 0, 0xf4  /* mov eax,[7008h]; hlt */
#define WRITE 0x89, 0x04, 0x25, 0x08, 0x70, 0, 0, 0xf4 /* mov [7008h],eax; hlt */
#define FETCH 0xb8, 0x08, 0x70, 0, 0, 0xff, 0xe0, 0xf4 /* mov eax,7008h; jmp rax */

static struct nested_walk foretold;

/* Run to the first exit, which is the one that was foretold. */
static const struct vm_exit *violation(enum x86_access access)
{
    machine_nested_walk(f.m, 0x7008, access, false, &foretold);
    run(10, 1);
    ck_assert_uint_eq(f.count, 1);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_EPT_VIOLATION);
    ck_assert_uint_eq(foretold.refused.reason, EXIT_EPT_VIOLATION);
    ck_assert_uint_eq(foretold.refused.qualification, /* who only looks knows of no NMI */
                      f.exits[0].qualification & ~(uint64_t)EPT_QUAL_NMI_UNBLOCKING);
    ck_assert_uint_eq(foretold.refused.guest_physical, f.exits[0].guest_physical);
    ck_assert_uint_eq(f.exits[0].guest_linear, 0x7008);
    return &f.exits[0];
}

static uint64_t bits(enum x86_access access, unsigned rights)
{
    static const uint8_t read[] = {READ}, write[] = {WRITE}, fetch[] = {FETCH};

    if (access == X86_FETCH)
        load(fetch, sizeof(fetch), enter_long64);
    else
        load(access == X86_READ ? read : write, sizeof(read), enter_long64);
    ck_assert_int_eq(machine_protect(f.m, 0x7000, 1, rights), 0);
    return violation(access)->qualification;
}

static void change_entry(uint64_t gpa, uint64_t clear, uint64_t set)
{
    uint8_t bytes[8];

    ck_assert(ram_read(&f.m->ram, gpa, bytes, 8));
    put_le64(bytes, (get_le64(bytes) & ~clear) | set);
    ck_assert(ram_write(&f.m->ram, gpa, bytes, 8));
}

static uint64_t entry(uint64_t gpa)
{
    return get_le64(ram_ptr(&f.m->ram, gpa, 8));
}

/* ---- bits 0 to 2: the access --------------------------------------------------------------- */

START_TEST(test_bit_0_read)
{
    ck_assert_uint_eq(bits(X86_READ, EPT_EXECUTE) & 7, 1u << 0);
}
END_TEST

START_TEST(test_bit_1_write)
{
    ck_assert_uint_eq(bits(X86_WRITE, EPT_READ) & 7, 1u << 1);
}
END_TEST

START_TEST(test_bit_2_fetch)
{
    ck_assert_uint_eq(bits(X86_FETCH, EPT_READ) & 7, 1u << 2);
}
END_TEST

/* ---- bits 3 to 6: what the entries allow --------------------------------------------------- */

START_TEST(test_bit_3_readable)
{
    ck_assert_uint_eq(bits(X86_WRITE, EPT_READ) & 0x78, 1u << 3);
}
END_TEST

START_TEST(test_bit_4_writable)
{
    ck_assert_uint_eq(bits(X86_FETCH, EPT_READ | EPT_WRITE) & 0x78, 1u << 3 | 1u << 4);
}
END_TEST

START_TEST(test_bit_5_executable)
{
    ck_assert_uint_eq(bits(X86_READ, EPT_EXECUTE) & 0x78, 1u << 5);
}
END_TEST

/* The rights are the AND over all levels: here the PDE takes one away. */
START_TEST(test_rights_of_all_levels)
{
    struct ept_walk walk;

    LOAD(enter_long64, WRITE);
    ck_assert_int_eq(machine_protect(f.m, 0x7000, 1, EPT_ALL), 0); /* pages of 4 KiB from now on */
    ept_walk(f.m->cpu_ept, 0x7000, 0, &walk);
    ck_assert_uint_eq(walk.count, 4);
    host_write64(f.m->ram.host, walk.steps[1].entry_hpa,
                 walk.steps[1].entry & ~(uint64_t)EPT_WRITE);
    /* the guest's tables are below that PDPTE, too: their flags are set already */
    for (unsigned i = 0; i < 4; i++)
        change_entry(0x10000 + i * 0x1000, 0, FLAG_A | FLAG_D);
    change_entry(PT + 8 * 1, 0, FLAG_A);
    change_entry(PT + 8 * (AT >> 12), 0, FLAG_A);
    change_entry(ENTRY, 0, FLAG_A | FLAG_D);
    machine_ept_changed(f.m);
    ck_assert_uint_eq(violation(X86_WRITE)->qualification & 0x38, 5u << 3);
}
END_TEST

/* Without mode-based execute control, without shadow stacks, and by an instruction. */
START_TEST(test_bits_6_and_13_to_63_are_0)
{
    ck_assert_uint_eq(bits(X86_WRITE, EPT_READ) & ~0x1fbfull, 0);
}
END_TEST

/* ---- bits 7 and 8: the linear address ------------------------------------------------------ */

START_TEST(test_bit_7_linear_address)
{
    ck_assert_uint_eq(bits(X86_READ, 0) & 1u << 7, 1u << 7);
}
END_TEST

START_TEST(test_bit_8_translation)
{
    ck_assert_uint_eq(bits(X86_READ, 0) & 1u << 8, 1u << 8);
    ck_assert_uint_eq(f.exits[0].guest_physical, 0x7008);

    fixture_again(); /* and clear for a table */
    LOAD(enter_long64, READ);
    change_entry(0x12000, ~0ull, 0x40000003); /* the page table is nowhere */
    machine_nested_walk(f.m, 0x7008, X86_READ, false, &foretold);
    ck_assert_int_eq(foretold.verdict, NESTED_TABLE);
    ck_assert_uint_eq(foretold.refused.qualification, 1u << 0 | 1u << 7);
    ck_assert_uint_eq(foretold.refused.guest_physical, 0x40000038);
}
END_TEST

/* ---- bits 9 to 11: the page by the guest's own tables -------------------------------------- */

START_TEST(test_bit_9_user)
{
    ck_assert_uint_eq(bits(X86_READ, 0) & 1u << 9, 0);
    fixture_again();
    LOAD(enter_long64, READ);
    for (unsigned i = 0; i < 3; i++)
        change_entry(0x10000 + i * 0x1000, 0, 4);
    change_entry(ENTRY, 0, 4);
    ck_assert_int_eq(machine_protect(f.m, 0x7000, 1, 0), 0);
    ck_assert_uint_eq(violation(X86_READ)->qualification & 1u << 9, 1u << 9);
}
END_TEST

START_TEST(test_bit_10_writable)
{
    ck_assert_uint_eq(bits(X86_READ, 0) & 1u << 10, 1u << 10);
    fixture_again();
    LOAD(enter_long64, READ);
    change_entry(ENTRY, 2, 0);
    ck_assert_int_eq(machine_protect(f.m, 0x7000, 1, 0), 0);
    ck_assert_uint_eq(violation(X86_READ)->qualification & 1u << 10, 0);
}
END_TEST

START_TEST(test_bit_11_execute_disable)
{
    struct x86_state s;

    ck_assert_uint_eq(bits(X86_READ, 0) & 1u << 11, 0);
    fixture_again();
    LOAD(enter_long64, READ);
    machine_get_state(f.m, &s);
    s.efer |= EFER_NXE;
    machine_set_state(f.m, &s);
    change_entry(ENTRY, 0, 1ull << 63);
    ck_assert_int_eq(machine_protect(f.m, 0x7000, 1, 0), 0);
    ck_assert_uint_eq(violation(X86_READ)->qualification & 1u << 11, 1u << 11);
}
END_TEST

/* Without paging every linear address is a user-mode one that may be written and executed. */
START_TEST(test_bits_9_to_11_without_paging)
{
    LOAD(enter_flat32, 0xa1, 0x08, 0x70, 0, 0, 0xf4);
    ck_assert_int_eq(machine_protect(f.m, 0x7000, 1, 0), 0);
    ck_assert_uint_eq(violation(X86_READ)->qualification >> 9 & 7, 3);
}
END_TEST

/* ---- bit 12: NMI unblocking due to IRET ---------------------------------------------------- */

static uint64_t iret_refused(bool blocked)
{
    const struct vm_exit *exit;
    struct x86_state s;

    LOAD(enter_flat32, 0xcf); /* iret */
    machine_get_state(f.m, &s);
    s.gpr[X86_RSP] = 0x7008;
    s.interruptibility = blocked ? X86_BLOCKING_BY_NMI : 0;
    machine_set_state(f.m, &s);
    ck_assert_int_eq(machine_protect(f.m, 0x7000, 1, 0), 0);
    exit = violation(X86_READ);
    machine_get_state(f.m, &s);
    ck_assert_uint_eq(s.interruptibility & X86_BLOCKING_BY_NMI, blocked ? X86_BLOCKING_BY_NMI : 0);
    return exit->qualification & 1u << 12;
}

START_TEST(test_bit_12_nmi_unblocking)
{
    ck_assert_uint_eq(iret_refused(true), 1u << 12);
    fixture_again();
    ck_assert_uint_eq(iret_refused(false), 0);
}
END_TEST

/* ---- PDPTEs ------------------------------------------------------------------------------ */

/* PAE paging with a large page at 0; mov cr3,eax with EAX = 30020h. */
static void enter_pae(struct x86_state *s)
{
    uint8_t entry[8];

    enter_flat32(s);
    put_le64(entry, 0x83);
    ck_assert(ram_write(&f.m->ram, 0x20000, entry, 8));
    s->cr0 |= CR0_PG;
    s->cr4 = CR4_PAE;
    s->cr3 = 0x21000;
    s->pdpte[0] = 0x20001;
    s->gpr[X86_RAX] = 0x30020;
}

/* The CPU loads them with CR3: no linear address is translated, and MOV has not executed. */
START_TEST(test_pdptes)
{
    struct controls controls = f.m->controls;
    struct x86_state s;

    controls.primary &= ~PRIMARY_CR3_LOAD;
    machine_set_controls(f.m, &controls);
    LOAD(enter_pae, 0x0f, 0x22, 0xd8, 0xf4);
    ck_assert_int_eq(machine_protect(f.m, 0x30000, 1, EPT_EXECUTE), 0);
    run(10, 1);
    ck_assert_uint_eq(f.count, 1);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_EPT_VIOLATION);
    ck_assert_uint_eq(f.exits[0].qualification, 1u << 0 | 1u << 5);
    ck_assert_uint_eq(f.exits[0].guest_physical, 0x30020);
    ck_assert(!(f.exits[0].has & EXIT_HAS_GVA));
    ck_assert_uint_eq(f.exits[0].rip, AT);
    machine_get_state(f.m, &s);
    ck_assert_uint_eq(s.cr3, 0x21000);
    ck_assert_uint_eq(s.rip, AT);
    ck_assert_int_eq(machine_protect(f.m, 0x30000, 1, EPT_ALL), 0);
    ck_assert_uint_eq(run(1, 0).insns, 1); /* nothing is present there: so far, and no further */
    machine_get_state(f.m, &s);
    ck_assert_uint_eq(s.cr3, 0x30020);
}
END_TEST

/* Who intercepts MOV to CR3 loads them for the guest, and gives it #GP when that fails. */
START_TEST(test_pdptes_intercepted)
{
    LOAD(enter_pae, 0x0f, 0x22, 0xd8, 0xf4);
    ck_assert_int_eq(machine_protect(f.m, 0x30000, 1, 0), 0);
    run(10, 1);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_CR_ACCESS);
    ck_assert_uint_eq(f.exits[0].raised, X86_GP);
}
END_TEST

/* ---- the guest's tables -------------------------------------------------------------------- */

struct table_case {
    enum x86_access access;
    unsigned rights;   /* that the second stage gives to the page table */
    unsigned flags;    /* that its entry has already */
    unsigned expected; /* bits 5:0 of the qualification; 0: allowed */
};

/*
 * What machine_nested_walk() says; that the CPU does the same, test_again() shows. The guest's code is
 * reached through the same table, so a guest would be stopped there first.
 */
static void check_table(const struct table_case *c)
{
    static const uint8_t read[] = {READ}, write[] = {WRITE}, fetch[] = {FETCH};
    const uint8_t *code = c->access == X86_READ ? read : c->access == X86_WRITE ? write : fetch;

    load(code, sizeof(read), enter_long64);
    change_entry(ENTRY, FLAG_A | FLAG_D, c->flags);
    ck_assert_int_eq(machine_protect(f.m, PT, 1, c->rights), 0);
    machine_nested_walk(f.m, 0x7008, c->access, false, &foretold);
    ck_assert_int_eq(foretold.verdict, c->expected ? NESTED_TABLE : NESTED_ALLOWED);
    if (!c->expected)
        return;
    ck_assert_uint_eq(foretold.refused.qualification, c->expected | 1u << 7);
    ck_assert_uint_eq(foretold.refused.guest_physical, ENTRY);
}

#define ABSENT (1u << 0)
#define ABSENT_FLAGS (1u << 0 | 1u << 1)
#define READ_ONLY (1u << 0 | 1u << 1 | 1u << 3)

START_TEST(test_tables)
{
    static const struct table_case cases[] = {
        {X86_READ, 0, FLAG_A | FLAG_D, ABSENT},
        {X86_WRITE, 0, FLAG_A | FLAG_D, ABSENT},
        {X86_FETCH, 0, FLAG_A | FLAG_D, ABSENT},
        {X86_READ, EPT_READ, 0, READ_ONLY}, /* A cannot be set */
        {X86_WRITE, EPT_READ, 0, READ_ONLY},
        {X86_FETCH, EPT_READ, 0, READ_ONLY},
        {X86_READ, EPT_READ, FLAG_A, 0},
        {X86_WRITE, EPT_READ, FLAG_A, READ_ONLY}, /* nor D */
        {X86_FETCH, EPT_READ, FLAG_A, 0},
        {X86_READ, EPT_READ, FLAG_A | FLAG_D, 0},
        {X86_WRITE, EPT_READ, FLAG_A | FLAG_D, 0},
        {X86_READ, EPT_READ | EPT_WRITE, 0, 0}, /* a table need not be executable */
        {X86_FETCH, EPT_READ | EPT_WRITE, 0, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture_again();
        check_table(&cases[i]);
    }
}
END_TEST

/* With A and D in the second stage every access to a table counts as a read and a write. */
START_TEST(test_tables_with_flags)
{
    static const struct table_case cases[] = {
        {X86_READ, 0, FLAG_A | FLAG_D, ABSENT_FLAGS},
        {X86_WRITE, 0, FLAG_A | FLAG_D, ABSENT_FLAGS},
        {X86_READ, EPT_READ, FLAG_A | FLAG_D, READ_ONLY},
        {X86_WRITE, EPT_READ, FLAG_A | FLAG_D, READ_ONLY},
        {X86_FETCH, EPT_READ, FLAG_A, READ_ONLY},
        {X86_READ, EPT_READ | EPT_WRITE, 0, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture_teardown();
        fixture_setup_ept_flags();
        check_table(&cases[i]);
    }
}
END_TEST

/* The right comes back: flags are set in the guest's entry, and the store is done once. */
START_TEST(test_again)
{
    static const uint8_t inc[] = {0xff, 0x04, 0x25, 0x08, 0x70, 0, 0, 0xf4}; /* inc dword [7008h] */

    load(inc, sizeof(inc), enter_long64);
    change_entry(PT + 8 * (AT >> 12), 0, FLAG_A);
    ck_assert_int_eq(machine_protect(f.m, PT, 1, EPT_READ), 0);
    machine_nested_walk(f.m, 0x7008, X86_WRITE, false, &foretold);
    run(10, 1);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_EPT_VIOLATION);
    ck_assert_uint_eq(f.exits[0].qualification, foretold.refused.qualification);
    ck_assert_uint_eq(f.exits[0].guest_physical, ENTRY);
    ck_assert_uint_eq(entry(ENTRY) & (FLAG_A | FLAG_D), 0);
    ck_assert_int_eq(machine_protect(f.m, PT, 1, EPT_ALL), 0);
    ck_assert_int_eq(run(10, 0).stop, STOP_HALT);
    ck_assert_uint_eq(entry(ENTRY) & (FLAG_A | FLAG_D), FLAG_A | FLAG_D);
    ck_assert_uint_eq(get_le32(ram_ptr(&f.m->ram, 0x7008, 4)), 1);
}
END_TEST

/* ---- flags of the second stage ------------------------------------------------------------- */

static uint64_t ept_entry(uint64_t gpa)
{
    struct ept_walk walk;

    ept_walk(f.m->cpu_ept, gpa, 0, &walk);
    return walk.steps[walk.count - 1].entry;
}

START_TEST(test_ept_flags)
{
    fixture_teardown();
    fixture_setup_ept_flags();
    LOAD(enter_long64, 0x8b, 0x04, 0x25, 0x08, 0x70, 0, 0, WRITE);
    ck_assert_int_eq(machine_protect(f.m, 0, 0x20000, EPT_ALL), 0); /* pages of 4 KiB */
    ck_assert_uint_eq(ept_entry(0x7000) & (EPT_ACCESSED | EPT_DIRTY), 0);
    ck_assert_int_eq(run(1, 0).stop, STOP_BUDGET);
    ck_assert_uint_eq(ept_entry(0x7000) & (EPT_ACCESSED | EPT_DIRTY), EPT_ACCESSED);
    ck_assert_uint_eq(ept_entry(AT) & (EPT_ACCESSED | EPT_DIRTY), EPT_ACCESSED);
    ck_assert_uint_eq(ept_entry(PT) & EPT_DIRTY, EPT_DIRTY); /* a table counts as written */
    ck_assert_uint_eq(ept_entry(0x8000) & EPT_ACCESSED, 0);
    ck_assert_int_eq(run(10, 0).stop, STOP_HALT);
    ck_assert_uint_eq(ept_entry(0x7000) & EPT_DIRTY, EPT_DIRTY);
}
END_TEST

/* Cleared, and the CPU told: they are set anew. */
START_TEST(test_ept_flags_again)
{
    struct ept_walk walk;

    fixture_teardown();
    fixture_setup_ept_flags();
    LOAD(enter_long64, 0x89, 0x04, 0x25, 0x08, 0x70, 0, 0, WRITE);
    ck_assert_int_eq(machine_protect(f.m, 0, 0x20000, EPT_ALL), 0);
    ck_assert_int_eq(run(1, 0).stop, STOP_BUDGET);
    ept_walk(f.m->cpu_ept, 0x7000, 0, &walk);
    host_write64(f.m->ram.host, walk.steps[3].entry_hpa,
                 walk.steps[3].entry & ~(uint64_t)(EPT_ACCESSED | EPT_DIRTY));
    machine_ept_changed(f.m);
    ck_assert_int_eq(run(10, 0).stop, STOP_HALT);
    ck_assert_uint_eq(ept_entry(0x7000) & (EPT_ACCESSED | EPT_DIRTY), EPT_ACCESSED | EPT_DIRTY);
}
END_TEST

/* ---- misconfigurations --------------------------------------------------------------------- */

/* Of the page, and of the page that the guest's page table lies in. */
START_TEST(test_misconfigured)
{
    static const struct {
        uint64_t clear, set;
    } cases[] = {
        {EPT_READ, 0},      /* writable but not readable */
        {0, 1ull << 45},    /* an address above MAXPHYADDR */
        {7u << 3, 2u << 3}, /* memory types that there are not */
        {7u << 3, 3u << 3}, {0, 7u << 3},
    };
    static const uint64_t pages[] = {0x7000, PT};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t p = 0; p < sizeof(pages) / sizeof(pages[0]); p++) {
            struct ept_walk walk;

            fixture_again();
            LOAD(enter_long64, READ);
            ck_assert_int_eq(machine_protect(f.m, pages[p], 1, EPT_ALL), 0);
            ept_walk(f.m->cpu_ept, pages[p], 0, &walk);
            host_write64(f.m->ram.host, walk.steps[3].entry_hpa,
                         (walk.steps[3].entry & ~cases[i].clear) | cases[i].set);
            machine_ept_changed(f.m);
            machine_nested_walk(f.m, 0x7008, X86_READ, false, &foretold);
            ck_assert_int_eq(foretold.verdict, p ? NESTED_TABLE : NESTED_MISCONFIG);
            ck_assert_uint_eq(foretold.refused.reason, EXIT_EPT_MISCONFIG);
            run(10, 1);
            ck_assert_uint_eq(f.exits[0].reason, EXIT_EPT_MISCONFIG);
            ck_assert_uint_eq(f.exits[0].guest_physical & PAGE_MASK, pages[p]);
            ck_assert(!(f.exits[0].has & EXIT_HAS_QUALIFICATION)); /* 28.2.1: undefined */
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ept violation");
    TCase *tc = tcase_create("ept violation");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, test_bit_0_read);
    tcase_add_test(tc, test_bit_1_write);
    tcase_add_test(tc, test_bit_2_fetch);
    tcase_add_test(tc, test_bit_3_readable);
    tcase_add_test(tc, test_bit_4_writable);
    tcase_add_test(tc, test_bit_5_executable);
    tcase_add_test(tc, test_rights_of_all_levels);
    tcase_add_test(tc, test_bits_6_and_13_to_63_are_0);
    tcase_add_test(tc, test_bit_7_linear_address);
    tcase_add_test(tc, test_bit_8_translation);
    tcase_add_test(tc, test_bit_9_user);
    tcase_add_test(tc, test_bit_10_writable);
    tcase_add_test(tc, test_bit_11_execute_disable);
    tcase_add_test(tc, test_bits_9_to_11_without_paging);
    tcase_add_test(tc, test_bit_12_nmi_unblocking);
    tcase_add_test(tc, test_pdptes);
    tcase_add_test(tc, test_pdptes_intercepted);
    tcase_add_test(tc, test_tables);
    tcase_add_test(tc, test_tables_with_flags);
    tcase_add_test(tc, test_again);
    tcase_add_test(tc, test_ept_flags);
    tcase_add_test(tc, test_ept_flags_again);
    tcase_add_test(tc, test_misconfigured);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
