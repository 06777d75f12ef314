/*
 * The page walker: one for the machine's MMU, the command line and the screen.
 *
 * Intel SDM vol. 3 chapter 4: no paging, 32-bit (with and without PSE), PAE, 4-level and 5-level.
 * - The walk is a record: every entry that was read, the rights so far, and the verdict.
 * - Walking reads guest-physical memory through a callback and writes nothing; who carries out the
 *   access sets A and D afterwards with x86_walk_set_accessed_dirty().
 */
#ifndef VLAB_X86_PAGING_H
#define VLAB_X86_PAGING_H

#include <stdbool.h>
#include <stdint.h>

enum x86_access { X86_READ, X86_WRITE, X86_FETCH };

/* What the CPU has loaded that decides a translation. */
struct x86_paging {
    uint64_t cr0, cr3, cr4, efer;
    const uint64_t *pdpte; /* PAE: the four loaded with CR3; NULL: as they are in memory */
    uint32_t pkru;         /* counts with CR4.PKE, see x86_key_denies() */
    bool ac;               /* RFLAGS.AC, for SMAP */
    bool implicit; /* implicit supervisor access: descriptor tables, TSS; AC does not help */
    /* Read `size` (4 or 8) bytes at a GPA into *value, little-endian; false when nothing is there. */
    bool (*read)(void *ctx, uint64_t gpa, unsigned size, uint64_t *value);
    void *ctx;
};

/* Rights of a translation so far; effective as the AND over the levels (XD: the OR). */
#define X86_RIGHT_WRITE (1u << 0)
#define X86_RIGHT_USER (1u << 1)
#define X86_RIGHT_FETCH (1u << 2)

enum x86_walk_verdict {
    X86_WALK_OK,
    X86_WALK_NOT_CANONICAL,
    X86_WALK_NOT_PRESENT,
    X86_WALK_RESERVED,
    X86_WALK_DENIED,  /* rights: see `rule` */
    X86_WALK_NO_TABLE /* a table lies where there is no memory */
};

struct x86_walk_step {
    uint8_t level;  /* 5 PML5, 4 PML4, 3 PDPT, 2 PD, 1 PT */
    uint16_t index; /* entry in the table */
    uint64_t entry_gpa;
    uint64_t entry;
    uint8_t rights; /* X86_RIGHT_ bits after this level */
};

struct x86_walk {
    uint64_t gva;
    uint64_t gpa;       /* valid when verdict is X86_WALK_OK */
    uint64_t page_size; /* bytes; 4 KiB with paging off */
    struct x86_walk_step steps[5];
    uint8_t count;      /* steps taken */
    uint8_t entry_size; /* 4 or 8 */
    uint8_t rights;     /* effective, X86_RIGHT_ bits as the tables say */
    uint8_t key;        /* of the page: bits 62:59 of its entry with 4 or 5 levels, else 0 */
    uint8_t verdict;
    uint32_t error_code; /* of the #PF, SDM Figure 4-12; meaningful unless X86_WALK_OK */
    const char *rule;    /* static text: what decided, never NULL */
    /* For the same linear address and privilege, without a further walk: */
    bool may_read, may_write, may_fetch;
    bool dirty; /* the leaf's D bit is set (or paging is off) */
};

#define PF_PRESENT (1u << 0)
#define PF_WRITE (1u << 1)
#define PF_USER (1u << 2)
#define PF_RSVD (1u << 3)
#define PF_FETCH (1u << 4)
#define PF_PK (1u << 5)

/* PKRU, SDM vol. 3, 4.6.2: two bits for each of the 16 keys. */
#define PKRU_AD(key) (1u << 2 * (key)) /* no data access to a user page with that key */
#define PKRU_WD(key) (2u << 2 * (key)) /* no write: by a user; with CR0.WP also by a supervisor */

/* Levels of tables that these registers use, 2 to 5; 0: paging is off. 3 is PAE paging. */
unsigned x86_paging_levels(const struct x86_paging *mmu);

/* Is PAE paging in use with these registers? */
bool x86_paging_is_pae(const struct x86_paging *mmu);

/*
 * What MOV to CR3 does in PAE paging: read the PDPTEs from memory (SDM 4.4.1). False, and nothing
 * loaded, when one that is present has a reserved bit set: #GP(0).
 */
bool x86_load_pdptes(const struct x86_paging *mmu, uint64_t pdpte[4]);

/* Translate one linear address. `user`: CPL 3 and not an implicit supervisor access. */
void x86_walk(const struct x86_paging *mmu, uint64_t gva, enum x86_access access, bool user,
              struct x86_walk *walk);

/* Does a present entry of that level map a page, instead of naming a table? */
bool x86_entry_is_leaf(const struct x86_paging *mmu, unsigned level, uint64_t entry);

/*
 * Bytes of linear addresses, a power of two, that what ended the walk decides about: the page, or
 * what an entry that is not present, reserved or out of memory would have mapped. 4 KiB with paging
 * off; 0 where the address is not canonical.
 */
uint64_t x86_walk_span(const struct x86_walk *walk);

/* SDM 4.6: may this access use a page with these rights (X86_RIGHT_ bits) and this protection key? */
bool x86_rights_allow(const struct x86_paging *mmu, uint8_t rights, uint8_t key,
                      enum x86_access access, bool user);

/* Are protection keys in use with these registers? CR4.PKE, in 4-level or 5-level paging. */
bool x86_paging_has_keys(const struct x86_paging *mmu);

/*
 * SDM 4.6.2: is it PKRU that does not let this access use a page with these rights and this key? Then
 * PF_PK is set, whatever else is against it (4.7).
 */
bool x86_key_denies(const struct x86_paging *mmu, uint8_t rights, uint8_t key,
                    enum x86_access access, bool user);

/* The entry of step `i` as a successful walk leaves it: with A, and D in the leaf for a write. */
uint64_t x86_walk_entry_after(const struct x86_walk *walk, unsigned i, enum x86_access access);

/*
 * Set A in every entry of a successful walk, and D in the leaf for a write, through `write`.
 * Returns true when any entry changed.
 */
bool x86_walk_set_accessed_dirty(struct x86_walk *walk, enum x86_access access,
                                 void (*write)(void *ctx, uint64_t gpa, unsigned size,
                                               uint64_t value),
                                 void *ctx);

#endif
