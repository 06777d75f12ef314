/* What differs between two machines: each kind, and page tables of either in every kind of paging. */
#include "snapshot/difference.h"

#include "core/bus.h"
#include "device/firmware_disk.h"
#include "util/bytes.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOUND_MAX 64

static struct machine *old, *new;
static struct difference found[FOUND_MAX];
static unsigned count;
static struct error err;

static struct machine *make(uint64_t ram)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct machine *m;

    config.ram_size = ram;
    ck_assert_msg(machine_create(&m, &config, &err) == 0, "%s", err.text);
    return m;
}

static void setup(void)
{
    old = make(4u << 20);
    new = make(4u << 20);
}

static void teardown(void)
{
    machine_destroy(old);
    machine_destroy(new);
}

static void keep(void *ctx, const struct difference *d)
{
    (void)ctx;
    ck_assert_uint_lt(count, FOUND_MAX);
    found[count++] = *d;
}

static void compare(unsigned wanted)
{
    count = 0;
    ck_assert_int_eq(machine_differences(old, new, keep, NULL), (int64_t)wanted);
    ck_assert_uint_eq(count, wanted);
}

static void text_is(unsigned i, const char *text)
{
    char buf[DIFFERENCE_TEXT_MAX];

    ck_assert_str_eq(difference_text(&found[i], buf), text);
}

START_TEST(test_nothing)
{
    compare(0);
}
END_TEST

START_TEST(test_registers)
{
    struct x86_state s;

    machine_get_state(new, &s);
    s.gpr[X86_RBX] = 0x1234;
    s.rflags |= RFLAGS_ZF | RFLAGS_IF | 0x3000;
    s.cr0 |= CR0_WP | CR0_PE;
    put_le32(s.fxsave + 24, 0x1f81);
    put_le64(s.fxsave + 160 + 16 * 3 + 8, 0xabcd);
    machine_set_state(new, &s);
    compare(5);
    text_is(0, "RBX                0 -> 1234");
    text_is(1, "RFLAGS             2 -> 3242  ZF 0 -> 1, IF 0 -> 1, IOPL 0 -> 3");
    ck_assert_str_eq(found[2].name, "CR0");
    ck_assert_str_eq(found[2].text, "PE 0 -> 1, WP 0 -> 1");
    text_is(3, "MXCSR              1f80 -> 1f81");
    text_is(4, "XMM3[127:64]       0 -> abcd");
}
END_TEST

START_TEST(test_devices)
{
    bus_port_write(&new->ports, 0x3fb, 1, 0x83);
    compare(1);
    ck_assert_int_eq(found[0].kind, DIFFERENCE_DEVICE);
    ck_assert_str_eq(found[0].name, "uart: LCR");
    ck_assert_uint_eq(found[0].new, 0x83);
    ck_assert_ptr_nonnull(strstr(found[0].text, "8N1"));
}
END_TEST

static void put(struct machine *m, uint64_t gpa, const void *bytes, size_t size)
{
    ck_assert(ram_write(&m->ram, gpa, bytes, size));
}

START_TEST(test_memory)
{
    put(new, 0x5010, "abc", 3);
    put(new, 0x5020, "z", 1);
    put(old, 0x300000, "0123456789", 10);
    compare(2);
    text_is(0, "5000     4 bytes, the first at 5010: 00 00 00 -> 61 62 63");
    text_is(1, "300000   10 bytes, the first at 300000: 30 31 32 33 34 35 36 37 -> "
               "00 00 00 00 00 00 00 00");
    ck_assert_uint_eq(found[1].old, '0');
}
END_TEST

START_TEST(test_disk_and_rom)
{
    static uint8_t image[5000], rom[0x10000];

    ck_assert_int_eq(firmware_disk_attach(old, image, sizeof(image)), 0);
    ck_assert_int_eq(machine_differences(old, new, keep, NULL), -EINVAL);
    image[4999] = 7;
    ck_assert_int_eq(firmware_disk_attach(new, image, sizeof(image)), 0);
    ck_assert_int_eq(machine_add_rom(old, rom, sizeof(rom), &err), 0);
    ck_assert_int_eq(machine_differences(old, new, keep, NULL), -EINVAL);
    rom[0x1002] = 9;
    ck_assert_int_eq(machine_add_rom(new, rom, sizeof(rom), &err), 0);
    count = 0;
    ck_assert_int_ge(machine_differences(old, new, keep, NULL), 2);
    text_is(count - 2, "ffff1000 1 byte, the first at ffff1002: 00 -> 09");
    text_is(count - 1, "1000     1 byte, the first at 1387: 00 -> 07");
    ck_assert_int_eq(found[count - 1].kind, DIFFERENCE_DISK);
}
END_TEST

