/* Flat binaries and boot sectors: bytes for real mode at an address below 1 MiB. */
#include "loader/parts.h"

#include "util/bytes.h"

#define BOOT_SECTOR_SIZE 512u
#define FLAT_TOP 0x100000ull

static int load_real(struct machine *m, const struct image *image, uint64_t at, struct error *err)
{
    const struct segment s = {.gpa = at, .size = image->size, .filled = image->size};
    int rc = segment_check_range(m, image, at, image->size, err);

    if (rc)
        return rc;
    segment_write(m, image, &s);
    if (at < 0x10000)
        start_real(m, 0, (uint16_t)at);
    else
        start_real(m, (uint16_t)(at >> 4), at & 15);
    return 0;
}

bool image_is_boot_sector(const struct image *image)
{
    return image->size == BOOT_SECTOR_SIZE && get_le16(image->data + 510) == 0xaa55;
}

int boot_sector_load(struct machine *m, const struct image *image, struct error *err)
{
    if (image->size != BOOT_SECTOR_SIZE)
        return image_bad(image, err, "a boot sector has 512 bytes, this file has %zu", image->size);
    if (!image_is_boot_sector(image))
        return image_bad(image, err, "a boot sector ends in 55 aa, this file ends in %02x %02x",
                         image->data[510], image->data[511]);
    return load_real(m, image, BOOT_SECTOR_AT, err);
}

int flat_load(struct machine *m, const struct image *image, struct error *err)
{
    if (!image->has_at)
        return image_bad(image, err, "a flat binary needs a load address");
    if (image->size == 0)
        return image_bad(image, err, "the file is empty");
    if (image->at >= FLAT_TOP)
        return image_bad(image, err,
                         "load address 0x%llx is not below 1 MiB, where real mode can begin",
                         (unsigned long long)image->at);
    return load_real(m, image, image->at, err);
}
