/*
 * The host of exercise 07: frames that a student's program takes, two guests whose CPUs walk the tables
 * that it makes in them, and an audit of those tables.
 *
 * A breach is what no hypervisor may do, whatever else works: a guest that could reach what is not its
 * own, tables that no CPU takes. It is found after every answer.
 */
#ifndef VLAB_GRADER_EPT_WORLD_H
#define VLAB_GRADER_EPT_WORLD_H

#include "core/machine.h"
#include "exercises/grader/dialogue.h"
#include "exercises/grader/ept_guest.h"
#include "exercises/grader/frames.h"

enum { EPT_GUESTS = 2 };

struct ept_world {
    struct host_memory *host;
    uint64_t image; /* HPA */
    const struct ept_guest *guest;
    unsigned image_held[EPT_IMAGE_PAGES];
    struct frames frames; /* the student's */
    struct machine *machines[EPT_GUESTS];
    struct ept tables[EPT_GUESTS]; /* the student's */
    bool alive[EPT_GUESTS];        /* has tables */
    char breach[160];              /* "" as long as there is none */
};

/* Two machines and the image of `guest`, which stays the caller's. Negative: this host cannot. */
int ept_world_create(struct ept_world *world, const struct ept_guest *guest, struct error *err);
void ept_world_destroy(struct ept_world *world);

/* What a program may reach of it. */
struct world ept_world_memory(struct ept_world *world);

/* A guest begins with that EPT pointer, with the CPU in front of a part. A bad pointer is a breach. */
void ept_world_begin(struct ept_world *world, unsigned guest, uint64_t eptp);
void ept_world_enter(struct ept_world *world, unsigned guest, unsigned part);
void ept_world_end(struct ept_world *world, unsigned guest);

/* Look at all tables. False: world->breach says what is wrong. */
bool ept_world_audit(struct ept_world *world);

/* The first word of a guest's RAM that is not as after that part; EPT_WORDS when all are. *came: it. */
uint32_t ept_world_compare(const struct ept_world *world, unsigned guest, unsigned part,
                           uint32_t *came);

#endif
