/* The memory map of this machine, see memory_map.h. What is in no entry is a hole. */
#include "core/memory_map.h"

static uint64_t low_top(const struct ram *ram)
{
    return ram->size < RAM_LOW_TOP ? ram->size : RAM_LOW_TOP;
}

uint64_t memory_extended(const struct ram *ram)
{
    return low_top(ram) - MEMORY_EXTENDED;
}

unsigned memory_map_get(const struct ram *ram, struct memory_range ranges[MEMORY_RANGES_MAX])
{
    const struct memory_range all[MEMORY_RANGES_MAX] = {
        {0, MEMORY_LOW_END, MEMORY_RAM},
        {MEMORY_LOW_END, 0xa0000 - MEMORY_LOW_END, MEMORY_RESERVED},
        {MEMORY_ROM_LOW, MEMORY_EXTENDED - MEMORY_ROM_LOW, MEMORY_RESERVED},
        {MEMORY_EXTENDED, memory_extended(ram), MEMORY_RAM},
        {MEMORY_ROM_HIGH, RAM_HIGH_BASE - MEMORY_ROM_HIGH, MEMORY_RESERVED},
        {RAM_HIGH_BASE, ram->size - low_top(ram), MEMORY_RAM},
    };
    unsigned count = 0;

    for (unsigned i = 0; i < MEMORY_RANGES_MAX; i++)
        if (all[i].size)
            ranges[count++] = all[i];
    return count;
}
