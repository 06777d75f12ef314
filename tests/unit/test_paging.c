/*
 * x86/paging.c against the SDM's rules, case by case: formats, large pages, rights with WP, NXE,
 * SMEP and SMAP, protection keys, reserved bits, error codes, A and D. Tables lie in a small array.
 */
#include "x86/paging.h"
#include "x86/regs.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY 0x10000u
static uint8_t memory[MEMORY];

static bool read_entry(void *ctx, uint64_t gpa, unsigned size, uint64_t *value)
{
    (void)ctx;
    if (gpa + size > MEMORY)
        return false;
    *value = 0;
    memcpy(value, memory + gpa, size);
    return true;
}

static void write_entry(void *ctx, uint64_t gpa, unsigned size, uint64_t value)
{
    (void)ctx;
    if (gpa + size > MEMORY)
        ck_abort_msg("write outside the tables");
    memcpy(memory + gpa, &value, size);
}

static void put(uint64_t gpa, unsigned size, uint64_t value)
{
    write_entry(NULL, gpa, size, value);
}

enum format { OFF, BITS32, PSE32, PAE, LEVEL4, LEVEL5 };

static struct x86_paging mmu_of(enum format format)
{
    struct x86_paging mmu = {.cr3 = 0x1000, .cr0 = CR0_PE | CR0_PG, .read = read_entry};

    memset(memory, 0, sizeof(memory));
    if (format == OFF)
        mmu.cr0 = CR0_PE;
    if (format == PSE32)
        mmu.cr4 = CR4_PSE;
    if (format >= PAE)
        mmu.cr4 = CR4_PAE;
    if (format >= LEVEL4)
        mmu.efer = EFER_LME | EFER_LMA | EFER_NXE;
    if (format == LEVEL5)
        mmu.cr4 |= CR4_LA57;
    return mmu;
}

/* 4-level: 0x0000_0000_0040_3000 -> the leaf in `leaf`, tables at 1000, 2000, 3000, 4000. */
#define GVA4 0x403123u
static struct x86_paging level4(uint64_t leaf)
{
    struct x86_paging mmu = mmu_of(LEVEL4);

    put(0x1000, 8, 0x2007);
    put(0x2000, 8, 0x3007);
    put(0x3010, 8, 0x4007);
    put(0x4018, 8, leaf);
    return mmu;
}

START_TEST(test_formats)
{
    struct x86_paging mmu;
    struct x86_walk walk;

    mmu = mmu_of(OFF);
    x86_walk(&mmu, 0x123456789, X86_WRITE, true, &walk);
    ck_assert_uint_eq(walk.verdict, X86_WALK_OK);
    ck_assert_uint_eq(walk.gpa, 0x23456789);
    ck_assert_uint_eq(walk.count, 0);

    mmu = mmu_of(BITS32);
    put(0x1004, 4, 0x2007);
    put(0x200c, 4, 0x00abc007);
    x86_walk(&mmu, 0x403123, X86_READ, true, &walk);
    ck_assert_uint_eq(walk.gpa, 0xabc123);
    ck_assert_uint_eq(walk.count, 2);
    ck_assert_uint_eq(walk.steps[0].entry_gpa, 0x1004);
    ck_assert_uint_eq(walk.steps[1].index, 3);

    mmu = mmu_of(PSE32); /* PSE-36: bits 16:13 of the entry are address bits 35:32 */
    put(0x1004, 4, 0x00c02087);
    x86_walk(&mmu, 0x712345, X86_READ, true, &walk);
    ck_assert_uint_eq(walk.gpa, 0x100f12345);
    ck_assert_uint_eq(walk.page_size, 4u << 20);

    mmu = mmu_of(PAE);
    put(0x1008, 8, 0x2001); /* PDPTE 1 */
    put(0x2008, 8, 0x600083);
    x86_walk(&mmu, 0x4035abcd, X86_WRITE, false, &walk);
    ck_assert_uint_eq(walk.verdict, X86_WALK_OK);
    ck_assert_uint_eq(walk.gpa, 0x75abcd);
    ck_assert_uint_eq(walk.page_size, 2u << 20);

    mmu = level4(0xdef000 | 7);
    x86_walk(&mmu, GVA4, X86_FETCH, true, &walk);
    ck_assert_uint_eq(walk.gpa, 0xdef123);
    ck_assert_uint_eq(walk.count, 4);

    mmu = mmu_of(LEVEL5);
    put(0x1008, 8, 0x2007);
    put(0x2000, 8, 0x3007);
    put(0x3000, 8, 0x40000087); /* 1 GiB page */
    x86_walk(&mmu, (1ull << 48) + 0x3ffff123, X86_READ, true, &walk);
    ck_assert_uint_eq(walk.gpa, 0x7ffff123);
    ck_assert_uint_eq(walk.page_size, 1u << 30);
    ck_assert_uint_eq(walk.steps[0].level, 5);
}
END_TEST

