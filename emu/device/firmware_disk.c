/*
 * The firmware's private port, see firmware_disk.h. Its disk is core/disk.h.
 *
 * save() holds the registers and a digest of the disk, not the disk: who loads a state has put the
 * blocks of machine->disk back as they were.
 */
#include "device/firmware_disk.h"

#include "core/backend.h"
#include "core/device_fields.h"
#include "core/machine.h"
#include "core/memory_map.h"
#include "device/devices.h"
#include "util/bytes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define REGISTERS 12 /* bytes of sector, address and count */
#define MAP_ENTRY_SIZE 20
#define SAVED_SIZE (REGISTERS + 1 + 4 + 8)

struct firmware_disk {
    uint8_t reg[REGISTERS];
    uint8_t status;
    struct disk *disk;
    /* Of the whole disk: the exclusive or of every sector's hash, seeded with its number. */
    uint64_t digest;
};

static uint64_t sector_hash(const struct firmware_disk *d, uint32_t sector)
{
    return XXH3_64bits_withSeed(disk_sector(d->disk, sector), DISK_SECTOR, sector);
}

/* ---- transfers ------------------------------------------------------------------------------- */

static bool memory_exists(const struct ram *ram, uint64_t gpa, uint64_t size)
{
    for (uint64_t page = gpa & PAGE_MASK; page < gpa + size; page += PAGE_SIZE)
        if (!ram_find(ram, page))
            return false;
    return true;
}

static bool disk_to_memory(struct machine *m, const struct firmware_disk *d, uint32_t sector,
                           uint64_t gpa, uint64_t size)
{
    if (!ram_write(&m->ram, gpa, disk_sector(d->disk, sector), size))
        return false;
    if (size)
        machine_written(m, gpa, size);
    return true;
}

static bool memory_to_disk(const struct machine *m, struct firmware_disk *d, uint32_t sector,
                           uint64_t gpa, uint32_t count)
{
    if (!memory_exists(&m->ram, gpa, (uint64_t)count * DISK_SECTOR))
        return false;
    for (uint32_t end = sector + count; sector < end; sector++, gpa += DISK_SECTOR) {
        d->digest ^= sector_hash(d, sector);
        ram_read(&m->ram, gpa, disk_sector(d->disk, sector), DISK_SECTOR);
        d->digest ^= sector_hash(d, sector);
        disk_mark_dirty(d->disk, sector);
    }
    return true;
}

static enum firmware_status transfer(struct machine *m, struct firmware_disk *d,
                                     enum firmware_command command)
{
    uint32_t sector = get_le32(d->reg + FIRMWARE_SECTOR);
    uint32_t gpa = get_le32(d->reg + FIRMWARE_ADDRESS);
    uint32_t count = get_le32(d->reg + FIRMWARE_COUNT);
    bool done = true;

    if (!disk_has(d->disk, sector, count))
        return FIRMWARE_NO_SECTOR;
    if (command == FIRMWARE_READ)
        done = disk_to_memory(m, d, sector, gpa, (uint64_t)count * DISK_SECTOR);
    else if (command == FIRMWARE_WRITE)
        done = memory_to_disk(m, d, sector, gpa, count);
    return done ? FIRMWARE_OK : FIRMWARE_NO_MEMORY;
}

static enum firmware_status tell_map(struct machine *m, struct firmware_disk *d)
{
    uint32_t index = get_le32(d->reg + FIRMWARE_COUNT);
    uint32_t gpa = get_le32(d->reg + FIRMWARE_ADDRESS);
    struct memory_range ranges[MEMORY_RANGES_MAX];
    unsigned count = memory_map_get(&m->ram, ranges);
    uint8_t entry[MAP_ENTRY_SIZE];

    if (index >= count)
        return FIRMWARE_NO_SECTOR;
    put_le64(entry, ranges[index].base);
    put_le64(entry + 8, ranges[index].size);
    put_le32(entry + 16, ranges[index].type);
    if (!ram_write(&m->ram, gpa, entry, sizeof(entry)))
        return FIRMWARE_NO_MEMORY;
    machine_written(m, gpa, sizeof(entry));
    put_le32(d->reg + FIRMWARE_COUNT, index + 1 < count ? index + 1 : 0);
    return FIRMWARE_OK;
}

static enum firmware_status run_command(struct machine *m, struct firmware_disk *d, uint8_t command)
{
    switch ((enum firmware_command)command) {
    case FIRMWARE_READ:
    case FIRMWARE_WRITE:
    case FIRMWARE_VERIFY:
        return transfer(m, d, command);
    case FIRMWARE_DISK_SIZE:
        put_le32(d->reg + FIRMWARE_COUNT, d->disk->sectors);
        return FIRMWARE_OK;
    case FIRMWARE_EXTENDED:
        put_le32(d->reg + FIRMWARE_COUNT, (uint32_t)(memory_extended(&m->ram) / 1024));
        return FIRMWARE_OK;
    case FIRMWARE_MAP:
        return tell_map(m, d);
    }
    return FIRMWARE_BAD_COMMAND;
}

/* ---- the port -------------------------------------------------------------------------------- */

