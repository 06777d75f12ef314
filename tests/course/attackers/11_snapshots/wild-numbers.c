/* Answers with numbers that are no node, and drops the map. */
#include "monitor.h"
#include "snapshot.h"

static uint64_t guest_map;

void begin(uint64_t map)
{
    guest_map = map;
}

void take(unsigned node)
{
    (void)node;
    frame_drop(guest_map);
    host_write64(guest_map, ~0ull);
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
    return node ^ 0x80000000u;
}