/* ---- page tables ------------------------------------------------------------------------------- */

static void entry64(struct machine *m, uint64_t gpa, uint64_t value)
{
    uint8_t bytes[8];

    put_le64(bytes, value);
    put(m, gpa, bytes, 8);
}

static void entry32(struct machine *m, uint64_t gpa, uint32_t value)
{
    uint8_t bytes[4];

    put_le32(bytes, value);
    put(m, gpa, bytes, 4);
}

static void page(struct machine *m, uint64_t cr3, uint64_t cr4, uint64_t efer)
{
    struct x86_state s;

    machine_get_state(m, &s);
    s.cr0 |= CR0_PE | CR0_PG;
    s.cr3 = cr3;
    s.cr4 = cr4;
    s.efer = efer;
    machine_set_state(m, &s);
}

static void long_mode(struct machine *m, uint64_t cr3, bool la57)
{
    page(m, cr3, CR4_PAE | (la57 ? CR4_LA57 : 0), EFER_LME | EFER_LMA | EFER_NXE);
}

static const struct difference *entry_at(uint64_t address)
{
    for (unsigned i = 0; i < count; i++)
        if (found[i].kind == DIFFERENCE_ENTRY && found[i].address == address)
            return &found[i];
    return NULL;
}

static void compare_all(void)
{
    count = 0;
    ck_assert_int_gt(machine_differences(old, new, keep, NULL), 0);
}

static void entry_is(uint64_t address, const char *text)
{
    const struct difference *d = entry_at(address);
    char buf[DIFFERENCE_TEXT_MAX];

    ck_assert_msg(d != NULL, "no entry at %lx", (unsigned long)address);
    ck_assert_str_eq(difference_text(d, buf), text);
}

/* From PML4E 256 down: the upper half, one page, of which the new machine has written. */
static void tables4(struct machine *m, uint64_t pml4)
{
    entry64(m, pml4 + 8 * 256, 0x11007);
    entry64(m, 0x11000, 0x12007);
    entry64(m, 0x12008, 0x13007);
    entry64(m, 0x13010, 0x8000000000020007);
}

START_TEST(test_four_levels)
{
    tables4(old, 0x10000);
    tables4(new, 0x10000);
    long_mode(old, 0x10000, false);
    long_mode(new, 0x10000, false);
    entry64(new, 0x13010, 0x0000000000020067);
    entry64(new, 0x13018, 0x21007);
    compare_all();
    entry_is(0x13010, "PTE of ffff800000202000-ffff800000202fff (at 13010)  8000000000020007 -> "
                      "20067, A 0 -> 1, D 0 -> 1, XD 1 -> 0");
    entry_is(0x13018, "PTE of ffff800000203000-ffff800000203fff (at 13018)  0 -> 21007, P 0 -> 1, "
                      "R/W 0 -> 1, U/S 0 -> 1");
}
END_TEST

/* A frame moves: the address is told, too; a large page ends the way. */
START_TEST(test_moved_and_large)
{
    tables4(old, 0x10000);
    tables4(new, 0x10000);
    long_mode(old, 0x10000, false);
    long_mode(new, 0x10000, false);
    entry64(new, 0x12008, 0x200087);
    entry64(new, 0x13010, 0x77007);
    compare_all();
    entry_is(0x12008, "PDE of ffff800000200000-ffff8000003fffff (at 12008)  13007 -> 200087, "
                      "address 13000 -> 200000, PS 0 -> 1");
    /* the table that nothing leads to any more is the old machine's */
    entry_is(0x13010, "PTE of ffff800000202000-ffff800000202fff (at 13010)  8000000000020007 -> "
                      "77007, address 20000 -> 77000, XD 1 -> 0");
}
END_TEST

/* Tables of the old CR3 alone, which the new machine has cleared. */
START_TEST(test_old_tables)
{
    tables4(old, 0x10000);
    long_mode(old, 0x10000, false);
    long_mode(new, 0x30000, false);
    compare_all();
    entry_is(0x12008, "PDE of ffff800000200000-ffff8000003fffff (at 12008)  13007 -> 0, "
                      "P 1 -> 0, R/W 1 -> 0, U/S 1 -> 0");
    ck_assert_ptr_nonnull(entry_at(0x13010));
}
END_TEST

