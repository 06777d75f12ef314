/* Answers with records that are none. */
#include "monitor.h"
#include "walk.h"
#include <unistd.h>

struct answer walk(const struct cpu *cpu, uint64_t gva, enum access access)
{
    (void)cpu;
    (void)gva;
    (void)access;
    unsigned char junk[64 * 50];

    for (unsigned i = 0; i < sizeof(junk); i++)
        junk[i] = (unsigned char)(i * 37 + 11);
    if (write(3, junk, sizeof(junk)) < 0)
        return (struct answer){0};
    return (struct answer){0};
}
