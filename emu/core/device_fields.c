/* Devices in words, see device_fields.h. */
#include "core/device_fields.h"

#include "core/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

unsigned device_show(const struct device *dev, struct device_field *fields, unsigned max)
{
    return dev->ops->show ? dev->ops->show(dev, fields, max) : 0;
}

static bool is_one_of_many(const struct device *dev)
{
    const struct machine *m = dev->machine;

    for (unsigned i = 0; i < m->device_count; i++)
        if (&m->devices[i] != dev && strcmp(m->devices[i].ops->name, dev->ops->name) == 0)
            return true;
    return false;
}

void device_name(const struct device *dev, char name[DEVICE_NAME_MAX])
{
    const struct bus_range *range = bus_next(&dev->machine->ports, dev, 0);

    if (range && is_one_of_many(dev))
        snprintf(name, DEVICE_NAME_MAX, "%s-%" PRIx64, dev->ops->name, range->base);
    else
        snprintf(name, DEVICE_NAME_MAX, "%s", dev->ops->name);
}

void device_fields_start(struct device_fields *list, struct device_field *fields, unsigned max)
{
    *list = (struct device_fields){.fields = fields, .max = max};
}

struct text *device_fields_add(struct device_fields *list, const char *name, unsigned bits,
                               uint64_t value)
{
    struct device_field *field = &list->fields[list->count];

    if (list->count == list->max) {
        text_start(&list->text, NULL, 0);
        return &list->text;
    }
    *field =
        (struct device_field){.value = value, .bits = (uint8_t)bits, .internal = list->internal};
    snprintf(field->name, sizeof(field->name), "%s", name);
    text_start(&list->text, field->text, sizeof(field->text));
    list->count++;
    return &list->text;
}

void text_flags(struct text *t, uint64_t value, const char *const *names, unsigned count)
{
    const char *separator = "";

    for (unsigned i = 0; i < count; i++) {
        if (!names[i] || !(value >> i & 1))
            continue;
        text_add(t, "%s%s", separator, names[i]);
        separator = ", ";
    }
    if (!*separator)
        text_add(t, "none");
}
