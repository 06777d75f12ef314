/*
 * Shadow page tables, see shadow.h.
 *
 * A shadow table stands for one guest table at one level, with the rights that the levels above it
 * give, and each entry of it for one entry of the guest's:
 *
 *   guest, 4-level or PAE          shadow           guest, 32-bit: 1024 entries of 4 bytes
 *   +----------+                  +----------+      +----------+ 0   quadrants: a PT is two shadow
 *   | entry k  |  ------------->  | entry k  |      |          |     tables, a PD four, where each
 *   +----------+                  +----------+      +----------+ 1023  PDE is two entries of 2 MiB
 *
 * What lies below a large page of the guest, or below all of it without paging, is a direct table: it
 * stands for guest-physical addresses that follow each other.
 * Entries above the last level allow everything; the last has the rights of all levels, which is why
 * tables are told apart by the rights above them.
 *
 * Left out: large pages in the shadow, sharing frames between shadows of equal contents, and giving
 * back single tables when all are in use: then everything is forgotten.
 */
#include "mmu/shadow.h"

#include "core/nested.h"
#include "mmu/ept.h"
#include "util/bytes.h"
#include "x86/regs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TABLES_MAX 1024u
#define BUCKETS 256u
#define OPEN_MAX 8u
#define ENTRIES 512u
#define FLOOD 16u /* stores to a table that nobody used meanwhile: it is none any more */

#define ENTRY_P (1ull << 0)
#define ENTRY_RW (1ull << 1)
#define ENTRY_US (1ull << 2)
#define ENTRY_A (1ull << 5)
#define ENTRY_KEY_SHIFT 59
#define ENTRY_XD (1ull << 63)
#define ENTRY_TABLE (ENTRY_P | ENTRY_RW | ENTRY_US | ENTRY_A)
#define ADDRESS_MASK 0x000000fffffff000ull
#define ALL_RIGHTS (X86_RIGHT_WRITE | X86_RIGHT_USER | X86_RIGHT_FETCH)

/* What a table is the shadow of. */
struct key {
    uint64_t gpa;     /* the guest's table; direct: the first address that it maps */
    uint8_t level;    /* of the shadow: 5 PML5 ... 1 PT */
    uint8_t quadrant; /* 32-bit: which part of the guest's table */
    uint8_t access;   /* X86_RIGHT_ bits of the levels above */
    uint8_t role;     /* what else decides how entries are read: role_of() */
    uint8_t pkey;     /* direct: the protection key of all that it maps */
    bool direct;
};

struct table {
    struct key key;
    uint64_t hpa;
    uint16_t next;     /* in the bucket, number + 1; 0: the last */
    uint16_t stores;   /* to the guest's table since it was last used */
    uint8_t *contents; /* of the guest's table when it was last looked at; NULL: direct */
};

struct open_page {
    uint64_t gva, gpa;
    uint64_t entry_hpa, entry; /* what it was */
};

struct shadow {
    struct host_memory *host;
    const struct ept *map;
    struct table tables[TABLES_MAX];
    unsigned count;
    uint16_t buckets[BUCKETS];
    /* The root that is loaded, and for what. */
    struct x86_paging guest;
    uint64_t pdptes[4];
    bool loaded;
    uint64_t root;
    uint64_t pae_root; /* the frame of the four entries of PAE roots; made anew at each load */
    struct open_page open[OPEN_MAX];
    unsigned open_count;
    struct shadow_stats stats;
};

/* ---- life -------------------------------------------------------------------------------- */

int shadow_create(struct shadow **out, struct host_memory *host)
{
    struct shadow *s = calloc(1, sizeof(*s));

    *out = s;
    if (!s)
        return -ENOMEM;
    s->host = host;
    return 0;
}

static void drop_tables(struct shadow *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        host_frame_drop(s->host, s->tables[i].hpa);
        free(s->tables[i].contents);
    }
    memset(s->buckets, 0, sizeof(s->buckets));
    s->count = 0;
    s->open_count = 0;
    s->loaded = false;
}

void shadow_forget(struct shadow *s)
{
    s->stats.forgets += s->count != 0;
    drop_tables(s);
}

void shadow_destroy(struct shadow *s)
{
    if (!s)
        return;
    drop_tables(s);
    if (s->pae_root)
        host_frame_drop(s->host, s->pae_root);
    free(s);
}

void shadow_get_stats(const struct shadow *s, struct shadow_stats *stats)
{
    *stats = s->stats;
    stats->tables = s->count;
    stats->tracked = 0;
    for (unsigned i = 0; i < s->count; i++)
        stats->tracked += s->tables[i].contents != NULL;
}

