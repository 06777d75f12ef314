/* A debug console of one port: bytes written are text, a read gives e9h to say it is there. */
#include "core/device_fields.h"
#include "core/machine.h"
#include "device/devices.h"

#define DEBUG_TEXT_MAGIC 0xe9

static uint32_t debug_text_read(struct device *dev, uint16_t offset, unsigned size)
{
    (void)dev, (void)offset, (void)size;
    return DEBUG_TEXT_MAGIC;
}

static void debug_text_write(struct device *dev, uint16_t offset, unsigned size, uint32_t value)
{
    char byte = (char)value;

    (void)offset, (void)size;
    machine_text(dev->machine, TEXT_DEBUG_PORT, &byte, 1);
}

static unsigned debug_text_show(const struct device *dev, struct device_field *fields, unsigned max)
{
    struct device_fields list;

    (void)dev;
    device_fields_start(&list, fields, max);
    text_add(device_fields_add(&list, "read", 8, DEBUG_TEXT_MAGIC), "the port is there");
    return list.count;
}

static const struct device_ops debug_text_ops = {
    .name = "debug-text",
    .port_read = debug_text_read,
    .port_write = debug_text_write,
    .show = debug_text_show,
};

int debug_text_create(struct device *dev, uint16_t port)
{
    dev->ops = &debug_text_ops;
    return bus_add(&dev->machine->ports, port, 1, dev);
}
