/*
 * Guest-physical memory, see ram.h. The PC's map: RAM from 0 to at most 3 GiB, firmware below
 * 4 GiB and in e0000-fffff, the rest of the RAM from 4 GiB. No SMRAM, no chipset shadow registers.
 */
#include "core/ram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROM_ALIAS_MAX 0x20000ull
#define ROM_ALIAS_TOP 0x100000ull

/* 1 GiB where the slot is so large, or it could not be mapped by such pages. */
static uint64_t slot_align(uint64_t size)
{
    return size >= 1ull << 30 ? 1ull << 30 : 2ull << 20;
}

static int slot_map(struct ram *ram, struct ram_slot *slot, uint64_t gpa, uint64_t size,
                    struct error *err)
{
    *slot = (struct ram_slot){.gpa = gpa, .size = size};
    if (host_memory_take(ram->host, size, slot_align(size), &slot->hpa, err))
        return -ENOMEM;
    slot->host = host_memory_ptr(ram->host, slot->hpa, size);
    return 0;
}

static int slot_add_ram(struct ram *ram, uint64_t gpa, uint64_t size, struct error *err)
{
    struct ram_slot *slot = &ram->slots[ram->count];
    int rc = slot_map(ram, slot, gpa, size, err);

    if (rc)
        return rc;
    ram->count++;
    slot->dirty = calloc(size / PAGE_SIZE, 1);
    return slot->dirty ? 0 : error_set(err, -ENOMEM, "RAM: out of memory for the dirty log");
}

static int add_logs(struct ram *ram, uint64_t size, struct error *err)
{
    for (unsigned i = 0; i < DIRTY_LOGS; i++) {
        ram->dirty[i].pages = calloc(size / PAGE_SIZE, sizeof(ram->dirty[i].pages[0]));
        if (!ram->dirty[i].pages)
            return error_set(err, -ENOMEM, "RAM: out of memory for the dirty logs");
    }
    return 0;
}

int ram_init(struct ram *ram, struct host_memory *host, uint64_t size, struct error *err)
{
    uint64_t low = size < RAM_LOW_TOP ? size : RAM_LOW_TOP;
    int rc;

    memset(ram, 0, sizeof(*ram));
    if (size < RAM_SIZE_MIN || size > RAM_SIZE_MAX || size % PAGE_SIZE)
        return error_set(err, -EINVAL,
                         "RAM: %llu bytes is not a multiple of 4 KiB from 1 MiB to 4 GiB",
                         (unsigned long long)size);
    ram->host = host ? host_memory_hold(host) : host_memory_create();
    if (!ram->host)
        return error_set(err, -ENOMEM, "RAM: out of memory");
    rc = slot_add_ram(ram, 0, low, err);
    if (!rc && size > low)
        rc = slot_add_ram(ram, RAM_HIGH_BASE, size - low, err);
    rc = rc ? rc : add_logs(ram, size, err);
    if (rc)
        ram_destroy(ram);
    else
        ram->size = size;
    return rc;
}

static void slot_drop(struct ram *ram, struct ram_slot *slot)
{
    for (uint64_t i = 0; slot->pages && i < slot->size / PAGE_SIZE; i++)
        host_frame_drop(ram->host, slot->pages[i].hpa);
    if (!slot->pages && !slot->alias)
        host_memory_drop(ram->host, slot->hpa, slot->size);
    free(slot->pages);
    free(slot->dirty);
}