/* ---- the guest's kind of paging ------------------------------------------------------------ */

static unsigned guest_levels(const struct x86_paging *guest)
{
    return x86_paging_levels(guest);
}

/* Levels of the CPU's tables. */
static unsigned cpu_levels(const struct x86_paging *guest)
{
    return guest->efer & EFER_LMA ? guest_levels(guest) : 3;
}

/* PSE and NXE change what an entry means; the number of levels, what a table is. */
static uint8_t role_of(const struct x86_paging *guest)
{
    return (uint8_t)(guest_levels(guest) | (guest->cr4 & CR4_PSE ? 8 : 0) |
                     (guest->efer & EFER_NXE ? 16 : 0));
}

static bool host_read(void *ctx, uint64_t hpa, unsigned size, uint64_t *value)
{
    const uint8_t *p = host_memory_ptr(ctx, hpa, size);

    *value = 0;
    if (p)
        memcpy(value, p, size);
    return p;
}

void shadow_registers(const struct x86_paging *guest, uint64_t cr3, struct host_memory *host,
                      struct x86_paging *cpu)
{
    *cpu = *guest;
    cpu->cr0 |= CR0_PG | CR0_PE | CR0_WP;
    cpu->cr3 = cr3;
    cpu->cr4 |= CR4_PAE;
    if (!(guest->cr0 & CR0_PG)) /* nothing is a user's or a supervisor's then */
        cpu->cr4 &= ~(uint64_t)(CR4_SMEP | CR4_SMAP | CR4_PKE);
    cpu->efer |= EFER_NXE;
    cpu->pdpte = NULL;
    cpu->read = host_read;
    cpu->ctx = host;
}

/* ---- tables ------------------------------------------------------------------------------ */

static unsigned bucket_of(uint64_t gpa)
{
    return (unsigned)(gpa >> 12) % BUCKETS;
}

static bool same_key(const struct key *a, const struct key *b)
{
    return a->gpa == b->gpa && a->level == b->level && a->quadrant == b->quadrant &&
           a->access == b->access && a->role == b->role && a->pkey == b->pkey &&
           a->direct == b->direct;
}

static struct table *table_find(struct shadow *s, const struct key *key)
{
    for (uint16_t n = s->buckets[bucket_of(key->gpa)]; n; n = s->tables[n - 1].next)
        if (same_key(&s->tables[n - 1].key, key))
            return &s->tables[n - 1];
    return NULL;
}

bool shadow_is_tracked(const struct shadow *s, uint64_t gpa)
{
    for (uint16_t n = s->buckets[bucket_of(gpa)]; n; n = s->tables[n - 1].next)
        if (s->tables[n - 1].contents && s->tables[n - 1].key.gpa == (gpa & PAGE_MASK))
            return true;
    return false;
}

/* A page of the guest as it is; what cannot be read is 0. */
static void read_page(const struct shadow *s, uint64_t gpa, uint8_t page[PAGE_SIZE])
{
    struct ept_walk walk;
    const uint8_t *p = NULL;

    ept_walk(s->map, gpa, EPT_READ, &walk);
    if (walk.verdict == EPT_OK)
        p = host_memory_ptr(s->host, walk.hpa, PAGE_SIZE);
    if (p)
        memcpy(page, p, PAGE_SIZE);
    else
        memset(page, 0, PAGE_SIZE);
}

/* No shadow may map a page writable that becomes tracked. */
static void protect_page(struct shadow *s, uint64_t gpa)
{
    struct ept_walk walk;

    ept_walk(s->map, gpa, 0, &walk);
    for (unsigned i = 0; walk.page_size && i < s->count; i++) {
        uint8_t *entries = host_memory_ptr(s->host, s->tables[i].hpa, PAGE_SIZE);

        for (unsigned k = 0; s->tables[i].key.level == 1 && k < ENTRIES; k++) {
            uint64_t entry = get_le64(entries + 8 * k);

            if ((entry & ENTRY_RW) && (entry & ADDRESS_MASK) == (walk.hpa & PAGE_MASK))
                put_le64(entries + 8 * k, entry & ~ENTRY_RW);
        }
    }
}

