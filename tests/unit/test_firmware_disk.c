/*
 * device/firmware_disk.c: the registers, each command, and what hostile values come to: sectors
 * beyond the disk, buffers outside RAM, numbers that wrap.
 */
#include "device/firmware_disk.h"

#include "core/machine.h"
#include "util/bytes.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RAM (2u << 20)
#define SECTORS 5u

static struct machine *m;
static uint8_t disk[SECTORS * DISK_SECTOR - 100]; /* the last sector is filled up */

static void setup(void)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct error err;

    config.ram_size = RAM;
    ck_assert_msg(machine_create(&m, &config, &err) == 0, "%s", err.text);
    for (size_t i = 0; i < sizeof(disk); i++)
        disk[i] = (uint8_t)(i / DISK_SECTOR * 16 + i % 7 + 1);
    ck_assert_int_eq(firmware_disk_attach(m, disk, sizeof(disk)), 0);
}

static void teardown(void)
{
    machine_destroy(m);
}

static void out(unsigned reg, unsigned size, uint32_t value)
{
    bus_port_write(&m->ports, (uint16_t)(FIRMWARE_PORT + reg), size, value);
}

static uint32_t in(unsigned reg, unsigned size)
{
    return bus_port_read(&m->ports, (uint16_t)(FIRMWARE_PORT + reg), size);
}

static unsigned command(unsigned what, uint32_t sector, uint32_t gpa, uint32_t count)
{
    out(FIRMWARE_SECTOR, 4, sector);
    out(FIRMWARE_ADDRESS, 4, gpa);
    out(FIRMWARE_COUNT, 4, count);
    out(FIRMWARE_COMMAND, 1, what);
    return in(FIRMWARE_COMMAND, 1);
}

static uint8_t peek(uint64_t gpa)
{
    uint8_t byte;

    ck_assert(ram_read(&m->ram, gpa, &byte, 1));
    return byte;
}

START_TEST(test_registers)
{
    out(FIRMWARE_SECTOR, 4, 0x44332211);
    ck_assert_uint_eq(in(FIRMWARE_SECTOR, 4), 0x44332211);
    ck_assert_uint_eq(in(FIRMWARE_SECTOR + 1, 1), 0x22);
    out(FIRMWARE_SECTOR + 3, 2, 0x6655); /* over the border of two */
    ck_assert_uint_eq(in(FIRMWARE_SECTOR, 4), 0x55332211);
    ck_assert_uint_eq(in(FIRMWARE_ADDRESS, 4), 0x66);
    out(FIRMWARE_COUNT + 2, 4, 0x000404bb); /* the third byte is a command */
    ck_assert_uint_eq(in(FIRMWARE_COUNT, 4), SECTORS);
    ck_assert_uint_eq(in(FIRMWARE_COMMAND + 1, 2), 0);
    out(FIRMWARE_COMMAND + 1, 2, 0xffff);
    ck_assert_uint_eq(in(FIRMWARE_COMMAND, 4), FIRMWARE_OK);
}
END_TEST

START_TEST(test_read)
{
    ck_assert_uint_eq(command(FIRMWARE_READ, 1, 0x10ff8, 4), FIRMWARE_OK);
    ck_assert_uint_eq(peek(0x10ff7), 0);
    for (size_t i = 0; i < 4 * (size_t)DISK_SECTOR; i++) {
        size_t from = DISK_SECTOR + i;

        ck_assert_uint_eq(peek(0x10ff8 + i), from < sizeof(disk) ? disk[from] : 0);
    }
    ck_assert_uint_eq(peek(0x117f8), 0);
    ck_assert(ram_is_dirty(&m->ram, DIRTY_TIME, 0x10ff8));
    ck_assert(ram_is_dirty(&m->ram, DIRTY_TIME, 0x11000));
}
END_TEST

