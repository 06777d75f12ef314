/*
 * mmu/shadow.c and core/handle_shadow.c on a machine: which exits shadow paging costs, that it follows
 * the guest's tables, and that mmu/shadow_check.c finds each way of being too wide.
 */
#include "mmu/shadow.h"

#include "core/handle_shadow.h"
#include "mmu/shadow_check.h"
#include "tests/support/fixture.h"
#include "util/bytes.h"

#include <stdlib.h>
#include <string.h>

#define ENTRY_RW (1ull << 1)
#define ENTRY_US (1ull << 2)

static unsigned count_of(uint32_t reason)
{
    unsigned count = 0;

    for (unsigned i = 0; i < f.count; i++)
        count += f.exits[i].reason == reason;
    return count;
}

static void paging(struct x86_paging *guest, struct x86_paging *cpu)
{
    ck_assert_int_eq(shadow_before_run(f.m), 0);
    f.m->vcpu->ops->get_paging(f.m->vcpu, guest);
    shadow_registers(guest, f.m->shadow_root, f.m->ram.host, cpu);
}

static bool is_table(const void *ctx, uint64_t gpa)
{
    return shadow_is_tracked(ctx, gpa);
}

static const char *breach(void)
{
    struct shadow_tables tables = {.is_table = is_table, .ctx = f.m->shadow};
    static struct shadow_breach found;
    struct x86_paging guest, cpu;

    paging(&guest, &cpu);
    return shadow_check(&cpu, &guest, f.m->cpu_ept, &tables, &found) ? NULL : found.why;
}

/* The shadow's entry of the last level for an address, in host memory. */
static uint64_t leaf_of(uint64_t gva)
{
    struct x86_paging guest, cpu;
    struct x86_walk walk;

    paging(&guest, &cpu);
    x86_walk(&cpu, gva, X86_READ, false, &walk);
    ck_assert_uint_eq(walk.count, 4);
    return walk.steps[3].entry_gpa;
}

static void change_leaf(uint64_t gva, uint64_t entry)
{
    host_write64(f.m->ram.host, leaf_of(gva), entry);
}

static uint64_t leaf(uint64_t gva)
{
    return host_read64(f.m->ram.host, leaf_of(gva));
}

static uint64_t guest_entry(uint64_t gpa)
{
    return get_le64(ram_ptr(&f.m->ram, gpa, 8));
}

/* ---- exits ------------------------------------------------------------------------------- */

/* mov eax,[7008h] twice: one fault for the code, one for the page, none the second time. */
START_TEST(test_fills)
{
    LOAD(enter_long64, 0x8b, 0x04, 0x25, 0x08, 0x70, 0, 0, 0x8b, 0x04, 0x25, 0x08, 0x70, 0, 0,
         0xf4);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_EXCEPTION_NMI);
    ck_assert_uint_eq(f.exits[0].intr_error, PF_FETCH);
    ck_assert_uint_eq(f.exits[1].qualification, 0x7008);
    ck_assert_uint_eq(f.exits[1].intr_error, 0);
    ck_assert_uint_eq(f.exits[2].reason, EXIT_HLT);
    ck_assert_uint_eq(f.count, 3);
    ck_assert_uint_eq(f.m->vcpu->ops->get_cr(f.m->vcpu, 2), 0);   /* the guest has seen no fault */
    ck_assert_uint_eq(guest_entry(0x13000 + 8 * 7) & 0x60, 0x20); /* A is set, D is not */
    ck_assert_ptr_null(breach());
}
END_TEST

