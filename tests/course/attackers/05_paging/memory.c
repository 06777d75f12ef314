/* Takes memory until there is none. */
#include "monitor.h"
#include "walk.h"
#include <stdlib.h>

struct answer walk(const struct cpu *cpu, uint64_t gva, enum access access)
{
    (void)cpu;
    (void)gva;
    (void)access;
    for (;;) {
        volatile char *p = malloc(1 << 20);

        if (!p)
            abort();
        for (int i = 0; i < 1 << 20; i += 4096)
            p[i] = 1;
    }
    return (struct answer){0};
}
