/*
 * Extended page tables (Intel SDM vol. 3, 29.3), see ept.h.
 *
 *   guest-physical:  47   39 38   30 29   21 20   12 11      0
 *                   +-------+-------+-------+-------+---------+
 *                   | PML4  | PDPT  |  PD   |  PT   | offset  |
 *                   +-------+-------+-------+-------+---------+
 *
 *   entry:  63      40 39                12 11 10 9 8  7  6   5  3  2 1 0
 *          +----------+--------------------+-----+-+-+----+---+----+-+-+-+
 *          | 0        | table or page      |     |D|A|page|PAT|type|X|W|R|
 *          +----------+--------------------+-----+-+-+----+---+----+-+-+-+
 *
 * Left out: mode-based execute control (bit 10), sub-page permissions, suppressing #VE, paging-write
 * and supervisor shadow-stack bits; the controls that give them a meaning are 0.
 */
#include "mmu/ept.h"

#include <errno.h>
#include <string.h>

#define ENTRIES 512
#define ADDRESS_MASK 0x000000fffffff000ull
#define ADDRESS_RESERVED 0x000fff0000000000ull

static uint64_t level_size(unsigned level)
{
    return 1ull << (12 + 9 * (level - 1));
}

static unsigned index_of(uint64_t gpa, unsigned level)
{
    return gpa >> (12 + 9 * (level - 1)) & (ENTRIES - 1);
}

static bool is_present(uint64_t entry)
{
    return entry & EPT_ALL;
}

const char *ept_type_name(unsigned type)
{
    static const char *const names[8] = {
        [EPT_UC] = "UC", [EPT_WC] = "WC", [EPT_WT] = "WT", [EPT_WP] = "WP", [EPT_WB] = "WB"};

    return type < 8 && names[type] ? names[type] : "reserved";
}

/* ---- the walk ---------------------------------------------------------------------------- */

/* Bits that must be 0 in a present entry. */
static uint64_t reserved_bits(unsigned level, uint64_t entry)
{
    if (level == EPT_LEVELS)
        return ADDRESS_RESERVED | 0xf8;
    if (!ept_is_leaf(level, entry))
        return ADDRESS_RESERVED | 0x78;
    return ADDRESS_RESERVED | ((level_size(level) - 1) & ~0xfffull);
}

const char *ept_misconfiguration(unsigned level, uint64_t entry)
{
    if (!is_present(entry))
        return NULL;
    if ((entry & EPT_WRITE) && !(entry & EPT_READ))
        return "writable but not readable";
    if (entry & reserved_bits(level, entry))
        return "a reserved bit is set";
    if (ept_is_leaf(level, entry) &&
        (EPT_TYPE(entry) == 2 || EPT_TYPE(entry) == 3 || EPT_TYPE(entry) == 7))
        return "the memory type is reserved";
    return NULL;
}

static void refuse(struct ept_walk *walk, enum ept_verdict verdict, const char *rule)
{
    walk->verdict = (uint8_t)verdict;
    walk->rule = rule;
}

static void judge_page(const struct ept *ept, unsigned level, uint64_t entry, unsigned access,
                       struct ept_walk *walk)
{
    walk->page_size = level_size(level);
    walk->hpa =
        (entry & ADDRESS_MASK & ~(walk->page_size - 1)) | (walk->gpa & (walk->page_size - 1));
    walk->type = (uint8_t)EPT_TYPE(entry);
    if (!host_memory_ptr(ept->host, walk->hpa, 1))
        refuse(walk, EPT_MISCONFIGURED, "the page is in no memory of the host");
    else if (access & ~(unsigned)walk->rights)
        refuse(walk, EPT_DENIED, "a right is missing");
    else
        refuse(walk, EPT_OK, "all levels allow it");
}

