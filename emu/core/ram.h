/*
 * Guest-physical memory: slots of host memory, the one accessor with its bounds check, dirty pages.
 *
 * - A slot is a range of guest-physical addresses backed by host memory that this file owns; slots
 *   do not overlap and begin and end on a page (as KVM memory slots do).
 * - RAM above 3 GiB goes to 4 GiB and up, leaving the hole below 4 GiB for firmware and devices.
 * - ram_ptr() is the only way from a guest address to a host pointer. The pointer lives as long as
 *   the ram; whoever stores through it says so with ram_mark_dirty().
 */
#ifndef VLAB_CORE_RAM_H
#define VLAB_CORE_RAM_H

#include "util/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE 4096u
#define PAGE_MASK (~(uint64_t)(PAGE_SIZE - 1))
#define RAM_LOW_TOP 0xc0000000ull
#define RAM_HIGH_BASE 0x100000000ull
#define RAM_SIZE_MIN (1ull << 20)
#define RAM_SIZE_MAX (4ull << 30)
#define RAM_SLOTS_MAX 8

struct ram_slot {
    uint64_t gpa;  /* first byte, page aligned */
    uint64_t size; /* bytes, whole pages */
    uint8_t *host;
    bool read_only; /* ROM: a guest's write is an EPT violation */
    bool alias;     /* the host memory belongs to another slot */
    uint8_t *dirty; /* one byte a page, 0 or 1; NULL for ROM */
};

struct ram {
    struct ram_slot slots[RAM_SLOTS_MAX];
    unsigned count;
    uint64_t size;        /* bytes of RAM, ROM not counted */
    uint64_t dirty_pages; /* pages marked since the last ram_clear_dirty() */
};

/* `size`: bytes, a multiple of 4 KiB from RAM_SIZE_MIN to RAM_SIZE_MAX. Zero-filled, lazily. */
int ram_init(struct ram *ram, uint64_t size, struct error *err);
void ram_destroy(struct ram *ram);

/*
 * Put a ROM image (`size` whole pages, copied) below 4 GiB, and its last 128 KiB at most also in
 * e0000-fffff in front of the RAM there, as a PC's chipset does after reset.
 */
int ram_add_rom(struct ram *ram, const uint8_t *image, uint64_t size, struct error *err);

/* The slot that holds `gpa`, or NULL. ROM hides RAM. */
const struct ram_slot *ram_find(const struct ram *ram, uint64_t gpa);

/* Host pointer to [gpa, gpa + size), or NULL when it is not wholly inside one slot. */
uint8_t *ram_ptr(const struct ram *ram, uint64_t gpa, uint64_t size);

/* Copies over slot borders; false, and nothing done, when any byte is outside (write: or ROM). */
bool ram_read(const struct ram *ram, uint64_t gpa, void *buf, uint64_t size);
bool ram_write(struct ram *ram, uint64_t gpa, const void *buf, uint64_t size);

void ram_mark_dirty(struct ram *ram, uint64_t gpa);
bool ram_is_dirty(const struct ram *ram, uint64_t gpa);
void ram_clear_dirty(struct ram *ram);

#endif
