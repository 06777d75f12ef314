/*
 * The TLB that the guest sees (Intel SDM vol. 3, 4.10): which translations the CPU has cached.
 *
 * A guest that changes its tables without INVLPG sees what is cached here. Whatever runs below may
 * cache less or forget at any time, as long as it asks here again: what is in here depends on the
 * guest's instructions alone, so a run gives the same however it is cut, and a state that is put
 * back has to come with it.
 *
 * - An entry maps one page of 4 KiB, also where the tables map a large one.
 * - It holds rights and protection key as the tables say; CPL, WP, SMEP, SMAP, PKE and PKRU are
 *   applied at each access: a write to PKRU takes nothing out of it.
 * - Full, it is emptied, by who uses it: x86_tlb_add() says so.
 */
#ifndef VLAB_X86_TLB_H
#define VLAB_X86_TLB_H

#include "x86/paging.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define X86_TLB_SIZE 4096
#define X86_TLB_BUCKETS 1024

/* Low 12 bits of struct x86_tlb_entry's `tag`; the rights are X86_RIGHT_ bits. */
#define X86_TLB_RIGHTS 0x007u
#define X86_TLB_VALID 0x008u
#define X86_TLB_DIRTY 0x010u
#define X86_TLB_GLOBAL 0x020u
#define X86_TLB_SIZE_SHIFT 6 /* 2 bits: the page is 4 KiB << (the value of page_shifts[]) */
#define X86_TLB_KEY_SHIFT 8  /* 4 bits: the protection key */

struct x86_tlb_entry {
    uint64_t tag; /* linear address of the page, and the bits above */
    uint64_t gpa; /* guest-physical address of the page */
};

struct x86_tlb {
    struct x86_tlb_entry entries[X86_TLB_SIZE]; /* in the order in which they were added */
    uint32_t count;                             /* so many, those that were dropped included */
    /* An entry's number + 1, 0 for none: the first by hash of the page, and those behind each. */
    uint16_t first[X86_TLB_BUCKETS], next[X86_TLB_SIZE];
};

/* The page's entry, NULL when there is none. */
const struct x86_tlb_entry *x86_tlb_find(const struct x86_tlb *tlb, uint64_t gva);

/*
 * Translate as x86_walk() does, but from what is cached. False, and *walk is not filled, when it has
 * to be walked: nothing is cached, the access is not allowed, or it is the first write. A walk from
 * here has no steps.
 */
bool x86_tlb_translate(const struct x86_tlb *tlb, const struct x86_paging *mmu, uint64_t gva,
                       enum x86_access access, bool user, struct x86_walk *walk);

/*
 * Cache a successful walk, after x86_walk_set_accessed_dirty(), in place of what the page had.
 * False: there is no room.
 */
bool x86_tlb_add(struct x86_tlb *tlb, const struct x86_paging *mmu, const struct x86_walk *walk);
bool x86_tlb_has_room(const struct x86_tlb *tlb, uint64_t gva);

/* INVLPG, and a page fault at an address: its page, all of it when it is a large one. True: it was there. */
bool x86_tlb_drop_page(struct x86_tlb *tlb, uint64_t gva);
/* MOV to CR3 with CR4.PGE set: all pages that are not global. */
void x86_tlb_drop_local(struct x86_tlb *tlb);
void x86_tlb_drop_all(struct x86_tlb *tlb);

/* What a write to a control register invalidates (SDM 4.10.4.1). CR 0, 3, 4. */
void x86_tlb_control_written(struct x86_tlb *tlb, unsigned cr, uint64_t old, uint64_t value,
                             uint64_t cr4);

/* Bytes of a saved TLB: 16 for each entry, little-endian: tag, gpa. */
size_t x86_tlb_save(const struct x86_tlb *tlb, uint8_t *buf, size_t size);
/* False, and empty, when the bytes are none that x86_tlb_save() wrote. */
bool x86_tlb_load(struct x86_tlb *tlb, const uint8_t *buf, size_t size);

#endif