/* One access to the 4-level page of level4(): leaf bits, what is set, and what must come out. */
struct rights_case {
    uint64_t leaf;
    uint64_t cr0, cr4;
    bool user, ac, implicit;
    enum x86_access access;
    int error; /* -1: allowed */
};

#define P 1u
#define W 2u
#define U 4u
#define XD (1ull << 63)

static const struct rights_case rights[] = {
    {P | W | U, 0, 0, true, false, false, X86_WRITE, -1},
    {P | U, 0, 0, true, false, false, X86_WRITE, PF_PRESENT | PF_WRITE | PF_USER},
    {P | W, 0, 0, true, false, false, X86_READ, PF_PRESENT | PF_USER},
    {P | W, 0, 0, false, false, false, X86_READ, -1},
    {P, 0, 0, false, false, false, X86_WRITE, -1}, /* WP = 0 */
    {P, CR0_WP, 0, false, false, false, X86_WRITE, PF_PRESENT | PF_WRITE},
    {P | W | U | XD, 0, 0, true, false, false, X86_FETCH, PF_PRESENT | PF_USER | PF_FETCH},
    {P | W | U | XD, 0, 0, true, false, false, X86_READ, -1},
    {P | W | U, 0, CR4_SMEP, false, false, false, X86_FETCH, PF_PRESENT | PF_FETCH},
    {P | W | U, 0, CR4_SMEP, false, false, false, X86_READ, -1},
    {P | W | U, 0, CR4_SMAP, false, false, false, X86_READ, PF_PRESENT},
    {P | W | U, 0, CR4_SMAP, false, true, false, X86_READ, -1},
    {P | W | U, 0, CR4_SMAP, false, true, true, X86_WRITE, PF_PRESENT | PF_WRITE},
    {P | W | U, 0, CR4_SMAP, false, false, false, X86_FETCH, -1},
    {0, 0, 0, true, false, false, X86_WRITE, PF_WRITE | PF_USER},
    {0, 0, 0, false, false, false, X86_FETCH, PF_FETCH},
    {P | W | U | 1ull << 41, 0, 0, true, false, false, X86_READ, PF_PRESENT | PF_RSVD | PF_USER},
};

START_TEST(test_rights)
{
    const struct rights_case *c = &rights[_i];
    struct x86_paging mmu = level4(c->leaf | 0x5000);
    struct x86_walk walk;

    mmu.cr0 |= c->cr0;
    mmu.cr4 |= c->cr4;
    mmu.ac = c->ac;
    mmu.implicit = c->implicit;
    x86_walk(&mmu, GVA4, c->access, c->user, &walk);
    if (c->error < 0) {
        ck_assert_uint_eq(walk.verdict, X86_WALK_OK);
    } else {
        ck_assert_uint_ne(walk.verdict, X86_WALK_OK);
        ck_assert_uint_eq(walk.error_code, (unsigned)c->error);
    }
    ck_assert_ptr_nonnull(walk.rule);
}
END_TEST

