/* Aborts. */
#include "monitor.h"
#include "walk.h"
#include <stdlib.h>

struct answer walk(const struct cpu *cpu, uint64_t gva, enum access access)
{
    (void)cpu;
    (void)gva;
    (void)access;
    abort();
    return (struct answer){0};
}
