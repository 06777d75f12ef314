/* See walker_oracle.h. The numbers of tables are those of the SDM's edition of 2023. */
#include "tests/support/walker_oracle.h"

#include "x86/regs.h"

#include <string.h>

#define BIT(n) (1ull << (n))
#define BITS(high, low) ((BIT(high) << 1) - BIT(low))

/* One kind of entry: what maps a page of so many bits there, and what must be 0. */
struct format {
    unsigned shift, index_bits;   /* the part of the linear address that selects it */
    uint64_t reserved_table;      /* when it names a table */
    uint64_t reserved_page;       /* when it maps a page, */
    bool always_page, never_page; /* which bit 7 decides otherwise */
};

/* Tables 4-14 to 4-20 (IA-32e), 4-8 to 4-11 (PAE), 4-5 and 4-6 (32-bit): from the root down. */
static const struct format ia32e[] = {
    {48, 9, BITS(51, 40) | BIT(7), 0, false, true}, /* PML5E */
    {39, 9, BITS(51, 40) | BIT(7), 0, false, true}, /* PML4E */
    {30, 9, BITS(51, 40), BITS(51, 40) | BITS(29, 13), false, false},
    {21, 9, BITS(51, 40), BITS(51, 40) | BITS(20, 13), false, false},
    {12, 9, 0, BITS(51, 40), true, false},
};
static const struct format pae[] = {
    {30, 2, BITS(63, 40) | BITS(8, 5) | BITS(2, 1), 0, false, true}, /* PDPTE */
    {21, 9, BITS(62, 40), BITS(62, 40) | BITS(20, 13), false, false},
    {12, 9, 0, BITS(62, 40), true, false},
};
static const struct format legacy[] = {
    {22, 10, 0, BIT(21), false, false},
    {12, 10, 0, 0, true, false},
};

/* ---- collecting -------------------------------------------------------------------------- */

struct collector {
    const struct x86_paging *mmu;
    const struct format *formats;
    unsigned levels, bytes;
    bool is_pae, is_legacy;
};

static struct collector collector_for(const struct x86_paging *mmu)
{
    bool long_mode = mmu->efer & EFER_LMA, five = mmu->cr4 & CR4_LA57;

    if (long_mode)
        return (struct collector){mmu, five ? ia32e : ia32e + 1, five ? 5 : 4, 8, false, false};
    if (mmu->cr4 & CR4_PAE)
        return (struct collector){mmu, pae, 3, 8, true, false};
    return (struct collector){mmu, legacy, 2, 4, false, true};
}

static bool maps_page(const struct collector *c, const struct format *f, uint64_t value)
{
    if (f->always_page || f->never_page)
        return f->always_page;
    return (value & BIT(7)) && (!c->is_legacy || (c->mmu->cr4 & CR4_PSE));
}

static bool has_reserved_bit(const struct collector *c, unsigned level, uint64_t value)
{
    const struct format *f = &c->formats[level];
    uint64_t reserved = maps_page(c, f, value) ? f->reserved_page : f->reserved_table;

    if (!c->is_legacy && !(c->mmu->efer & EFER_NXE))
        reserved |= BIT(63);
    return value & reserved;
}

static uint64_t page_base(const struct collector *c, uint64_t value, unsigned shift)
{
    if (c->is_legacy && shift == 22) /* PSE-36: Figure 4-4 */
        return (value & BITS(31, 22)) | (value >> 13 & 0xff) << 32;
    return value & BITS(39, shift);
}

static bool fetch_entry(const struct collector *c, unsigned level, uint64_t base, uint64_t gva,
                        struct oracle_entry *e)
{
    const struct format *f = &c->formats[level];
    uint64_t index = gva >> f->shift & (BIT(f->index_bits) - 1);

    *e = (struct oracle_entry){.gpa = base + index * c->bytes, .bytes = c->bytes};
    e->has_no_rights = c->is_pae && level == 0;
    e->in_register = e->has_no_rights && c->mmu->pdpte;
    if (e->in_register) {
        e->value = c->mmu->pdpte[index];
        return true;
    }
    return c->mmu->read(c->mmu->ctx, e->gpa, c->bytes, &e->value);
}

/* The way to a page, or to where it ends; true: to a page. */
static bool collect(const struct collector *c, uint64_t gva, struct oracle_walk *w)
{
    uint64_t base = c->mmu->cr3 & (c->is_pae      ? BITS(31, 5)
                                   : c->is_legacy ? BITS(31, 12)
                                                  : BITS(39, 12));

    for (unsigned level = 0; level < c->levels; level++) {
        struct oracle_entry *e = &w->entries[w->count];

        w->end = ORACLE_NO_MEMORY;
        if (!fetch_entry(c, level, base, gva, e))
            return false;
        w->count++;
        w->end = ORACLE_ABSENT;
        if (!(e->value & 1))
            return false;
        w->end = ORACLE_RESERVED;
        if (has_reserved_bit(c, level, e->value))
            return false;
        if (maps_page(c, &c->formats[level], e->value)) {
            w->page_size = BIT(c->formats[level].shift);
            w->gpa = page_base(c, e->value, c->formats[level].shift) | (gva & (w->page_size - 1));
            return true;
        }
        base = e->value & (c->is_legacy ? BITS(31, 12) : BITS(39, 12));
    }
    return false;
}

