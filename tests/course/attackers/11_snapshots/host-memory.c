/* Enters host memory that is not its own. */
#include "monitor.h"
#include "snapshot.h"

void begin(uint64_t map)
{
    for (uint64_t i = 0; i < PAGES; i++)
        host_write64(map + 8 * i, (0x40000000 + 4096 * i) | PAGE_WRITE);
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
