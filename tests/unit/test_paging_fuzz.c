/*
 * The machine's page walker against a second one (tests/support/walker_oracle.h): 100,000 sets of random
 * tables in every kind of paging, four accesses each. Verdict, address, page size, rights, error code and
 * the entries after the access have to agree, and every kind of outcome has to have come up.
 *
 * A set of tables is a function of its seed: an entry is made when it is read, and lies in one of a few
 * pages, so tables lead back to themselves.
 */
#include "x86/paging.h"

#include "tests/support/prng.h"
#include "tests/support/walker_oracle.h"
#include "x86/regs.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETS 100000u
#define ACCESSES 4u
#define PAGES 24u /* of guest memory */
#define CHANGED_MAX 8u

struct tables {
    uint64_t seed;
    bool bits32, tidy; /* tidy: no reserved bits, nothing outside of memory */
    bool keys;         /* each entry has a protection key */
    struct {
        uint64_t gpa, value;
    } changed[CHANGED_MAX];
    unsigned changed_count;
};

static uint64_t make_entry(const struct tables *t, uint64_t gpa)
{
    struct prng r = {t->seed ^ gpa * 0x9e3779b97f4a7c15u};
    uint64_t bits = prng_next(&r), entry = (uint64_t)prng_below(&r, PAGES) << 12;

    entry |= bits & 0xf7e;                                /* all but P, PS and address */
    entry |= prng_percent(&r, 92) ? 1 : 0;                /* P */
    entry |= prng_percent(&r, t->keys ? 90 : 75) ? 6 : 0; /* R/W, U/S: often both */
    entry |= prng_percent(&r, 25) ? 0x80 : 0;             /* PS */
    entry |= prng_percent(&r, 20) ? 1ull << 63 : 0;       /* XD */
    entry |= prng_percent(&r, 20) ? bits & 0x7ff0000000000000 : 0;
    entry |= t->keys ? bits << 12 & 0x7800000000000000 : 0;
    if (entry & 0x80 && prng_percent(&r, 80)) /* a large page that is aligned */
        entry &= ~(uint64_t)(t->bits32 ? 0x3fe000 : 0x3fffe000);
    if (!t->tidy && prng_percent(&r, 5))
        entry |= 1ull << (12 + prng_below(&r, 40)); /* reserved, or out of memory */
    if (!t->tidy && t->bits32 && prng_percent(&r, 15))
        entry |= 1u << 21; /* the one that 4 MiB pages have */
    return entry;
}

static bool read_entry(void *ctx, uint64_t gpa, unsigned size, uint64_t *value)
{
    const struct tables *t = ctx;

    if (gpa / 4096 >= PAGES)
        return false;
    *value = make_entry(t, gpa);
    for (unsigned i = 0; i < t->changed_count; i++)
        if (t->changed[i].gpa == gpa)
            *value = t->changed[i].value;
    if (size == 4)
        *value &= UINT32_MAX;
    return true;
}

static void write_entry(void *ctx, uint64_t gpa, unsigned size, uint64_t value)
{
    struct tables *t = ctx;

    (void)size;
    ck_assert_uint_lt(t->changed_count, CHANGED_MAX);
    t->changed[t->changed_count].gpa = gpa;
    t->changed[t->changed_count++].value = value;
}

/* ---- what came up ------------------------------------------------------------------------ */

enum kind { KIND_OFF, KIND_32BIT, KIND_PSE, KIND_PAE, KIND_4LEVEL, KIND_5LEVEL, KINDS };

static struct {
    unsigned kinds[KINDS], ends[KINDS][ORACLE_NO_MEMORY + 1];
    unsigned error_bits[6], sizes[KINDS][4]; /* 4 KiB, 2 MiB, 4 MiB, 1 GiB */
    unsigned changed, keys[16];
} seen;

static unsigned size_index(uint64_t size)
{
    return size == 4096 ? 0 : size == 2u << 20 ? 1 : size == 4u << 20 ? 2 : 3;
}

/* ---- one set ----------------------------------------------------------------------------- */

static enum kind random_registers(struct prng *r, struct x86_paging *mmu, uint64_t pdpte[4],
                                  struct tables *t)
{
    enum kind kind = prng_percent(r, 3) ? KIND_OFF : (enum kind)(1 + prng_below(r, KINDS - 1));
    static const uint32_t optional[] = {CR4_SMEP, CR4_SMAP, CR4_PGE, CR4_PKE};

