/*
 * Guest-physical memory, see ram.h. The PC's map: RAM from 0 to at most 3 GiB, firmware below
 * 4 GiB and in e0000-fffff, the rest of the RAM from 4 GiB. No SMRAM, no chipset shadow registers.
 */
#include "core/ram.h"

#include <errno.h>
#include <string.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ROM_ALIAS_MAX 0x20000ull
#define ROM_ALIAS_TOP 0x100000ull

static int slot_map(struct ram_slot *slot, uint64_t gpa, uint64_t size, struct error *err)
{
    void *host = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (host == MAP_FAILED)
        return error_errno(err, -errno, "RAM: cannot map %llu bytes", (unsigned long long)size);
    *slot = (struct ram_slot){.gpa = gpa, .size = size, .host = host};
    return 0;
}

static int slot_add_ram(struct ram *ram, uint64_t gpa, uint64_t size, struct error *err)
{
    struct ram_slot *slot = &ram->slots[ram->count];
    int rc = slot_map(slot, gpa, size, err);

    if (rc)
        return rc;
    ram->count++;
    slot->dirty = calloc(size / PAGE_SIZE, 1);
    return slot->dirty ? 0 : error_set(err, -ENOMEM, "RAM: out of memory for the dirty log");
}

int ram_init(struct ram *ram, uint64_t size, struct error *err)
{
    uint64_t low = size < RAM_LOW_TOP ? size : RAM_LOW_TOP;
    int rc;

    memset(ram, 0, sizeof(*ram));
    if (size < RAM_SIZE_MIN || size > RAM_SIZE_MAX || size % PAGE_SIZE)
        return error_set(err, -EINVAL,
                         "RAM: %llu bytes is not a multiple of 4 KiB from 1 MiB to 4 GiB",
                         (unsigned long long)size);
    rc = slot_add_ram(ram, 0, low, err);
    if (!rc && size > low)
        rc = slot_add_ram(ram, RAM_HIGH_BASE, size - low, err);
    if (rc)
        ram_destroy(ram);
    else
        ram->size = size;
    return rc;
}

void ram_destroy(struct ram *ram)
{
    for (unsigned i = 0; i < ram->count; i++) {
        if (!ram->slots[i].alias)
            munmap(ram->slots[i].host, ram->slots[i].size);
        free(ram->slots[i].dirty);
    }
    memset(ram, 0, sizeof(*ram));
}

int ram_add_rom(struct ram *ram, const uint8_t *image, uint64_t size, struct error *err)
{
    uint64_t alias = size < ROM_ALIAS_MAX ? size : ROM_ALIAS_MAX;
    struct ram_slot *rom = &ram->slots[ram->count];
    int rc;

    if (size == 0 || size % PAGE_SIZE || size > RAM_HIGH_BASE - RAM_LOW_TOP)
        return error_set(err, -EINVAL, "ROM: %llu bytes is not whole pages below 1 GiB",
                         (unsigned long long)size);
    if (ram->count + 2 > RAM_SLOTS_MAX)
        return error_set(err, -ENOSPC, "ROM: no memory slot is free");
    rc = slot_map(rom, RAM_HIGH_BASE - size, size, err);
    if (rc)
        return rc;
    memcpy(rom->host, image, size);
    rom->read_only = true;
    rom[1] = (struct ram_slot){.gpa = ROM_ALIAS_TOP - alias,
                               .size = alias,
                               .host = rom->host + size - alias,
                               .read_only = true,
                               .alias = true};
    ram->count += 2;
    return 0;
}

static bool slot_holds(const struct ram_slot *slot, uint64_t gpa)
{
    return gpa - slot->gpa < slot->size;
}

const struct ram_slot *ram_find(const struct ram *ram, uint64_t gpa)
{
    const struct ram_slot *found = NULL;

    for (unsigned i = 0; i < ram->count; i++) {
        const struct ram_slot *slot = &ram->slots[i];

        if (slot_holds(slot, gpa) && (!found || slot->read_only))
            found = slot;
    }
    return found;
}

uint8_t *ram_ptr(const struct ram *ram, uint64_t gpa, uint64_t size)
{
    const struct ram_slot *slot = ram_find(ram, gpa);
    uint64_t offset;

    if (!slot || size == 0)
        return NULL;
    offset = gpa - slot->gpa;
    if (size > slot->size - offset)
        return NULL;
    /* A range that begins in RAM must not run into the ROM in front of it. */
    if (!slot->read_only && ram_find(ram, gpa + size - 1) != slot)
        return NULL;
    return slot->host + offset;
}

/* How much of [gpa, gpa + size) one page holds. */
static uint64_t page_part(uint64_t gpa, uint64_t size)
{
    uint64_t left = PAGE_SIZE - gpa % PAGE_SIZE;

    return size < left ? size : left;
}

bool ram_read(const struct ram *ram, uint64_t gpa, void *buf, uint64_t size)
{
    uint8_t *to = buf;

    for (uint64_t done = 0, part; done < size; done += part) {
        const uint8_t *from;

        part = page_part(gpa + done, size - done);
        from = ram_ptr(ram, gpa + done, part);
        if (!from)
            return false;
        memcpy(to + done, from, part);
    }
    return true;
}

static bool range_writable(const struct ram *ram, uint64_t gpa, uint64_t size)
{
    if (size && gpa + size - 1 < gpa)
        return false;
    for (uint64_t done = 0; done < size; done += page_part(gpa + done, size - done)) {
        const struct ram_slot *slot = ram_find(ram, gpa + done);

        if (!slot || slot->read_only)
            return false;
    }
    return true;
}

bool ram_write(struct ram *ram, uint64_t gpa, const void *buf, uint64_t size)
{
    const uint8_t *from = buf;

    if (!range_writable(ram, gpa, size))
        return false;
    for (uint64_t done = 0, part; done < size; done += part) {
        part = page_part(gpa + done, size - done);
        memcpy(ram_ptr(ram, gpa + done, part), from + done, part);
        ram_mark_dirty(ram, gpa + done);
    }
    return true;
}

static uint8_t *dirty_byte(const struct ram *ram, uint64_t gpa)
{
    const struct ram_slot *slot = ram_find(ram, gpa);

    return slot && slot->dirty ? &slot->dirty[(gpa - slot->gpa) / PAGE_SIZE] : NULL;
}

void ram_mark_dirty(struct ram *ram, uint64_t gpa)
{
    uint8_t *byte = dirty_byte(ram, gpa);

    if (byte && !*byte) {
        *byte = 1;
        ram->dirty_pages++;
    }
}

bool ram_is_dirty(const struct ram *ram, uint64_t gpa)
{
    const uint8_t *byte = dirty_byte(ram, gpa);

    return byte && *byte;
}

void ram_clear_dirty(struct ram *ram)
{
    for (unsigned i = 0; i < ram->count; i++)
        if (ram->slots[i].dirty)
            memset(ram->slots[i].dirty, 0, ram->slots[i].size / PAGE_SIZE);
    ram->dirty_pages = 0;
}
