/*
 * The machine's disk, as long as it is no more than the firmware's: its contents in host memory, a copy
 * of the image that the guest may write, in blocks of the size of a page. Devices transfer sectors;
 * checkpoints and snapshots keep blocks.
 */
#ifndef VLAB_CORE_DISK_H
#define VLAB_CORE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_SECTOR 512u
#define DISK_BLOCK 4096u

struct disk {
    uint8_t *data;   /* whole blocks; NULL: there is no disk */
    uint32_t blocks; /* of `data` */
    uint32_t sectors;
    uint8_t *dirty;   /* one byte a block: it is in the log */
    uint32_t *logged; /* numbers of the blocks that were written since disk_clear_dirty() */
    uint32_t logged_count;
};

/* A copy of `size` bytes, the last block filled up with zeroes, in place of any other. -ENOMEM, -EFBIG. */
int disk_attach(struct disk *disk, const uint8_t *image, size_t size);
void disk_destroy(struct disk *disk);

/* [sector, sector + count) exists. */
bool disk_has(const struct disk *disk, uint32_t sector, uint32_t count);
uint8_t *disk_sector(const struct disk *disk, uint32_t sector);

/* For who writes there. */
void disk_mark_dirty(struct disk *disk, uint32_t sector);
void disk_clear_dirty(struct disk *disk);

#endif
