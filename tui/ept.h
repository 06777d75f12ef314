/*
 * The second stage as the screen shows it: the walk of one guest-physical address, the page at its end,
 * the table that holds one of its entries, and all of guest-physical memory in ranges. A copy of one
 * moment.
 */
#ifndef VLAB_TUI_EPT_H
#define VLAB_TUI_EPT_H

#include "mmu/ept_map.h"
#include "tui/memory.h"

struct ept_question {
    bool on;                   /* else nothing is walked */
    struct memory_place place; /* guest-physical */
    uint8_t level;             /* of the table that is listed; 0: the last that the walk read */
};

bool ept_question_equal(const struct ept_question *a, const struct ept_question *b);

enum { EPT_RANGES = 256, EPT_ENTRIES = 512 };
#define EPT_WALKS 65536u

/* What the machine knows of the page behind a guest-physical address. */
struct ept_page {
    bool has_slot;       /* RAM or ROM */
    bool rom, alias;     /* alias: the memory belongs to another slot, too */
    bool shared;         /* copy-on-write */
    bool dirty;          /* in the dirty log */
    uint32_t references; /* to the frame: of this guest and of others */
    uint64_t hpa;        /* where the machine itself finds it */
};

struct ept_look {
    struct ept_question asked;
    bool on;     /* it was asked for, and there is a machine */
    bool own;    /* the tables are the machine's, made from its memory slots */
    bool walked; /* the CPU walks them; with shadow paging it does not */
    uint64_t gpa;
    uint64_t eptp;
    unsigned tables; /* frames of them */
    struct ept_walk walk;
    struct ept_page page;
    bool has_table;
    uint8_t table_level;
    uint64_t table_hpa;
    uint64_t entries[EPT_ENTRIES];
    unsigned count; /* ranges */
    uint64_t cut;   /* see ept_map_ranges() */
    struct ept_range ranges[EPT_RANGES];
};

/* Both looks know the entry at that host-physical address, and its value differs. *was: before. */
bool ept_entry_changed(const struct ept_look *before, uint64_t entry_hpa, uint64_t entry,
                       uint64_t *was);
/* The range that holds an address; look->count when it was cut off. */
unsigned ept_range_at(const struct ept_look *look, uint64_t gpa);
bool ept_range_is_new(const struct ept_look *before, const struct ept_range *range);

/* The entry of the listed table that an address goes through, and an entry's first address. */
unsigned ept_entry_index(const struct ept_look *look, uint64_t gpa);
uint64_t ept_entry_gpa(const struct ept_look *look, unsigned index);
/* From `index` on, entries that map nothing and so are shown in one; 1 for one that is present. */
unsigned ept_entry_run(const struct ept_look *look, const struct ept_look *before, unsigned index);

#endif
