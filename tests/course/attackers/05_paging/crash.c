/* Follows a wild pointer. */
#include "monitor.h"
#include "walk.h"

struct answer walk(const struct cpu *cpu, uint64_t gva, enum access access)
{
    (void)cpu;
    (void)gva;
    (void)access;
    *(volatile int *)8 = 1;
    return (struct answer){0};
}
