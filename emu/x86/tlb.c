/*
 * The TLB that the guest sees, see tlb.h (Intel SDM vol. 3, 4.10).
 *
 * A list in the order of filling, found by hash. What is dropped stays in the list, without its
 * VALID bit, and is used again for the same page: the same instructions give the same list.
 *
 * Left out: paging-structure caches (each walk begins at CR3), PCIDs (CPUID does not report them).
 */
#include "x86/tlb.h"

#include "util/bytes.h"
#include "x86/regs.h"

#include <string.h>

#define PAGE_BITS 0xfffull
#define ENTRY_G (1ull << 8)

/* log2 of the page size over 4 KiB, by the 2 bits in the tag: 4 KiB, 2 MiB, 4 MiB, 1 GiB. */
static const uint8_t page_shifts[4] = {0, 9, 10, 18};

static unsigned bucket(uint64_t gva)
{
    uint64_t page = gva >> 12;

    return (unsigned)((page ^ page >> 10 ^ page >> 20) % X86_TLB_BUCKETS);
}

/* Number + 1 of the page's entry, also of one that was dropped; 0: the page has none. */
static unsigned number(const struct x86_tlb *tlb, uint64_t gva)
{
    unsigned n = tlb->first[bucket(gva)];

    while (n && (tlb->entries[n - 1].tag ^ gva) & ~PAGE_BITS)
        n = tlb->next[n - 1];
    return n;
}

const struct x86_tlb_entry *x86_tlb_find(const struct x86_tlb *tlb, uint64_t gva)
{
    unsigned n = number(tlb, gva);

    return n && (tlb->entries[n - 1].tag & X86_TLB_VALID) ? &tlb->entries[n - 1] : NULL;
}

static uint64_t page_size(uint64_t tag)
{
    return 4096ull << page_shifts[tag >> X86_TLB_SIZE_SHIFT & 3];
}

bool x86_tlb_translate(const struct x86_tlb *tlb, const struct x86_paging *mmu, uint64_t gva,
                       enum x86_access access, bool user, struct x86_walk *walk)
{
    const struct x86_tlb_entry *entry;
    uint8_t rights, key;

    if (!(mmu->cr0 & CR0_PG))
        return false;
    gva = mmu->efer & EFER_LMA ? gva : gva & 0xffffffff;
    entry = x86_tlb_find(tlb, gva);
    if (!entry || (access == X86_WRITE && !(entry->tag & X86_TLB_DIRTY)))
        return false;
    rights = entry->tag & X86_TLB_RIGHTS;
    key = entry->tag >> X86_TLB_KEY_SHIFT & 15;
    if (!x86_rights_allow(mmu, rights, key, access, user))
        return false;
    *walk = (struct x86_walk){.gva = gva,
                              .gpa = entry->gpa | (gva & PAGE_BITS),
                              .page_size = page_size(entry->tag),
                              .rights = rights,
                              .key = key,
                              .verdict = X86_WALK_OK,
                              .rule = "the TLB has it",
                              .may_read = x86_rights_allow(mmu, rights, key, X86_READ, user),
                              .may_write = x86_rights_allow(mmu, rights, key, X86_WRITE, user),
                              .may_fetch = x86_rights_allow(mmu, rights, key, X86_FETCH, user),
                              .dirty = entry->tag & X86_TLB_DIRTY};
    return true;
}

bool x86_tlb_has_room(const struct x86_tlb *tlb, uint64_t gva)
{
    return tlb->count < X86_TLB_SIZE || number(tlb, gva);
}

static void link_entry(struct x86_tlb *tlb, uint32_t i)
{
    uint16_t *first = &tlb->first[bucket(tlb->entries[i].tag)];

    tlb->next[i] = *first;
    *first = (uint16_t)(i + 1);
}

static uint64_t tag_of(const struct x86_paging *mmu, const struct x86_walk *walk)
{
    bool global =
        (mmu->cr4 & CR4_PGE) && walk->count && (walk->steps[walk->count - 1].entry & ENTRY_G);
    uint64_t tag = (walk->gva & ~PAGE_BITS) | walk->rights | X86_TLB_VALID;
    unsigned size = 0;

    while (size < 3 && 4096ull << page_shifts[size] != walk->page_size)
        size++;
    return tag | (walk->dirty ? X86_TLB_DIRTY : 0) | (global ? X86_TLB_GLOBAL : 0) |
           size << X86_TLB_SIZE_SHIFT | (uint64_t)walk->key << X86_TLB_KEY_SHIFT;
}

