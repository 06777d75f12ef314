/*
 * Fuzz entry: any bytes as the config of a snapshot's state. What must hold: what is taken is a machine
 * that this program can have, and is put as the same bytes.
 */
#include "snapshot/shape.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t again[SHAPE_SIZE];
    struct shape shape;

    if (shape_get(&shape, data, size))
        return 0;
    if (shape.config.ram_size < RAM_SIZE_MIN || shape.config.ram_size > RAM_SIZE_MAX ||
        shape.config.nmi_count > MACHINE_NMIS_MAX || shape_differs(&shape, &shape))
        abort();
    shape_put(&shape, again);
    if (memcmp(again, data, SHAPE_SIZE) != 0)
        abort();
    return 0;
}
