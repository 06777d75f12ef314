/* The contents of the machine's disk, see disk.h. */
#include "core/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int disk_attach(struct disk *disk, const uint8_t *image, size_t size)
{
    uint64_t sectors = ((uint64_t)size + DISK_SECTOR - 1) / DISK_SECTOR;
    uint64_t blocks = ((uint64_t)size + DISK_BLOCK - 1) / DISK_BLOCK;
    struct disk fresh = {.blocks = (uint32_t)blocks, .sectors = (uint32_t)sectors};

    if (sectors > UINT32_MAX)
        return -EFBIG;
    fresh.data = calloc(blocks + !blocks, DISK_BLOCK);
    fresh.dirty = calloc(blocks + !blocks, 1);
    fresh.logged = calloc(blocks + !blocks, sizeof(fresh.logged[0]));
    if (!fresh.data || !fresh.dirty || !fresh.logged) {
        disk_destroy(&fresh);
        return -ENOMEM;
    }
    memcpy(fresh.data, image, size);
    disk_destroy(disk);
    *disk = fresh;
    return 0;
}

void disk_destroy(struct disk *disk)
{
    free(disk->data);
    free(disk->dirty);
    free(disk->logged);
    *disk = (struct disk){0};
}

bool disk_has(const struct disk *disk, uint32_t sector, uint32_t count)
{
    return sector <= disk->sectors && count <= disk->sectors - sector;
}

uint8_t *disk_sector(const struct disk *disk, uint32_t sector)
{
    return disk->data + (size_t)sector * DISK_SECTOR;
}

void disk_mark_dirty(struct disk *disk, uint32_t sector)
{
    uint32_t block = sector / (DISK_BLOCK / DISK_SECTOR);

    if (disk->dirty[block])
        return;
    disk->dirty[block] = 1;
    disk->logged[disk->logged_count++] = block;
}

void disk_clear_dirty(struct disk *disk)
{
    for (uint32_t i = 0; i < disk->logged_count; i++)
        disk->dirty[disk->logged[i]] = 0;
    disk->logged_count = 0;
}
