/*
 * The page walker (Intel SDM vol. 3, chapter 4): paging off, 32-bit, PAE, 4-level, 5-level.
 *
 * Left out: protection keys of supervisor pages (CPUID does not report them).
 */
#include "x86/paging.h"

#include "x86/regs.h"

#include <string.h>

#define ENTRY_P (1ull << 0)
#define ENTRY_RW (1ull << 1)
#define ENTRY_US (1ull << 2)
#define ENTRY_A (1ull << 5)
#define ENTRY_D (1ull << 6)
#define ENTRY_PS (1ull << 7)
#define ENTRY_XD (1ull << 63)
/* MAXPHYADDR = 40, as CPUID leaf 80000008h says. */
#define PHYS_MASK 0x000000fffffff000ull
#define PHYS_RESERVED 0x000fff0000000000ull

/*
 * How one paging mode takes a linear address apart: `levels` tables, each indexed by `index_bits`
 * bits, 12 bits of offset below them.
 *
 *   4-level:  63      48 47   39 38   30 29   21 20   12 11      0
 *            +----------+-------+-------+-------+-------+---------+
 *            | sign ext | PML4  | PDPT  |  PD   |  PT   | offset  |
 *            +----------+-------+-------+-------+-------+---------+
 *   PAE:                          31 30  (2 bits of PDPT), then as above
 *   32-bit:                              31     22 21     12 11   0
 */
struct paging_mode {
    unsigned levels;
    unsigned index_bits;
    unsigned entry_size;
};

static const struct paging_mode mode_32bit = {2, 10, 4};
static const struct paging_mode mode_pae = {3, 9, 8};
static const struct paging_mode mode_4level = {4, 9, 8};
static const struct paging_mode mode_5level = {5, 9, 8};

static const struct paging_mode *mode_of(const struct x86_paging *mmu)
{
    if (mmu->efer & EFER_LMA)
        return mmu->cr4 & CR4_LA57 ? &mode_5level : &mode_4level;
    return mmu->cr4 & CR4_PAE ? &mode_pae : &mode_32bit;
}

static bool canonical(uint64_t gva, const struct paging_mode *mode)
{
    unsigned top = 12 + mode->levels * mode->index_bits - 1;
    int64_t high = (int64_t)gva >> top;

    return high == 0 || high == -1;
}

static uint64_t table_root(const struct x86_paging *mmu, const struct paging_mode *mode)
{
    if (mode == &mode_pae)
        return mmu->cr3 & 0xffffffe0;
    return mode == &mode_32bit ? mmu->cr3 & 0xfffff000 : mmu->cr3 & PHYS_MASK;
}

static bool is_pdpte(const struct paging_mode *mode, unsigned level)
{
    return mode == &mode_pae && level == 3;
}

/* Does this entry map a page instead of naming a table? */
static bool is_leaf(const struct x86_paging *mmu, const struct paging_mode *mode, unsigned level,
                    uint64_t entry)
{
    if (level == 1)
        return true;
    if (!(entry & ENTRY_PS))
        return false;
    if (mode == &mode_32bit)
        return mmu->cr4 & CR4_PSE;
    return level == 2 || (level == 3 && mode != &mode_pae);
}

/* Bits that must be 0 in a present entry, SDM Tables 4-4 to 4-20. */
static uint64_t reserved_bits(const struct x86_paging *mmu, const struct paging_mode *mode,
                              unsigned level, uint64_t entry)
{
    uint64_t bits;

    if (mode == &mode_32bit) /* a 4 MiB page: PSE-36 address bits above MAXPHYADDR, and bit 21 */
        return level == 2 && is_leaf(mmu, mode, level, entry) ? 1u << 21 : 0;
    bits = PHYS_RESERVED;
    if (!(mmu->efer & EFER_NXE))
        bits |= ENTRY_XD;
    if (mode == &mode_pae)
        bits |= 0x7ff0000000000000ull;
    if (is_pdpte(mode, level))
        return bits | ENTRY_XD | 0x1e6;
    if (level >= 4)
        return bits | ENTRY_PS;
    if (level > 1 && is_leaf(mmu, mode, level, entry))
        bits |= (level == 2 ? 0x1ff000ull : 0x3ffff000ull) & ~(1ull << 12); /* bit 12 is PAT */
    return bits;
}