/* A read, then a write: D is set at a second fault, and only then the shadow is writable. */
START_TEST(test_dirty)
{
    LOAD(enter_long64, 0x8b, 0x04, 0x25, 0x08, 0x70, 0, 0, 0x89, 0x04, 0x25, 0x08, 0x70, 0, 0,
         0xf4);
    ck_assert_int_eq(run(1, 0).stop, STOP_BUDGET);
    ck_assert_uint_eq(leaf(0x7000) & ENTRY_RW, 0);
    ck_assert(!ram_is_dirty(&f.m->ram, DIRTY_TIME, 0x7000));
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(leaf(0x7000) & ENTRY_RW, ENTRY_RW);
    ck_assert_uint_eq(guest_entry(0x13000 + 8 * 7) & 0x60, 0x60);
    ck_assert(ram_is_dirty(&f.m->ram, DIRTY_TIME, 0x7000));
    ck_assert_uint_eq(f.exits[f.count - 2].intr_error, PF_PRESENT | PF_WRITE);
    machine_clear_dirty(f.m, DIRTY_TIME);
    ck_assert_uint_eq(f.m->ram.dirty[DIRTY_TIME].count, 0);
}
END_TEST

/* What the guest's own tables refuse is the guest's fault, with the guest's error code. */
START_TEST(test_reflects)
{
    struct run_result result;

    /* mov [6008h],eax: read-only; the IDT is empty, so it ends in a triple fault */
    LOAD(enter_long64, 0x89, 0x04, 0x25, 0x08, 0x60, 0, 0);
    result = run(10, 0);
    ck_assert_int_eq(result.stop, STOP_TRIPLE_FAULT);
    ck_assert_uint_eq(f.m->vcpu->ops->get_cr(f.m->vcpu, 2), 0x6008);
}
END_TEST

/* mov dword [13038h],8003h: the guest's entry for 7000h; mov eax,[7008h] before and behind. */
START_TEST(test_follows_tables)
{
    uint32_t eight = 0x88888888;

    LOAD(enter_long64, 0x8b, 0x1c, 0x25, 0x08, 0x70, 0, 0, /* mov ebx,[7008h] */
         0xc7, 0x04, 0x25, 0x38, 0x30, 0x01, 0, 0x03, 0x80, 0, 0, 0x8b, 0x04, 0x25, 0x08, 0x70, 0,
         0, 0xf4);
    ck_assert(ram_write(&f.m->ram, 0x8008, &eight, 4));
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(reg(X86_RAX), eight);
    ck_assert_uint_eq(reg(X86_RBX), 0);
    ck_assert_uint_eq(count_of(EXIT_MONITOR_TRAP), 1);
    ck_assert(!(f.m->controls.primary & PRIMARY_MONITOR_TRAP));
    ck_assert(!shadow_is_open(f.m->shadow));
    ck_assert_uint_eq(leaf(0x13000) & ENTRY_RW, 0); /* closed again */
    ck_assert_uint_eq(guest_entry(0x13038), 0x8023);
    ck_assert_ptr_null(breach());
}
END_TEST

/* The monitor's own writes into a table are followed, too. */
START_TEST(test_follows_monitor)
{
    uint8_t entry[8];

    LOAD(enter_long64, 0x8b, 0x04, 0x25, 0x08, 0x70, 0, 0, 0xf4);
    ck_assert_int_eq(run(1, 0).stop, STOP_BUDGET);
    put_le64(entry, 0);
    ck_assert_uint_eq(machine_write_linear(f.m, 0x13038, entry, 8), 8);
    ck_assert_uint_eq(leaf(0x7000), 0);
    ck_assert_ptr_null(breach());
}
END_TEST

/* CR0.WP = 0: a supervisor writes a read-only page, one instruction at a time. */
START_TEST(test_no_write_protect)
{
    struct x86_state s;

    LOAD(enter_long64, 0x89, 0x04, 0x25, 0x08, 0x60, 0, 0, 0x89, 0x04, 0x25, 0x08, 0x60, 0, 0,
         0xf4);
    machine_get_state(f.m, &s);
    s.cr0 &= ~(uint64_t)CR0_WP;
    s.gpr[X86_RAX] = 0x1234;
    machine_set_state(f.m, &s);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(get_le32(ram_ptr(&f.m->ram, 0x6008, 4)), 0x1234);
    ck_assert_uint_eq(count_of(EXIT_MONITOR_TRAP), 2);
    ck_assert_uint_eq(leaf(0x6000) & ENTRY_RW, 0);
}
END_TEST

