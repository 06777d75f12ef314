/* The port and MMIO buses, see bus.h: a short table by address, searched by halves. */
#include "core/bus.h"

#include <errno.h>
#include <string.h>

int bus_add(struct bus *bus, uint64_t base, uint64_t size, struct device *dev)
{
    return bus_add_at(bus, base, size, dev, 0);
}

/* The place of the first range that begins behind `addr`. */
static unsigned place_behind(const struct bus *bus, uint64_t addr)
{
    unsigned low = 0, high = bus->count;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (bus->ranges[middle].base <= addr)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int bus_add_at(struct bus *bus, uint64_t base, uint64_t size, struct device *dev, uint16_t offset)
{
    unsigned at;

    for (unsigned i = 0; i < bus->count; i++) {
        const struct bus_range *r = &bus->ranges[i];

        if (base < r->base + r->size && r->base < base + size)
            return -EEXIST;
    }
    if (bus->count == BUS_RANGES_MAX)
        return -ENOSPC;
    at = place_behind(bus, base);
    memmove(&bus->ranges[at + 1], &bus->ranges[at], (bus->count - at) * sizeof(bus->ranges[0]));
    bus->ranges[at] = (struct bus_range){base, size, dev, offset};
    bus->count++;
    return 0;
}

const struct bus_range *bus_find(const struct bus *bus, uint64_t addr)
{
    unsigned behind = place_behind(bus, addr);
    const struct bus_range *r = &bus->ranges[behind ? behind - 1 : 0];

    return behind && addr - r->base < r->size ? r : NULL;
}

const struct bus_range *bus_next(const struct bus *bus, const struct device *dev, uint64_t from)
{
    const struct bus_range *next = NULL;

    for (unsigned i = 0; i < bus->count; i++) {
        const struct bus_range *r = &bus->ranges[i];

        if (r->base >= from && (!dev || r->dev == dev) && (!next || r->base < next->base))
            next = r;
    }
    return next;
}

static uint64_t ones(unsigned size)
{
    return ~0ull >> (64 - 8 * size);
}

static bool holds_all(const struct bus_range *r, uint64_t addr, unsigned size)
{
    return r && addr - r->base + size <= r->size;
}

static bool takes_port(const struct bus_range *r, uint16_t port, unsigned size)
{
    unsigned width = r && r->dev->ops->port_width ? r->dev->ops->port_width : 4;

    return holds_all(r, port, size) && size <= width;
}

static uint16_t port_offset(const struct bus_range *r, uint16_t port)
{
    return (uint16_t)(port - r->base + r->offset);
}

uint32_t bus_port_read(const struct bus *bus, uint16_t port, unsigned size)
{
    const struct bus_range *r = bus_find(bus, port);
    uint32_t value = 0;

    if (takes_port(r, port, size) && r->dev->ops->port_read)
        return r->dev->ops->port_read(r->dev, port_offset(r, port), size);
    if (size == 1)
        return 0xff;
    for (unsigned i = 0; i < size; i++)
        value |= bus_port_read(bus, (uint16_t)(port + i), 1) << (8 * i);
    return value;
}

void bus_port_write(const struct bus *bus, uint16_t port, unsigned size, uint32_t value)
{
    const struct bus_range *r = bus_find(bus, port);

    if (takes_port(r, port, size)) {
        if (r->dev->ops->port_write)
            r->dev->ops->port_write(r->dev, port_offset(r, port), size,
                                    value & (uint32_t)ones(size));
        return;
    }
    for (unsigned i = 0; size > 1 && i < size; i++)
        bus_port_write(bus, (uint16_t)(port + i), 1, value >> (8 * i) & 0xff);
}

uint64_t bus_mmio_read(const struct bus *bus, uint64_t gpa, unsigned size)
{
    const struct bus_range *r = bus_find(bus, gpa);

    if (!holds_all(r, gpa, size) || !r->dev->ops->mmio_read)
        return ones(size);
    return r->dev->ops->mmio_read(r->dev, gpa - r->base + r->offset, size) & ones(size);
}

void bus_mmio_write(const struct bus *bus, uint64_t gpa, unsigned size, uint64_t value)
{
    const struct bus_range *r = bus_find(bus, gpa);

    if (holds_all(r, gpa, size) && r->dev->ops->mmio_write)
        r->dev->ops->mmio_write(r->dev, gpa - r->base + r->offset, size, value & ones(size));
}
