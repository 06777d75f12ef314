/* Breakpoint registers, see debug.h. */
#include "x86/debug.h"

static bool enabled(uint64_t dr7, unsigned i)
{
    return dr7 >> (2 * i) & 3;
}

static unsigned kind_of(uint64_t dr7, unsigned i)
{
    return dr7 >> (16 + 4 * i) & 3;
}

bool x86_breakpoints_enabled(uint64_t dr7)
{
    return dr7 & 0xff;
}

bool x86_breakpoints_on_data(uint64_t dr7)
{
    for (unsigned i = 0; x86_breakpoints_enabled(dr7) && i < 4; i++)
        if (enabled(dr7, i) && (kind_of(dr7, i) & 1))
            return true;
    return false;
}

uint64_t x86_breakpoint_range(const uint64_t dr[4], uint64_t dr7, unsigned i, unsigned *size)
{
    static const unsigned sizes[] = {1, 2, 8, 4};

    *size = sizes[dr7 >> (18 + 4 * i) & 3];
    return dr[i] & ~(uint64_t)(*size - 1);
}

static bool watches(unsigned kind, enum x86_breakpoint access)
{
    return kind == access || (kind == X86_BREAK_ACCESS && access == X86_BREAK_WRITE);
}

unsigned x86_breakpoints_hit(const uint64_t dr[4], uint64_t dr7, enum x86_breakpoint access,
                             uint64_t address, unsigned size)
{
    unsigned hit = 0;

    for (unsigned i = 0; i < 4; i++) {
        unsigned length;
        uint64_t first = x86_breakpoint_range(dr, dr7, i, &length);

        if (enabled(dr7, i) && watches(kind_of(dr7, i), access) &&
            address - first + size - 1 < (uint64_t)length + size - 1)
            hit |= 1u << i;
    }
    return hit;
}
