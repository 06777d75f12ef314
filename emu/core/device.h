/*
 * Devices: one table of functions per kind, state behind `priv`.
 *
 * - machine_create() makes the devices, line by line; a device registers its ports on the bus there.
 * - Reads and writes come from the run loop only, size 1, 2 or 4 bytes (MMIO: also 8), already
 *   bounds-checked against the range that was registered; `offset` counts from its start, or from
 *   what bus_add_at() said.
 * - A device keeps no global state and no host time: time is core/clock.h. When something will
 *   happen by itself, the device says when in `deadline` and is called back by tick().
 * - A device raises its interrupt line with irq_set(), core/irq.h.
 */
#ifndef VLAB_CORE_DEVICE_H
#define VLAB_CORE_DEVICE_H

#include "util/error.h"

#include <stddef.h>
#include <stdint.h>

struct machine;
struct device;
struct device_field;

#define DEVICE_NEVER UINT64_MAX

struct device_ops {
    const char *name;    /* "uart", for messages and snapshots */
    unsigned port_width; /* bytes of the widest port access it takes at once; 0: any */
    uint32_t (*port_read)(struct device *dev, uint16_t offset, unsigned size);
    void (*port_write)(struct device *dev, uint16_t offset, unsigned size, uint32_t value);
    uint64_t (*mmio_read)(struct device *dev, uint64_t offset, unsigned size);
    void (*mmio_write)(struct device *dev, uint64_t offset, unsigned size, uint64_t value);
    /* clock_now() has reached `deadline`; sets the next one, or DEVICE_NEVER. */
    void (*tick)(struct device *dev);
    void (*reset)(struct device *dev);
    /* The whole state as bytes, for the state hash and snapshots: returns the size, at most `cap`. */
    size_t (*save)(const struct device *dev, uint8_t *buf, size_t cap);
    /*
     * -EINVAL, and nothing changed, when the bytes are no state of this device. Sets `deadline` and
     * drives the lines. The machine's clock stands already where it stood when they were saved.
     */
    int (*load)(struct device *dev, const uint8_t *buf, size_t size);
    /*
     * The registers in words, core/device_fields.h: at most `max` fields, returns how many. Changes
     * nothing, and gives the same fields in the same order always.
     */
    unsigned (*show)(const struct device *dev, struct device_field *fields, unsigned max);
    void (*destroy)(struct device *dev);
};

struct device {
    const struct device_ops *ops;
    struct machine *machine;
    void *priv;
    uint64_t deadline; /* ns of clock_now(); DEVICE_NEVER: nothing is due */
};

#endif
