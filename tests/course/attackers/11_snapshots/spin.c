/* Uses CPU time until it has none. */
#include "monitor.h"
#include "snapshot.h"

void begin(uint64_t map)
{
    (void)map;
    for (volatile int i = 0;; i++)
        ;
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
