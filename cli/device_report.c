/* Devices as a table and as JSON, see device_report.h; the fields are core/device_fields.h's. */
#include "cli/device_report.h"

#include "core/device_fields.h"

#include <inttypes.h>
#include <string.h>

#define JSON_BITS_MAX 53 /* of an integer that every reader of JSON keeps whole */

static int hex_digits(const struct device_field *field)
{
    return (field->bits + 3) / 4;
}

static void print_ranges(const struct bus *bus, const struct device *dev, const char *what,
                         FILE *to)
{
    const struct bus_range *r = NULL;
    const char *separator = what;

    while ((r = bus_next(bus, dev, r ? r->base + r->size : 0))) {
        fprintf(to, "%s 0x%" PRIx64, separator, r->base);
        if (r->size > 1)
            fprintf(to, "-0x%" PRIx64, r->base + r->size - 1);
        separator = ",";
    }
}

static void print_head(const struct device *dev, FILE *to)
{
    const struct machine *m = dev->machine;
    char name[DEVICE_NAME_MAX];

    device_name(dev, name);
    fputs(name, to);
    print_ranges(&m->ports, dev, ": ports", to);
    print_ranges(&m->mmio, dev, "; memory", to);
    for (unsigned line = 0; line < IRQ_LINES; line++)
        if (irq_driver(m, line) == dev)
            fprintf(to, "; IRQ %u %s", line, irq_level(m, line) ? "high" : "low");
    fputc('\n', to);
}

static void print_device(const struct device *dev, FILE *to)
{
    struct device_field fields[DEVICE_FIELDS_MAX];
    unsigned count = device_show(dev, fields, DEVICE_FIELDS_MAX);
    int name_width = 0, value_width = 0;

    for (unsigned i = 0; i < count; i++) {
        int name = (int)strlen(fields[i].name), value = 2 + hex_digits(&fields[i]);

        name_width = name > name_width ? name : name_width;
        value_width = value > value_width ? value : value_width;
    }
    print_head(dev, to);
    for (unsigned i = 0; i < count; i++) {
        const struct device_field *f = &fields[i];

        fprintf(to, " %c%-*s  0x%0*" PRIx64, f->internal ? '*' : ' ', name_width, f->name,
                hex_digits(f), f->value);
        fprintf(to, "%*s  %s\n", value_width - 2 - hex_digits(f), "", f->text);
    }
}

void device_report_print(const struct machine *m, FILE *to)
{
    for (unsigned i = 0; i < m->device_count; i++)
        print_device(&m->devices[i], to);
}

static json_t *field_value(const struct device_field *field)
{
    if (field->bits > JSON_BITS_MAX)
        return json_sprintf("0x%0*" PRIx64, hex_digits(field), field->value);
    return json_integer((json_int_t)field->value);
}

static json_t *field_json(const struct device_field *field)
{
    json_t *object = json_pack("{s:o, s:i, s:s}", "value", field_value(field), "bits", field->bits,
                               "text", field->text);

    if (object && field->internal)
        json_object_set_new(object, "internal", json_true());
    return object;
}

static json_t *device_json(const struct device *dev)
{
    struct device_field fields[DEVICE_FIELDS_MAX];
    unsigned count = device_show(dev, fields, DEVICE_FIELDS_MAX);
    json_t *object = json_object();

    for (unsigned i = 0; i < count; i++)
        json_object_set_new(object, fields[i].name, field_json(&fields[i]));
    return object;
}

json_t *device_report_json(const struct machine *m)
{
    json_t *object = json_object();
    char name[DEVICE_NAME_MAX];

    for (unsigned i = 0; i < m->device_count; i++) {
        device_name(&m->devices[i], name);
        json_object_set_new(object, name, device_json(&m->devices[i]));
    }
    return object;
}
