/* BIOS ROMs: a firmware of the user's choice, started by RESET. */
#include "loader/parts.h"

#include "core/machine.h"

#define ROM_UNIT 0x10000u
#define ROM_MAX (16u << 20)

int rom_load(struct machine *m, const struct image *image, struct error *err)
{
    int rc;

    if (image->size < ROM_UNIT || image->size > ROM_MAX || image->size % ROM_UNIT)
        return image_bad(image, err,
                         "a BIOS ROM has 64 KiB to 16 MiB in whole 64 KiB, this file has %zu bytes",
                         image->size);
    rc = machine_add_rom(m, image->data, image->size, err);
    if (rc)
        return rc;
    start_reset(m);
    return 0;
}