static int table_make(struct shadow *s, const struct key *key, struct table **out)
{
    bool tracked = key->direct || shadow_is_tracked(s, key->gpa);
    struct table *table = &s->tables[s->count];
    int rc;

    if (s->count == TABLES_MAX)
        return -ENOSPC;
    *table = (struct table){.key = *key};
    if (!key->direct) {
        table->contents = malloc(PAGE_SIZE);
        if (!table->contents)
            return -ENOMEM;
        read_page(s, key->gpa, table->contents);
    }
    rc = host_frame_take(s->host, &table->hpa);
    if (rc) {
        free(table->contents);
        return rc;
    }
    if (!tracked)
        protect_page(s, key->gpa);
    table->next = s->buckets[bucket_of(key->gpa)];
    s->buckets[bucket_of(key->gpa)] = (uint16_t)++s->count;
    *out = table;
    return 0;
}

static int table_get(struct shadow *s, const struct key *key, struct table **out)
{
    *out = table_find(s, key);
    if (!*out)
        return table_make(s, key, out);
    (*out)->stores = 0;
    return 0;
}

/* ---- the root ---------------------------------------------------------------------------- */

static bool same_root(const struct shadow *s, const struct x86_paging *guest)
{
    bool pae = x86_paging_is_pae(guest) && guest->pdpte;

    return s->loaded && role_of(&s->guest) == role_of(guest) &&
           (s->guest.efer & EFER_LMA) == (guest->efer & EFER_LMA) &&
           (guest_levels(guest) == 0 || s->guest.cr3 == guest->cr3) &&
           (!pae || memcmp(s->pdptes, guest->pdpte, sizeof(s->pdptes)) == 0);
}

static int load_pae_root(struct shadow *s)
{
    int rc = s->pae_root ? 0 : host_frame_take(s->host, &s->pae_root);

    if (rc)
        return rc;
    for (unsigned i = 0; i < 4; i++)
        host_write64(s->host, s->pae_root + 8ull * i, 0);
    s->root = s->pae_root;
    return 0;
}

static int load_root(struct shadow *s, const struct x86_paging *guest)
{
    struct key key = {.gpa = guest->cr3 & ADDRESS_MASK,
                      .level = (uint8_t)cpu_levels(guest),
                      .access = ALL_RIGHTS,
                      .role = role_of(guest)};
    struct table *table;
    int rc;

    if (!(guest->efer & EFER_LMA))
        return load_pae_root(s);
    rc = table_get(s, &key, &table);
    if (!rc)
        s->root = table->hpa;
    return rc;
}

int shadow_load(struct shadow *s, const struct x86_paging *guest, const struct ept *map,
                uint64_t *cr3)
{
    int rc = 0;

    if (map != s->map)
        shadow_forget(s);
    s->map = map;
    if (!same_root(s, guest)) {
        rc = load_root(s, guest);
        if (rc == -ENOSPC) {
            shadow_forget(s);
            rc = load_root(s, guest);
        }
        s->loaded = !rc;
        s->guest = *guest;
        if (guest->pdpte)
            memcpy(s->pdptes, guest->pdpte, sizeof(s->pdptes));
        s->guest.pdpte = NULL; /* it is the caller's */
    }
    *cr3 = s->root;
    return rc;
}

/* ---- filling in -------------------------------------------------------------------------- */

static unsigned index_of(uint64_t gva, unsigned level)
{
    return (unsigned)(gva >> (12 + 9 * (level - 1))) & (ENTRIES - 1);
}

static uint64_t level_size(unsigned level)
{
    return 1ull << (12 + 9 * (level - 1));
}

/* The step of the guest's walk that the CPU's entry of that level stands for; NULL: there is none. */
static const struct x86_walk_step *step_of(const struct x86_walk *walk, unsigned level)
{
    for (unsigned i = 0; i < walk->count; i++)
        if (walk->steps[i].level == level)
            return &walk->steps[i];
    return NULL;
}

/* D and the protection key of a large page are one for all that a direct table maps. */
static struct key direct_key(const struct x86_walk *walk, unsigned level)
{
    uint64_t size = level_size(level + 1);
    uint8_t access = walk->rights;

    if (!walk->dirty)
        access &= (uint8_t)~X86_RIGHT_WRITE;
    return (struct key){.gpa = walk->gpa & ~(size - 1),
                        .level = (uint8_t)level,
                        .access = access,
                        .pkey = walk->key,
                        .direct = true};
}

/* What the CPU's table of `level` is the shadow of, on the way of this walk. */
static struct key key_of(const struct x86_paging *guest, const struct x86_walk *walk,
                         unsigned level)
{
    bool bits32 = walk->entry_size == 4;
    const struct x86_walk_step *above = step_of(walk, level + 1);
    struct key key = {.level = (uint8_t)level, .access = ALL_RIGHTS, .role = role_of(guest)};

    if (bits32 && level == 2) {
        key.gpa = guest->cr3 & 0xfffff000;
        key.quadrant = walk->gva >> 30 & 3;
        return key;
    }
    if (!above || above == &walk->steps[walk->count - 1]) /* below what maps the page */
        return direct_key(walk, level);
    key.gpa = above->entry & (bits32 ? 0xfffff000 : ADDRESS_MASK);
    key.access = above->rights;
    if (bits32)
        key.quadrant = walk->gva >> 21 & 1;
    return key;
}

