/*
 * A linear address space as its tables map it, in ranges: walked page by page with x86_walk(), so
 * that the two cannot disagree, and past an entry that maps nothing at once.
 *
 * - Neighbours are one range when linear and guest-physical addresses go on, and page size, rights,
 *   G and protection key are the same; holes, when the walk ends for the same reason.
 * - The tables are a guest's: they may lead back to themselves, or nowhere. What is done is bounded
 *   by the room for ranges and by a number of walks, and the map says where it was cut.
 */
#ifndef VLAB_X86_PAGE_MAP_H
#define VLAB_X86_PAGE_MAP_H

#include "x86/paging.h"

#include <stdbool.h>
#include <stdint.h>

/* Walks for a map of all there is to see: 16 GiB of 4 KiB pages. */
#define X86_MAP_WALKS_MAX (4u << 20)

struct x86_range {
    uint64_t first, last; /* linear, the last byte included */
    uint64_t gpa;         /* of the first byte, when verdict is X86_WALK_OK */
    uint64_t page_size;   /* bytes; 0: a hole */
    uint8_t rights;       /* X86_RIGHT_ bits as the tables say */
    bool global;          /* G of the leaf, where CR4.PGE makes it count */
    uint8_t key;          /* protection key, where CR4.PKE makes it count; else 0 */
    uint8_t verdict;      /* enum x86_walk_verdict: X86_WALK_OK, or why there is a hole */
    const char *rule;     /* static text: what ended the walk in a hole */
};

struct x86_page_map {
    unsigned levels;   /* 2 to 5; 0: paging is off, and there are no ranges */
    bool keys;         /* pages have protection keys */
    unsigned count;    /* ranges filled, ascending, without a gap up to the end or the cut */
    uint64_t walks;    /* page walks made */
    bool cut;          /* there is more, */
    uint64_t cut_at;   /* from this linear address on */
    const char *limit; /* and what was used up: "ranges", "page walks"; static */
};

/* `room`: of `ranges`, at least 1. `walks`: at most so many page walks. */
void x86_page_map(const struct x86_paging *mmu, struct x86_range *ranges, unsigned room,
                  uint64_t walks, struct x86_page_map *map);

#endif
