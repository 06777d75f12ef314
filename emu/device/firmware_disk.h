/*
 * The private port between this machine and its own firmware (emu/firmware): the disk of a disk
 * image, and how much memory there is. Other firmware does not know of it.
 *
 *   port  bytes
 *   500     4   sector: where a transfer begins; 512 bytes each
 *   504     4   address: guest-physical, of the buffer
 *   508     4   count: of sectors, or the index of a map entry; some commands leave a number there
 *   50c     1   write: a command, done at once; read: how the last one ended
 *
 *   command                 does
 *   1  FIRMWARE_READ        disk to memory
 *   2  FIRMWARE_WRITE       memory to disk
 *   3  FIRMWARE_VERIFY      nothing, but tells whether the sectors are there
 *   4  FIRMWARE_DISK_SIZE   count = sectors of the disk, 0 without one
 *   5  FIRMWARE_EXTENDED    count = KiB of RAM above 1 MiB, up to the first hole
 *   6  FIRMWARE_MAP         entry `count` of the memory map to `address`: base and length of 8 bytes,
 *                           type of 4; count = the next entry, 0 after the last
 *
 * A transfer is done wholly or not at all. The registers are written and read in bytes or larger
 * parts; the rest of the 16 ports reads 0.
 */
#ifndef VLAB_DEVICE_FIRMWARE_DISK_H
#define VLAB_DEVICE_FIRMWARE_DISK_H

#include "core/device.h"
#include "core/disk.h"

#include <stddef.h>
#include <stdint.h>

#define FIRMWARE_PORT 0x500
#define FIRMWARE_PORTS 16
#define FIRMWARE_SECTOR 0x0
#define FIRMWARE_ADDRESS 0x4
#define FIRMWARE_COUNT 0x8
#define FIRMWARE_COMMAND 0xc

enum firmware_command {
    FIRMWARE_READ = 1,
    FIRMWARE_WRITE,
    FIRMWARE_VERIFY,
    FIRMWARE_DISK_SIZE,
    FIRMWARE_EXTENDED,
    FIRMWARE_MAP
};

enum firmware_status {
    FIRMWARE_OK,
    FIRMWARE_BAD_COMMAND,
    FIRMWARE_NO_SECTOR, /* beyond the disk, or beyond the map */
    FIRMWARE_NO_MEMORY  /* the buffer is not wholly RAM */
};

/*
 * Put a disk into the machine, in place of any other: a copy of `size` bytes, the last sector filled up
 * with zeroes. The image itself is never written. -ENOMEM, -EFBIG, -ENODEV.
 */
int firmware_disk_attach(struct machine *m, const uint8_t *image, size_t size);

#endif
