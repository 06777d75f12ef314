/* Exercise 11: what your snapshots are asked for. README.md has the rules. */
#ifndef VLAB_EXERCISE_SNAPSHOT_H
#define VLAB_EXERCISE_SNAPSHOT_H

#include <stdint.h>

enum {
    PAGES = 32,  /* of 4 KiB, the guest's memory */
    NODES = 32,  /* snapshots at a time, numbered from 0 on */
    NONE = NODES /* in place of a node: there is none */
};

/*
 * An entry of the map: the address of a frame, and one of these. They are the low bits of an EPT entry of
 * the last level (SDM vol. 3, Table 29-7): the guest's CPU walks your map.
 */
#define PAGE_READ 0x35u  /* a write is a write fault */
#define PAGE_WRITE 0x37u /* the guest writes the frame, and nobody hears of it */
#define FRAME_OF(entry) ((entry)&0x000ffffffffff000ull)

/*
 * The guest begins. `map` is the address of PAGES entries of 8 bytes in host memory, for host_read64() and
 * host_write64(). A frame is entered for each page, with PAGE_WRITE; its one reference is yours now.
 */
void begin(uint64_t map);

/* The guest's memory, as it is, becomes this node: a child of the one that the guest comes from. */
void take(unsigned node);

/* The guest is about to write a page that is entered with PAGE_READ: make it writable. */
void write_fault(unsigned page);

/* The guest's memory is this node's again, and the guest comes from it. What it had is gone. */
void revert(unsigned node);

/* The node is gone, and its number is free. Its children, and a guest that comes from it, get its parent. */
void delete_node(unsigned node);

/* The parent of a node, or NONE. */
unsigned parent_of(unsigned node);

#endif
