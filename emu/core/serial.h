/*
 * What waits to come in over the serial line: input that was there before the run, or is added
 * between runs. The UART takes a character when its time has come, so the same input at the same
 * point gives the same run.
 */
#ifndef VLAB_CORE_SERIAL_H
#define VLAB_CORE_SERIAL_H

#include "core/device.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;

struct serial_input {
    struct device *uart; /* at whose end of the line it comes in; NULL: none */
    uint8_t *data;       /* owned by the machine */
    size_t size, taken;  /* bytes */
};

/* Bytes for COM1, copied, behind those that wait already. -ENOMEM, and nothing was added. */
int machine_serial_input(struct machine *m, const void *data, size_t size);

/* For the UART `dev`: is there a next character; take it. */
bool machine_serial_waiting(const struct machine *m, const struct device *dev);
bool machine_serial_take(struct machine *m, const struct device *dev, uint8_t *byte);

#endif
