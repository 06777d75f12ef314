/*
 * Fuzz entry: any bytes as an image. The first byte chooses the kind and, by bit 6, whether a
 * multiboot kernel gets a command line and modules; the next four are the load address. What must
 * hold: an image that is refused has a line and changes no byte of RAM.
 *
 * One machine serves all inputs, since making one costs more than loading.
 */
#include "core/loader.h"

#include "core/machine.h"
#include "util/bytes.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct machine *fuzz_loader_machine(void)
{
    static struct machine *m;
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct error err;

    config.ram_size = RAM_SIZE_MIN;
    if (!m && machine_create(&m, &config, &err))
        abort();
    return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct machine *m = fuzz_loader_machine();
    static const struct image_module modules[] = {
        {.data = (const uint8_t *)"module", .size = 6, .string = "m x"}, {.string = ""}};
    struct image image = {.name = "fuzz"};
    struct error err = {0};

    if (size < 5)
        return 0;
    image.kind = (data[0] & 7) % 6;
    image.has_at = data[0] & 0x80;
    image.at = get_le32(data + 1);
    if (data[0] & 0x40) {
        image.command_line = "command line";
        image.modules = modules;
        image.module_count = 2;
    }
    image.data = data + 5;
    image.size = size - 5;
    ram_clear_dirty(&m->ram, DIRTY_TIME);
    if (machine_load(m, &image, &err) &&
        (!err.code || !err.text[0] || m->ram.dirty[DIRTY_TIME].count))
        abort();
    return 0;
}