/* ---- protection keys --------------------------------------------------------------------- */

/* Page 7000h becomes a user's, with key 3; CR4.PKE is set, and PKRU. */
static void enter_with_key(uint32_t pkru, uint64_t cr0_clear)
{
    static const uint64_t tables[] = {0x10000, 0x11000, 0x12000};
    struct x86_state s;
    uint8_t entry[8];

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        put_le64(entry, guest_entry(tables[i]) | ENTRY_US);
        ck_assert(ram_write(&f.m->ram, tables[i], entry, 8));
    }
    put_le64(entry, guest_entry(0x13038) | ENTRY_US | 3ull << 59);
    ck_assert(ram_write(&f.m->ram, 0x13038, entry, 8));
    machine_get_state(f.m, &s);
    s.cr0 &= ~cr0_clear;
    s.cr4 |= CR4_PKE;
    s.pkru = pkru;
    machine_set_state(f.m, &s);
}

/* mov eax,[7008h]; mov eax,AD3; xor ecx,ecx; xor edx,edx; wrpkru; mov ebx,[7008h] */
START_TEST(test_key)
{
    LOAD(enter_long64, 0x8b, 0x04, 0x25, 0x08, 0x70, 0, 0, 0xb8, 0x40, 0, 0, 0, 0x31, 0xc9, 0x31,
         0xd2, 0x0f, 0x01, 0xef, 0x8b, 0x1c, 0x25, 0x08, 0x70, 0, 0);
    enter_with_key(0, 0);
    ck_assert_int_eq(run(5, 0).stop, STOP_BUDGET);
    ck_assert_uint_eq(f.count, 2); /* the code, the page; WRPKRU is no exit */
    ck_assert_uint_eq(leaf(0x7000) >> 59 & 15, 3);
    ck_assert_ptr_null(breach());
    ck_assert_int_eq(run(10, 0).stop, STOP_TRIPLE_FAULT); /* the IDT is empty */
    ck_assert_uint_eq(f.exits[2].intr_error, PF_PRESENT | PF_PK);
    ck_assert_uint_eq(f.exits[2].qualification, 0x7008);
    ck_assert_uint_eq(f.m->vcpu->ops->get_cr(f.m->vcpu, 2), 0x7008);
}
END_TEST

/* CR0.WP = 0 lets a supervisor write what WD forbids; the CPU itself has it set. */
START_TEST(test_key_no_write_protect)
{
    LOAD(enter_long64, 0x89, 0x04, 0x25, 0x08, 0x70, 0, 0, 0x89, 0x04, 0x25, 0x08, 0x70, 0, 0, 0xff,
         0x04, 0x25, 0x08, 0x70, 0, 0, 0xf4); /* mov [7008h],eax twice; inc dword [7008h]; hlt */
    enter_with_key(PKRU_WD(3), CR0_WP);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(get_le32(ram_ptr(&f.m->ram, 0x7008, 4)), (uint32_t)reg(X86_RAX) + 1);
    ck_assert_uint_eq(count_of(EXIT_MONITOR_TRAP), 3);
    ck_assert_uint_eq(leaf(0x7000) & ENTRY_US, ENTRY_US); /* closed again */
    ck_assert_ptr_null(breach());
}
END_TEST

START_TEST(test_key_of_another)
{
    uint64_t entry;

    LOAD(enter_long64, 0x8b, 0x04, 0x25, 0x08, 0x70, 0, 0, 0xf4);
    enter_with_key(PKRU_AD(4), 0);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_ptr_null(breach());
    entry = leaf(0x7000);
    change_leaf(0x7000, entry ^ 1ull << 59);
    ck_assert_str_eq(breach(), "the protection key is not that of the guest's page");
    change_leaf(0x7000, entry ^ 7ull << 59); /* key 4, for which PKRU is narrower: it may change */
    ck_assert_str_eq(breach(), "the protection key is not that of the guest's page");
    change_leaf(0x7000, entry);
    ck_assert_ptr_null(breach());
}
END_TEST

