/* Where each object of a store is, see index.h: open addressing, at most half full. */
#include "snapshot/index.h"

#include "util/bytes.h"

#include <errno.h>
#include <stdlib.h>

#define SLOTS_FIRST 1024u
#define ENTRIES_MAX (UINT32_MAX / 2)

void index_clear(struct index *ix)
{
    free(ix->entries);
    free(ix->slots);
    *ix = (struct index){0};
}

/* The slot of the id, or the free one where it would be. Ids are hashes already. */
static uint32_t *slot_of(const struct index *ix, const struct object_id *id)
{
    size_t at = (size_t)get_le64(id->bytes) & (ix->slot_count - 1);

    while (ix->slots[at] != INDEX_NONE &&
           !object_id_equal(&ix->entries[ix->slots[at]].place.id, id))
        at = (at + 1) & (ix->slot_count - 1);
    return &ix->slots[at];
}

/* Again into twice the slots. Only the first of several copies has one. */
static int grow_slots(struct index *ix)
{
    struct index old = *ix;

    ix->slot_count = old.slot_count ? old.slot_count * 2 : SLOTS_FIRST;
    ix->slots = malloc(ix->slot_count * sizeof(*ix->slots));
    if (!ix->slots) {
        *ix = old;
        return -ENOMEM;
    }
    for (size_t i = 0; i < ix->slot_count; i++)
        ix->slots[i] = INDEX_NONE;
    for (size_t i = 0; i < old.slot_count; i++)
        if (old.slots[i] != INDEX_NONE)
            *slot_of(ix, &ix->entries[old.slots[i]].place.id) = old.slots[i];
    free(old.slots);
    return 0;
}

static int grow_entries(struct index *ix)
{
    size_t room = ix->room ? ix->room * 2 : SLOTS_FIRST / 2;
    struct index_entry *entries = realloc(ix->entries, room * sizeof(*entries));

    if (!entries)
        return -ENOMEM;
    ix->entries = entries;
    ix->room = room;
    return 0;
}

int index_add(struct index *ix, const struct place *place, uint32_t pack)
{
    uint32_t *slot;

    if (ix->count >= ENTRIES_MAX || (ix->count == ix->room && grow_entries(ix)) ||
        (ix->count * 2 >= ix->slot_count && grow_slots(ix)))
        return -ENOMEM;
    slot = slot_of(ix, &place->id);
    ix->entries[ix->count] =
        (struct index_entry){.place = *place, .pack = pack, .next = INDEX_NONE};
    if (*slot == INDEX_NONE) {
        *slot = (uint32_t)ix->count++;
        return 0;
    }
    ix->entries[ix->count].next = ix->entries[*slot].next;
    ix->entries[*slot].next = (uint32_t)ix->count++;
    return 0;
}

uint32_t index_find(const struct index *ix, const struct object_id *id)
{
    return ix->slot_count ? *slot_of(ix, id) : INDEX_NONE;
}

uint32_t index_find_whole(const struct index *ix, const struct object_id *id)
{
    uint32_t n = index_find(ix, id);

    while (n != INDEX_NONE && ix->entries[n].bad)
        n = ix->entries[n].next;
    return n;
}
