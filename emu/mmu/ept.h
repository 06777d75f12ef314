/*
 * Extended page tables: the second translation stage, guest-physical to host-physical.
 *
 * Intel SDM vol. 3, 29.3: 4 levels, pages of 4 KiB, 2 MiB and 1 GiB, rights, memory types, accessed
 * and dirty flags. The tables are real ones, in host memory (core/host_memory.h), and what the CPU
 * does follows from them alone.
 * - ept_walk() reads tables whoever made them: entries that make no sense are misconfigurations.
 * - ept_map() and its kin change the tables that ept_create() began; they own the table frames.
 * - A change takes effect for a running CPU when what it has cached is dropped: machine_ept_changed().
 */
#ifndef VLAB_MMU_EPT_H
#define VLAB_MMU_EPT_H

#include "core/host_memory.h"

#include <stdbool.h>
#include <stdint.h>

/* Bits of an entry, Tables 29-1 to 29-7. Those of access and rights are in the same order. */
#define EPT_READ (1u << 0)
#define EPT_WRITE (1u << 1)
#define EPT_EXECUTE (1u << 2)
#define EPT_ALL (EPT_READ | EPT_WRITE | EPT_EXECUTE)
#define EPT_TYPE_SHIFT 3 /* memory type of a page, 3 bits */
#define EPT_TYPE(entry) ((entry) >> EPT_TYPE_SHIFT & 7)
#define EPT_IGNORE_PAT (1u << 6)
#define EPT_PAGE (1u << 7) /* in a PDPTE or PDE: maps a page */
#define EPT_ACCESSED (1u << 8)
#define EPT_DIRTY (1u << 9)

/* Memory types, SDM vol. 3, Table 12-2. Others are reserved. */
enum ept_type { EPT_UC = 0, EPT_WC = 1, EPT_WT = 4, EPT_WP = 5, EPT_WB = 6 };

#define EPT_LEVELS 4
/* EPT pointer, Table 25-9: bits 2:0 memory type of the tables, 5:3 levels - 1, 6 A and D, address. */
#define EPTP_ACCESSED_DIRTY (1u << 6)
#define EPTP_LEVELS(eptp) (((eptp) >> 3 & 7) + 1)
#define EPTP_TABLE(eptp) ((eptp)&0x000000fffffff000ull)

/* Guest-physical addresses have 48 bits in 4 levels. */
#define EPT_GPA_END (1ull << 48)

struct ept {
    struct host_memory *host; /* not owned */
    uint64_t eptp;
    unsigned tables; /* frames of tables in use */
};

enum ept_verdict { EPT_OK, EPT_NOT_PRESENT, EPT_DENIED, EPT_MISCONFIGURED };

struct ept_step {
    uint8_t level;  /* 4 PML4, 3 PDPT, 2 PD, 1 PT */
    uint8_t rights; /* EPT_ bits, the AND over the levels so far */
    uint16_t index; /* entry in the table */
    uint64_t entry_hpa;
    uint64_t entry;
};

struct ept_walk {
    uint64_t gpa;
    uint64_t hpa;                      /* when the walk came to a page, allowed or not */
    uint64_t page_size;                /* bytes; 0: it came to none */
    struct ept_step steps[EPT_LEVELS]; /* `count` of them are filled */
    uint8_t count;                     /* entries read */
    uint8_t rights;   /* the AND over all entries read, as an EPT violation reports them */
    uint8_t type;     /* enum ept_type of the page */
    uint8_t verdict;  /* enum ept_verdict */
    const char *rule; /* static text: what decided, never NULL */
};

/* Begin an address space that maps nothing. `eptp_flags`: EPTP_ACCESSED_DIRTY or 0. -ENOMEM, -ENOSPC. */
int ept_create(struct ept *ept, struct host_memory *host, unsigned eptp_flags);
void ept_destroy(struct ept *ept); /* the tables; not what they map */

/*
 * Look one guest-physical address up for `access`, EPT_ bits that are all needed. Changes nothing.
 * A page whose HPA is in no memory is a misconfiguration, too: hardware would make it a machine check.
 */
void ept_walk(const struct ept *ept, uint64_t gpa, unsigned access, struct ept_walk *walk);

/* Are A and D in use? Then every access to a guest's paging structures counts as a write (29.3.5). */
static inline bool ept_has_accessed_dirty(const struct ept *ept)
{
    return ept->eptp & EPTP_ACCESSED_DIRTY;
}

/* Set A in each entry of an allowed walk, and D in the page's for a write; nothing without A and D. */
void ept_set_accessed_dirty(const struct ept *ept, struct ept_walk *walk, bool write);

/*
 * Map [gpa, gpa + size), whole pages of 4 KiB, to [hpa, ...) with the largest pages that fit. What
 * was mapped there is so no longer; larger pages are split where only a part of them is meant. A and D
 * begin clear. -EINVAL, -ENOMEM, -ENOSPC.
 */
int ept_map(struct ept *ept, uint64_t gpa, uint64_t hpa, uint64_t size, unsigned rights,
            enum ept_type type);

/* Map nothing there. */
int ept_unmap(struct ept *ept, uint64_t gpa, uint64_t size);

/* EPT_ bits of the page that holds `gpa`; 0 when it is not mapped. */
unsigned ept_rights(const struct ept *ept, uint64_t gpa);

/* Does a present entry of that level map a page, instead of naming a table? */
static inline bool ept_is_leaf(unsigned level, uint64_t entry)
{
    return level == 1 || (level < EPT_LEVELS && (entry & EPT_PAGE));
}

/* 29.3.3.1: why no CPU takes this entry, static text; NULL when it is in order (or not present). */
const char *ept_misconfiguration(unsigned level, uint64_t entry);

/* "WB", "UC", ...; "reserved". Static. */
const char *ept_type_name(unsigned type);

#endif
