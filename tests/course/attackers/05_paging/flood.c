/* Sends requests without reading what comes of them. */
#include "monitor.h"
#include "walk.h"
#include <unistd.h>

struct answer walk(const struct cpu *cpu, uint64_t gva, enum access access)
{
    (void)cpu;
    (void)gva;
    (void)access;
    static const char junk[1 << 16];

    for (;;)
        if (write(3, junk, sizeof(junk)) < 0)
            break;
    return (struct answer){0};
}