/* ---- protection keys --------------------------------------------------------------------- */

/*
 * SDM 4.6.2, sentence by sentence; what the access comes to by AD and WD of the page's key: . allowed,
 * K refused with PK in the error code, F refused without. Nothing else is against these accesses but
 * U/S, the page is writable and may be executed.
 */
#define KEY_USER_PAGE true
#define KEY_SUPERVISOR_PAGE false
enum key_cr0 { WP0, WP1 };
enum key_mode { SUPERVISOR, USER };

static const struct key_case {
    bool user_page;
    enum key_mode mode;
    enum x86_access access;
    enum key_cr0 wp;
    char outcome[5]; /* AD WD = 00, 01, 10, 11 */
} key_cases[] = {
    /* "If ADi = 1, no data accesses are permitted." */
    {KEY_USER_PAGE, USER, X86_READ, WP0, "..KK"},
    {KEY_USER_PAGE, USER, X86_READ, WP1, "..KK"},
    {KEY_USER_PAGE, SUPERVISOR, X86_READ, WP0, "..KK"},
    {KEY_USER_PAGE, SUPERVISOR, X86_READ, WP1, "..KK"},
    /* "If WDi = 1, user-mode write accesses are not permitted" */
    {KEY_USER_PAGE, USER, X86_WRITE, WP0, ".KKK"},
    {KEY_USER_PAGE, USER, X86_WRITE, WP1, ".KKK"},
    /* "... If CR0.WP = 0, WDi does not affect supervisor-mode write accesses" */
    {KEY_USER_PAGE, SUPERVISOR, X86_WRITE, WP0, "..KK"},
    /* "... supervisor-mode write accesses are not permitted if CR0.WP = 1" */
    {KEY_USER_PAGE, SUPERVISOR, X86_WRITE, WP1, ".KKK"},
    /* Keys bind data accesses; "instruction fetches" are none. */
    {KEY_USER_PAGE, USER, X86_FETCH, WP0, "...."},
    {KEY_USER_PAGE, USER, X86_FETCH, WP1, "...."},
    {KEY_USER_PAGE, SUPERVISOR, X86_FETCH, WP0, "...."},
    {KEY_USER_PAGE, SUPERVISOR, X86_FETCH, WP1, "...."},
    /* PKRU is about user-mode addresses. */
    {KEY_SUPERVISOR_PAGE, USER, X86_READ, WP0, "FFFF"},
    {KEY_SUPERVISOR_PAGE, USER, X86_READ, WP1, "FFFF"},
    {KEY_SUPERVISOR_PAGE, USER, X86_WRITE, WP0, "FFFF"},
    {KEY_SUPERVISOR_PAGE, USER, X86_WRITE, WP1, "FFFF"},
    {KEY_SUPERVISOR_PAGE, USER, X86_FETCH, WP0, "FFFF"},
    {KEY_SUPERVISOR_PAGE, USER, X86_FETCH, WP1, "FFFF"},
    {KEY_SUPERVISOR_PAGE, SUPERVISOR, X86_READ, WP0, "...."},
    {KEY_SUPERVISOR_PAGE, SUPERVISOR, X86_READ, WP1, "...."},
    {KEY_SUPERVISOR_PAGE, SUPERVISOR, X86_WRITE, WP0, "...."},
    {KEY_SUPERVISOR_PAGE, SUPERVISOR, X86_WRITE, WP1, "...."},
    {KEY_SUPERVISOR_PAGE, SUPERVISOR, X86_FETCH, WP0, "...."},
    {KEY_SUPERVISOR_PAGE, SUPERVISOR, X86_FETCH, WP1, "...."},
};

enum key_page { KEY_4K, KEY_2M, KEY_1G, KEY_5LEVEL, KEY_PAGES };

/* The page at GVA4, in each size; the tables above it allow everything and have keys of their own. */
static struct x86_paging key_tables(enum key_page page, uint64_t leaf)
{
    const uint64_t other = 0x5ull << 59;
    struct x86_paging mmu = mmu_of(page == KEY_5LEVEL ? LEVEL5 : LEVEL4);
    uint64_t at = 0x1000;

