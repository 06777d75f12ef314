/*
 * A guest-physical address space as the second stage maps it, in ranges: walked with ept_walk(), so
 * that the two cannot disagree, and past an entry that maps nothing at once.
 *
 * Neighbours are one range when guest-physical and host-physical addresses go on, and page size,
 * rights and memory type are the same; where nothing is mapped, when the walk ends for the same reason.
 */
#ifndef VLAB_MMU_EPT_MAP_H
#define VLAB_MMU_EPT_MAP_H

#include "mmu/ept.h"

struct ept_range {
    uint64_t first, last; /* guest-physical, the last byte included */
    uint64_t hpa;         /* of the first byte, when page_size is not 0 */
    uint64_t page_size;   /* bytes; 0: nothing is mapped */
    uint8_t rights;       /* EPT_ bits */
    uint8_t type;         /* enum ept_type */
    uint8_t verdict;      /* enum ept_verdict */
    const char *rule;     /* static text: what ended the walk */
};

/*
 * Up to `room` ranges, ascending and without a gap from 0 on, by at most `walks` walks. Returns how
 * many there are; *cut: where it ends, EPT_GPA_END when all of it is there.
 */
unsigned ept_map_ranges(const struct ept *ept, struct ept_range *ranges, unsigned room,
                        uint64_t walks, uint64_t *cut);

#endif