static uint64_t leaf_frame(const struct paging_mode *mode, uint64_t entry, uint64_t page_size)
{
    if (mode == &mode_32bit && page_size > 4096) /* PSE-36: bits 20:13 are address bits 39:32 */
        return (entry & 0xffc00000) | (entry >> 13 & 0xff) << 32;
    if (mode == &mode_32bit)
        return entry & 0xfffff000;
    return entry & PHYS_MASK & ~(page_size - 1);
}

static uint8_t rights_of(const struct x86_paging *mmu, uint64_t entry)
{
    bool xd = (mmu->efer & EFER_NXE) && (entry & ENTRY_XD);

    return (uint8_t)((entry & ENTRY_RW ? X86_RIGHT_WRITE : 0) |
                     (entry & ENTRY_US ? X86_RIGHT_USER : 0) | (xd ? 0 : X86_RIGHT_FETCH));
}

/* I/D is reported only where a fetch can be told from a read, SDM 4.7. */
static uint32_t base_error_code(const struct x86_paging *mmu, enum x86_access access, bool user)
{
    bool nx = (mmu->efer & EFER_NXE) && (mmu->cr4 & CR4_PAE);
    uint32_t code = user ? PF_USER : 0;

    if (access == X86_WRITE)
        code |= PF_WRITE;
    if (access == X86_FETCH && (nx || (mmu->cr4 & CR4_SMEP)))
        code |= PF_FETCH;
    return code;
}

static void deny(struct x86_walk *walk, enum x86_walk_verdict verdict, uint32_t bits,
                 const char *rule)
{
    walk->verdict = (uint8_t)verdict;
    walk->error_code |= bits;
    walk->rule = rule;
}

bool x86_paging_has_keys(const struct x86_paging *mmu)
{
    return (mmu->cr0 & CR0_PG) && (mmu->efer & EFER_LMA) && (mmu->cr4 & CR4_PKE);
}

/* One text for each key. */
#define BY_KEY(text)                                                                               \
    {                                                                                              \
        text(0), text(1), text(2), text(3), text(4), text(5), text(6), text(7), text(8), text(9),  \
            text(10), text(11), text(12), text(13), text(14), text(15)                             \
    }
#define AD_RULE(key) "PKRU.AD" #key " = 1: no data access to user pages of key " #key
#define WD_RULE(key) "PKRU.WD" #key " = 1: no writes to user pages of key " #key
#define WD_WP_RULE(key) "PKRU.WD" #key " = 1 and CR0.WP = 1: no writes to user pages of key " #key

/*
 * SDM 4.6.2: NULL when PKRU lets this access use the page, else the rule.
 *
 *   PKRU   31 30            3   2   1   0        leaf entry   63 62  59 58
 *        +----+----+-----+----+---+---+---+                  +--+------+----
 *        |WD15|AD15| ... | WD1|AD1|WD0|AD0|                  |XD| key  |
 *        +----+----+-----+----+---+---+---+                  +--+------+----
 */
static const char *denied_by_key(const struct x86_paging *mmu, uint8_t rights, uint8_t key,
                                 enum x86_access access, bool user)
{
    static const char *const ad[] = BY_KEY(AD_RULE), *const wd[] = BY_KEY(WD_RULE),
                             *const wd_wp[] = BY_KEY(WD_WP_RULE);

    if (!x86_paging_has_keys(mmu) || !(rights & X86_RIGHT_USER) || access == X86_FETCH)
        return NULL;
    if (mmu->pkru & PKRU_AD(key))
        return ad[key];
    if (access != X86_WRITE || !(mmu->pkru & PKRU_WD(key)))
        return NULL;
    if (user)
        return wd[key];
    return mmu->cr0 & CR0_WP ? wd_wp[key] : NULL;
}

bool x86_key_denies(const struct x86_paging *mmu, uint8_t rights, uint8_t key,
                    enum x86_access access, bool user)
{
    return denied_by_key(mmu, rights, key, access, user);
}

/*
 * SDM 4.6.1: may this access use a page with these rights? NULL when it may, else the rule. Keys come
 * first: where the error code has PK, the rule is about the key.
 */
static const char *denied_by(const struct x86_paging *mmu, uint8_t rights, uint8_t key,
                             enum x86_access access, bool user)
{
    bool user_page = rights & X86_RIGHT_USER;
    const char *by_key = denied_by_key(mmu, rights, key, access, user);

