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

/* The machine keeps the value; that it was written is forgotten with the end of the run. */
static unsigned debug_exit_show(const struct device *dev, struct device_field *fields, unsigned max)
{
    uint8_t value = dev->machine->debug_exit_value;
    struct device_fields list;

    device_fields_start(&list, fields, max);
    list.internal = true;
    text_add(device_fields_add(&list, "last value", 8, value), "status %u%s",
             (uint8_t)(value << 1 | 1), value ? "" : ", if it was written");
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
