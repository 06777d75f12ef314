/* The devices of a machine as plain data, see devices.h. */
#include "tui/devices.h"

#include "core/backend.h"
#include "core/clock.h"

#include <string.h>

_Static_assert(DEVICE_FIELDS_MAX <= 64, "device_info.changed has a bit for each field");

static void add_ranges(struct device_info *info, const struct bus *bus, const struct device *dev,
                       bool memory)
{
    const struct bus_range *range = bus_next(bus, dev, 0);

    while (range && info->range_count < DEVICE_RANGES_MAX) {
        uint64_t last = range->base + range->size - 1;

        info->ranges[info->range_count++] =
            (struct device_range){.first = range->base, .last = last, .memory = memory};
        range = last < UINT64_MAX ? bus_next(bus, dev, last + 1) : NULL;
    }
}

static void read_device(const struct machine *m, const struct device *dev, struct device_info *info)
{
    device_name(dev, info->name);
    info->range_count = 0;
    add_ranges(info, &m->ports, dev, false);
    add_ranges(info, &m->mmio, dev, true);
    info->lines = 0;
    for (unsigned line = 0; line < IRQ_LINES; line++)
        if (irq_driver(m, line) == dev)
            info->lines |= (uint16_t)(1u << line);
    info->deadline = dev->deadline;
    info->field_count = device_show(dev, info->fields, DEVICE_FIELDS_MAX);
    info->changed = 0;
}

void devices_read(const struct machine *m, struct device_list *list)
{
    list->count = m->device_count;
    for (unsigned i = 0; i < list->count; i++)
        read_device(m, &m->devices[i], &list->devices[i]);
    list->now = clock_now(m);
    list->levels = 0;
    for (unsigned line = 0; line < IRQ_LINES; line++)
        if (irq_level(m, line))
            list->levels |= (uint16_t)(1u << line);
    list->intr = m->irq.intr;
    list->serial_waiting = m->serial.size - m->serial.taken;
}

static bool field_equal(const struct device_field *a, const struct device_field *b)
{
    return a->value == b->value && strcmp(a->text, b->text) == 0;
}

void devices_compare(struct device_list *list, const struct device_list *before)
{
    for (unsigned i = 0; i < list->count && i < before->count; i++) {
        struct device_info *info = &list->devices[i];
        const struct device_info *was = &before->devices[i];

        info->changed = 0;
        for (unsigned n = 0; n < info->field_count && n < was->field_count; n++)
            if (!field_equal(&info->fields[n], &was->fields[n]))
                info->changed |= UINT64_C(1) << n;
    }
}

const struct device_info *devices_find(const struct device_list *list, const char *name)
{
    for (unsigned i = 0; i < list->count; i++)
        if (strcmp(list->devices[i].name, name) == 0)
            return &list->devices[i];
    return NULL;
}

static const struct device_field *find_field(const struct device_field *fields, unsigned count,
                                             const char *name)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

const struct device_field *device_field_find(const struct device_info *dev, const char *name)
{
    return find_field(dev->fields, dev->field_count, name);
}

/* Whether a register of a device has these bits of `mask` set and no others of them. */
static bool has_bits(const struct device *dev, const char *name, uint64_t mask, uint64_t bits)
{
    struct device_field fields[DEVICE_FIELDS_MAX];
    const struct device_field *field;

    if (!dev)
        return false;
    field = find_field(fields, device_show(dev, fields, DEVICE_FIELDS_MAX), name);
    return field && (field->value & mask) == bits;
}

bool devices_serial_wakes(const struct machine *m)
{
    enum { RECEIVED = 0x01, OUT2 = 0x08 }; /* IER, MCR */
    const struct device *uart = m->serial.uart;

    return (m->vcpu->ops->get_rflags(m->vcpu) & RFLAGS_IF) && !machine_serial_waiting(m, uart) &&
           has_bits(uart, "IER", RECEIVED, RECEIVED) && has_bits(uart, "MCR", OUT2, OUT2) &&
           has_bits(m->irq.controller, "master IMR", 1u << IRQ_COM1, 0);
}
