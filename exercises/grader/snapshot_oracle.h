/*
 * What is true in exercise 11: the memory of the guest and of every snapshot, each a copy of its own, and
 * how many frames it takes to hold them all.
 *
 * A page of a memory has a version: a number that it shares with every memory that has the page by the same
 * write. Pages of one version can lie in one frame; those of two must not, equal bytes or not.
 */
#ifndef VLAB_GRADER_SNAPSHOT_ORACLE_H
#define VLAB_GRADER_SNAPSHOT_ORACLE_H

#include "exercises/grader/random.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SNAPSHOT_PAGES = 32, /* of 4 KiB */
    SNAPSHOT_BYTES = SNAPSHOT_PAGES * 4096,
    SNAPSHOT_NODES = 32,
    SNAPSHOT_NONE = SNAPSHOT_NODES, /* as a parent: there is none */
    SNAPSHOT_GUEST = SNAPSHOT_NODES /* the guest's place among the memories */
};

struct snapshot_memory {
    uint8_t bytes[SNAPSHOT_BYTES];
    uint32_t version[SNAPSHOT_PAGES];
    unsigned parent; /* of the guest: where it comes from */
    bool alive;
};

struct snapshot_oracle {
    struct snapshot_memory memories[SNAPSHOT_NODES + 1];
    bool owned[SNAPSHOT_PAGES]; /* the guest may write it without a fault */
    uint32_t versions;          /* given out so far */
    unsigned copies;            /* pages that had to be copied */
};

/* A guest whose memory is random, without snapshots. */
void oracle_begin(struct snapshot_oracle *oracle, struct grader_random *random);

void oracle_take(struct snapshot_oracle *oracle, unsigned node);
void oracle_revert(struct snapshot_oracle *oracle, unsigned node);
void oracle_delete(struct snapshot_oracle *oracle, unsigned node);

/* The guest may write a page from now on: a version of its own, where a node has the same. */
void oracle_own(struct snapshot_oracle *oracle, unsigned page);
/* It writes a word. */
void oracle_store(struct snapshot_oracle *oracle, uint32_t address, uint32_t value);

/* Has a node the guest's version of a page? */
bool oracle_is_shared(const struct snapshot_oracle *oracle, unsigned page);
bool oracle_has_children(const struct snapshot_oracle *oracle, unsigned node);
/* Different pages, over the guest and all nodes. */
unsigned oracle_frames(const struct snapshot_oracle *oracle);

#endif
