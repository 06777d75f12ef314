/*
 * Devices in words: the registers of a device as a list of fields, for a screen and a report.
 *
 *   struct device_field fields[DEVICE_FIELDS_MAX];
 *   unsigned count = device_show(dev, fields, DEVICE_FIELDS_MAX);
 *
 * - Showing changes nothing: what a guest's read would clear stays. Call it between runs.
 * - The same device always has the same fields in the same order, so two moments can be compared
 *   field by field. The text follows from the value for most, not for all: compare both.
 * - Fields with `internal` set are what a guest cannot read from a port: latches, queues, flip-flops,
 *   write-only registers, times. They come after the registers they belong to.
 * - Bulk memory (CMOS RAM, the disk) is not listed, but for a digest or what is known of it.
 */
#ifndef VLAB_CORE_DEVICE_FIELDS_H
#define VLAB_CORE_DEVICE_FIELDS_H

#include "core/device.h"
#include "util/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEVICE_FIELDS_MAX 40
#define DEVICE_NAME_MAX 32

struct device_field {
    char name[24]; /* as the data sheet has it: "LCR", "master IMR"; unique within the device */
    uint64_t value;
    uint8_t bits; /* width of the value, 1-64 */
    bool internal;
    char text[64]; /* what it means: "8N1, DLAB 0"; printable ASCII, may be "" */
};

/* The fields of a device, at most `max` of them; returns how many were stored. */
unsigned device_show(const struct device *dev, struct device_field *fields, unsigned max);

/* "uart"; where a machine has several of a kind, with the first port: "debug-text-e9". Unique. */
void device_name(const struct device *dev, char name[DEVICE_NAME_MAX]);

/* ---- for devices: making the list -------------------------------------------------------- */

struct device_fields {
    struct device_field *fields;
    unsigned max, count;
    bool internal; /* of the fields to come */
    struct text text;
};

void device_fields_start(struct device_fields *list, struct device_field *fields, unsigned max);

/*
 * One more field. Its text, empty at first, is built with text_add() on what is returned, which is
 * good until the next field. A field that does not fit into the list is dropped, its text too.
 */
struct text *device_fields_add(struct device_fields *list, const char *name, unsigned bits,
                               uint64_t value);

/* The names of the bits that are set, bit 0 first, "none" without any. NULL: not told. */
void text_flags(struct text *t, uint64_t value, const char *const *names, unsigned count);
#define TEXT_FLAGS(t, value, names) text_flags(t, value, names, sizeof(names) / sizeof((names)[0]))

#endif
