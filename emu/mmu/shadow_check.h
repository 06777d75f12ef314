/*
 * Proof of a shadow: it is never wider than the guest's tables and the map of its memory together.
 *
 * Whatever the CPU can reach through a shadow, for each kind of access and privilege, the guest's own
 * tables and the map must allow, too, and lead to the same byte of host memory; and a guest's table
 * that the shadow was made from cannot be written through it.
 */
#ifndef VLAB_MMU_SHADOW_CHECK_H
#define VLAB_MMU_SHADOW_CHECK_H

#include "x86/paging.h"

#include <stdbool.h>
#include <stdint.h>

struct ept;

/* Entries that are looked at; tables that lead to themselves have no end. */
#define SHADOW_CHECK_ENTRIES_MAX (1u << 20)

struct shadow_breach {
    uint64_t gva;
    enum x86_access access;
    bool user;
    uint64_t hpa;     /* where the shadow leads */
    uint64_t allowed; /* where guest and map lead; valid when `why` says that they do */
    const char *why;  /* static */
};

/* A page of the guest's that must not be written through the shadow. */
struct shadow_tables {
    bool (*is_table)(const void *ctx, uint64_t gpa);
    const void *ctx;
};

/*
 * True: it holds. `cpu`: the CPU's registers, as shadow_registers() makes them; `guest`: the guest's. The
 * translation is compared for RFLAGS.AC set and PKRU 0, which allow most; that it holds for any PKRU
 * follows from equal protection keys. `tables` may be NULL.
 */
bool shadow_check(const struct x86_paging *cpu, const struct x86_paging *guest,
                  const struct ept *map, const struct shadow_tables *tables,
                  struct shadow_breach *breach);

#endif