/* The upper half begins with bit 56 then: PML4E 256 of PML5E 0 is no address at the top. */
START_TEST(test_five_levels)
{
    entry64(old, 0x14000, 0x10007);
    entry64(new, 0x14000, 0x10007);
    entry64(new, 0x14000 + 8 * 256, 0x15007);
    tables4(old, 0x10000);
    tables4(new, 0x10000);
    entry64(new, 0x13010, 0);
    long_mode(old, 0x14000, true);
    long_mode(new, 0x14000, true);
    compare_all();
    ck_assert_uint_eq(entry_at(0x13010)->gva, 0x0000800000202000);
    ck_assert_uint_eq(entry_at(0x14000 + 8 * 256)->gva, 0xff00000000000000);
    ck_assert_uint_eq(entry_at(0x14000 + 8 * 256)->gva_last, 0xff00ffffffffffff);
    ck_assert_str_eq(entry_at(0x14000 + 8 * 256)->name, "PML5E");
}
END_TEST

/* Without CR4.PSE bit 7 of a PDE means nothing: a table hangs there. */
START_TEST(test_two_levels)
{
    for (unsigned i = 0; i < 2; i++) {
        struct machine *m = i ? new : old;

        entry32(m, 0x10004, 0x11087);
        entry32(m, 0x11000, i ? 0x30067 : 0x30007);
        page(m, 0x10000, 0, 0);
    }
    compare_all();
    entry_is(0x11000, "PTE of 400000-400fff (at 11000)  30007 -> 30067, A 0 -> 1, D 0 -> 1");
    page(old, 0x10000, CR4_PSE, 0);
    page(new, 0x10000, CR4_PSE, 0);
    compare_all();
    ck_assert_ptr_null(entry_at(0x11000));
}
END_TEST

START_TEST(test_pae)
{
    for (unsigned i = 0; i < 2; i++) {
        struct machine *m = i ? new : old;
        struct x86_state s;

        entry64(m, 0x11000, 0x12007);
        entry64(m, 0x12ff8, i ? 0x30063 : 0x30003);
        page(m, 0x10000, CR4_PAE, 0);
        machine_get_state(m, &s);
        s.pdpte[3] = 0x11001;
        machine_set_state(m, &s);
    }
    compare_all();
    entry_is(0x12ff8, "PTE of c01ff000-c01fffff (at 12ff8)  30003 -> 30063, A 0 -> 1, D 0 -> 1");
}
END_TEST

/* Tables that lead back to themselves, and out of memory. */
START_TEST(test_wild_tables)
{
    long_mode(old, 0x10000, false);
    long_mode(new, 0x10000, false);
    for (unsigned i = 0; i < 512; i++)
        entry64(new, 0x10000 + 8 * i, i % 2 ? 0x10007 : 0x000ffffffffff007);
    for (unsigned i = 0; i < 500; i++)
        entry64(old, 0x10000 + 8 * i, i % 2 ? 0x10007 : 0x000ffffffffff007);
    compare(13); /* 12 entries, and the page */
    ck_assert_int_eq(found[12].kind, DIFFERENCE_MEMORY);
}
END_TEST

START_TEST(test_refused)
{
    machine_destroy(new);
    new = make(8u << 20);
    ck_assert_int_eq(machine_differences(old, new, keep, NULL), -EINVAL);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("difference");
    TCase *tc = tcase_create("difference");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_nothing);
    tcase_add_test(tc, test_registers);
    tcase_add_test(tc, test_devices);
    tcase_add_test(tc, test_memory);
    tcase_add_test(tc, test_disk_and_rom);
    tcase_add_test(tc, test_four_levels);
    tcase_add_test(tc, test_moved_and_large);
    tcase_add_test(tc, test_old_tables);
    tcase_add_test(tc, test_five_levels);
    tcase_add_test(tc, test_two_levels);
    tcase_add_test(tc, test_pae);
    tcase_add_test(tc, test_wild_tables);
    tcase_add_test(tc, test_refused);
    suite_add_tcase(s, tc);
    return s;
}

int main(void)
{
    SRunner *runner = srunner_create(suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
