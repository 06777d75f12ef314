/*
 * The tree of snapshots, for the screen: the nodes of the open lab, what differs between one of them and
 * now, what a restore would drop. A copy of one moment.
 */
#ifndef VLAB_TUI_SNAPSHOTS_H
#define VLAB_TUI_SNAPSHOTS_H

#include "snapshot/node.h"
#include "trace/timeline.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SNAPSHOT_ROWS = 128,
    SNAPSHOT_DIFFS = 96,
    SNAPSHOT_DIFF_TEXT = 120,
    SNAPSHOT_CELLS = 8192,
    SNAPSHOT_POINTS = 128
};

struct snapshot_row {
    char id[NODE_ID_SIZE];
    char name[NODE_NAME_SIZE];
    char note[80];
    unsigned depth; /* 0: a root */
    uint32_t lines; /* snapshot/branches.h */
    bool has_ram;
    uint64_t exits, insns;
    uint64_t own, naive; /* bytes: stored for it alone; what a copy of all would take */
    uint64_t added;      /* bytes of pages that no snapshot before it has */
    unsigned point;      /* of the growth, where it came */
};

/* What all snapshots up to one of them take: bytes of different pages, and as copies. */
struct snapshot_point {
    uint64_t unique, naive;
};

/* What is asked about the tree. */
struct snapshots_question {
    bool on;
    char id[NODE_ID_SIZE];   /* to compare: what differs from it to now; "": nothing */
    char from[NODE_ID_SIZE]; /* or from this one to it; "": now */
};

struct snapshots_look {
    bool on;
    struct snapshots_question asked;
    char why_not[160];                       /* there is no tree: why; else "" */
    struct snapshot_row rows[SNAPSHOT_ROWS]; /* parents before their children */
    unsigned count;                          /* of them; */
    uint64_t all;                            /* nodes of the lab */
    char here
        [NODE_ID_SIZE]; /* the last that the machine was at, up to now; "": it is from the start */
    bool unsaved;       /* it is not at that one now, but behind it */
    char last[NODE_ID_SIZE];        /* the last of all its recorded time */
    struct moment since;            /* when it stood there */
    uint64_t new_pages, new_bytes;  /* that no snapshot has, and what one of now would add */
    uint64_t stored, unique, naive; /* bytes, of the whole store */
    struct snapshot_point growth[SNAPSHOT_POINTS]; /* of the whole store, by time */
    unsigned growth_count;
    bool compared;              /* what follows is about asked.id, and asked.from */
    char why_not_compared[160]; /* else, when it was asked for */
    char diffs[SNAPSHOT_DIFFS][SNAPSHOT_DIFF_TEXT];
    unsigned diff_count;                   /* lines that are here */
    uint64_t diff_all;                     /* differences in all */
    uint64_t diff_pages, diff_bytes;       /* of memory */
    uint64_t restore_pages, restore_bytes; /* the same from asked.id to now */
    uint64_t pages;                        /* of RAM, */
    uint32_t cell_size, cell_count;        /* in so many cells of so many pages: */
    uint16_t cells[SNAPSHOT_CELLS];        /* how many of its pages differ */
};

#endif
