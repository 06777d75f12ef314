/*
 * Exercise 05: the page walk of an x86 CPU. README.md says what is asked.
 *
 * This one knows a single kind of paging: 4 levels, pages of 4 KiB, everybody may do everything.
 */
#include "monitor.h"
#include "walk.h"

struct answer walk(const struct cpu *cpu, uint64_t gva, enum access access)
{
    uint64_t table = cpu->cr3 & 0x000ffffffffff000;

    (void)access;
    for (int level = 4; level >= 1; level--) {
        unsigned index = gva >> (12 + 9 * (level - 1)) & 0x1ff;
        uint64_t entry = guest_read(table + 8 * index, 8);

        if (!(entry & 1)) {
            struct answer fault = {.vector = 14};

            return fault;
        }
        table = entry & 0x000ffffffffff000;
    }
    return (struct answer){.gpa = table + (gva & 0xfff)};
}
