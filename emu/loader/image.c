/* Any image, see core/loader.h: what it is, and the format's own loader. */
#include "loader/multiboot.h"

#include "core/machine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int image_bad(const struct image *image, struct error *err, const char *fmt, ...)
{
    char why[160];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, sizeof(why), fmt, ap);
    va_end(ap);
    return error_set(err, -EINVAL, "%.*s: %s", IMAGE_NAME_SHOWN, image->name, why);
}

static enum image_kind kind_of(const struct image *image)
{
    struct multiboot_header header;

    if (image->kind != IMAGE_AUTO)
        return image->kind;
    if (image_is_elf(image))
        return IMAGE_ELF;
    if (image->has_at)
        return IMAGE_FLAT;
    if (image_is_boot_sector(image))
        return IMAGE_BOOT_SECTOR;
    if (multiboot_find(image, &header) && multiboot_has_addresses(&header))
        return IMAGE_MULTIBOOT;
    return IMAGE_AUTO;
}

int machine_load(struct machine *m, const struct image *image, struct error *err)
{
    enum image_kind kind = kind_of(image);

    if ((image->command_line || image->module_count) && kind != IMAGE_ELF &&
        kind != IMAGE_MULTIBOOT)
        return image_bad(image, err, "only a multiboot kernel takes a command line or modules");
    switch (kind) {
    case IMAGE_FLAT:
        return flat_load(m, image, err);
    case IMAGE_BOOT_SECTOR:
        return boot_load(m, image, err);
    case IMAGE_ELF:
        return elf_load(m, image, err);
    case IMAGE_BIOS:
        return rom_load(m, image, err);
    case IMAGE_MULTIBOOT:
        return multiboot_load(m, image, err);
    case IMAGE_AUTO:
        break;
    }
    if (image->size == 0)
        return image_bad(image, err, "the file is empty");
    return image_bad(image, err,
                     "neither ELF nor multiboot nor a boot sector, and no load address given");
}

const char *image_kind_name(enum image_kind kind)
{
    switch (kind) {
    case IMAGE_FLAT:
        return "flat";
    case IMAGE_BOOT_SECTOR:
        return "boot sector";
    case IMAGE_ELF:
        return "ELF";
    case IMAGE_BIOS:
        return "BIOS ROM";
    case IMAGE_MULTIBOOT:
        return "multiboot";
    case IMAGE_AUTO:
        break;
    }
    return "unknown";
}