    mmu.cr4 |= CR4_PKE;
    if (page == KEY_5LEVEL) {
        put(at, 8, 0x6007 | other);
        at = 0x6000;
    }
    put(at, 8, 0x2007 | other);
    put(0x2000, 8, page == KEY_1G ? leaf | 0x80 : 0x3007 | other);
    put(0x3010, 8, page == KEY_2M ? leaf | 0x400080 : 0x4007 | other);
    put(0x4018, 8, leaf | 0x5000);
    return mmu;
}

static uint32_t key_error(const struct key_case *c, char outcome)
{
    return PF_PRESENT | (c->access == X86_WRITE ? PF_WRITE : 0) | (c->mode == USER ? PF_USER : 0) |
           (c->access == X86_FETCH ? PF_FETCH : 0) | (outcome == 'K' ? PF_PK : 0);
}

static void key_try(const struct key_case *c, struct x86_paging *mmu, unsigned key, char outcome)
{
    struct x86_walk walk;

    mmu->cr0 &= ~(uint64_t)CR0_WP;
    mmu->cr0 |= c->wp ? CR0_WP : 0;
    x86_walk(mmu, GVA4, c->access, c->mode == USER, &walk);
    if ((walk.verdict == X86_WALK_OK) != (outcome == '.') || walk.key != key ||
        (outcome != '.' && walk.error_code != key_error(c, outcome)))
        ck_abort_msg("key %u, pkru %x: expected %c, verdict %u, key %u, error %x", key, mmu->pkru,
                     outcome, walk.verdict, walk.key, walk.error_code);
    if (outcome == '.')
        ck_assert(c->access == X86_READ    ? walk.may_read
                  : c->access == X86_WRITE ? walk.may_write
                                           : walk.may_fetch);
}

/* Each access with each page, key and pair of AD and WD; the other keys allow all, or nothing. */
START_TEST(test_keys)
{
    const struct key_case *c = &key_cases[_i];

    for (unsigned n = 0; n < KEY_PAGES * 16 * 4 * 2; n++) {
        unsigned page = n >> 7, key = n >> 3 & 15, ad = n >> 2 & 1, wd = n >> 1 & 1;
        uint64_t leaf = P | W | (c->user_page ? U : 0) | (uint64_t)key << 59;
        struct x86_paging mmu = key_tables((enum key_page)page, leaf);

        mmu.pkru = n & 1 ? ~(3u << 2 * key) : 0;
        mmu.pkru |= (ad | wd << 1) << 2 * key;
        key_try(c, &mmu, key, c->outcome[ad * 2 + wd]);
        mmu.implicit = true;
        if (c->mode == SUPERVISOR) /* implicit accesses are a supervisor's, and bound as well */
            key_try(c, &mmu, key, c->outcome[ad * 2 + wd]);
        mmu.implicit = false;
        mmu.cr4 &= ~(uint64_t)CR4_PKE; /* bits 62:59 are ignored then, and never reserved */
        key_try(c, &mmu, key, c->outcome[0]);
    }
}
END_TEST

