/*
 * What kind of machine a snapshot is of: the config that its state begins with. Bytes that come from
 * another store are believed no further than they make a machine that this program can have.
 *
 *   offset size
 *     0     4   version, 1
 *     4     4   flags: 1 shadow paging, 2 A and D flags in the second stage
 *     8     8   bytes of RAM
 *    16     8   what the RTC said at first
 *    24     4   sectors of the disk
 *    28     4   pages of the ROM
 *    32     4   presses of the NMI button; 36: their times, 16 of 8 bytes, ascending, then zeros
 */
#ifndef VLAB_SNAPSHOT_SHAPE_H
#define VLAB_SNAPSHOT_SHAPE_H

#include "core/machine.h"

#include <stddef.h>
#include <stdint.h>

#define SHAPE_SIZE (36u + 8 * MACHINE_NMIS_MAX) /* bytes */
#define SHAPE_SECTORS_MAX (8u << 20)            /* 4 GiB */
#define SHAPE_ROM_PAGES_MAX (256u << 10)        /* what fits below 4 GiB, see core/ram.h */

struct shape {
    struct machine_config
        config; /* ram_size, shadow_paging, ept_accessed_dirty, rtc_start, nmi_* */
    uint32_t sectors, rom_pages;
};

/* The firmware's ROM, its alias in e0000-fffff not counted; NULL: there is none. */
const struct ram_slot *machine_rom(const struct machine *m);

/*
 * Page `n` of what a snapshot lists: of RAM (NULL: see machine_page()), or with `disk` of the disk's
 * blocks and, behind them, the ROM.
 */
const uint8_t *machine_listed_page(const struct machine *m, bool disk, uint64_t n);

void shape_of(const struct machine *m, struct shape *shape);
void shape_put(const struct shape *shape, uint8_t p[SHAPE_SIZE]);

/*
 * The first SHAPE_SIZE of `size` bytes. -EPROTONOSUPPORT: another version; -EINVAL: they are no machine.
 * What is taken is put as the same bytes again.
 */
int shape_get(struct shape *shape, const uint8_t *p, size_t size);

/* What two machines cannot have different for the state of one in the other: "RAM", ...; NULL: nothing. */
const char *shape_differs(const struct shape *a, const struct shape *b);

uint64_t shape_blocks(const struct shape *shape); /* of the disk */

#endif
