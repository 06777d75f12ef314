/*
 * Guest-physical memory: slots of host memory, the one accessor with its bounds check, dirty pages.
 *
 * - A slot is a range of guest-physical addresses backed by host memory; slots begin and end on a
 *   page (as KVM memory slots do). This is the monitor's side of guest memory; the CPU's is made from
 *   it, mmu/backing.h.
 * - A slot begins as one piece of host memory. Single pages may then be backed by other frames, and
 *   frames shared with other guests until somebody writes (copy-on-write).
 * - RAM above 3 GiB goes to 4 GiB and up, leaving the hole below 4 GiB for firmware and devices.
 * - ram_ptr() is the only way from a guest address to a host pointer. The pointer lives as long as
 *   the ram; whoever stores through it says so with ram_mark_dirty().
 */
#ifndef VLAB_CORE_RAM_H
#define VLAB_CORE_RAM_H

#include "core/host_memory.h"
#include "util/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RAM_LOW_TOP 0xc0000000ull
#define RAM_HIGH_BASE 0x100000000ull
#define RAM_SIZE_MIN (1ull << 20)
#define RAM_SIZE_MAX (4ull << 30)
#define RAM_SLOTS_MAX 8

/* A page of a slot that is not one piece any more. */
struct ram_page {
    uint64_t hpa;
    bool shared; /* copy-on-write */
};

struct ram_slot {
    uint64_t gpa;  /* first byte, page aligned */
    uint64_t size; /* bytes, whole pages */
    uint64_t hpa;  /* of the piece that it began as */
    uint8_t *host;
    struct ram_page *pages; /* NULL: still that piece */
    bool read_only;         /* ROM: a guest's write is an EPT violation */
    bool alias;             /* the host memory belongs to another slot */
    uint8_t *dirty;         /* one byte a page, a bit for each log that has it; NULL for ROM */
};

/*
 * Dirty logs: which pages of RAM were written since the log was begun. Each has one user, who begins it
 * again with machine_clear_dirty(); they do not know of each other.
 */
enum dirty_log {
    DIRTY_RUNS, /* the screen: since the run began */
    DIRTY_TIME, /* the timeline: since the last checkpoint */
    DIRTY_LOGS
};
#define DIRTY_ALL ((1u << DIRTY_LOGS) - 1)

struct dirty_pages {
    uint32_t *pages; /* numbers, see ram_page_number(), in the order in which they were written */
    uint32_t count;
};

struct ram {
    struct host_memory *host;
    struct ram_slot slots[RAM_SLOTS_MAX];
    unsigned count;
    uint64_t size;   /* bytes of RAM, ROM not counted */
    uint64_t layout; /* another number after each change of what lies where, and who may write it */
    struct dirty_pages dirty[DIRTY_LOGS];
    /*
     * A page is to be backed by another frame, or shared, or is no longer: who maps it, maps it again.
     * Negative: it cannot, and the page stays as it was. May be NULL.
     */
    int (*moved)(void *ctx, uint64_t gpa);
    void *ctx;
};

/*
 * `size`: bytes, a multiple of 4 KiB from RAM_SIZE_MIN to RAM_SIZE_MAX. Zero-filled, lazily. `host`:
 * where the frames come from; NULL: from a memory of its own.
 */
int ram_init(struct ram *ram, struct host_memory *host, uint64_t size, struct error *err);
void ram_destroy(struct ram *ram);

/*
 * Put a ROM image (`size` whole pages, copied) below 4 GiB, and its last 128 KiB at most also in
 * e0000-fffff in front of the RAM there, as a PC's chipset does after reset.
 */
int ram_add_rom(struct ram *ram, const uint8_t *image, uint64_t size, struct error *err);

/* The slot that holds `gpa`, or NULL. ROM hides RAM. */
const struct ram_slot *ram_find(const struct ram *ram, uint64_t gpa);

/*
 * Host pointer to [gpa, gpa + size), or NULL when it is not wholly inside one slot, or not in one piece
 * of host memory. Who writes there calls ram_own() first.
 */
uint8_t *ram_ptr(const struct ram *ram, uint64_t gpa, uint64_t size);

/* Where a guest-physical address is in host memory; RAM_NOWHERE when no slot holds it. */
#define RAM_NOWHERE UINT64_MAX
uint64_t ram_hpa(const struct ram *ram, uint64_t gpa);

/*
 * Back the page at `gpa` by the frame at `hpa` (of the same host memory), and take a reference to it.
 * -EFAULT: `gpa` is no page of RAM; -EINVAL: there is no such frame in use; -ENOMEM.
 */
int ram_back(struct ram *ram, uint64_t gpa, uint64_t hpa);

/* Make a page copy-on-write: who writes it gets a frame of its own. -EFAULT, -ENOMEM. */
int ram_share(struct ram *ram, uint64_t gpa);
bool ram_is_shared(const struct ram *ram, uint64_t gpa);

/*
 * The page may be written: when it is shared, end that, with a copy where somebody else still has the
 * frame. -EFAULT: no page of RAM; -ENOMEM, -ENOSPC: no frame is left.
 */
int ram_own(struct ram *ram, uint64_t gpa);

/* Copies over slot borders; false, and nothing done, when any byte is outside (write: or ROM). */
bool ram_read(const struct ram *ram, uint64_t gpa, void *buf, uint64_t size);
bool ram_write(struct ram *ram, uint64_t gpa, const void *buf, uint64_t size);

/* A page of RAM by number, without the hole below 4 GiB: they follow one another from 0. */
uint64_t ram_page_number(uint64_t gpa);
uint64_t ram_page_gpa(uint64_t number);

/* A page of RAM goes into all logs. ROM and what is no memory is in none. */
void ram_mark_dirty(struct ram *ram, uint64_t gpa);
bool ram_is_dirty(const struct ram *ram, enum dirty_log log, uint64_t gpa);
/* Every log has it: a further write tells nothing new. */
bool ram_is_logged(const struct ram *ram, uint64_t gpa);
void ram_clear_dirty(struct ram *ram, enum dirty_log log);

#endif
