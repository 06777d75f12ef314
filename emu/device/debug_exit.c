/*
 * The debug-exit port (QEMU hw/misc/debugexit.c documents the interface): 4 ports from f4h, any
 * size; reads give 0.
 */
#include "core/device_fields.h"
#include "core/machine.h"
#include "device/devices.h"

#define DEBUG_EXIT_PORT 0xf4
#define DEBUG_EXIT_PORTS 4

static uint32_t debug_exit_read(struct device *dev, uint16_t offset, unsigned size)
{
    (void)dev, (void)offset, (void)size;
    return 0;
}

static void debug_exit_write(struct device *dev, uint16_t offset, unsigned size, uint32_t value)
{
    (void)offset, (void)size;
    dev->machine->debug_exit = true;
    dev->machine->debug_exit_value = (uint8_t)value;
}

static unsigned debug_exit_show(const struct device *dev, struct device_field *fields, unsigned max)
{
    const struct machine *m = dev->machine;
    unsigned value = m->debug_exit ? m->debug_exit_value : 0;
    struct device_fields list;
    struct text *t;

    device_fields_start(&list, fields, max);
    list.internal = true;
    t = device_fields_add(&list, "written", 8, value);
    if (m->debug_exit)
        text_add(t, "status %u", (uint8_t)(value << 1 | 1));
    else
        text_add(t, "not in this run");
    return list.count;
}

static const struct device_ops debug_exit_ops = {
    .name = "debug-exit",
    .port_read = debug_exit_read,
    .port_write = debug_exit_write,
    .show = debug_exit_show,
};

int debug_exit_create(struct device *dev)
{
    dev->ops = &debug_exit_ops;
    return bus_add(&dev->machine->ports, DEBUG_EXIT_PORT, DEBUG_EXIT_PORTS, dev);
}