/* Without paging the guest is mapped one to one; where no memory is, the bus answers. */
START_TEST(test_paging_off)
{
    LOAD(enter_flat32, 0xa1, 0x23, 0x01, 0, 0x80, 0xa3, 0x00, 0x80, 0, 0, 0xf4);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(reg(X86_RAX), 0xffffffff);
    ck_assert_uint_eq(get_le32(ram_ptr(&f.m->ram, 0x8000, 4)), 0xffffffff);
    ck_assert_uint_eq(count_of(EXIT_EPT_VIOLATION), 0);
    ck_assert_ptr_null(breach());
}
END_TEST

START_TEST(test_protected)
{
    LOAD(enter_long64, 0x8b, 0x04, 0x25, 0x08, 0x70, 0, 0, 0x89, 0x04, 0x25, 0x08, 0x70, 0, 0,
         0xf4);
    ck_assert_int_eq(machine_protect(f.m, 0x7000, 1, EPT_READ), 0);
    ck_assert_int_eq(run(100, 0).stop, STOP_GUEST_ERROR);
    ck_assert_ptr_null(breach());
    ck_assert_int_eq(machine_protect(f.m, 0x7000, 1, EPT_ALL), 0);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
}
END_TEST

/* The store is into a page that is shared: it gets a frame of its own. */
START_TEST(test_copy_on_write)
{
    uint64_t before = ram_hpa(&f.m->ram, 0x7000);

    LOAD(enter_long64, 0x89, 0x04, 0x25, 0x08, 0x70, 0, 0, 0xf4);
    host_frame_hold(f.m->ram.host, before);
    ck_assert_int_eq(ram_share(&f.m->ram, 0x7000), 0);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_ne(ram_hpa(&f.m->ram, 0x7000), before);
    ck_assert_uint_eq(host_frame_references(f.m->ram.host, before), 1);
    ck_assert_ptr_null(breach());
    host_frame_drop(f.m->ram.host, before);
}
END_TEST

/* MOV to CR3 and back: the old shadow is still there. */
START_TEST(test_roots_are_kept)
{
    uint8_t pml4[PAGE_SIZE];
    unsigned faults;

    LOAD(enter_long64, 0xb8, 0, 0, 2, 0, 0x0f, 0x22, 0xd8, /* mov eax,20000h; mov cr3,rax */
         0xb8, 0, 0, 1, 0, 0x0f, 0x22, 0xd8,               /* mov eax,10000h; mov cr3,rax */
         0xeb, 0xee);                                      /* jmp to the start */
    ck_assert(ram_read(&f.m->ram, 0x10000, pml4, sizeof(pml4)));
    ck_assert(ram_write(&f.m->ram, 0x20000, pml4, sizeof(pml4)));
    ck_assert_int_eq(run(5, 0).stop, STOP_BUDGET);
    faults = count_of(EXIT_EXCEPTION_NMI);
    ck_assert_uint_eq(faults, 2); /* the code, under each root */
    ck_assert_int_eq(run(50, 0).stop, STOP_BUDGET);
    ck_assert_uint_eq(count_of(EXIT_EXCEPTION_NMI), faults);
    ck_assert_uint_eq(count_of(EXIT_CR_ACCESS), 22);
}
END_TEST

/* ---- the checker --------------------------------------------------------------------------- */

static void fill_two(void)
{
    LOAD(enter_long64, 0x8b, 0x04, 0x25, 0x08, 0x70, 0, 0, 0x8b, 0x04, 0x25, 0x08, 0x60, 0, 0, 0x8b,
         0x04, 0x25, 0x08, 0x30, 0x01, 0, 0xf4);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_ptr_null(breach());
}

