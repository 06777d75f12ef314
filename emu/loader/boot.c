/*
 * Boot sectors and disk images. One sector is entered directly; a larger image is a disk, which the
 * firmware boots from after a RESET, as a PC does (Phoenix BIOS Boot Specification 6.5.1).
 */
#include "loader/parts.h"

#include "device/firmware_disk.h"
#include "util/bytes.h"

#define BOOT_SECTOR_AT 0x7c00u

bool image_is_boot_sector(const struct image *image)
{
    return image->size >= DISK_SECTOR && get_le16(image->data + 510) == 0xaa55;
}

static int start_sector(struct machine *m, const struct image *image, struct error *err)
{
    const struct segment s = {.gpa = BOOT_SECTOR_AT, .size = DISK_SECTOR, .filled = DISK_SECTOR};
    int rc = firmware_install(m, err);

    if (rc)
        return rc;
    segment_write(m, image, &s);
    start_real(m, 0, BOOT_SECTOR_AT);
    return 0;
}

int boot_load(struct machine *m, const struct image *image, struct error *err)
{
    int rc;

    if (image->size < DISK_SECTOR)
        return image_bad(image, err, "a boot sector has 512 bytes, this file has %zu", image->size);
    if (!image_is_boot_sector(image))
        return image_bad(image, err, "a boot sector ends in 55 aa, this one ends in %02x %02x",
                         image->data[510], image->data[511]);
    rc = firmware_disk_attach(m, image->data, image->size);
    if (rc)
        return error_errno(err, rc, "%.*s", IMAGE_NAME_SHOWN, image->name);
    return image->size == DISK_SECTOR ? start_sector(m, image, err) : firmware_reset_into(m, err);
}
