/*
 * Our own firmware (emu/firmware) under a boot sector, a disk or a flat binary.
 *
 * What POST would do is done here, from the same tables of the ROM, when an image is entered
 * directly: the guest's first instruction is its own, and it finds vectors, BIOS data and devices as
 * on a PC. Interrupts stay off.
 */
#include "loader/parts.h"

#include "core/backend.h"
#include "core/machine.h"
#include "core/memory_map.h"
#include "firmware/firmware.h"
#include "util/bytes.h"

#include <errno.h>
#include <string.h>

#define PORT_ENTRY 3 /* bytes: port, value */

/* Once in a machine's life. */
static int add_rom(struct machine *m, struct error *err)
{
    if (ram_find(&m->ram, MEMORY_ROM_LOW)->read_only) {
        const uint8_t *rom = ram_ptr(&m->ram, MEMORY_ROM_LOW, FIRMWARE_SIZE);

        if (rom && memcmp(rom, firmware_rom, FIRMWARE_SIZE) == 0)
            return 0;
        return error_set(err, -EBUSY, "firmware: the machine has another ROM already");
    }
    return machine_add_rom(m, firmware_rom, FIRMWARE_SIZE, err);
}

static void write_low_memory(struct machine *m)
{
    static const uint8_t ebda_kib = 1;

    segment_put(m, 0, firmware_rom + get_le16(firmware_rom), get_le16(firmware_rom + 2));
    segment_put(m, MEMORY_LOW_END, &ebda_kib, 1);
}

static void program_ports(struct machine *m)
{
    const uint8_t *p = firmware_rom + get_le16(firmware_rom + 4);

    for (unsigned i = get_le16(firmware_rom + 6); i; i--, p += PORT_ENTRY)
        bus_port_write(&m->ports, get_le16(p), 1, p[2]);
}

int firmware_install(struct machine *m, struct error *err)
{
    int rc = add_rom(m, err);

    if (rc)
        return rc;
    write_low_memory(m);
    program_ports(m);
    return 0;
}

int firmware_reset_into(struct machine *m, struct error *err)
{
    int rc = add_rom(m, err);

    if (!rc)
        start_reset(m);
    return rc;
}