START_TEST(test_write)
{
    uint8_t text[DISK_SECTOR];
    uint64_t before = machine_state_hash(m);

    memset(text, 'x', sizeof(text));
    ck_assert(ram_write(&m->ram, 0x2000, text, sizeof(text)));
    ck_assert_uint_eq(command(FIRMWARE_WRITE, SECTORS - 1, 0x2000, 1), FIRMWARE_OK);
    ck_assert_uint_eq(command(FIRMWARE_READ, SECTORS - 1, 0x3000, 1), FIRMWARE_OK);
    ck_assert_uint_eq(peek(0x3000), 'x');
    ck_assert_uint_eq(peek(0x31ff), 'x');
    ck_assert_uint_eq(command(FIRMWARE_READ, SECTORS - 2, 0x3000, 1), FIRMWARE_OK);
    ck_assert_uint_eq(peek(0x3000), disk[(SECTORS - 2) * DISK_SECTOR]);
    ck_assert_uint_eq(disk[(SECTORS - 1) * DISK_SECTOR], 4 * 16 + 4 * 512 % 7 + 1); /* the image */
    ck_assert_uint_ne(machine_state_hash(m), before);
}
END_TEST

/* The state depends on what the disk holds, not on how it came there. */
START_TEST(test_digest)
{
    struct device *dev = bus_find(&m->ports, FIRMWARE_PORT)->dev;
    uint8_t first[64], changed[64], back[64];
    size_t size = dev->ops->save(dev, first, sizeof(first));

    ck_assert_uint_le(size, sizeof(first));
    ck_assert_uint_eq(command(FIRMWARE_READ, 0, 0x2000, 1), FIRMWARE_OK);
    ck_assert_uint_eq(command(FIRMWARE_WRITE, 3, 0x2000, 1), FIRMWARE_OK);
    dev->ops->reset(dev);
    ck_assert_uint_eq(dev->ops->save(dev, changed, sizeof(changed)), size);
    ck_assert_mem_ne(first, changed, size);
    ck_assert_int_eq(dev->ops->load(dev, changed, size), 0);
    ck_assert_int_eq(dev->ops->load(dev, changed, size - 1), -EINVAL);

    ck_assert(ram_write(&m->ram, 0x2000, disk + 3 * (size_t)DISK_SECTOR, DISK_SECTOR));
    ck_assert_uint_eq(command(FIRMWARE_WRITE, 3, 0x2000, 1), FIRMWARE_OK);
    dev->ops->reset(dev);
    ck_assert_uint_eq(dev->ops->save(dev, back, sizeof(back)), size);
    ck_assert_mem_eq(first, back, size);
    ck_assert_uint_eq(dev->ops->save(dev, back, size - 1), size); /* too small: told how much */
}
END_TEST

static const struct {
    uint32_t sector, gpa, count;
    unsigned status;
} hostile[] = {
    {SECTORS - 1, 0x2000, 1, FIRMWARE_OK},
    {SECTORS, 0x2000, 0, FIRMWARE_OK},
    {SECTORS, 0x2000, 1, FIRMWARE_NO_SECTOR},
    {SECTORS + 1, 0x2000, 0, FIRMWARE_NO_SECTOR},
    {SECTORS - 1, 0x2000, 2, FIRMWARE_NO_SECTOR},
    {1, 0x2000, 0xffffffff, FIRMWARE_NO_SECTOR}, /* sector + count wraps */
    {0xffffffff, 0x2000, 2, FIRMWARE_NO_SECTOR},
    {0x00800000, 0x2000, 1, FIRMWARE_NO_SECTOR}, /* sector * 512 wraps to 0 */
    {0, RAM - 512, 1, FIRMWARE_OK},
    {0, RAM - 511, 1, FIRMWARE_NO_MEMORY},
    {0, RAM - 512, 2, FIRMWARE_NO_MEMORY},
    {0, RAM, 1, FIRMWARE_NO_MEMORY},
    {0, 0xffffff00, 1, FIRMWARE_NO_MEMORY}, /* gpa + size passes 4 GiB */
    {0, 0xffffffff, 5, FIRMWARE_NO_MEMORY},
};

START_TEST(test_hostile)
{
    static const unsigned commands[] = {FIRMWARE_READ, FIRMWARE_WRITE};

    for (unsigned i = 0; i < 2; i++) {
        ram_clear_dirty(&m->ram, DIRTY_TIME);
        ck_assert_uint_eq(
            command(commands[i], hostile[_i].sector, hostile[_i].gpa, hostile[_i].count),
            hostile[_i].status);
        ck_assert_msg(hostile[_i].status == FIRMWARE_OK || !m->ram.dirty[DIRTY_TIME].count,
                      "half a transfer was done");
    }
}
END_TEST

