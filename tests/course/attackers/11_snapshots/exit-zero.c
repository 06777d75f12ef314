/* Ends well, and answers nothing. */
#include "monitor.h"
#include "snapshot.h"

#include <stdlib.h>

void begin(uint64_t map)
{
    (void)map;
    exit(0);
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