/* One access to a user page whose key 3 has AD or WD, where something else counts, too. */
#define AD3 (1u << 6)
#define WD3 (1u << 7)
static const struct key_mix {
    uint64_t leaf, cr0, cr4;
    uint32_t pkru;
    bool user, ac;
    enum x86_access access;
    int error;        /* -1: allowed */
    const char *rule; /* part of it */
} key_mixes[] = {
    /* 4.7: PK tells of the key, whatever else would refuse */
    {P | U, 0, 0, WD3, true, false, X86_WRITE, PF_PRESENT | PF_WRITE | PF_USER | PF_PK, "WD3 = 1"},
    {P | U, 0, 0, AD3, true, false, X86_WRITE, PF_PRESENT | PF_WRITE | PF_USER | PF_PK, "AD3 = 1"},
    {P | U, 0, 0, 0, true, false, X86_WRITE, PF_PRESENT | PF_WRITE | PF_USER, "R/W = 0"},
    {P | U, CR0_WP, 0, WD3, false, false, X86_WRITE, PF_PRESENT | PF_WRITE | PF_PK,
     "WD3 = 1 and CR0.WP = 1"},
    {P | U, 0, 0, WD3, false, false, X86_WRITE, -1, "all levels"},
    {P | W | U, 0, CR4_SMAP, AD3, false, false, X86_READ, PF_PRESENT | PF_PK, "AD3 = 1"},
    {P | W | U, 0, CR4_SMAP, WD3, false, false, X86_READ, PF_PRESENT, "SMAP"},
    {P | W | U, 0, CR4_SMAP, WD3, false, false, X86_WRITE, PF_PRESENT | PF_WRITE, "SMAP"},
    {P | W | U, CR0_WP, CR4_SMAP, WD3, false, false, X86_WRITE, PF_PRESENT | PF_WRITE | PF_PK,
     "WD3 = 1"},
    {P | W | U, 0, CR4_SMAP, AD3, false, true, X86_READ, PF_PRESENT | PF_PK, "AD3 = 1"},
    {P | W | U, 0, CR4_SMAP, WD3, false, true, X86_WRITE, -1, "all levels"},
    {P | W | U, CR0_WP, CR4_SMAP, WD3, false, true, X86_WRITE, PF_PRESENT | PF_WRITE | PF_PK,
     "WD3 = 1"},
    /* fetches: SMEP and XD, without PK */
    {P | W | U, 0, CR4_SMEP, AD3, false, false, X86_FETCH, PF_PRESENT | PF_FETCH, "SMEP"},
    {P | W | U | XD, 0, 0, AD3 | WD3, true, false, X86_FETCH, PF_PRESENT | PF_USER | PF_FETCH,
     "XD"},
    {P | W | U | XD, 0, 0, AD3, true, false, X86_READ, PF_PRESENT | PF_USER | PF_PK, "AD3 = 1"},
    /* a supervisor page has no key that counts, */
    {P | W, 0, CR4_SMAP, AD3 | WD3, false, false, X86_WRITE, -1, "all levels"},
    {P | W, 0, 0, AD3 | WD3, true, false, X86_READ, PF_PRESENT | PF_USER, "U/S = 0"},
    /* and what has no translation has none either */
    {W | U, 0, 0, AD3, true, false, X86_READ, PF_USER, "P = 0"},
    {P | W | U | 1ull << 41, 0, 0, AD3, true, false, X86_READ, PF_PRESENT | PF_RSVD | PF_USER,
     "reserved"},
    /* the key is 3 and no other */
    {P | W | U, 0, 0, ~(AD3 | WD3), true, false, X86_WRITE, -1, "all levels"},
};

START_TEST(test_key_mix)
{
    const struct key_mix *c = &key_mixes[_i];
    struct x86_paging mmu = key_tables(KEY_4K, c->leaf | 3ull << 59);
    struct x86_walk walk;

    mmu.cr0 |= c->cr0;
    mmu.cr4 |= c->cr4;
    mmu.pkru = c->pkru;
    mmu.ac = c->ac;
    x86_walk(&mmu, GVA4, c->access, c->user, &walk);
    ck_assert_int_eq(walk.verdict == X86_WALK_OK, c->error < 0);
    if (c->error >= 0)
        ck_assert_uint_eq(walk.error_code, (unsigned)c->error);
    ck_assert_ptr_nonnull(strstr(walk.rule, c->rule));
}
END_TEST