    *mmu = (struct x86_paging){.cr0 = CR0_PE | (kind != KIND_OFF ? CR0_PG : 0) |
                                      (prng_percent(r, 60) ? CR0_WP : 0),
                               .cr3 = (uint64_t)prng_below(r, PAGES) << 12,
                               .efer = prng_percent(r, 60) ? EFER_NXE : 0,
                               .ac = prng_percent(r, 50),
                               .implicit = prng_percent(r, 20),
                               .pkru = (uint32_t)prng_next(r) & (uint32_t)prng_next(r),
                               .read = read_entry,
                               .ctx = t};
    for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
        mmu->cr4 |= prng_percent(r, 40) ? optional[i] : 0;
    mmu->cr4 |= kind == KIND_PSE || (kind > KIND_PSE && prng_percent(r, 50)) ? CR4_PSE : 0;
    mmu->cr4 |= kind >= KIND_PAE ? CR4_PAE : 0;
    mmu->cr4 |= kind == KIND_5LEVEL ? CR4_LA57 : 0;
    mmu->efer |= kind >= KIND_4LEVEL ? EFER_LME | EFER_LMA : 0;
    t->bits32 = kind == KIND_32BIT || kind == KIND_PSE;
    t->tidy = prng_percent(r, 60);
    t->keys = kind >= KIND_4LEVEL && prng_percent(r, 80);
    for (unsigned i = 0; i < 4; i++)
        pdpte[i] = (uint64_t)prng_below(r, PAGES) << 12 | (prng_percent(r, 85) ? 1 : 0);
    if (kind == KIND_PAE && prng_percent(r, 70))
        mmu->pdpte = pdpte;
    if (kind == KIND_PAE)
        mmu->cr3 |= prng_below(r, 128) << 5;
    return kind;
}

static uint64_t random_gva(struct prng *r, enum kind kind)
{
    uint64_t gva = prng_next(r);
    unsigned bits = kind == KIND_5LEVEL ? 57 : 48;

    if (kind < KIND_4LEVEL || prng_percent(r, 5))
        return gva;
    return (uint64_t)((int64_t)(gva << (64 - bits)) >> (64 - bits));
}

static void compare(const struct x86_walk *ours, const struct oracle_walk *theirs, uint64_t seed)
{
    static const uint8_t verdicts[] = {[ORACLE_PAGE] = X86_WALK_OK,
                                       [ORACLE_GENERAL_FAULT] = X86_WALK_NOT_CANONICAL,
                                       [ORACLE_ABSENT] = X86_WALK_NOT_PRESENT,
                                       [ORACLE_RESERVED] = X86_WALK_RESERVED,
                                       [ORACLE_FORBIDDEN] = X86_WALK_DENIED,
                                       [ORACLE_NO_MEMORY] = X86_WALK_NO_TABLE};
    unsigned rights = (theirs->writable ? X86_RIGHT_WRITE : 0) |
                      (theirs->user ? X86_RIGHT_USER : 0) |
                      (theirs->executable ? X86_RIGHT_FETCH : 0);

    ck_assert_msg(ours->verdict == verdicts[theirs->end], "seed %llu: verdict %u, oracle %d (%s)",
                  (unsigned long long)seed, ours->verdict, theirs->end, ours->rule);
    ck_assert_msg(ours->count == theirs->count, "seed %llu: %u entries, oracle %u",
                  (unsigned long long)seed, ours->count, theirs->count);
    for (unsigned i = 0; i < ours->count; i++)
        ck_assert(
            ours->steps[i].entry == theirs->entries[i].value &&
            (theirs->entries[i].in_register || ours->steps[i].entry_gpa == theirs->entries[i].gpa));
    if (theirs->page_size)
        ck_assert_msg(ours->page_size == theirs->page_size && ours->rights == rights &&
                          ours->gpa == theirs->gpa && ours->key == theirs->key,
                      "seed %llu: gpa %llx size %llx rights %u key %u, oracle %llx %llx %u %u",
                      (unsigned long long)seed, (unsigned long long)ours->gpa,
                      (unsigned long long)ours->page_size, ours->rights, ours->key,
                      (unsigned long long)theirs->gpa, (unsigned long long)theirs->page_size,
                      rights, theirs->key);
    if (theirs->end != ORACLE_PAGE && theirs->end != ORACLE_NO_MEMORY &&
        theirs->end != ORACLE_GENERAL_FAULT)
        ck_assert_msg(ours->error_code == theirs->error_code, "seed %llu: error %x, oracle %x",
                      (unsigned long long)seed, ours->error_code, theirs->error_code);
}

/* What a walk says of other accesses of the same privilege is what they come to. */
static void compare_others(const struct x86_paging *mmu, const struct x86_walk *ours, bool user)
{
    const bool may[] = {
        [X86_READ] = ours->may_read, [X86_WRITE] = ours->may_write, [X86_FETCH] = ours->may_fetch};

    for (int access = X86_READ; access <= X86_FETCH; access++) {
        struct oracle_walk other;

        walker_oracle(mmu, ours->gva, (enum x86_access)access, user, &other);
        if (may[access] != (other.end == ORACLE_PAGE))
            ck_abort_msg("%llx: access %d is said to be %s", (unsigned long long)ours->gva, access,
                         may[access] ? "allowed" : "refused");
    }
}

/* An entry that was read at two levels has what the last of them left. */
static uint64_t in_memory(const struct oracle_walk *w, unsigned i, enum x86_access access)
{
    uint64_t after = walker_oracle_after(w, i, access);

    for (unsigned k = i + 1; k < w->count; k++)
        if (w->entries[k].gpa == w->entries[i].gpa && !w->entries[i].in_register)
            after = walker_oracle_after(w, k, access);
    return after;
}