    if (by_key)
        return by_key;
    if (user && !user_page)
        return "U/S = 0: a supervisor page";
    if (!user && user_page && access == X86_FETCH && (mmu->cr4 & CR4_SMEP))
        return "SMEP: supervisor fetch from a user page";
    if (!user && user_page && access != X86_FETCH && (mmu->cr4 & CR4_SMAP) &&
        (mmu->implicit || !mmu->ac))
        return "SMAP: supervisor access to a user page";
    if (access == X86_FETCH && !(rights & X86_RIGHT_FETCH))
        return "XD = 1: no execution";
    if (access == X86_WRITE && !(rights & X86_RIGHT_WRITE)) {
        if (user)
            return "R/W = 0: read-only page";
        if (mmu->cr0 & CR0_WP)
            return "R/W = 0 and CR0.WP = 1: read-only page";
    }
    return NULL;
}

bool x86_rights_allow(const struct x86_paging *mmu, uint8_t rights, uint8_t key,
                      enum x86_access access, bool user)
{
    return !denied_by(mmu, rights, key, access, user);
}

static void judge(const struct x86_paging *mmu, enum x86_access access, bool user,
                  struct x86_walk *walk)
{
    const char *rule = denied_by(mmu, walk->rights, walk->key, access, user);
    bool by_key = x86_key_denies(mmu, walk->rights, walk->key, access, user);

    if (rule) {
        deny(walk, X86_WALK_DENIED, PF_PRESENT | (by_key ? PF_PK : 0), rule);
        return;
    }
    walk->verdict = X86_WALK_OK;
    walk->rule = "all levels allow it";
    walk->may_read = x86_rights_allow(mmu, walk->rights, walk->key, X86_READ, user);
    walk->may_write = x86_rights_allow(mmu, walk->rights, walk->key, X86_WRITE, user);
    walk->may_fetch = x86_rights_allow(mmu, walk->rights, walk->key, X86_FETCH, user);
}

static void walk_identity(uint64_t gva, struct x86_walk *walk)
{
    walk->gpa = gva & 0xffffffff;
    walk->page_size = 4096;
    walk->rights = X86_RIGHT_WRITE | X86_RIGHT_USER | X86_RIGHT_FETCH;
    walk->verdict = X86_WALK_OK;
    walk->rule = "paging is off";
    walk->may_read = walk->may_write = walk->may_fetch = walk->dirty = true;
}

/* Read one entry into the next step; false when the walk ends here. */
static bool walk_entry(const struct x86_paging *mmu, const struct paging_mode *mode, unsigned level,
                       uint64_t table, struct x86_walk *walk)
{
    struct x86_walk_step *step = &walk->steps[walk->count];
    unsigned shift = 12 + (level - 1) * mode->index_bits;
    unsigned bits = is_pdpte(mode, level) ? 2 : mode->index_bits;

    step->level = (uint8_t)level;
    step->index = (uint16_t)(walk->gva >> shift & ((1u << bits) - 1));
    step->entry_gpa = table + (uint64_t)step->index * mode->entry_size;
    if (is_pdpte(mode, level) && mmu->pdpte) {
        step->entry = mmu->pdpte[step->index];
    } else if (!mmu->read(mmu->ctx, step->entry_gpa, mode->entry_size, &step->entry)) {
        deny(walk, X86_WALK_NO_TABLE, 0, "the table is not in memory");
        return false;
    }
    walk->count++;
    if (!(step->entry & ENTRY_P)) {
        deny(walk, X86_WALK_NOT_PRESENT, 0, "P = 0: not present");
        return false;
    }
    if (step->entry & reserved_bits(mmu, mode, level, step->entry)) {
        deny(walk, X86_WALK_RESERVED, PF_PRESENT | PF_RSVD, "a reserved bit is set");
        return false;
    }
    if (!is_pdpte(mode, level))
        walk->rights &= rights_of(mmu, step->entry);
    step->rights = walk->rights;
    return true;
}

static void walk_tables(const struct x86_paging *mmu, const struct paging_mode *mode,
                        struct x86_walk *walk)
{
    uint64_t table = table_root(mmu, mode);

