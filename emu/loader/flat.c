/* Flat binaries: bytes for real mode at an address below 1 MiB, over our own firmware. */
#include "loader/parts.h"

#include "core/memory_map.h"

#define FLAT_TOP 0x100000ull

int flat_load(struct machine *m, const struct image *image, struct error *err)
{
    const struct segment s = {.gpa = image->at, .size = image->size, .filled = image->size};
    int rc;

    if (!image->has_at)
        return image_bad(image, err, "a flat binary needs a load address");
    if (image->size == 0)
        return image_bad(image, err, "the file is empty");
    if (image->at >= FLAT_TOP)
        return image_bad(image, err,
                         "load address 0x%llx is not below 1 MiB, where real mode can begin",
                         (unsigned long long)image->at);
    rc = segment_check_range(m, image, image->at, image->size, err);
    if (!rc && image->at + image->size <= MEMORY_ROM_LOW)
        rc = firmware_install(m, err); /* else the image lies where the ROM would be */
    if (rc)
        return rc;
    segment_write(m, image, &s);
    if (image->at < 0x10000)
        start_real(m, 0, (uint16_t)image->at);
    else
        start_real(m, (uint16_t)(image->at >> 4), image->at & 15);
    return 0;
}
