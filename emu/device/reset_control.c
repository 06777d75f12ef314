/*
 * The reset control register of a PC chipset (Intel 82371AB, PIIX4, data sheet: RC), port cf9h: bit 1
 * chooses a hard reset, which is all this machine has, and the rise of bit 2 resets.
 *
 * The port lies inside the PCI configuration address, cf8h-cfbh, which takes 32-bit accesses alone.
 * There is no PCI here; but who looks for it must not reset the machine.
 *
 * The state, as saved: the register.
 */
#include "core/device_fields.h"
#include "core/machine.h"
#include "device/devices.h"

#include <errno.h>
#include <stdlib.h>

#define CONFIG_ADDRESS 0xcf8
#define RESET_OFFSET 1

enum { RESET_HARD = 0x02, RESET_CPU = 0x04, RESET_KEPT = 0x06 };

static bool is_register(uint16_t offset, unsigned size)
{
    return offset == RESET_OFFSET && size == 1;
}

static uint32_t reset_read(struct device *dev, uint16_t offset, unsigned size)
{
    const uint8_t *value = dev->priv;

    return is_register(offset, size) ? *value : ~0u >> (32 - 8 * size);
}

static void reset_write(struct device *dev, uint16_t offset, unsigned size, uint32_t value)
{
    uint8_t *before = dev->priv;

    if (!is_register(offset, size))
        return;
    if (~*before & value & RESET_CPU)
        machine_request_reset(dev->machine);
    *before = value & RESET_KEPT;
}

static void reset_reset(struct device *dev)
{
    *(uint8_t *)dev->priv = 0;
}

static size_t reset_save(const struct device *dev, uint8_t *buf, size_t cap)
{
    if (cap)
        *buf = *(const uint8_t *)dev->priv;
    return 1;
}

static int reset_load(struct device *dev, const uint8_t *buf, size_t size)
{
    if (size != 1 || (*buf & ~RESET_KEPT))
        return -EINVAL;
    *(uint8_t *)dev->priv = *buf;
    return 0;
}

static unsigned reset_show(const struct device *dev, struct device_field *fields, unsigned max)
{
    uint8_t value = *(const uint8_t *)dev->priv;
    struct device_fields list;

    device_fields_start(&list, fields, max);
    text_add(device_fields_add(&list, "RC", 8, value), "%s reset chosen, %s",
             value & RESET_HARD ? "hard" : "soft", value & RESET_CPU ? "pulled" : "not pulled");
    return list.count;
}

static void reset_destroy(struct device *dev)
{
    free(dev->priv);
}

static const struct device_ops reset_ops = {
    .name = "reset",
    .port_read = reset_read,
    .port_write = reset_write,
    .reset = reset_reset,
    .save = reset_save,
    .load = reset_load,
    .show = reset_show,
    .destroy = reset_destroy,
};

int reset_control_create(struct device *dev)
{
    dev->priv = calloc(1, 1);
    if (!dev->priv)
        return -ENOMEM;
    dev->ops = &reset_ops;
    return bus_add(&dev->machine->ports, CONFIG_ADDRESS, 4, dev);
}