bool x86_tlb_add(struct x86_tlb *tlb, const struct x86_paging *mmu, const struct x86_walk *walk)
{
    unsigned n = number(tlb, walk->gva);

    if (!n) {
        if (tlb->count == X86_TLB_SIZE)
            return false;
        n = ++tlb->count;
        tlb->entries[n - 1].tag = walk->gva & ~PAGE_BITS;
        link_entry(tlb, n - 1);
    }
    tlb->entries[n - 1] =
        (struct x86_tlb_entry){.tag = tag_of(mmu, walk), .gpa = walk->gpa & ~PAGE_BITS};
    return true;
}

bool x86_tlb_drop_page(struct x86_tlb *tlb, uint64_t gva)
{
    bool dropped = false;

    for (uint32_t i = 0; i < tlb->count; i++) {
        struct x86_tlb_entry *entry = &tlb->entries[i];

        if (!(entry->tag & X86_TLB_VALID) || (entry->tag ^ gva) & ~(page_size(entry->tag) - 1))
            continue;
        entry->tag &= ~(uint64_t)X86_TLB_VALID;
        dropped = true;
    }
    return dropped;
}

static void clear_links(struct x86_tlb *tlb)
{
    for (uint32_t i = 0; i < tlb->count; i++)
        tlb->first[bucket(tlb->entries[i].tag)] = 0;
}

void x86_tlb_drop_local(struct x86_tlb *tlb)
{
    uint32_t kept = 0;

    clear_links(tlb);
    for (uint32_t i = 0; i < tlb->count; i++)
        if ((~tlb->entries[i].tag & (X86_TLB_VALID | X86_TLB_GLOBAL)) == 0)
            tlb->entries[kept++] = tlb->entries[i];
    tlb->count = kept;
    for (uint32_t i = 0; i < kept; i++)
        link_entry(tlb, i);
}

void x86_tlb_drop_all(struct x86_tlb *tlb)
{
    clear_links(tlb);
    tlb->count = 0;
}

/* Bits that decide how tables are read. Those that only decide about rights are none of them. */
#define TLB_CR4 (CR4_PSE | CR4_PAE | CR4_PGE | CR4_SMEP | CR4_LA57)

void x86_tlb_control_written(struct x86_tlb *tlb, unsigned cr, uint64_t old, uint64_t value,
                             uint64_t cr4)
{
    if (cr == 3 && (cr4 & CR4_PGE))
        x86_tlb_drop_local(tlb);
    else if (cr == 3 || (cr == 0 && ((old ^ value) & CR0_PG)) ||
             (cr == 4 && ((old ^ value) & TLB_CR4)))
        x86_tlb_drop_all(tlb);
}

size_t x86_tlb_save(const struct x86_tlb *tlb, uint8_t *buf, size_t size)
{
    for (uint32_t i = 0; i < tlb->count && (i + 1u) * 16u <= size; i++) {
        put_le64(buf + i * 16u, tlb->entries[i].tag);
        put_le64(buf + i * 16u + 8, tlb->entries[i].gpa);
    }
    return tlb->count * 16u;
}

static bool load_entry(struct x86_tlb *tlb, uint64_t tag, uint64_t gpa)
{
    if (number(tlb, tag) || gpa & PAGE_BITS)
        return false;
    tlb->entries[tlb->count] = (struct x86_tlb_entry){.tag = tag, .gpa = gpa};
    link_entry(tlb, tlb->count++);
    return true;
}

bool x86_tlb_load(struct x86_tlb *tlb, const uint8_t *buf, size_t size)
{
    x86_tlb_drop_all(tlb);
    if (size % 16 || size > X86_TLB_SIZE * 16u)
        return false;
    for (size_t i = 0; i < size; i += 16) {
        if (load_entry(tlb, get_le64(buf + i), get_le64(buf + i + 8)))
            continue;
        x86_tlb_drop_all(tlb);
        return false;
    }
    return true;
}
