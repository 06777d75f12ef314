/* What a snapshot of a machine would add to a store, without taking it. */
#ifndef VLAB_SNAPSHOT_COST_H
#define VLAB_SNAPSHOT_COST_H

#include "core/machine.h"
#include "snapshot/store.h"

struct snapshot_cost {
    uint64_t pages; /* different ones, of RAM, disk and ROM, that no snapshot of the store has */
    uint64_t bytes; /* of these and of new lists of pages: by so many store_usage.unique grows */
};

/* Between runs. Every page is read, and none is written anywhere. -ENOMEM; as store_missing(). */
int snapshot_cost(struct store *store, const struct machine *m, struct snapshot_cost *cost,
                  struct error *err);

#endif
