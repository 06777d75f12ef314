/*
 * Shadow page tables: how a hypervisor translates for a CPU that has no second stage. The CPU walks
 * tables of the hypervisor's, in host memory, which map a guest's linear addresses straight to
 * host-physical ones; the guest's own tables are only read by the hypervisor.
 *
 * - A shadow never allows more than the guest's tables and the map of its memory (mmu/ept.h) do
 *   together; shadow_check.h proves it. What it lacks is filled in when the guest faults on it.
 * - A guest's page that a shadow was made from is tracked: no shadow maps it writable, so each store
 *   there is a fault, and the shadow follows the table (shadow_sync()).
 * - A shadow's last entry has the protection key of the guest's page, which the CPU holds against the
 *   guest's own PKRU: WRPKRU is no exit.
 * - A and D of the guest's entries are the hypervisor's to set: an entry without A has no shadow, a
 *   page without D is not writable there.
 * - The CPU's tables are 4-level (5-level) ones for a guest in IA-32e mode, PAE ones for any other:
 *   32-bit tables cannot name frames above 4 GiB nor forbid execution, and a guest that has paging off
 *   is mapped one to one.
 *
 * Intel SDM vol. 3, chapter 4 for the tables; 4.10.5 for when what is cached may differ from them.
 */
#ifndef VLAB_MMU_SHADOW_H
#define VLAB_MMU_SHADOW_H

#include "core/host_memory.h"
#include "x86/paging.h"

#include <stdbool.h>
#include <stdint.h>

struct ept;
struct shadow;

/* -ENOMEM */
int shadow_create(struct shadow **out, struct host_memory *host);
void shadow_destroy(struct shadow *s); /* NULL is fine */

/*
 * What the CPU has loaded while the guest believes in `guest`: paging on, CR0.WP set, entries of 8
 * bytes, `cr3`. Reads are from host memory, `host` is their ctx.
 */
void shadow_registers(const struct x86_paging *guest, uint64_t cr3, struct host_memory *host,
                      struct x86_paging *cpu);

/*
 * The root for the guest's present registers: the value of the CPU's CR3. Shadows of other roots are
 * kept. `map` is what the guest's memory is mapped by. -ENOMEM, -ENOSPC.
 */
int shadow_load(struct shadow *s, const struct x86_paging *guest, const struct ept *map,
                uint64_t *cr3);

/* What one entry is filled with. */
struct shadow_leaf {
    uint64_t hpa;    /* of the page of 4 KiB */
    unsigned rights; /* EPT_ bits that the map gives */
    bool write;      /* the page may be made writable: D is set in the guest's entry, and the write
                        is in the dirty log */
};

/*
 * Fill in the translation that a successful guest's walk found, after A and D were set there. *changed:
 * the CPU's tables allow something now that they did not. -ENOMEM, -ENOSPC. Call shadow_load() first.
 */
int shadow_fill(struct shadow *s, const struct x86_paging *guest, const struct x86_walk *walk,
                const struct shadow_leaf *leaf, bool *changed);

/* Was a shadow made from this page of the guest's memory? */
bool shadow_is_tracked(const struct shadow *s, uint64_t gpa);

/*
 * Let the page at `gva`, which shadow_fill() has mapped, be written for a while: one instruction of a
 * supervisor that CR0.WP = 0 lets write anywhere (`unprotected`), or a store to a tracked page. Returns
 * false when too many are open.
 */
bool shadow_open(struct shadow *s, uint64_t gva, uint64_t gpa, bool unprotected);
bool shadow_is_open(const struct shadow *s);
/* End that for all of them, and follow what was written. */
void shadow_close(struct shadow *s);

/* The hypervisor itself changed one entry of a guest's table: A or D. */
void shadow_note_entry(struct shadow *s, uint64_t entry_gpa, unsigned size, uint64_t value);

/* [gpa, gpa + size) of the guest's memory was written: what was made from it follows. */
void shadow_sync(struct shadow *s, uint64_t gpa, uint64_t size);

/* INVLPG: forget the translation of one linear address. */
void shadow_invlpg(struct shadow *s, uint64_t gva);

/* Forget everything: what backs the guest's memory has changed. */
void shadow_forget(struct shadow *s);

struct shadow_stats {
    unsigned tables;               /* frames of shadow tables */
    unsigned tracked;              /* pages of the guest that they were made from */
    uint64_t fills, zaps, forgets; /* entries filled in, taken back; times that all were */
};
void shadow_get_stats(const struct shadow *s, struct shadow_stats *stats);

#endif