/* A supervisor entry above makes the address a supervisor's; another mode of paging has no keys. */
START_TEST(test_keys_elsewhere)
{
    struct x86_paging mmu = key_tables(KEY_4K, P | W | U | 3ull << 59);
    struct x86_walk walk;

    mmu.pkru = ~0u;
    put(0x2000, 8, 0x3003);
    x86_walk(&mmu, GVA4, X86_WRITE, false, &walk);
    ck_assert_uint_eq(walk.verdict, X86_WALK_OK);
    mmu = mmu_of(PAE);
    mmu.cr4 |= CR4_PKE;
    mmu.pkru = ~0u;
    ck_assert(!x86_paging_has_keys(&mmu));
    put(0x1000, 8, 0x2001);
    put(0x2000, 8, 0x87);
    x86_walk(&mmu, 0x1000, X86_WRITE, true, &walk);
    ck_assert_uint_eq(walk.verdict, X86_WALK_OK);
    put(0x2000, 8, 0x87 | 1ull << 59);
    x86_walk(&mmu, 0x1000, X86_WRITE, true, &walk);
    ck_assert_uint_eq(walk.verdict, X86_WALK_RESERVED);
    mmu = mmu_of(BITS32);
    mmu.cr4 |= CR4_PKE;
    mmu.pkru = ~0u;
    put(0x1000, 4, 0x2007);
    put(0x2000, 4, 0x5007);
    x86_walk(&mmu, 0, X86_WRITE, true, &walk);
    ck_assert_uint_eq(walk.verdict, X86_WALK_OK);
    ck_assert_uint_eq(walk.key, 0);
}
END_TEST

