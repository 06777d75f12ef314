/* Different pages, counted: see page_set.h. Open addressing in a table that is at most half full. */
#include "page_set.h"

#include "core/pages.h"

#include <stdlib.h>

bool page_set_make(struct page_set *set, size_t most)
{
    size_t capacity = 16;

    while (capacity < 2 * most)
        capacity *= 2;
    *set = (struct page_set){.slots = calloc(capacity, sizeof(*set->slots)), .capacity = capacity};
    return set->slots;
}

void page_set_free(struct page_set *set)
{
    free(set->slots);
    *set = (struct page_set){0};
}

static bool is_free(const XXH128_hash_t *slot)
{
    return !slot->low64 && !slot->high64;
}

void page_set_add(struct page_set *set, const uint8_t *page)
{
    XXH128_hash_t hash;
    size_t at;

    if (page_is_zero(page))
        return;
    hash = XXH3_128bits(page, PAGE_SIZE);
    at = hash.low64 & (set->capacity - 1);
    while (!is_free(&set->slots[at]) && !XXH128_isEqual(set->slots[at], hash))
        at = (at + 1) & (set->capacity - 1);
    set->count += is_free(&set->slots[at]);
    set->slots[at] = hash;
}
