/*
 * Which pages of RAM the guest writes, for the screen: from the dirty log, by runs. A run is what one
 * command of the user did: a step, a continue. A copy of one moment.
 *
 * To start a new log costs a guest nothing that it or its exits could show, but for shadow paging: there
 * each page would make a page fault again. So there the log goes on, and a page is seen in the run that
 * writes it first.
 *
 * To go back in time begins the counting anew.
 */
#ifndef VLAB_TUI_HEAT_H
#define VLAB_TUI_HEAT_H

#include <stdbool.h>
#include <stdint.h>

enum { HEAT_CELLS = 16384 };

/* Pages of guest-physical memory that lie together. */
struct heat_cell {
    uint16_t last; /* pages of it that were written in the last run, or in the one under way */
    uint16_t ever; /* pages of it that were written since the start */
    uint16_t runs; /* runs in which its most written page was; 65535: as many at least */
};

struct heat_look {
    bool on;             /* it was asked for, and there is a machine */
    bool first_only;     /* shadow paging: only a page's first write is seen */
    uint64_t pages;      /* of RAM */
    uint32_t cell_size;  /* pages in a cell */
    uint32_t count;      /* cells */
    uint64_t last, ever; /* pages, in all cells */
    uint64_t runs;       /* since the start */
    struct heat_cell cells[HEAT_CELLS];
};

#endif