void ram_destroy(struct ram *ram)
{
    for (unsigned i = 0; i < ram->count; i++)
        slot_drop(ram, &ram->slots[i]);
    for (unsigned i = 0; i < DIRTY_LOGS; i++)
        free(ram->dirty[i].pages);
    host_memory_release(ram->host);
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
    rc = slot_map(ram, rom, RAM_HIGH_BASE - size, size, err);
    if (rc)
        return rc;
    memcpy(rom->host, image, size);
    rom->read_only = true;
    rom[1] = (struct ram_slot){.gpa = ROM_ALIAS_TOP - alias,
                               .size = alias,
                               .hpa = rom->hpa + size - alias,
                               .host = rom->host + size - alias,
                               .read_only = true,
                               .alias = true};
    ram->count += 2;
    ram->layout++;
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

static uint64_t slot_hpa(const struct ram_slot *slot, uint64_t gpa)
{
    uint64_t offset = gpa - slot->gpa;

    return slot->pages ? slot->pages[offset / PAGE_SIZE].hpa + offset % PAGE_SIZE
                       : slot->hpa + offset;
}

uint64_t ram_hpa(const struct ram *ram, uint64_t gpa)
{
    const struct ram_slot *slot = ram_find(ram, gpa);

    return slot ? slot_hpa(slot, gpa) : RAM_NOWHERE;
}

/* Do the frames of a range follow each other? */
static bool in_one_piece(const struct ram_slot *slot, uint64_t gpa, uint64_t size)
{
    uint64_t hpa = slot_hpa(slot, gpa);

    for (uint64_t page = (gpa | (PAGE_SIZE - 1)) + 1; page - gpa < size; page += PAGE_SIZE)
        if (slot_hpa(slot, page) != hpa + (page - gpa))
            return false;
    return true;
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
    if (!slot->pages)
        return slot->host + offset;
    return in_one_piece(slot, gpa, size) ? host_memory_ptr(ram->host, slot_hpa(slot, gpa), size)
                                         : NULL;
}

/* ---- pages that are backed by other frames ------------------------------------------------ */

static struct ram_slot *slot_of_ram(struct ram *ram, uint64_t gpa)
{
    struct ram_slot *slot = (struct ram_slot *)ram_find(ram, gpa);

    return slot && !slot->read_only ? slot : NULL;
}

/* The slot's record of the page, begun when there is none. NULL: out of memory. */
static struct ram_page *page_of(struct ram_slot *slot, uint64_t gpa)
{
    if (!slot->pages) {
        slot->pages = calloc(slot->size / PAGE_SIZE, sizeof(*slot->pages));
        for (uint64_t i = 0; slot->pages && i < slot->size / PAGE_SIZE; i++)
            slot->pages[i].hpa = slot->hpa + i * PAGE_SIZE;
    }
    return slot->pages ? &slot->pages[(gpa - slot->gpa) / PAGE_SIZE] : NULL;
}

/* Change a page, with the consent of who maps it. */
static int change_page(struct ram *ram, struct ram_page *page, uint64_t gpa, struct ram_page to)
{
    struct ram_page old = *page;
    int rc;

    *page = to;
    ram->layout++;
    rc = ram->moved ? ram->moved(ram->ctx, gpa & PAGE_MASK) : 0;
    if (rc)
        *page = old;
    return rc;
}

/* The reference to the new frame is the caller's, and passes to the page; on failure it is dropped. */
static int back_page(struct ram *ram, struct ram_page *page, uint64_t gpa, uint64_t hpa)
{
    uint64_t old = page->hpa;
    int rc = change_page(ram, page, gpa, (struct ram_page){.hpa = hpa & PAGE_MASK});

    host_frame_drop(ram->host, rc ? hpa : old);
    return rc;
}

int ram_back(struct ram *ram, uint64_t gpa, uint64_t hpa)
{
    struct ram_slot *slot = slot_of_ram(ram, gpa);
    struct ram_page *page;
    int rc;

    if (!slot)
        return -EFAULT;
    if (!host_frame_references(ram->host, hpa))
        return -EINVAL;
    page = page_of(slot, gpa);
    if (!page)
        return -ENOMEM;
    host_frame_hold(ram->host, hpa);
    rc = back_page(ram, page, gpa, hpa);
    if (!rc)
        ram_mark_dirty(ram, gpa);
    return rc;
}

int ram_share(struct ram *ram, uint64_t gpa)
{
    struct ram_slot *slot = slot_of_ram(ram, gpa);
    struct ram_page *page = slot ? page_of(slot, gpa) : NULL;

    if (!page)
        return slot ? -ENOMEM : -EFAULT;
    return change_page(ram, page, gpa, (struct ram_page){.hpa = page->hpa, .shared = true});
}

bool ram_is_shared(const struct ram *ram, uint64_t gpa)
{
    const struct ram_slot *slot = ram_find(ram, gpa);

    return slot && slot->pages && slot->pages[(gpa - slot->gpa) / PAGE_SIZE].shared;
}

/* A frame of its own, with what the shared one holds. */
static int copy_page(struct ram *ram, struct ram_page *page, uint64_t gpa)
{
    uint64_t hpa;
    int rc = host_frame_take(ram->host, &hpa);

    if (rc)
        return rc;
    memcpy(host_memory_ptr(ram->host, hpa, PAGE_SIZE),
           host_memory_ptr(ram->host, page->hpa, PAGE_SIZE), PAGE_SIZE);
    return back_page(ram, page, gpa, hpa);
}

int ram_own(struct ram *ram, uint64_t gpa)
{
    struct ram_slot *slot = slot_of_ram(ram, gpa);
    struct ram_page *page;

    if (!slot)
        return -EFAULT;
    if (!ram_is_shared(ram, gpa))
        return 0;
    page = page_of(slot, gpa);
    if (host_frame_references(ram->host, page->hpa) > 1)
        return copy_page(ram, page, gpa);
    return change_page(ram, page, gpa, (struct ram_page){.hpa = page->hpa});
}

/* ---- copies ------------------------------------------------------------------------------ */

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

static bool make_writable(struct ram *ram, uint64_t gpa, uint64_t size)
{
    if (size && gpa + size - 1 < gpa)
        return false;
    for (uint64_t done = 0; done < size; done += page_part(gpa + done, size - done))
        if (ram_own(ram, gpa + done))
            return false;
    return true;
}

bool ram_write(struct ram *ram, uint64_t gpa, const void *buf, uint64_t size)
{
    const uint8_t *from = buf;

    if (!make_writable(ram, gpa, size))
        return false;
    for (uint64_t done = 0, part; done < size; done += part) {
        part = page_part(gpa + done, size - done);
        memcpy(ram_ptr(ram, gpa + done, part), from + done, part);
        ram_mark_dirty(ram, gpa + done);
    }
    return true;
}

uint64_t ram_page_number(uint64_t gpa)
{
    return (gpa < RAM_HIGH_BASE ? gpa : gpa - (RAM_HIGH_BASE - RAM_LOW_TOP)) / PAGE_SIZE;
}

uint64_t ram_page_gpa(uint64_t number)
{
    uint64_t gpa = number * PAGE_SIZE;

    return gpa < RAM_LOW_TOP ? gpa : gpa + (RAM_HIGH_BASE - RAM_LOW_TOP);
}

/* The slots of RAM come first, and RAM below 3 GiB in the first of them. */
static uint8_t *page_byte(const struct ram *ram, uint32_t number)
{
    uint64_t low = ram->slots[0].size / PAGE_SIZE;

    return number < low ? &ram->slots[0].dirty[number] : &ram->slots[1].dirty[number - low];
}

static uint8_t *dirty_byte(const struct ram *ram, uint64_t gpa)
{
    const struct ram_slot *slot = ram_find(ram, gpa);

    return slot && slot->dirty ? &slot->dirty[(gpa - slot->gpa) / PAGE_SIZE] : NULL;
}

void ram_mark_dirty(struct ram *ram, uint64_t gpa)
{
    uint8_t *byte = dirty_byte(ram, gpa);

    if (!byte || *byte == DIRTY_ALL)
        return;
    for (unsigned i = 0; i < DIRTY_LOGS; i++)
        if (!(*byte & 1u << i))
            ram->dirty[i].pages[ram->dirty[i].count++] = (uint32_t)ram_page_number(gpa);
    *byte = DIRTY_ALL;
}

bool ram_is_dirty(const struct ram *ram, enum dirty_log log, uint64_t gpa)
{
    const uint8_t *byte = dirty_byte(ram, gpa);

    return byte && *byte & 1u << log;
}

bool ram_is_logged(const struct ram *ram, uint64_t gpa)
{
    const uint8_t *byte = dirty_byte(ram, gpa);

    return byte && *byte == DIRTY_ALL;
}

void ram_clear_dirty(struct ram *ram, enum dirty_log log)
{
    struct dirty_pages *dirty = &ram->dirty[log];

    for (uint32_t i = 0; i < dirty->count; i++)
        *page_byte(ram, dirty->pages[i]) &= (uint8_t) ~(1u << log);
    dirty->count = 0;
}