void ept_walk(const struct ept *ept, uint64_t gpa, unsigned access, struct ept_walk *walk)
{
    uint64_t table = EPTP_TABLE(ept->eptp);
    const char *wrong;

    walk->gpa = gpa; /* the steps that are not taken stay as they are: this is the CPU's way */
    walk->hpa = walk->page_size = 0;
    walk->count = walk->type = 0;
    walk->rights = EPT_ALL;
    if (gpa >= EPT_GPA_END) {
        walk->rights = 0;
        refuse(walk, EPT_NOT_PRESENT, "the address has more than 48 bits");
        return;
    }
    for (unsigned level = EPT_LEVELS; level > 0; level--) {
        struct ept_step *step = &walk->steps[walk->count++];

        step->level = (uint8_t)level;
        step->index = (uint16_t)index_of(gpa, level);
        step->entry_hpa = table + step->index * 8ull;
        step->entry = host_read64(ept->host, step->entry_hpa);
        walk->rights &= (uint8_t)(step->entry & EPT_ALL);
        step->rights = walk->rights;
        wrong = ept_misconfiguration(level, step->entry);
        if (!is_present(step->entry)) {
            refuse(walk, EPT_NOT_PRESENT, "nothing is mapped there");
            return;
        }
        if (wrong) {
            refuse(walk, EPT_MISCONFIGURED, wrong);
            return;
        }
        if (ept_is_leaf(level, step->entry)) {
            judge_page(ept, level, step->entry, access, walk);
            return;
        }
        table = step->entry & ADDRESS_MASK;
    }
}

void ept_set_accessed_dirty(const struct ept *ept, struct ept_walk *walk, bool write)
{
    if (!ept_has_accessed_dirty(ept))
        return;
    for (unsigned i = 0; i < walk->count; i++) {
        struct ept_step *step = &walk->steps[i];
        bool dirty = write && i + 1u == walk->count;
        uint64_t entry = step->entry | EPT_ACCESSED | (dirty ? EPT_DIRTY : 0);

        if (entry == step->entry)
            continue;
        step->entry = entry;
        host_write64(ept->host, step->entry_hpa, entry);
    }
}

unsigned ept_rights(const struct ept *ept, uint64_t gpa)
{
    struct ept_walk walk;

    ept_walk(ept, gpa, 0, &walk);
    return walk.page_size ? walk.rights : 0;
}

/* ---- tables ------------------------------------------------------------------------------ */

static int table_take(struct ept *ept, uint64_t *hpa)
{
    int rc = host_frame_take(ept->host, hpa);

    if (!rc)
        ept->tables++;
    return rc;
}

static void table_drop(struct ept *ept, uint64_t hpa, unsigned level)
{
    for (unsigned i = 0; level > 1 && i < ENTRIES; i++) {
        uint64_t entry = host_read64(ept->host, hpa + i * 8ull);

        if (is_present(entry) && !ept_is_leaf(level, entry))
            table_drop(ept, entry & ADDRESS_MASK, level - 1);
    }
    host_frame_drop(ept->host, hpa);
    ept->tables--;
}

int ept_create(struct ept *ept, struct host_memory *host, unsigned eptp_flags)
{
    uint64_t table;
    int rc;

    *ept = (struct ept){.host = host};
    rc = table_take(ept, &table);
    if (!rc)
        ept->eptp = table | EPT_WB | (EPT_LEVELS - 1) << 3 | (eptp_flags & EPTP_ACCESSED_DIRTY);
    return rc;
}

void ept_destroy(struct ept *ept)
{
    if (ept->host && ept->tables)
        table_drop(ept, EPTP_TABLE(ept->eptp), EPT_LEVELS);
    *ept = (struct ept){0};
}

/* A page becomes a table of 512 smaller ones that map the same. */
static int split(struct ept *ept, uint64_t entry_hpa, unsigned level)
{
    uint64_t entry = host_read64(ept->host, entry_hpa), small = entry, table;
    int rc = table_take(ept, &table);

    if (rc)
        return rc;
    if (level == 2)
        small &= ~(uint64_t)EPT_PAGE;
    for (unsigned i = 0; i < ENTRIES; i++)
        host_write64(ept->host, table + i * 8ull, small + i * level_size(level - 1));
    host_write64(ept->host, entry_hpa, table | EPT_ALL);
    return 0;
}

