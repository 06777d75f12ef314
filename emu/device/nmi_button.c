/*
 * The NMI button of a server's front panel, pressed at the times of config.nmi_at: each press is an
 * edge on the CPU's NMI pin. RTC port 70h bit 7 holds it back as on a PC. It has no ports; a chipset
 * that also sets a status bit in port 61h (IOCHK#, SERR#) is left out.
 *
 * The state, as saved: the number of presses done.
 */
#include "core/clock.h"
#include "core/machine.h"
#include "device/devices.h"

#include <errno.h>
#include <stdlib.h>

static void set_deadline(struct device *dev)
{
    const struct machine_config *config = &dev->machine->config;
    uint8_t done = *(const uint8_t *)dev->priv;

    dev->deadline = done < config->nmi_count ? config->nmi_at[done] : DEVICE_NEVER;
}

static void button_tick(struct device *dev)
{
    irq_raise_nmi(dev->machine);
    ++*(uint8_t *)dev->priv;
    set_deadline(dev);
}

static size_t button_save(const struct device *dev, uint8_t *buf, size_t cap)
{
    if (cap)
        *buf = *(const uint8_t *)dev->priv;
    return 1;
}

static int button_load(struct device *dev, const uint8_t *buf, size_t size)
{
    if (size != 1 || *buf > dev->machine->config.nmi_count)
        return -EINVAL;
    *(uint8_t *)dev->priv = *buf;
    set_deadline(dev);
    return 0;
}

static void button_destroy(struct device *dev)
{
    free(dev->priv);
}

static const struct device_ops button_ops = {
    .name = "nmi-button",
    .tick = button_tick,
    .save = button_save,
    .load = button_load,
    .destroy = button_destroy,
};

int nmi_button_create(struct device *dev)
{
    dev->priv = calloc(1, 1);
    if (!dev->priv)
        return -ENOMEM;
    dev->ops = &button_ops;
    set_deadline(dev);
    return 0;
}