static uint64_t leaf_entry(const struct x86_walk *walk, const struct shadow_leaf *leaf)
{
    uint64_t entry = (leaf->hpa & ADDRESS_MASK) | ENTRY_P | ENTRY_A;

    entry |= (uint64_t)walk->key << ENTRY_KEY_SHIFT;
    if ((walk->rights & X86_RIGHT_WRITE) && (leaf->rights & EPT_WRITE) && leaf->write)
        entry |= ENTRY_RW;
    if (walk->rights & X86_RIGHT_USER)
        entry |= ENTRY_US;
    if (!(walk->rights & X86_RIGHT_FETCH) || !(leaf->rights & EPT_EXECUTE))
        entry |= ENTRY_XD;
    return entry;
}

/* The CPU sets A and D there itself: they are no difference. */
static bool put_entry(struct shadow *s, uint64_t entry_hpa, uint64_t entry)
{
    const uint64_t flags = 0x60;
    uint64_t old = host_read64(s->host, entry_hpa);

    if ((old & ~flags) == (entry & ~flags))
        return false;
    host_write64(s->host, entry_hpa, entry);
    s->stats.fills++;
    return true;
}

/* A PDPTE of PAE paging has neither rights nor A. */
static uint64_t table_entry(unsigned levels, unsigned level, uint64_t hpa)
{
    return hpa | (levels == 3 && level == 3 ? ENTRY_P : ENTRY_TABLE);
}

static int fill(struct shadow *s, const struct x86_paging *guest, const struct x86_walk *walk,
                const struct shadow_leaf *leaf, bool *changed)
{
    unsigned levels = cpu_levels(guest);
    uint64_t table_hpa = s->root, entry_hpa;
    struct shadow_leaf page = *leaf;

    for (unsigned level = levels; level > 1; level--) {
        struct key key = key_of(guest, walk, level - 1);
        struct table *table;
        int rc = table_get(s, &key, &table);

        if (rc)
            return rc;
        entry_hpa = table_hpa + 8ull * index_of(walk->gva, level);
        *changed |= put_entry(s, entry_hpa, table_entry(levels, level, table->hpa));
        table_hpa = table->hpa;
    }
    page.write &= !shadow_is_tracked(s, walk->gpa); /* it may have become so just now */
    entry_hpa = table_hpa + 8ull * index_of(walk->gva, 1);
    *changed |= put_entry(s, entry_hpa, leaf_entry(walk, &page));
    return 0;
}

int shadow_fill(struct shadow *s, const struct x86_paging *guest, const struct x86_walk *walk,
                const struct shadow_leaf *leaf, bool *changed)
{
    uint64_t cr3;
    int rc;

    *changed = false;
    rc = fill(s, guest, walk, leaf, changed);
    if (rc != -ENOSPC)
        return rc;
    shadow_forget(s); /* and begin anew */
    rc = shadow_load(s, guest, s->map, &cr3);
    *changed = true;
    return rc ? rc : fill(s, guest, walk, leaf, changed);
}

/* ---- following the guest's tables -------------------------------------------------------- */

static void zap(struct shadow *s, const struct table *table, unsigned index)
{
    uint64_t entry_hpa = table->hpa + 8ull * index;

    if (!host_read64(s->host, entry_hpa))
        return;
    host_write64(s->host, entry_hpa, 0);
    s->stats.zaps++;
}

/* Entry `k` of the guest's 32-bit table: which of this shadow's, if any. */
static void zap_32bit(struct shadow *s, const struct table *table, unsigned k)
{
    unsigned each = table->key.level == 2 ? 256 : 512;

    if (k / each != table->key.quadrant)
        return;
    if (table->key.level == 1) {
        zap(s, table, k % each);
        return;
    }
    zap(s, table, k % each * 2);
    zap(s, table, k % each * 2 + 1);
}

static unsigned entry_size(const struct table *table)
{
    return (table->key.role & 7) == 2 ? 4 : 8;
}