/* ---- judging ----------------------------------------------------------------------------- */

static void sum_up(const struct collector *c, struct oracle_walk *w)
{
    w->writable = w->user = w->executable = true;
    for (unsigned i = 0; i < w->count; i++) {
        uint64_t value = w->entries[i].value;

        if (w->entries[i].has_no_rights)
            continue;
        w->writable &= value >> 1 & 1;
        w->user &= value >> 2 & 1;
        if (!c->is_legacy && (c->mmu->efer & EFER_NXE))
            w->executable &= !(value >> 63);
    }
    if (c->formats[0].shift >= 39) /* Tables 4-17, 4-19 and 4-20 */
        w->key = (w->entries[w->count - 1].value & BITS(62, 59)) / BIT(59);
}

/* 4.6.2: what PKRU leaves of data accesses to an address with the page's key. */
struct key_rights {
    bool read, user_write, supervisor_write;
};

static struct key_rights key_rights(const struct x86_paging *mmu, const struct oracle_walk *w)
{
    bool used = w->user && (mmu->efer & EFER_LMA) && (mmu->cr4 & CR4_PKE);
    unsigned pair = used ? mmu->pkru >> (w->key + w->key) & 3 : 0;
    bool access_disable = pair == 1 || pair == 3, write_disable = pair >= 2;

    return (struct key_rights){.read = !access_disable,
                               .user_write = pair == 0,
                               .supervisor_write =
                                   !access_disable && !(write_disable && (mmu->cr0 & CR0_WP))};
}

/* Does 4.6.2 alone forbid the access? */
static bool is_forbidden_by_key(const struct x86_paging *mmu, const struct oracle_walk *w,
                                enum x86_access access, bool user)
{
    struct key_rights key = key_rights(mmu, w);

    if (access == X86_READ)
        return !key.read;
    return access == X86_WRITE && !(user ? key.user_write : key.supervisor_write);
}

/* 4.6.1, case by case as it stands there. */
static bool is_permitted(const struct x86_paging *mmu, const struct oracle_walk *w,
                         enum x86_access access, bool user)
{
    struct key_rights key = key_rights(mmu, w);
    bool explicit_with_ac = mmu->ac && !mmu->implicit;
    bool data = !(mmu->cr4 & CR4_SMAP) || explicit_with_ac; /* to a user-mode address */

    if (user) {
        if (!w->user)
            return false;
        if (access == X86_READ)
            return key.read;
        return access == X86_WRITE ? w->writable && key.user_write : w->executable;
    }
    switch (access) {
    case X86_READ:
        return !w->user || (data && key.read);
    case X86_WRITE:
        if ((mmu->cr0 & CR0_WP) && !w->writable)
            return false;
        return !w->user || (data && key.supervisor_write);
    default:
        if (w->user && (mmu->cr4 & CR4_SMEP))
            return false;
        return w->executable;
    }
}

/* Figure 4-12 and the text below it. */
static uint32_t error_code(const struct x86_paging *mmu, const struct oracle_walk *w,
                           enum x86_access access, bool user)
{
    bool tells_fetches = (mmu->cr4 & CR4_SMEP) || ((mmu->cr4 & CR4_PAE) && (mmu->efer & EFER_NXE));
    bool by_key = w->end == ORACLE_FORBIDDEN && is_forbidden_by_key(mmu, w, access, user);

    return (w->end == ORACLE_FORBIDDEN || w->end == ORACLE_RESERVED) |
           (uint32_t)(access == X86_WRITE) << 1 | (uint32_t)user << 2 |
           (uint32_t)(w->end == ORACLE_RESERVED) << 3 |
           (uint32_t)(access == X86_FETCH && tells_fetches) << 4 | (uint32_t)by_key << 5;
}

static bool is_canonical(uint64_t gva, unsigned levels)
{
    uint64_t upper = gva & BITS(63, 9 * levels + 11);

    return upper == 0 || upper == BITS(63, 9 * levels + 11);
}

void walker_oracle(const struct x86_paging *mmu, uint64_t gva, enum x86_access access, bool user,
                   struct oracle_walk *w)
{
    struct collector c = collector_for(mmu);
    bool long_mode = mmu->efer & EFER_LMA;

    memset(w, 0, sizeof(*w));
    gva &= long_mode ? ~0ull : UINT32_MAX;
    if (!(mmu->cr0 & CR0_PG)) {
        *w = (struct oracle_walk){.end = ORACLE_PAGE,
                                  .gpa = gva & UINT32_MAX,
                                  .page_size = 4096,
                                  .writable = true,
                                  .user = true,
                                  .executable = true};
        return;
    }
    if (long_mode && !is_canonical(gva, c.levels)) {
        w->end = ORACLE_GENERAL_FAULT;
        return;
    }
    if (collect(&c, gva, w)) {
        sum_up(&c, w);
        w->end = is_permitted(mmu, w, access, user) ? ORACLE_PAGE : ORACLE_FORBIDDEN;
    }
    w->error_code = error_code(mmu, w, access, user);
}

uint64_t walker_oracle_after(const struct oracle_walk *w, unsigned i, enum x86_access access)
{
    uint64_t value = w->entries[i].value;

    if (w->entries[i].has_no_rights)
        return value;
    value |= BIT(5);
    return i + 1 == w->count && access == X86_WRITE ? value | BIT(6) : value;
}
