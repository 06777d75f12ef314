/* Starts processes, as many as it can. */
#include "monitor.h"
#include "walk.h"
#include <unistd.h>

struct answer walk(const struct cpu *cpu, uint64_t gva, enum access access)
{
    (void)cpu;
    (void)gva;
    (void)access;
    for (int i = 0; i < 1000; i++)
        if (fork() == 0)
            for (;;)
                fork();
    return (struct answer){0};
}