/* A and D in memory: what was written is what the oracle wants, and nothing else. */
static void compare_flags(struct tables *t, struct x86_walk *ours, const struct oracle_walk *theirs,
                          enum x86_access access)
{
    unsigned before = t->changed_count, expected = 0;

    x86_walk_set_accessed_dirty(ours, access, write_entry, t);
    for (unsigned i = 0; i < theirs->count; i++) {
        uint64_t after = walker_oracle_after(theirs, i, access), now = 0;

        ck_assert_uint_eq(ours->steps[i].entry, after);
        if (after == theirs->entries[i].value)
            continue;
        expected++;
        ck_assert(read_entry(t, theirs->entries[i].gpa, theirs->entries[i].bytes, &now));
        ck_assert_uint_eq(now, in_memory(theirs, i, access));
    }
    ck_assert_uint_eq(t->changed_count - before, expected);
    seen.changed += expected;
    t->changed_count = before; /* the next access meets the tables as they were */
}

static void note(enum kind kind, const struct oracle_walk *w)
{
    seen.kinds[kind]++;
    seen.ends[kind][w->end]++;
    if (w->page_size)
        seen.sizes[kind][size_index(w->page_size)]++;
    if (w->end == ORACLE_FORBIDDEN && w->error_code >> 5)
        seen.keys[w->key]++;
    for (unsigned bit = 0; bit < 6; bit++)
        if (w->end != ORACLE_PAGE && w->end != ORACLE_NO_MEMORY)
            seen.error_bits[bit] += w->error_code >> bit & 1;
}

static void one_set(uint64_t seed)
{
    struct prng r = {seed};
    struct tables t = {.seed = prng_next(&r)};
    struct x86_paging mmu;
    uint64_t pdpte[4];
    enum kind kind = random_registers(&r, &mmu, pdpte, &t);

    for (unsigned i = 0; i < ACCESSES; i++) {
        enum x86_access access = (enum x86_access)prng_below(&r, 3);
        bool user = prng_percent(&r, 50) && !mmu.implicit;
        uint64_t gva = random_gva(&r, kind);
        struct oracle_walk theirs;
        struct x86_walk ours;

        x86_walk(&mmu, gva, access, user, &ours);
        walker_oracle(&mmu, gva, access, user, &theirs);
        compare(&ours, &theirs, seed);
        if (theirs.end == ORACLE_PAGE)
            compare_others(&mmu, &ours, user);
        if (theirs.end == ORACLE_PAGE)
            compare_flags(&t, &ours, &theirs, access);
        note(kind, &theirs);
    }
}

START_TEST(test_against_oracle)
{
    for (uint64_t seed = 1; seed <= SETS; seed++)
        one_set(seed);

    for (unsigned kind = KIND_32BIT; kind < KINDS; kind++) {
        ck_assert_uint_gt(seen.kinds[kind], SETS / 2);
        ck_assert_uint_gt(seen.ends[kind][ORACLE_PAGE], 2000);
        ck_assert_uint_gt(seen.ends[kind][ORACLE_ABSENT], 2000);
        ck_assert_uint_gt(seen.ends[kind][ORACLE_FORBIDDEN], 2000);
        ck_assert_uint_gt(seen.ends[kind][ORACLE_NO_MEMORY], 100);
        ck_assert_uint_gt(seen.sizes[kind][0], 1000);
    }
    ck_assert_uint_gt(seen.kinds[KIND_OFF], 5000);
    ck_assert_uint_eq(seen.ends[KIND_32BIT][ORACLE_RESERVED], 0); /* there are none */
    for (unsigned kind = KIND_PSE; kind < KINDS; kind++)
        ck_assert_uint_gt(seen.ends[kind][ORACLE_RESERVED], 500);
    for (unsigned kind = KIND_4LEVEL; kind < KINDS; kind++) {
        ck_assert_uint_gt(seen.ends[kind][ORACLE_GENERAL_FAULT], 500);
        ck_assert_uint_gt(seen.sizes[kind][1], 500);
        ck_assert_uint_gt(seen.sizes[kind][3], 500);
    }
    ck_assert_uint_gt(seen.sizes[KIND_PSE][2], 500);
    ck_assert_uint_eq(seen.sizes[KIND_32BIT][2], 0);
    ck_assert_uint_gt(seen.sizes[KIND_PAE][1], 500);
    for (unsigned bit = 0; bit < 6; bit++)
        ck_assert_uint_gt(seen.error_bits[bit], bit < 5 ? 5000 : 2500);
    for (unsigned key = 0; key < 16; key++)
        ck_assert_uint_gt(seen.keys[key], 100);
    ck_assert_uint_gt(seen.changed, 20000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("paging fuzz");
    TCase *tc = tcase_create("paging fuzz");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tc, test_against_oracle);
    tcase_set_timeout(tc, 300);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
