/*
 * The devices of a machine at one moment, as plain data: what the model has of them.
 *
 * - Reading changes nothing in the machine. It is for between runs, as device_show() is.
 * - Bounded: a device with more ranges or fields than there is room for shows the first ones.
 */
#ifndef VLAB_TUI_DEVICES_H
#define VLAB_TUI_DEVICES_H

#include "core/device_fields.h"
#include "core/machine.h"

#define DEVICE_RANGES_MAX 8

struct device_range {
    uint64_t first, last;
    bool memory; /* memory-mapped, else I/O ports */
};

struct device_info {
    char name[DEVICE_NAME_MAX];
    struct device_range ranges[DEVICE_RANGES_MAX]; /* ports first, each kind by address */
    unsigned range_count;
    uint16_t lines;    /* bit n: it drives interrupt line n */
    uint64_t deadline; /* ns of virtual time; DEVICE_NEVER: nothing is due */
    struct device_field fields[DEVICE_FIELDS_MAX];
    unsigned field_count;
    uint64_t changed; /* bit n: field n is not what it was, see devices_compare() */
};

struct device_list {
    struct device_info devices[MACHINE_DEVICES_MAX];
    unsigned count;
    uint64_t now;          /* ns of virtual time */
    uint16_t levels;       /* of the interrupt lines */
    bool intr;             /* the CPU's interrupt pin */
    size_t serial_waiting; /* bytes for COM1 that the guest has not got yet */
};

void devices_read(const struct machine *m, struct device_list *list);

/* Set `changed` where a field differs from the same one of the same device in `before`. */
void devices_compare(struct device_list *list, const struct device_list *before);

/* By name; NULL when there is none. */
const struct device_info *devices_find(const struct device_list *list, const char *name);
const struct device_field *device_field_find(const struct device_info *dev, const char *name);

/*
 * Whether a CPU that waits in HLT would be woken by a character on COM1: interrupts are enabled all
 * the way from the UART, and none waits to come in already.
 */
bool devices_serial_wakes(const struct machine *m);

#endif
