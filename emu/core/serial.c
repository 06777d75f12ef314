/* The queue of serial input, see serial.h. */
#include "core/serial.h"

#include "core/machine.h"
#include "device/devices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int machine_serial_input(struct machine *m, const void *data, size_t size)
{
    struct serial_input *in = &m->serial;
    size_t left = in->size - in->taken;
    uint8_t *grown;

    if (size == 0)
        return 0;
    grown = size <= SIZE_MAX - left ? malloc(left + size) : NULL;
    if (!grown)
        return -ENOMEM;
    if (left)
        memcpy(grown, in->data + in->taken, left);
    memcpy(grown + left, data, size);
    free(in->data);
    *in = (struct serial_input){.uart = in->uart, .data = grown, .size = left + size};
    uart_input_waits(in->uart);
    return 0;
}

bool machine_serial_waiting(const struct machine *m, const struct device *dev)
{
    return m->serial.uart == dev && m->serial.taken < m->serial.size;
}

bool machine_serial_take(struct machine *m, const struct device *dev, uint8_t *byte)
{
    if (!machine_serial_waiting(m, dev))
        return false;
    *byte = m->serial.data[m->serial.taken++];
    return true;
}