    walk->rights = X86_RIGHT_WRITE | X86_RIGHT_USER | X86_RIGHT_FETCH;
    for (unsigned level = mode->levels; level > 0; level--) {
        uint64_t entry;

        if (!walk_entry(mmu, mode, level, table, walk))
            return;
        entry = walk->steps[walk->count - 1].entry;
        if (is_leaf(mmu, mode, level, entry)) {
            walk->page_size = 1ull << (12 + (level - 1) * mode->index_bits);
            walk->gpa =
                leaf_frame(mode, entry, walk->page_size) | (walk->gva & (walk->page_size - 1));
            walk->dirty = entry & ENTRY_D;
            walk->key = mode->levels >= 4 ? entry >> 59 & 15 : 0;
            walk->verdict = X86_WALK_OK;
            return;
        }
        table = mode == &mode_32bit ? entry & 0xfffff000 : entry & PHYS_MASK;
    }
}

unsigned x86_paging_levels(const struct x86_paging *mmu)
{
    return mmu->cr0 & CR0_PG ? mode_of(mmu)->levels : 0;
}

bool x86_paging_is_pae(const struct x86_paging *mmu)
{
    return x86_paging_levels(mmu) == mode_pae.levels;
}

bool x86_entry_is_leaf(const struct x86_paging *mmu, unsigned level, uint64_t entry)
{
    return is_leaf(mmu, mode_of(mmu), level, entry);
}

uint64_t x86_walk_span(const struct x86_walk *walk)
{
    unsigned last = walk->verdict == X86_WALK_NO_TABLE ? walk->count : walk->count - 1u;

    if (walk->verdict == X86_WALK_NOT_CANONICAL)
        return 0;
    if (walk->page_size) /* the walk came to a page, allowed or not */
        return walk->page_size;
    return 1ull << (12 + (walk->steps[last].level - 1) * (walk->entry_size == 4 ? 10 : 9));
}

bool x86_load_pdptes(const struct x86_paging *mmu, uint64_t pdpte[4])
{
    uint64_t loaded[4];

    for (unsigned i = 0; i < 4; i++) {
        loaded[i] = 0; /* not present, when nothing is there */
        mmu->read(mmu->ctx, table_root(mmu, &mode_pae) + i * 8, 8, &loaded[i]);
        if ((loaded[i] & ENTRY_P) && (loaded[i] & reserved_bits(mmu, &mode_pae, 3, loaded[i])))
            return false;
    }
    memcpy(pdpte, loaded, sizeof(loaded));
    return true;
}

void x86_walk(const struct x86_paging *mmu, uint64_t gva, enum x86_access access, bool user,
              struct x86_walk *walk)
{
    const struct paging_mode *mode = mode_of(mmu);

    memset(walk, 0, sizeof(*walk));
    walk->gva = mmu->efer & EFER_LMA ? gva : gva & 0xffffffff;
    if (!(mmu->cr0 & CR0_PG)) {
        walk_identity(walk->gva, walk);
        return;
    }
    walk->entry_size = (uint8_t)mode->entry_size;
    walk->error_code = base_error_code(mmu, access, user);
    if ((mmu->efer & EFER_LMA) && !canonical(gva, mode)) {
        deny(walk, X86_WALK_NOT_CANONICAL, 0, "the address is not canonical");
        return;
    }
    walk_tables(mmu, mode, walk);
    if (walk->verdict == X86_WALK_OK)
        judge(mmu, access, user, walk);
}

uint64_t x86_walk_entry_after(const struct x86_walk *walk, unsigned i, enum x86_access access)
{
    const struct x86_walk_step *step = &walk->steps[i];
    bool leaf = i + 1u == walk->count;
    /* PDPTEs of PAE paging have neither bit. They are the only level 3 of a 3-step space. */
    bool pdpte = walk->entry_size == 8 && i == 0 && step->level == 3;

    if (pdpte)
        return step->entry;
    return step->entry | ENTRY_A | (leaf && access == X86_WRITE ? ENTRY_D : 0);
}

bool x86_walk_set_accessed_dirty(struct x86_walk *walk, enum x86_access access,
                                 void (*write)(void *ctx, uint64_t gpa, unsigned size,
                                               uint64_t value),
                                 void *ctx)
{
    bool changed = false;

    for (unsigned i = 0; i < walk->count; i++) {
        struct x86_walk_step *step = &walk->steps[i];
        uint64_t entry = x86_walk_entry_after(walk, i, access);

        if (entry == step->entry)
            continue;
        step->entry = entry;
        write(ctx, step->entry_gpa, walk->entry_size, entry);
        changed = true;
    }
    if (access == X86_WRITE)
        walk->dirty = true;
    return changed;
}
