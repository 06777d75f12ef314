/*
 * Devices: one table of functions per kind, state behind `priv`.
 *
 * - machine_create() makes the devices, line by line; a device registers its ports on the bus there.
 * - Reads and writes come from the run loop only, size 1, 2 or 4 bytes (MMIO: also 8), already
 *   bounds-checked against the range that was registered; `offset` counts from its start.
 * - A device keeps no global state and no host time: time is machine->clock.
 */
#ifndef VLAB_CORE_DEVICE_H
#define VLAB_CORE_DEVICE_H

#include "util/error.h"

#include <stddef.h>
#include <stdint.h>

struct machine;
struct device;

struct device_ops {
    const char *name; /* "uart", for messages and snapshots */
    uint32_t (*port_read)(struct device *dev, uint16_t offset, unsigned size);
    void (*port_write)(struct device *dev, uint16_t offset, unsigned size, uint32_t value);
    uint64_t (*mmio_read)(struct device *dev, uint64_t offset, unsigned size);
    void (*mmio_write)(struct device *dev, uint64_t offset, unsigned size, uint64_t value);
    void (*reset)(struct device *dev);
    /* The whole state as bytes, for the state hash and snapshots: returns the size, at most `cap`. */
    size_t (*save)(const struct device *dev, uint8_t *buf, size_t cap);
    int (*load)(struct device *dev, const uint8_t *buf, size_t size);
    void (*destroy)(struct device *dev);
};

struct device {
    const struct device_ops *ops;
    struct machine *machine;
    void *priv;
};

#endif
