/*
 * The host of exercise 11: a guest whose CPU walks a map that the student's program keeps, the frames behind
 * it, and an audit of both.
 *
 *   guest-physical
 *   000000  the guest's memory, SNAPSHOT_PAGES: the last table of its second stage is the student's map
 *   200000  code and a list of stores, the judge's own: the guest makes them one by one
 */
#ifndef VLAB_GRADER_SNAPSHOT_WORLD_H
#define VLAB_GRADER_SNAPSHOT_WORLD_H

#include "core/machine.h"
#include "exercises/grader/dialogue.h"
#include "exercises/grader/frames.h"
#include "exercises/grader/snapshot_oracle.h"

enum { SNAPSHOT_STORES_MAX = 64 };

struct snapshot_store {
    uint32_t address, value; /* a word of the guest's memory */
};

struct snapshot_world {
    struct host_memory *host;
    struct machine *machine;
    struct ept ept;
    uint64_t map;         /* HPA of SNAPSHOT_PAGES entries */
    uint64_t list;        /* HPA of the stores */
    struct frames frames; /* the student's; those that the guest begins with are among them */
    unsigned taken;       /* frames, ever, beside those */
    char breach[160];     /* "" as long as there is none */
};

/* A guest with the oracle's memory, which is entered in the map. Negative: this host cannot. */
int snapshot_world_create(struct snapshot_world *world, const struct snapshot_oracle *oracle,
                          struct error *err);
void snapshot_world_destroy(struct snapshot_world *world);

/* What a program may reach of it. */
struct world snapshot_world_memory(struct snapshot_world *world);

/* Put the CPU in front of `count` stores, 1 to SNAPSHOT_STORES_MAX. */
void snapshot_world_enter(struct snapshot_world *world, const struct snapshot_store *stores,
                          unsigned count);
/* How many of them are still to be made. */
unsigned snapshot_world_left(const struct snapshot_world *world);

bool snapshot_world_is_writable(const struct snapshot_world *world, unsigned page);

/*
 * Is the map in order, the guest's memory what it should be, and no page writable that a node has, too?
 * False: world->breach says what is wrong.
 */
bool snapshot_world_audit(struct snapshot_world *world, const struct snapshot_oracle *oracle);

#endif
