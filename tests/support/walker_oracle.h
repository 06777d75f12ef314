/*
 * A second page walker, to hold the machine's against: written from the tables of Intel SDM vol. 3,
 * chapter 4 alone, and shaped otherwise. It first collects every entry on the way, then asks the
 * questions of 4.6 and 4.7 about all of them. MAXPHYADDR is 40, as in the machine.
 */
#ifndef VLAB_WALKER_ORACLE_H
#define VLAB_WALKER_ORACLE_H

#include "x86/paging.h"

#include <stdbool.h>
#include <stdint.h>

enum oracle_end {
    ORACLE_PAGE,          /* there is a translation, and it may be used */
    ORACLE_GENERAL_FAULT, /* the address is not canonical */
    ORACLE_ABSENT,        /* P = 0 in the last entry */
    ORACLE_RESERVED,      /* a bit is set there that must not be */
    ORACLE_FORBIDDEN,     /* there is one, but not for this access */
    ORACLE_NO_MEMORY      /* the next entry is where nothing is */
};

struct oracle_entry {
    uint64_t gpa, value;
    unsigned bytes;     /* 4 or 8 */
    bool in_register;   /* a PDPTE of PAE paging that was loaded with CR3 */
    bool has_no_rights; /* any PDPTE of PAE paging: neither rights nor A */
};

struct oracle_walk {
    enum oracle_end end;
    struct oracle_entry entries[5];
    unsigned count;
    uint64_t gpa, page_size;
    bool writable, user, executable; /* by all entries; of a page only */
    unsigned key;                    /* protection key, of a page with 4 or 5 levels */
    uint32_t error_code;             /* of the page fault */
};

void walker_oracle(const struct x86_paging *mmu, uint64_t gva, enum x86_access access, bool user,
                   struct oracle_walk *walk);

/* 4.8: what the entry holds after the access, when `end` is ORACLE_PAGE. */
uint64_t walker_oracle_after(const struct oracle_walk *walk, unsigned i, enum x86_access access);

#endif