/* Bits that are reserved where they stand; the error code must say RSVD. */
START_TEST(test_reserved)
{
    static const struct {
        enum format format;
        uint64_t gpa;
        unsigned size;
        uint64_t entry;
        uint64_t gva;
        bool reserved;
    } cases[] = {
        {LEVEL4, 0x1000, 8, 0x2087, 0, true}, /* PS in a PML4E */
        {LEVEL4, 0x1000, 8, 0x2007, 0, false},
        {LEVEL5, 0x1000, 8, 0x2087, 0, true},              /* and in a PML5E */
        {LEVEL4, 0x1000, 8, 0x2007 | 1ull << 40, 0, true}, /* 51:MAXPHYADDR */
        {LEVEL4, 0x1000, 8, 0x2007 | 1ull << 51, 0, true},
        {LEVEL4, 0x1000, 8, 0x2007 | 0x7ffull << 52, 0, false}, /* 62:52 are ignored */
        {LEVEL4, 0x1000, 8, 0x2006 | 1ull << 51, 0, false},     /* P = 0: nothing counts */
        {PAE, 0x1000, 8, 0x2001 | 1ull << 63, 0, true},
        {PAE, 0x1000, 8, 0x2001 | 1u << 8, 0, true}, /* bits 8:5 */
        {PAE, 0x1000, 8, 0x2019, 0, false},          /* PWT and PCD */
        {PSE32, 0x1000, 4, 0x00402087, 0, false},    /* PSE-36 address bits, and PAT */
        {BITS32, 0x1000, 4, 0x00202087, 0, false},   /* without PSE nothing is */
        {PAE, 0x1000, 8, 0x2003, 0, true},           /* R/W in a PDPTE */
        {PAE, 0x1000, 8, 0x2001, 0, false},
        {PAE, 0x1000, 8, 0x2001 | 1ull << 52, 0, true}, /* bits 62:52 */
        {PSE32, 0x1000, 4, 0x00200087, 0, true},        /* bit 21 of a 4 MiB page */
        {PSE32, 0x1000, 4, 0x00400087, 0, false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct x86_paging mmu = mmu_of(cases[i].format);
        struct x86_walk walk;

        put(cases[i].gpa, cases[i].size, cases[i].entry);
        x86_walk(&mmu, cases[i].gva, X86_READ, false, &walk);
        ck_assert_int_eq(walk.verdict == X86_WALK_RESERVED, cases[i].reserved);
        ck_assert_int_eq((walk.error_code & PF_RSVD) != 0, cases[i].reserved);
    }
}
END_TEST

START_TEST(test_large_page_low_bits)
{
    struct x86_paging mmu = level4(0);
    struct x86_walk walk;

    put(0x3010, 8, 0x00400087 | 1u << 13); /* 2 MiB page with an address bit below 2 MiB */
    x86_walk(&mmu, GVA4, X86_READ, false, &walk);
    ck_assert_uint_eq(walk.verdict, X86_WALK_RESERVED);
    put(0x3010, 8, 0x00400087 | 1u << 12); /* bit 12 is PAT */
    x86_walk(&mmu, GVA4, X86_READ, false, &walk);
    ck_assert_uint_eq(walk.verdict, X86_WALK_OK);
    ck_assert_uint_eq(walk.gpa, 0x403123);
}
END_TEST

START_TEST(test_xd_needs_nxe)
{
    struct x86_paging mmu = level4(0x5007 | XD);
    struct x86_walk walk;

    mmu.efer &= ~(uint64_t)EFER_NXE;
    x86_walk(&mmu, GVA4, X86_READ, true, &walk);
    ck_assert_uint_eq(walk.verdict, X86_WALK_RESERVED);
}
END_TEST

START_TEST(test_canonical)
{
    struct x86_paging mmu = level4(0x5007);
    struct x86_walk walk;

    x86_walk(&mmu, 0x0000800000000000, X86_READ, false, &walk);
    ck_assert_uint_eq(walk.verdict, X86_WALK_NOT_CANONICAL);
    x86_walk(&mmu, 0xffff7fffffffffff, X86_READ, false, &walk);
    ck_assert_uint_eq(walk.verdict, X86_WALK_NOT_CANONICAL);
    x86_walk(&mmu, 0xffff800000000000, X86_READ, false, &walk);
    ck_assert_uint_eq(walk.verdict, X86_WALK_NOT_PRESENT);
    mmu.cr4 |= CR4_LA57; /* 57 bits: the same address is in range now */
    x86_walk(&mmu, 0x0000800000000000, X86_READ, false, &walk);
    ck_assert_uint_ne(walk.verdict, X86_WALK_NOT_CANONICAL);
}
END_TEST

START_TEST(test_table_outside_memory)
{
    struct x86_paging mmu = level4(0x5007);
    struct x86_walk walk;

    put(0x2000, 8, 0x80000007);
    x86_walk(&mmu, GVA4, X86_READ, false, &walk);
    ck_assert_uint_eq(walk.verdict, X86_WALK_NO_TABLE);
    ck_assert_uint_eq(walk.count, 2);
    ck_assert_uint_eq(walk.steps[2].entry_gpa, 0x80000010);
}
END_TEST

START_TEST(test_accessed_dirty)
{
    struct x86_paging mmu = level4(0x5007);
    struct x86_walk walk;

    x86_walk(&mmu, GVA4, X86_READ, true, &walk);
    ck_assert(!walk.dirty);
    ck_assert(x86_walk_set_accessed_dirty(&walk, X86_READ, write_entry, NULL));
    ck_assert_uint_eq(memory[0x4018], 0x27); /* A, not D */
    ck_assert_uint_eq(memory[0x1000], 0x27);
    x86_walk(&mmu, GVA4, X86_WRITE, true, &walk);
    ck_assert(x86_walk_set_accessed_dirty(&walk, X86_WRITE, write_entry, NULL));
    ck_assert_uint_eq(memory[0x4018], 0x67);
    x86_walk(&mmu, GVA4, X86_WRITE, true, &walk);
    ck_assert(walk.dirty);
    ck_assert(!x86_walk_set_accessed_dirty(&walk, X86_WRITE, write_entry, NULL));
}
END_TEST

START_TEST(test_pdpte_has_no_accessed)
{
    struct x86_paging mmu = mmu_of(PAE);
    struct x86_walk walk;

    put(0x1000, 8, 0x2001);
    put(0x2000, 8, 0x87);
    x86_walk(&mmu, 0x1000, X86_WRITE, false, &walk);
    x86_walk_set_accessed_dirty(&walk, X86_WRITE, write_entry, NULL);
    ck_assert_uint_eq(memory[0x1000], 0x01);
    ck_assert_uint_eq(memory[0x2000], 0xe7);
}
END_TEST

/* Random tables of every format: the walk ends, in bounds, with a verdict and a rule. */
/* SDM 4.4.1: what counts is what was there when CR3 was loaded. */
START_TEST(test_pdptes_are_loaded)
{
    struct x86_paging mmu = mmu_of(PAE);
    uint64_t pdpte[4] = {0, 0, 0, 0};
    struct x86_walk walk;

    put(0x1000, 8, 0x2001);
    put(0x1008, 8, 0);
    put(0x1010, 8, 0x2001 | 1ull << 52);
    ck_assert(!x86_load_pdptes(&mmu, pdpte)); /* reserved bit in one that is present */
    ck_assert_uint_eq(pdpte[0], 0);
    put(0x1010, 8, 0x1e6); /* P = 0: nothing else counts */
    ck_assert(x86_load_pdptes(&mmu, pdpte));
    ck_assert_uint_eq(pdpte[0], 0x2001);
    put(0x2000, 8, 0x3001);
    put(0x3000, 8, 0x5001);
    put(0x1000, 8, 0);
    mmu.pdpte = pdpte;
    x86_walk(&mmu, 0, X86_READ, false, &walk);
    ck_assert_int_eq(walk.verdict, X86_WALK_OK);
    ck_assert_uint_eq(walk.gpa, 0x5000);
    ck_assert_uint_eq(walk.steps[0].entry, 0x2001);
    ck_assert_uint_eq(walk.steps[0].entry_gpa, 0x1000);
    mmu.pdpte = NULL;
    x86_walk(&mmu, 0, X86_READ, false, &walk);
    ck_assert_int_eq(walk.verdict, X86_WALK_NOT_PRESENT);
}
END_TEST

START_TEST(test_noise)
{
    srand(1);
    for (int round = 0; round < 2000; round++) {
        struct x86_paging mmu = mmu_of(1 + rand() % 5);
        struct x86_walk walk;
        uint64_t gva = (uint64_t)rand() << 31 ^ (uint64_t)rand() << 13 ^ (uint64_t)rand();

        for (unsigned i = 0; i < MEMORY; i += 4)
            put(i, 4, (uint32_t)rand() & (rand() % 4 ? 0xffe7 : ~0u));
        mmu.cr4 |= rand() % 2 ? CR4_SMAP : CR4_SMEP;
        x86_walk(&mmu, gva, rand() % 3, rand() % 2, &walk);
        ck_assert_uint_le(walk.count, 5);
        ck_assert_ptr_nonnull(walk.rule);
        if (walk.verdict == X86_WALK_OK)
            ck_assert_uint_eq(walk.gpa % 4096, gva % 4096);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("paging");
    TCase *tc = tcase_create("walk");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_formats);
    tcase_add_loop_test(tc, test_rights, 0, sizeof(rights) / sizeof(rights[0]));
    tcase_add_loop_test(tc, test_keys, 0, sizeof(key_cases) / sizeof(key_cases[0]));
    tcase_add_loop_test(tc, test_key_mix, 0, sizeof(key_mixes) / sizeof(key_mixes[0]));
    tcase_add_test(tc, test_keys_elsewhere);
    tcase_add_test(tc, test_reserved);
    tcase_add_test(tc, test_large_page_low_bits);
    tcase_add_test(tc, test_xd_needs_nxe);
    tcase_add_test(tc, test_canonical);
    tcase_add_test(tc, test_table_outside_memory);
    tcase_add_test(tc, test_accessed_dirty);
    tcase_add_test(tc, test_pdpte_has_no_accessed);
    tcase_add_test(tc, test_pdptes_are_loaded);
    tcase_add_test(tc, test_noise);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
