/* The whole guest-physical address space in ranges (Intel SDM vol. 3, 29.3), see ept_map.h. */
#include "mmu/ept_map.h"

/* The range that holds one address, from there on. */
static void range_at(const struct ept *ept, uint64_t gpa, struct ept_range *range)
{
    struct ept_walk walk;
    uint64_t span;

    ept_walk(ept, gpa, 0, &walk);
    span = walk.page_size ? walk.page_size : 1ull << (12 + 9 * (EPT_LEVELS - walk.count));
    *range = (struct ept_range){.first = gpa,
                                .last = gpa | (span - 1),
                                .hpa = walk.hpa,
                                .page_size = walk.page_size,
                                .rights = walk.rights,
                                .type = walk.type,
                                .verdict = walk.verdict,
                                .rule = walk.rule};
}

/* Does `next`, which begins where `range` ends, belong to it? */
static bool goes_on(const struct ept_range *range, const struct ept_range *next)
{
    if (range->verdict != next->verdict || range->rule != next->rule ||
        range->page_size != next->page_size)
        return false;
    return range->page_size == 0 || (range->rights == next->rights && range->type == next->type &&
                                     range->hpa + (next->first - range->first) == next->hpa);
}

unsigned ept_map_ranges(const struct ept *ept, struct ept_range *ranges, unsigned room,
                        uint64_t walks, uint64_t *cut)
{
    struct ept_range next;
    unsigned count = 0;
    uint64_t gpa = 0;

    for (; gpa < EPT_GPA_END && walks > 0; walks--) {
        range_at(ept, gpa, &next);
        if (count && goes_on(&ranges[count - 1], &next))
            ranges[count - 1].last = next.last;
        else if (count < room)
            ranges[count++] = next;
        else
            break;
        gpa = next.last + 1;
    }
    *cut = gpa;
    return count;
}