/* The table below an entry, made or split when there is none. */
static int descend(struct ept *ept, uint64_t entry_hpa, unsigned level, uint64_t *table)
{
    uint64_t entry = host_read64(ept->host, entry_hpa);
    int rc = 0;

    if (is_present(entry) && ept_is_leaf(level, entry)) {
        rc = split(ept, entry_hpa, level);
    } else if (!is_present(entry)) {
        rc = table_take(ept, table);
        if (!rc)
            host_write64(ept->host, entry_hpa, *table | EPT_ALL);
    }
    *table = host_read64(ept->host, entry_hpa) & ADDRESS_MASK;
    return rc;
}

/* Put an entry in the place of what is there. */
static void put_entry(struct ept *ept, uint64_t entry_hpa, unsigned level, uint64_t entry)
{
    uint64_t old = host_read64(ept->host, entry_hpa);

    if (is_present(old) && !ept_is_leaf(level, old))
        table_drop(ept, old & ADDRESS_MASK, level - 1);
    host_write64(ept->host, entry_hpa, entry);
}

/* What the pages of a range get: an entry, the first page's + the offset in the range. */
struct change {
    uint64_t gpa, size;
    uint64_t entry; /* 0: unmap */
};

static bool fits(const struct change *c, uint64_t gpa, unsigned level)
{
    uint64_t size = level_size(level), at = (c->entry & ADDRESS_MASK) + (gpa - c->gpa);

    return level < EPT_LEVELS && gpa % size == 0 && c->size - (gpa - c->gpa) >= size &&
           (!c->entry || at % size == 0);
}

static uint64_t new_entry(const struct change *c, uint64_t gpa, unsigned level)
{
    return c->entry ? (c->entry + (gpa - c->gpa)) | (level > 1 ? EPT_PAGE : 0) : 0;
}

/* Change the entry for `gpa` at the highest level that fits. *done: bytes that it covers. */
static int change_one(struct ept *ept, const struct change *c, uint64_t gpa, uint64_t *done)
{
    uint64_t table = EPTP_TABLE(ept->eptp);

    for (unsigned level = EPT_LEVELS; level > 0; level--) {
        uint64_t entry_hpa = table + index_of(gpa, level) * 8ull;
        uint64_t old = host_read64(ept->host, entry_hpa);
        int rc;

        *done = level_size(level) - gpa % level_size(level);
        if (!is_present(old) && !c->entry)
            return 0;
        if (fits(c, gpa, level)) {
            put_entry(ept, entry_hpa, level, new_entry(c, gpa, level));
            return 0;
        }
        rc = descend(ept, entry_hpa, level, &table);
        if (rc)
            return rc;
    }
    return 0;
}

static int change(struct ept *ept, const struct change *c)
{
    uint64_t done = 0;

    while (done < c->size) {
        uint64_t part = 0;
        int rc = change_one(ept, c, c->gpa + done, &part);

        if (rc)
            return rc;
        done += part;
    }
    return 0;
}

static bool is_range(uint64_t gpa, uint64_t size)
{
    return gpa % PAGE_SIZE == 0 && size % PAGE_SIZE == 0 && gpa < EPT_GPA_END &&
           size <= EPT_GPA_END - gpa;
}

int ept_map(struct ept *ept, uint64_t gpa, uint64_t hpa, uint64_t size, unsigned rights,
            enum ept_type type)
{
    struct change c = {.gpa = gpa,
                       .size = size,
                       .entry = hpa | (rights & EPT_ALL) | (uint64_t)type << EPT_TYPE_SHIFT};

    if (!is_range(gpa, size) || hpa % PAGE_SIZE || hpa >= HOST_MEMORY_END ||
        size > HOST_MEMORY_END - hpa)
        return -EINVAL;
    return change(ept, &c);
}

int ept_unmap(struct ept *ept, uint64_t gpa, uint64_t size)
{
    struct change c = {.gpa = gpa, .size = size};

    return is_range(gpa, size) ? change(ept, &c) : -EINVAL;
}
