/*
 * Where each object of a store is: a hash table over the packs' tables, in memory alone. Private to
 * emu/snapshot.
 *
 * Entries have numbers that hold until the index is cleared. One id may have several copies (a pack
 * being replaced, or a damaged copy that was stored anew): they hang together by `next`.
 */
#ifndef VLAB_SNAPSHOT_INDEX_H
#define VLAB_SNAPSHOT_INDEX_H

#include "snapshot/pack.h"

#define INDEX_NONE UINT32_MAX

struct index_entry {
    struct place place;
    uint32_t pack; /* its number in the store */
    uint32_t next; /* another copy, or INDEX_NONE */
    bool bad;      /* known to be damaged */
    bool complete; /* a leaf whose pages are all in the index */
};

struct index {
    struct index_entry *entries;
    uint32_t *slots; /* entry numbers, or INDEX_NONE */
    size_t count, room, slot_count;
};

void index_clear(struct index *ix);

int index_add(struct index *ix, const struct place *place, uint32_t pack); /* 0, -ENOMEM */

/* The first copy, or INDEX_NONE. */
uint32_t index_find(const struct index *ix, const struct object_id *id);

/* The first copy that is not known to be damaged, or INDEX_NONE. */
uint32_t index_find_whole(const struct index *ix, const struct object_id *id);

#endif