START_TEST(test_too_wide)
{
    struct shadow_stats stats;
    uint64_t entry;

    fill_two();
    shadow_get_stats(f.m->shadow, &stats);
    ck_assert_uint_eq(stats.tracked, 4);

    entry = leaf(0x6000);
    change_leaf(0x6000, entry | ENTRY_RW);
    ck_assert_str_eq(breach(), "the guest's tables do not allow it");
    change_leaf(0x6000, entry | ENTRY_US);
    ck_assert_str_eq(breach(), "the guest's tables do not allow it");
    change_leaf(0x6000, entry + PAGE_SIZE);
    ck_assert_str_eq(breach(), "the guest's tables and the map lead somewhere else");
    change_leaf(0x6000, entry);
    ck_assert_ptr_null(breach());

    entry = leaf(0x7000); /* D is not set */
    change_leaf(0x7000, entry | ENTRY_RW);
    ck_assert_str_eq(breach(), "A or D is not set in the guest's entry");
    change_leaf(0x7000, entry);

    entry = leaf(0x13000); /* the guest's page table */
    change_leaf(0x13000, entry | ENTRY_RW);
    ck_assert_str_eq(breach(), "it is a table that the shadow was made from");
    change_leaf(0x13000, entry);

    ck_assert_int_eq(machine_protect(f.m, 0x7000, 1, EPT_READ), 0); /* and the shadow is empty */
    ck_assert_ptr_null(breach());
}
END_TEST

START_TEST(test_map_is_narrower)
{
    fill_two();
    ck_assert_int_eq(
        ept_map(&f.m->ept, 0x7000, ram_hpa(&f.m->ram, 0x7000), PAGE_SIZE, EPT_EXECUTE, EPT_WB),
        0); /* behind the shadow's back */
    ck_assert_str_eq(breach(), "the map of guest memory does not allow it");
}
END_TEST

START_TEST(test_no_end)
{
    struct x86_paging guest, cpu;
    uint64_t root;

    fill_two();
    paging(&guest, &cpu);
    root = cpu.cr3;
    for (unsigned i = 0; i < 512; i++)
        host_write64(f.m->ram.host, root + 8ull * i, root | 7);
    ck_assert_ptr_nonnull(breach());
}
END_TEST

/* Tables of a monitor's: the machine makes none, and its CPU walks from the root that it is told. */
START_TEST(test_monitors_tables)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct run_limits one = {.exits = 1};
    struct run_result r;
    struct error err;
    uint64_t root;

    fixture_teardown();
    config.ram_size = 2u << 20;
    config.shadow_paging = config.monitor_shadows = true;
    ck_assert_int_eq(machine_create(&f.m, &config, &err), 0);
    ck_assert_ptr_null(f.m->shadow);
    LOAD(enter_long64, 0x90);
    ck_assert_int_eq(host_frame_take(f.m->ram.host, &root), 0);
    machine_set_shadow_root(f.m, root);
    ck_assert_int_eq(machine_run(f.m, &one, &r), 0);
    ck_assert_uint_eq(f.m->exit_counts[EXIT_EXCEPTION_NMI], 1);
    ck_assert_uint_eq(f.m->insns, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shadow");
    TCase *tc = tcase_create("shadow");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, fixture_setup_shadow, fixture_teardown);
    tcase_add_test(tc, test_fills);
    tcase_add_test(tc, test_dirty);
    tcase_add_test(tc, test_reflects);
    tcase_add_test(tc, test_follows_tables);
    tcase_add_test(tc, test_follows_monitor);
    tcase_add_test(tc, test_no_write_protect);
    tcase_add_test(tc, test_key);
    tcase_add_test(tc, test_key_no_write_protect);
    tcase_add_test(tc, test_key_of_another);
    tcase_add_test(tc, test_paging_off);
    tcase_add_test(tc, test_protected);
    tcase_add_test(tc, test_copy_on_write);
    tcase_add_test(tc, test_roots_are_kept);
    tcase_add_test(tc, test_too_wide);
    tcase_add_test(tc, test_map_is_narrower);
    tcase_add_test(tc, test_no_end);
    tcase_add_test(tc, test_monitors_tables);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
