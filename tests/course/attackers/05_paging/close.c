/* Closes its end of the socket and stays. */
#include "monitor.h"
#include "walk.h"
#include <unistd.h>

struct answer walk(const struct cpu *cpu, uint64_t gva, enum access access)
{
    (void)cpu;
    (void)gva;
    (void)access;
    close(3);
    for (;;)
        pause();
    return (struct answer){0};
}