static uint32_t firmware_read(struct device *dev, uint16_t offset, unsigned size)
{
    const struct firmware_disk *d = dev->priv;
    uint32_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        unsigned at = offset + i;
        uint8_t byte = at < REGISTERS ? d->reg[at] : 0;

        if (at == FIRMWARE_COMMAND)
            byte = d->status;
        value |= (uint32_t)byte << (8 * i);
    }
    return value;
}

static void firmware_write(struct device *dev, uint16_t offset, unsigned size, uint32_t value)
{
    struct firmware_disk *d = dev->priv;

    for (unsigned i = 0; i < size; i++) {
        unsigned at = offset + i;
        uint8_t byte = (uint8_t)(value >> (8 * i));

        if (at < REGISTERS)
            d->reg[at] = byte;
        else if (at == FIRMWARE_COMMAND)
            d->status = (uint8_t)run_command(dev->machine, d, byte);
    }
}

static void firmware_reset(struct device *dev)
{
    struct firmware_disk *d = dev->priv;

    memset(d->reg, 0, sizeof(d->reg));
    d->status = FIRMWARE_OK;
}

static size_t firmware_save(const struct device *dev, uint8_t *buf, size_t cap)
{
    const struct firmware_disk *d = dev->priv;

    if (cap >= SAVED_SIZE) {
        memcpy(buf, d->reg, REGISTERS);
        buf[REGISTERS] = d->status;
        put_le32(buf + REGISTERS + 1, d->disk->sectors);
        put_le64(buf + REGISTERS + 5, d->digest);
    }
    return SAVED_SIZE;
}

static int firmware_load(struct device *dev, const uint8_t *buf, size_t size)
{
    struct firmware_disk *d = dev->priv;

    if (size != SAVED_SIZE || get_le32(buf + REGISTERS + 1) != d->disk->sectors)
        return -EINVAL;
    memcpy(d->reg, buf, REGISTERS);
    d->status = buf[REGISTERS];
    d->digest = get_le64(buf + REGISTERS + 5);
    return 0;
}

static const char *status_text(uint8_t status)
{
    switch ((enum firmware_status)status) {
    case FIRMWARE_OK:
        return "done";
    case FIRMWARE_BAD_COMMAND:
        return "no such command";
    case FIRMWARE_NO_SECTOR:
        return "beyond the disk or the map";
    case FIRMWARE_NO_MEMORY:
        return "the buffer is not wholly RAM";
    }
    return "unknown";
}

static unsigned firmware_show(const struct device *dev, struct device_field *fields, unsigned max)
{
    const struct firmware_disk *d = dev->priv;
    struct device_fields list;
    uint32_t sector = get_le32(d->reg + FIRMWARE_SECTOR);

    device_fields_start(&list, fields, max);
    text_add(device_fields_add(&list, "sector", 32, sector), "byte 0x%" PRIx64 " of the disk",
             (uint64_t)sector * DISK_SECTOR);
    text_add(device_fields_add(&list, "address", 32, get_le32(d->reg + FIRMWARE_ADDRESS)),
             "guest-physical, of the buffer");
    text_add(device_fields_add(&list, "count", 32, get_le32(d->reg + FIRMWARE_COUNT)), "%" PRIu32,
             get_le32(d->reg + FIRMWARE_COUNT));
    text_add(device_fields_add(&list, "status", 8, d->status), "%s", status_text(d->status));
    list.internal = true;
    if (d->disk->sectors)
        text_add(device_fields_add(&list, "disk", 32, d->disk->sectors), "%" PRIu32 " sectors",
                 d->disk->sectors);
    else
        text_add(device_fields_add(&list, "disk", 32, 0), "none");
    text_add(device_fields_add(&list, "contents", 64, d->digest), "digest of the disk");
    return list.count;
}

static void firmware_destroy(struct device *dev)
{
    free(dev->priv);
}

static const struct device_ops firmware_disk_ops = {
    .name = "firmware-disk",
    .port_read = firmware_read,
    .port_write = firmware_write,
    .reset = firmware_reset,
    .save = firmware_save,
    .load = firmware_load,
    .show = firmware_show,
    .destroy = firmware_destroy,
};

int firmware_disk_create(struct device *dev)
{
    struct firmware_disk *d = calloc(1, sizeof(*d));

    dev->priv = d;
    if (!d)
        return -ENOMEM;
    d->disk = &dev->machine->disk;
    dev->ops = &firmware_disk_ops;
    return bus_add(&dev->machine->ports, FIRMWARE_PORT, FIRMWARE_PORTS, dev);
}

int firmware_disk_attach(struct machine *m, const uint8_t *image, size_t size)
{
    const struct bus_range *range = bus_find(&m->ports, FIRMWARE_PORT);
    struct firmware_disk *d;
    int rc;

    if (!range || range->dev->ops != &firmware_disk_ops)
        return -ENODEV;
    rc = disk_attach(&m->disk, image, size);
    if (rc)
        return rc;
    d = range->dev->priv;
    d->digest = 0;
    for (uint32_t i = 0; i < m->disk.sectors; i++)
        d->digest ^= sector_hash(d, i);
    return 0;
}
