/*
 * A node of the tree of snapshots: one moment of one machine.
 *
 * - The machine's own state is opaque bytes. Its memory and its disk are lists of leaves; a leaf is
 *   an object that holds the ids of up to STORE_LEAF_PAGES pages of 4 KiB, so equal stretches are
 *   stored once, whoever has them.
 * - A leaf whose id is all zero is STORE_LEAF_PAGES pages of zeros, as far as the memory or the disk
 *   goes; a page whose id is all zero is one of zeros.
 * - `state`, `ram` and `disk` belong to the node: node_free() frees them.
 */
#ifndef VLAB_SNAPSHOT_NODE_H
#define VLAB_SNAPSHOT_NODE_H

#include "snapshot/object.h"

#define STORE_PAGE_SIZE 4096u
#define STORE_LEAF_PAGES 64u

#define NODE_ID_SIZE 17 /* 16 hex digits and NUL */
#define NODE_LAB_SIZE 64
#define NODE_NAME_SIZE 64
#define NODE_NOTE_SIZE 512
#define NODE_STATE_MAX (16u << 20) /* bytes */
#define NODE_LEAVES_MAX (1u << 20) /* of each list: 256 GiB */

struct node {
    char id[NODE_ID_SIZE];
    char parent[NODE_ID_SIZE]; /* "": a root */
    char lab[NODE_LAB_SIZE];   /* text: printable UTF-8 without control characters */
    char name[NODE_NAME_SIZE];
    char note[NODE_NOTE_SIZE];
    int64_t created;   /* seconds since 1970 */
    uint64_t exits;    /* of the machine so far */
    uint64_t insns;    /* instructions retired so far */
    uint64_t ram_size; /* bytes */
    bool has_ram;
    uint8_t *state;
    size_t state_size; /* bytes, up to NODE_STATE_MAX */
    struct object_id *ram;
    size_t ram_count; /* leaves, up to NODE_LEAVES_MAX */
    struct object_id *disk;
    size_t disk_count;
};

/* Frees what a node points to, and forgets it; not the struct. */
void node_free(struct node *node);

/* Whether it is NUL-terminated in `size` bytes, and may be shown on a terminal as it is. */
bool node_text_is_good(const char *text, size_t size);

#endif
