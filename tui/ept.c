/* What an answer about the second stage says of its entries. See ept.h. */
#include "tui/ept.h"

bool ept_question_equal(const struct ept_question *a, const struct ept_question *b)
{
    if (!a->on || !b->on)
        return a->on == b->on;
    return memory_place_equal(&a->place, &b->place) && a->level == b->level;
}

static bool find_entry(const struct ept_look *look, uint64_t hpa, uint64_t *entry)
{
    for (unsigned i = 0; i < look->walk.count; i++)
        if (look->walk.steps[i].entry_hpa == hpa) {
            *entry = look->walk.steps[i].entry;
            return true;
        }
    if (!look->has_table || hpa < look->table_hpa || (hpa - look->table_hpa) / 8 >= EPT_ENTRIES)
        return false;
    *entry = look->entries[(hpa - look->table_hpa) / 8];
    return true;
}

bool ept_entry_changed(const struct ept_look *before, uint64_t entry_hpa, uint64_t entry,
                       uint64_t *was)
{
    return before->on && find_entry(before, entry_hpa, was) && *was != entry;
}

unsigned ept_range_at(const struct ept_look *look, uint64_t gpa)
{
    unsigned i = 0;

    while (i < look->count && look->ranges[i].last < gpa)
        i++;
    return i;
}

bool ept_range_is_new(const struct ept_look *before, const struct ept_range *range)
{
    const struct ept_range *old;
    unsigned i = before->on ? ept_range_at(before, range->first) : 0;

    if (!before->on || i == before->count)
        return false;
    old = &before->ranges[i];
    return old->first != range->first || old->last != range->last || old->hpa != range->hpa ||
           old->page_size != range->page_size || old->rights != range->rights ||
           old->type != range->type || old->verdict != range->verdict;
}

static unsigned entry_shift(const struct ept_look *look)
{
    return 12 + 9 * (look->table_level - 1u);
}

unsigned ept_entry_index(const struct ept_look *look, uint64_t gpa)
{
    return (unsigned)(gpa >> entry_shift(look)) & (EPT_ENTRIES - 1);
}

uint64_t ept_entry_gpa(const struct ept_look *look, unsigned index)
{
    uint64_t below = (1ull << (entry_shift(look) + 9)) - 1;

    return (look->gpa & ~below) | (uint64_t)index << entry_shift(look);
}

static bool is_plain_absent(const struct ept_look *look, const struct ept_look *before,
                            unsigned index)
{
    uint64_t was;

    return !(look->entries[index] & EPT_ALL) &&
           !ept_entry_changed(before, look->table_hpa + index * 8ull, look->entries[index], &was);
}

unsigned ept_entry_run(const struct ept_look *look, const struct ept_look *before, unsigned index)
{
    unsigned end = index;

    while (end < EPT_ENTRIES && is_plain_absent(look, before, end))
        end++;
    return end == index ? 1 : end - index;
}
