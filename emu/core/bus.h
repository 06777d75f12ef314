/*
 * The two buses of a PC: I/O ports and memory-mapped I/O.
 *
 * - A range belongs to one device; the device outlives the bus entry (both die with the machine).
 * - A read that nobody answers gives all ones, a write is lost: as on the wire.
 * - An access that crosses the end of a range is split into bytes, and so is one that is wider than
 *   the device (device_ops.port_width), as the ISA bus does for its 8-bit cards.
 */
#ifndef VLAB_CORE_BUS_H
#define VLAB_CORE_BUS_H

#include "core/device.h"

#include <stdbool.h>
#include <stdint.h>

#define BUS_RANGES_MAX 32

struct bus_range {
    uint64_t base;
    uint64_t size;
    struct device *dev;
    uint16_t offset; /* what the device sees for `base` */
};

struct bus {
    struct bus_range ranges[BUS_RANGES_MAX];
    unsigned count;
};

/* -EEXIST when the range overlaps another, -ENOSPC when the table is full. */
int bus_add(struct bus *bus, uint64_t base, uint64_t size, struct device *dev);
/* One more range of a device that has several: its offsets count from `offset`. */
int bus_add_at(struct bus *bus, uint64_t base, uint64_t size, struct device *dev, uint16_t offset);
const struct bus_range *bus_find(const struct bus *bus, uint64_t addr);

/*
 * The ranges of a device, or with NULL of all, by address: of those whose base is at or above `from`
 * the lowest; NULL: no more. To list them all, start at 0 and go on behind the one that came.
 */
const struct bus_range *bus_next(const struct bus *bus, const struct device *dev, uint64_t from);

uint32_t bus_port_read(const struct bus *bus, uint16_t port, unsigned size);
void bus_port_write(const struct bus *bus, uint16_t port, unsigned size, uint32_t value);
uint64_t bus_mmio_read(const struct bus *bus, uint64_t gpa, unsigned size);
void bus_mmio_write(const struct bus *bus, uint64_t gpa, unsigned size, uint64_t value);

#endif
