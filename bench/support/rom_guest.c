/* A ROM in a machine of ours: see rom_guest.h. */
#include "rom_guest.h"

#include "core/loader.h"
#include "measure.h"
#include "util/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ROM_BYTES 0x10000u
#define ROM_AT 0xf0000u

static int create(struct machine **m, const char *rom, struct image image, struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    char path[4096], name[128];
    uint8_t *data;
    int failed;

    config.ram_size = (uint64_t)ROM_GUEST_MIB << 20;
    *m = NULL;
    snprintf(name, sizeof(name), "bench/guest/%s", rom);
    if (!measure_path(path, sizeof(path), name))
        return error_set(err, -EINVAL, "%s: not found", name);
    failed = file_read(path, ROM_BYTES, &data, &image.size, err);
    if (failed)
        return failed;
    image.name = rom;
    image.data = data;
    failed = machine_create(m, &config, err);
    failed = failed ? failed : machine_load(*m, &image, err);
    free(data);
    return failed;
}

int rom_guest_create(struct machine **m, const char *rom, struct error *err)
{
    return create(m, rom, (struct image){.kind = IMAGE_BIOS}, err);
}

int rom_guest_create_flat(struct machine **m, const char *rom, struct error *err)
{
    return create(m, rom, (struct image){.kind = IMAGE_FLAT, .at = ROM_AT, .has_at = true}, err);
}

/* The mark is behind the guest's only port access. */
int rom_guest_round(struct machine *m, struct error *err)
{
    const struct run_limits limits = {.exits = 1};
    uint64_t marks = m->exit_counts[EXIT_IO];
    struct run_result r = {.stop = STOP_BUDGET};
    int rc = 0;

    while (!rc && r.stop == STOP_BUDGET && m->exit_counts[EXIT_IO] == marks)
        rc = machine_run(m, &limits, &r);
    if (rc || r.stop != STOP_BUDGET)
        return error_set(err, rc ? rc : -EIO, "guest: stopped by %s on its way to the mark",
                         stop_reason_name(r.stop));
    return 0;
}

void rom_guest_put(struct machine *m, uint32_t gpa, uint32_t value)
{
    uint8_t bytes[4];

    put_le32(bytes, value);
    ram_write(&m->ram, gpa, bytes, sizeof(bytes));
    machine_written(m, gpa, sizeof(bytes));
}

uint32_t rom_guest_get(const struct machine *m, uint32_t gpa)
{
    uint8_t bytes[4] = {0};

    ram_read(&m->ram, gpa, bytes, sizeof(bytes));
    return get_le32(bytes);
}