START_TEST(test_verify)
{
    ck_assert_uint_eq(command(FIRMWARE_VERIFY, 0, 0xffffffff, SECTORS), FIRMWARE_OK);
    ck_assert_uint_eq(command(FIRMWARE_VERIFY, 0, 0, SECTORS + 1), FIRMWARE_NO_SECTOR);
    ck_assert_uint_eq(m->ram.dirty[DIRTY_TIME].count, 0);
}
END_TEST

START_TEST(test_rom)
{
    uint8_t *rom = calloc(1, 0x10000);
    struct error err;

    ck_assert_int_eq(ram_add_rom(&m->ram, rom, 0x10000, &err), 0);
    ck_assert_uint_eq(command(FIRMWARE_READ, 0, 0xf0000, 1), FIRMWARE_NO_MEMORY);
    ck_assert_uint_eq(command(FIRMWARE_READ, 0, 0xeff00, 1), FIRMWARE_NO_MEMORY);
    ck_assert_uint_eq(peek(0xeff00), 0);
    ck_assert_uint_eq(command(FIRMWARE_WRITE, 0, 0xf0000, 1), FIRMWARE_OK); /* it can be read */
    free(rom);
}
END_TEST

START_TEST(test_unknown_command)
{
    static const unsigned unknown[] = {0, 7, 0x80, 0xff};

    for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        ck_assert_uint_eq(command(unknown[i], 0, 0x2000, 1), FIRMWARE_BAD_COMMAND);
    ck_assert_uint_eq(m->ram.dirty[DIRTY_TIME].count, 0);
}
END_TEST

START_TEST(test_sizes)
{
    ck_assert_uint_eq(command(FIRMWARE_DISK_SIZE, 0, 0, 0), FIRMWARE_OK);
    ck_assert_uint_eq(in(FIRMWARE_COUNT, 4), SECTORS);
    ck_assert_uint_eq(command(FIRMWARE_EXTENDED, 0, 0, 0), FIRMWARE_OK);
    ck_assert_uint_eq(in(FIRMWARE_COUNT, 4), 1024);
    ck_assert_int_eq(firmware_disk_attach(m, disk, 0), 0);
    ck_assert_uint_eq(command(FIRMWARE_DISK_SIZE, 0, 0, 0), FIRMWARE_OK);
    ck_assert_uint_eq(in(FIRMWARE_COUNT, 4), 0);
    ck_assert_uint_eq(command(FIRMWARE_READ, 0, 0x2000, 1), FIRMWARE_NO_SECTOR);
}
END_TEST

START_TEST(test_map)
{
    uint8_t entry[20];
    unsigned index = 0, count = 0;

    do {
        ck_assert_uint_eq(command(FIRMWARE_MAP, 0, 0x2ff8, index), FIRMWARE_OK);
        ck_assert(ram_read(&m->ram, 0x2ff8, entry, sizeof(entry)));
        if (index == 3) {
            ck_assert_uint_eq(get_le64(entry), 0x100000);
            ck_assert_uint_eq(get_le64(entry + 8), RAM - 0x100000);
            ck_assert_uint_eq(get_le32(entry + 16), 1);
        }
        index = in(FIRMWARE_COUNT, 4);
        count++;
    } while (index && count < 100);
    ck_assert_uint_eq(count, 5);
    ck_assert_uint_eq(command(FIRMWARE_MAP, 0, 0x2000, 5), FIRMWARE_NO_SECTOR);
    ck_assert_uint_eq(command(FIRMWARE_MAP, 0, 0x2000, 0xffffffff), FIRMWARE_NO_SECTOR);
    ck_assert_uint_eq(command(FIRMWARE_MAP, 0, RAM - 19, 0), FIRMWARE_NO_MEMORY);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("firmware disk");
    TCase *port = tcase_create("port");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(port, setup, teardown);
    tcase_add_test(port, test_registers);
    tcase_add_test(port, test_read);
    tcase_add_test(port, test_write);
    tcase_add_test(port, test_digest);
    tcase_add_loop_test(port, test_hostile, 0, sizeof(hostile) / sizeof(hostile[0]));
    tcase_add_test(port, test_verify);
    tcase_add_test(port, test_rom);
    tcase_add_test(port, test_unknown_command);
    tcase_add_test(port, test_sizes);
    tcase_add_test(port, test_map);
    suite_add_tcase(suite, port);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