static void table_sync(struct shadow *s, struct table *table)
{
    unsigned size = entry_size(table);
    uint8_t now[PAGE_SIZE];

    read_page(s, table->key.gpa, now);
    for (unsigned k = 0; k < PAGE_SIZE / size; k++) {
        if (memcmp(now + k * size, table->contents + k * size, size) == 0)
            continue;
        if (size == 4)
            zap_32bit(s, table, k);
        else
            zap(s, table, k);
    }
    memcpy(table->contents, now, PAGE_SIZE);
}

void shadow_sync(struct shadow *s, uint64_t gpa, uint64_t size)
{
    for (unsigned i = 0; s->map && i < s->count; i++) {
        struct table *table = &s->tables[i];

        if (table->contents && table->key.gpa < gpa + size && table->key.gpa + PAGE_SIZE > gpa)
            table_sync(s, table);
    }
}

void shadow_note_entry(struct shadow *s, uint64_t entry_gpa, unsigned size, uint64_t value)
{
    for (uint16_t n = s->buckets[bucket_of(entry_gpa)]; n; n = s->tables[n - 1].next) {
        struct table *table = &s->tables[n - 1];

        if (table->contents && table->key.gpa == (entry_gpa & PAGE_MASK))
            memcpy(table->contents + entry_gpa % PAGE_SIZE, &value, size);
    }
}

/* The CPU's entry of the last level for an address; 0: there is none. */
static uint64_t leaf_hpa(const struct shadow *s, uint64_t gva)
{
    uint64_t table = s->root;

    for (unsigned level = cpu_levels(&s->guest); level > 1; level--) {
        unsigned index = index_of(gva, level);
        uint64_t entry = host_read64(s->host, table + 8ull * index);

        if (!(entry & ENTRY_P))
            return 0;
        table = entry & ADDRESS_MASK;
    }
    return table + 8ull * index_of(gva, 1);
}

static uint64_t cpu_gva(const struct shadow *s, uint64_t gva)
{
    return s->guest.efer & EFER_LMA ? gva : gva & UINT32_MAX;
}

void shadow_invlpg(struct shadow *s, uint64_t gva)
{
    uint64_t entry_hpa = s->loaded ? leaf_hpa(s, cpu_gva(s, gva)) : 0;

    if (!entry_hpa || !host_read64(s->host, entry_hpa))
        return;
    host_write64(s->host, entry_hpa, 0);
    s->stats.zaps++;
}

/* ---- tables that are none any more ------------------------------------------------------- */

static bool is_root(const struct shadow *s, uint64_t gpa)
{
    return s->loaded && guest_levels(&s->guest) &&
           (s->guest.cr3 & ADDRESS_MASK & PAGE_MASK) == (gpa & PAGE_MASK);
}

/* Many stores and no use: the page is probably data now, and tracking it costs an exit each time. */
static void note_store(struct shadow *s, uint64_t gpa)
{
    bool flood = true, found = false;

    for (uint16_t n = s->buckets[bucket_of(gpa)]; n; n = s->tables[n - 1].next) {
        struct table *table = &s->tables[n - 1];

        if (!table->contents || table->key.gpa != (gpa & PAGE_MASK))
            continue;
        found = true;
        flood &= ++table->stores >= FLOOD;
    }
    if (found && flood && !is_root(s, gpa))
        shadow_forget(s);
}

/* ---- open pages -------------------------------------------------------------------------- */

/*
 * The CPU has CR0.WP set, and with that PKRU's WD binds a supervisor, too: without U/S no key counts.
 */
bool shadow_open(struct shadow *s, uint64_t gva, uint64_t gpa, bool unprotected)
{
    uint64_t entry_hpa = leaf_hpa(s, cpu_gva(s, gva));
    struct open_page *open = &s->open[s->open_count];

    if (s->open_count == OPEN_MAX || !entry_hpa)
        return false;
    *open = (struct open_page){.gva = gva,
                               .gpa = gpa & PAGE_MASK,
                               .entry_hpa = entry_hpa,
                               .entry = host_read64(s->host, entry_hpa)};
    s->open_count++;
    host_write64(s->host, entry_hpa, (open->entry & ~(unprotected ? ENTRY_US : 0)) | ENTRY_RW);
    return true;
}

bool shadow_is_open(const struct shadow *s)
{
    return s->open_count != 0;
}

void shadow_close(struct shadow *s)
{
    unsigned count = s->open_count;

    for (unsigned i = 0; i < count; i++)
        host_write64(s->host, s->open[i].entry_hpa, s->open[i].entry);
    s->open_count = 0;
    for (unsigned i = 0; i < count; i++)
        shadow_sync(s, s->open[i].gpa, PAGE_SIZE);
    for (unsigned i = 0; i < count; i++)
        note_store(s, s->open[i].gpa);
}
