/*
 * One access through both translation stages (Intel SDM vol. 3, 29.3.2): the guest's tables, each of
 * which is itself guest-physical, and the second stage for the page at their end.
 *
 * The guest's walker (x86/paging.h) reads its tables through nested_read(), which walks the second
 * stage (mmu/ept.h) for each of them. The CPU does it this way, and who only looks does, too.
 * What refuses is told as the exit that it would make: an exception with its error code, an EPT
 * violation with its qualification, an EPT misconfiguration.
 */
#ifndef VLAB_CORE_NESTED_H
#define VLAB_CORE_NESTED_H

#include "core/exit.h"
#include "core/machine.h"
#include "mmu/ept.h"

#define NESTED_TABLES_MAX 5

/* The guest's tables through the second stage: `ctx` of nested_read(). */
struct nested_tables {
    const struct ept *ept;
    struct ept_walk walks[NESTED_TABLES_MAX]; /* of each entry that was asked for, in order */
    unsigned count;
    bool refused; /* the last one was */
};

/* For x86_paging.read. False: the second stage refused, see the last walk. */
bool nested_read(void *ctx, uint64_t gpa, unsigned size, uint64_t *value);

/*
 * May the CPU set the accessed and dirty flags that a successful `walk` asks for? Each is a write to
 * the table. The first that is refused, or NULL; nothing is written. The refusal's rights are those of
 * the entry's page.
 */
const struct ept_walk *nested_flags_refused(struct nested_tables *tables,
                                            const struct x86_walk *walk, enum x86_access access);

/* Which entry of the guest's walk was refused last: where, and for what. */
struct nested_access {
    const struct ept_walk *refused;
    unsigned access;              /* EPT_ bits of what was tried */
    const struct x86_walk *guest; /* the translation of the linear address; NULL: it was a table */
    bool no_linear;               /* no linear address was being translated: PDPTEs, MOV to CR3 */
};

/* Exit qualification of an EPT violation, Table 28-7; bit 12 is the backend's to add. */
uint64_t nested_qualification(const struct nested_access *access);

enum nested_verdict {
    NESTED_ALLOWED,
    NESTED_GUEST,    /* the guest's own tables, or an address that is not canonical: an exception */
    NESTED_TABLE,    /* the second stage, for a table of the guest: violation or misconfiguration */
    NESTED_PAGE,     /* the second stage, for the page: a violation */
    NESTED_MISCONFIG /* ... or a misconfiguration */
};

struct nested_walk {
    struct x86_walk guest;
    /* Of each entry's address, by step of `guest`, and of the one that was refused; count 0: the
       entry is in a register. */
    struct ept_walk tables[NESTED_TABLES_MAX];
    struct ept_walk page;  /* when `guest` came to a page that it allows; else count 0 */
    unsigned reads;        /* entries of the guest read from memory; PDPTEs in registers are not */
    unsigned nested_reads; /* with the entries of the second stage that these and the page needed */
    enum nested_verdict verdict;
    struct vm_exit refused; /* reason and what belongs to it; unless NESTED_ALLOWED */
};

/* NESTED_TABLE: the walk of the second stage that refused. */
const struct ept_walk *nested_refused_table(const struct nested_walk *walk);

/* Walk, and change nothing. `user`: at CPL 3. */
void machine_nested_walk(const struct machine *m, uint64_t gva, enum x86_access access, bool user,
                         struct nested_walk *walk);

/* The same with other registers than the CPU has; `read` and `ctx` of `mmu` do not matter. */
void nested_walk(const struct ept *ept, const struct x86_paging *mmu, uint64_t gva,
                 enum x86_access access, bool user, struct nested_walk *walk);

/* EPT_ bit of an access. */
static inline unsigned nested_right(enum x86_access access)
{
    return access == X86_WRITE ? EPT_WRITE : access == X86_FETCH ? EPT_EXECUTE : EPT_READ;
}

/* Bits that an access to a guest's table needs: with A and D every one counts as a write (29.3.5). */
static inline unsigned nested_table_right(const struct ept *ept)
{
    return ept_has_accessed_dirty(ept) ? EPT_READ | EPT_WRITE : EPT_READ;
}

#endif
