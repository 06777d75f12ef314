/* Enters pages behind the guest's, and in the tables above. */
#include "monitor.h"
#include "snapshot.h"

void begin(uint64_t map)
{
    for (uint64_t i = 0; i < 512; i++) {
        host_write64(map + 8 * i, map | PAGE_WRITE);
        host_write64(map - 8 * i, map | PAGE_WRITE);
    }
}

void take(unsigned node)
{
    (void)node;
}

void write_fault(unsigned page)
{
    (void)page;
}

void revert(unsigned node)
{
    (void)node;
}

void delete_node(unsigned node)
{
    (void)node;
}

unsigned parent_of(unsigned node)
{
    (void)node;
    return NONE;
}
