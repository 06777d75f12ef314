/*
 * The whole linear address space in ranges (Intel SDM vol. 3, 4.3 to 4.5), see page_map.h.
 *
 * Left out: memory types, A and D, and what a TLB still holds.
 */
#include "x86/page_map.h"

#include "x86/regs.h"

#define ENTRY_G (1ull << 8)

/*
 * Neighbours go through the same tables but for the last: what the walk before read at the same step is
 * kept, so that a map costs one read a page.
 */
struct entry_read {
    bool valid, there;
    uint64_t gpa, value;
};

struct reader {
    const struct x86_paging *mmu;
    unsigned step; /* reads of this walk so far */
    struct entry_read entries[5];
};

static bool read_entry(void *ctx, uint64_t gpa, unsigned size, uint64_t *value)
{
    struct reader *reader = ctx;
    struct entry_read *entry = &reader->entries[reader->step++];

    if (!entry->valid || entry->gpa != gpa) {
        entry->there = reader->mmu->read(reader->mmu->ctx, gpa, size, &entry->value);
        entry->gpa = gpa;
        entry->valid = true;
    }
    *value = entry->value;
    return entry->there;
}

static uint64_t last_linear(const struct x86_paging *mmu)
{
    return mmu->efer & EFER_LMA ? UINT64_MAX : UINT32_MAX;
}

/* The last address that is not canonical, SDM vol. 1, 3.3.7.1: bits 63:N are not all the same. */
static uint64_t last_not_canonical(unsigned levels)
{
    unsigned bits = 12 + 9 * levels;

    return ~(1ull << (bits - 1));
}

/*
 * The range that holds one address, from there on. The access is one that nothing but the tables
 * can end: a supervisor's read, which SMAP does not stop.
 */
static void range_at(const struct x86_paging *mmu, uint64_t gva, struct x86_range *range)
{
    struct x86_walk walk;
    uint64_t span;

    x86_walk(mmu, gva, X86_READ, false, &walk);
    span = x86_walk_span(&walk);
    *range = (struct x86_range){.first = gva, .verdict = walk.verdict, .rule = walk.rule};
    range->last = span ? gva | (span - 1) : last_not_canonical(x86_paging_levels(mmu));
    if (walk.verdict != X86_WALK_OK)
        return;
    range->gpa = walk.gpa;
    range->page_size = walk.page_size;
    range->rights = walk.rights;
    range->key = x86_paging_has_keys(mmu) ? walk.key : 0;
    range->global = (mmu->cr4 & CR4_PGE) && (walk.steps[walk.count - 1].entry & ENTRY_G);
}

/* Does `next`, which begins where `range` ends, belong to it? */
static bool goes_on(const struct x86_range *range, const struct x86_range *next)
{
    if (range->verdict != next->verdict)
        return false;
    if (range->verdict != X86_WALK_OK)
        return true;
    return range->page_size == next->page_size && range->rights == next->rights &&
           range->global == next->global && range->key == next->key &&
           range->gpa + (next->first - range->first) == next->gpa;
}

static void cut(struct x86_page_map *map, uint64_t at, const char *limit)
{
    map->cut = true;
    map->cut_at = at;
    map->limit = limit;
}

/* False: no room. */
static bool add(struct x86_page_map *map, struct x86_range *ranges, unsigned room,
                const struct x86_range *next)
{
    if (map->count && goes_on(&ranges[map->count - 1], next)) {
        ranges[map->count - 1].last = next->last;
        return true;
    }
    if (map->count == room) {
        cut(map, next->first, "ranges");
        return false;
    }
    ranges[map->count++] = *next;
    return true;
}

void x86_page_map(const struct x86_paging *mmu, struct x86_range *ranges, unsigned room,
                  uint64_t walks, struct x86_page_map *map)
{
    struct reader reader = {.mmu = mmu};
    struct x86_paging cpu = *mmu;
    struct x86_range next;
    uint64_t gva = 0;

    cpu.read = read_entry;
    cpu.ctx = &reader;
    cpu.ac = true;
    cpu.pkru = 0;
    cpu.implicit = false;
    *map =
        (struct x86_page_map){.levels = x86_paging_levels(mmu), .keys = x86_paging_has_keys(mmu)};
    if (map->levels == 0)
        return;
    do {
        if (map->walks == walks) {
            cut(map, gva, "page walks");
            return;
        }
        map->walks++;
        reader.step = 0;
        range_at(&cpu, gva, &next);
        if (!add(map, ranges, room, &next))
            return;
        gva = next.last + 1;
    } while (next.last < last_linear(mmu));
}
