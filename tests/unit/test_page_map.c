/*
 * x86/page_map.c: the ranges of hand-made tables of every kind, the same answer as the walk at every
 * border and at random, and tables that lead back to themselves or out of memory.
 */
#include "x86/page_map.h"
#include "x86/regs.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY 0x10000u
#define ROOM 64
#define RW (X86_RIGHT_WRITE | X86_RIGHT_FETCH)
#define RWU (RW | X86_RIGHT_USER)

static uint8_t memory[MEMORY];
static struct x86_range ranges[ROOM];
static struct x86_page_map map;

static bool read_entry(void *ctx, uint64_t gpa, unsigned size, uint64_t *value)
{
    (void)ctx;
    if (gpa > MEMORY - size)
        return false;
    *value = 0;
    memcpy(value, memory + gpa, size);
    return true;
}

static void put(uint64_t gpa, unsigned size, uint64_t value)
{
    if (gpa + size > MEMORY)
        ck_abort_msg("write outside the tables");
    memcpy(memory + gpa, &value, size);
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
        mmu.cr4 = CR4_PAE | CR4_PGE;
    if (format >= LEVEL4)
        mmu.efer = EFER_LME | EFER_LMA | EFER_NXE;
    if (format == LEVEL5)
        mmu.cr4 |= CR4_LA57;
    return mmu;
}

static uint64_t top_of(const struct x86_paging *mmu)
{
    return mmu->efer & EFER_LMA ? UINT64_MAX : UINT32_MAX;
}

static const struct x86_range *range_of(uint64_t gva)
{
    for (unsigned i = 0; i < map.count; i++)
        if (gva >= ranges[i].first && gva <= ranges[i].last)
            return &ranges[i];
    return NULL;
}

/* The map says of one address what the walk says. One assertion a call: each is a system call. */
static void same_as_walk(const struct x86_paging *mmu, uint64_t gva)
{
    const struct x86_range *range = range_of(gva);
    struct x86_paging reader = *mmu;
    struct x86_walk walk;
    bool same;

    if (map.cut && gva >= map.cut_at)
        return;
    reader.ac = true;
    x86_walk(&reader, gva, X86_READ, false, &walk);
    same = range && range->verdict == walk.verdict;
    if (same && walk.verdict == X86_WALK_OK)
        same = range->gpa + (gva - range->first) == walk.gpa &&
               range->page_size == walk.page_size && range->rights == walk.rights;
    else if (same)
        same = strcmp(range->rule, walk.rule) == 0;
    if (!same)
        ck_abort_msg("%jx: the map differs from the walk", (uintmax_t)gva);
}

/* Make the map; it has no gap and no overlap, and is right at every border and at random. */
static void make_map(const struct x86_paging *mmu, unsigned room)
{
    uint64_t next = 0;

    x86_page_map(mmu, ranges, room, X86_MAP_WALKS_MAX, &map);
    ck_assert_uint_le(map.count, room);
    for (unsigned i = 0; i < map.count; i++) {
        if (ranges[i].first != next || ranges[i].last < next)
            ck_abort_msg("range %u: a gap or an overlap", i);
        next = ranges[i].last + 1;
        same_as_walk(mmu, ranges[i].first);
        same_as_walk(mmu, ranges[i].last);
    }
    ck_assert_uint_eq(next - 1, map.cut ? map.cut_at - 1 : top_of(mmu));
    for (int i = 0; i < 50; i++) {
        const struct x86_range *r = &ranges[rand() % map.count];
        uint64_t any = (uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^ (uint64_t)rand();

        same_as_walk(mmu, any & top_of(mmu));
        same_as_walk(mmu, r->first + any % (r->last - r->first + (r->last - r->first != ~0ull)));
    }
}

static void is_page(unsigned i, uint64_t first, uint64_t last, uint64_t gpa, uint64_t size,
                    unsigned rights)
{
    ck_assert_uint_lt(i, map.count);
    ck_assert_uint_eq(ranges[i].first, first);
    ck_assert_uint_eq(ranges[i].last, last);
    ck_assert_int_eq(ranges[i].verdict, X86_WALK_OK);
    ck_assert_uint_eq(ranges[i].gpa, gpa);
    ck_assert_uint_eq(ranges[i].page_size, size);
    ck_assert_uint_eq(ranges[i].rights, rights);
}

static void is_hole(unsigned i, uint64_t first, uint64_t last, enum x86_walk_verdict why)
{
    ck_assert_uint_lt(i, map.count);
    ck_assert_uint_eq(ranges[i].first, first);
    ck_assert_uint_eq(ranges[i].last, last);
    ck_assert_int_eq(ranges[i].verdict, why);
    ck_assert_uint_eq(ranges[i].page_size, 0);
    ck_assert_ptr_nonnull(ranges[i].rule);
}

START_TEST(test_off)
{
    struct x86_paging mmu = mmu_of(OFF);

    x86_page_map(&mmu, ranges, ROOM, X86_MAP_WALKS_MAX, &map);
    ck_assert_uint_eq(map.levels, 0);
    ck_assert_uint_eq(map.count, 0);
    ck_assert(!map.cut);
}
END_TEST

/* Pages that go on in both spaces are one range; other rights, or another place, begin a new one. */
START_TEST(test_32bit)
{
    struct x86_paging mmu = mmu_of(BITS32);

    put(0x1004, 4, 0x2007);
    put(0x2000, 4, 0x5003);
    put(0x2004, 4, 0x6003);
    put(0x2008, 4, 0x7001);
    put(0x200c, 4, 0xa001);
    put(0x2ffc, 4, 0x9007);
    make_map(&mmu, ROOM);
    ck_assert_uint_eq(map.levels, 2);
    ck_assert_uint_eq(map.count, 7);
    is_hole(0, 0, 0x3fffff, X86_WALK_NOT_PRESENT);
    is_page(1, 0x400000, 0x401fff, 0x5000, 4096, RW);
    is_page(2, 0x402000, 0x402fff, 0x7000, 4096, X86_RIGHT_FETCH);
    is_page(3, 0x403000, 0x403fff, 0xa000, 4096, X86_RIGHT_FETCH);
    is_hole(4, 0x404000, 0x7fefff, X86_WALK_NOT_PRESENT);
    is_page(5, 0x7ff000, 0x7fffff, 0x9000, 4096, RWU);
    is_hole(6, 0x800000, 0xffffffff, X86_WALK_NOT_PRESENT);
    ck_assert_uint_eq(map.walks, 1023 + 1024);
}
END_TEST

START_TEST(test_pse)
{
    struct x86_paging mmu = mmu_of(PSE32);

    put(0x1000, 4, 0x00000083);
    put(0x1004, 4, 0x00400083);
    put(0x1008, 4, 0x00c02087); /* PSE-36 */
    put(0x100c, 4, 0x00200083); /* bit 21 is reserved */
    make_map(&mmu, ROOM);
    ck_assert_uint_eq(map.count, 4);
    is_page(0, 0, 0x7fffff, 0, 4u << 20, RW);
    is_page(1, 0x800000, 0xbfffff, 0x100c00000, 4u << 20, RWU);
    is_hole(2, 0xc00000, 0xffffff, X86_WALK_RESERVED);
    is_hole(3, 0x1000000, 0xffffffff, X86_WALK_NOT_PRESENT);
    ck_assert_uint_eq(map.walks, 1024);
}
END_TEST

/* PAE: the PDPTEs are those in registers, not those in memory. */
START_TEST(test_pae)
{
    static const uint64_t pdpte[4] = {0, 0x2001, 0, 0x20001};
    struct x86_paging mmu = mmu_of(PAE);

    put(0x1000, 8, 0x2001);
    put(0x2000, 8, 0x600183);
    put(0x2008, 8, 0x3007);
    put(0x3000, 8, 0xff004);
    put(0x3008, 8, 0xff007);
    mmu.pdpte = pdpte;
    make_map(&mmu, ROOM);
    ck_assert_uint_eq(map.levels, 3);
    ck_assert_uint_eq(map.count, 6);
    is_hole(0, 0, 0x3fffffff, X86_WALK_NOT_PRESENT);
    is_page(1, 0x40000000, 0x401fffff, 0x600000, 2u << 20, RW);
    ck_assert(ranges[1].global);
    is_hole(2, 0x40200000, 0x40200fff, X86_WALK_NOT_PRESENT);
    is_page(3, 0x40201000, 0x40201fff, 0xff000, 4096, RWU);
    ck_assert(!ranges[3].global);
    is_hole(4, 0x40202000, 0xbfffffff, X86_WALK_NOT_PRESENT);
    is_hole(5, 0xc0000000, 0xffffffff, X86_WALK_NO_TABLE);

    mmu.pdpte = NULL;
    make_map(&mmu, ROOM);
    is_page(0, 0, 0x1fffff, 0x600000, 2u << 20, RW);
}
END_TEST

/* 1 GiB, 2 MiB and 4 KiB beside each other, XD in an upper level, both halves. */
START_TEST(test_4level)
{
    struct x86_paging mmu = mmu_of(LEVEL4);

    put(0x1000, 8, 0x2007);
    put(0x1ff8, 8, 0x8000000000002003);
    put(0x2000, 8, 0x3007);
    put(0x2008, 8, 0x40000087);
    put(0x3ff8, 8, 0x3fe00087);
    mmu.cr4 &= ~(uint64_t)CR4_PGE;
    make_map(&mmu, ROOM);
    ck_assert_uint_eq(map.levels, 4);
    ck_assert_uint_eq(map.count, 9);
    is_hole(0, 0, 0x3fdfffff, X86_WALK_NOT_PRESENT);
    is_page(1, 0x3fe00000, 0x3fffffff, 0x3fe00000, 2u << 20, RWU);
    is_page(2, 0x40000000, 0x7fffffff, 0x40000000, 1u << 30, RWU);
    is_hole(3, 0x80000000, 0x7fffffffffff, X86_WALK_NOT_PRESENT);
    is_hole(4, 0x800000000000, 0xffff7fffffffffff, X86_WALK_NOT_CANONICAL);
    is_hole(5, 0xffff800000000000, 0xffffff803fdfffff, X86_WALK_NOT_PRESENT);
    is_page(6, 0xffffff803fe00000, 0xffffff803fffffff, 0x3fe00000, 2u << 20, X86_RIGHT_WRITE);
    is_page(7, 0xffffff8040000000, 0xffffff807fffffff, 0x40000000, 1u << 30, X86_RIGHT_WRITE);
    is_hole(8, 0xffffff8080000000, UINT64_MAX, X86_WALK_NOT_PRESENT);
    ck_assert_uint_lt(map.walks, 512 * 6); /* absent entries are passed by level */
}
END_TEST

/* Protection keys part ranges, where they count. */
START_TEST(test_keys)
{
    struct x86_paging mmu = mmu_of(LEVEL4);

    put(0x1000, 8, 0x2007);
    put(0x2000, 8, 0x3007);
    put(0x3000, 8, 0x4007);
    put(0x4000, 8, 0x5007 | 3ull << 59);
    put(0x4008, 8, 0x6007 | 3ull << 59);
    put(0x4010, 8, 0x7007 | 4ull << 59);
    mmu.pkru = ~0u;
    make_map(&mmu, ROOM);
    ck_assert(!map.keys);
    is_page(0, 0, 0x2fff, 0x5000, 4096, RWU);
    ck_assert_uint_eq(ranges[0].key, 0);
    mmu.cr4 |= CR4_PKE;
    x86_page_map(&mmu, ranges, ROOM, X86_MAP_WALKS_MAX,
                 &map); /* what is mapped; whatever PKRU forbids */
    ck_assert(map.keys);
    is_page(0, 0, 0x1fff, 0x5000, 4096, RWU);
    ck_assert_uint_eq(ranges[0].key, 3);
    is_page(1, 0x2000, 0x2fff, 0x7000, 4096, RWU);
    ck_assert_uint_eq(ranges[1].key, 4);
}
END_TEST

START_TEST(test_5level)
{
    struct x86_paging mmu = mmu_of(LEVEL5);

    put(0x1008, 8, 0x2007);
    put(0x2000, 8, 0x3007);
    put(0x3000, 8, 0x40000187);
    make_map(&mmu, ROOM);
    ck_assert_uint_eq(map.levels, 5);
    ck_assert_uint_eq(map.count, 5);
    is_hole(0, 0, 0xffffffffffff, X86_WALK_NOT_PRESENT);
    is_page(1, 1ull << 48, (1ull << 48) + 0x3fffffff, 0x40000000, 1u << 30, RWU);
    ck_assert(ranges[1].global);
    is_hole(3, 1ull << 56, ~(1ull << 56), X86_WALK_NOT_CANONICAL);
    ck_assert_uint_lt(map.walks, 512 * 4);
}
END_TEST

/* SMAP and SMEP do not make holes: they are about the access. */
START_TEST(test_smap)
{
    struct x86_paging mmu = mmu_of(LEVEL4);

    put(0x1000, 8, 0x2007);
    put(0x2000, 8, 0x87);
    mmu.cr4 |= CR4_SMAP | CR4_SMEP;
    mmu.implicit = true;
    x86_page_map(&mmu, ranges, ROOM, X86_MAP_WALKS_MAX, &map);
    is_page(0, 0, 0x3fffffff, 0, 1u << 30, RWU);
}
END_TEST

/* A PML4 entry that leads to the PML4, as systems have it: the tables appear as pages. */
START_TEST(test_recursive)
{
    struct x86_paging mmu = mmu_of(LEVEL4);

    put(0x1000, 8, 0x2007);
    put(0x2000, 8, 0x3007);
    put(0x3000, 8, 0x4007);
    put(0x4000, 8, 0x5007);
    put(0x1ff0, 8, 0x1003); /* entry 510 */
    make_map(&mmu, ROOM);
    ck_assert(!map.cut);
    is_page(0, 0, 0xfff, 0x5000, 4096, RWU);
    ck_assert_uint_eq(range_of(0xffffff0000000000)->gpa, 0x4000);
    ck_assert_uint_eq(range_of(0xffffff7f80000000)->gpa, 0x3000);
    ck_assert_uint_eq(range_of(0xffffff7fbfc00000)->gpa, 0x2000);
    ck_assert_uint_eq(range_of(0xffffff7fbfdfe000)->gpa, 0x1000);
}
END_TEST

/* All 512 entries of all levels are the table itself: 2^36 pages, none of which goes on. */
START_TEST(test_everything_is_itself)
{
    struct x86_paging mmu = mmu_of(LEVEL4);

    for (unsigned i = 0; i < 512; i++)
        put(0x1000 + 8 * i, 8, 0x1007);
    make_map(&mmu, ROOM);
    ck_assert(map.cut);
    ck_assert_uint_eq(map.count, ROOM);
    ck_assert_uint_eq(map.cut_at, ROOM * 4096);
    ck_assert_str_eq(map.limit, "ranges");
    ck_assert_uint_eq(map.walks, ROOM + 1);
}
END_TEST

/* The same down to a table without a page: one hole, that would take 2^36 walks to pass. */
START_TEST(test_nothing_in_the_end)
{
    struct x86_paging mmu = mmu_of(LEVEL4);

    for (unsigned i = 0; i < 512; i++) {
        put(0x1000 + 8 * i, 8, 0x2007);
        put(0x2000 + 8 * i, 8, 0x3007);
        put(0x3000 + 8 * i, 8, 0x4007);
    }
    make_map(&mmu, ROOM);
    ck_assert(map.cut);
    ck_assert_uint_eq(map.count, 1);
    ck_assert_uint_eq(map.cut_at, (uint64_t)X86_MAP_WALKS_MAX * 4096);
    ck_assert_str_eq(map.limit, "page walks");
}
END_TEST

START_TEST(test_out_of_memory)
{
    struct x86_paging mmu = mmu_of(LEVEL5);

    mmu.cr3 = 0xfffffff000;
    make_map(&mmu, ROOM);
    ck_assert_uint_eq(map.count, 3);
    is_hole(0, 0, (1ull << 56) - 1, X86_WALK_NO_TABLE);
    is_hole(2, ~(1ull << 56) + 1, UINT64_MAX, X86_WALK_NO_TABLE);
}
END_TEST

/* Random words for tables. */
START_TEST(test_noise)
{
    srand(1);
    for (int round = 0; round < 100; round++) {
        struct x86_paging mmu = mmu_of(1 + rand() % 5);

        for (unsigned i = 0; i < MEMORY; i += 4)
            put(i, 4, (uint32_t)rand() & (rand() % 4 ? 0xffe7 : ~0u));
        mmu.cr4 |= rand() % 2 ? CR4_SMAP : CR4_SMEP;
        make_map(&mmu, 1 + (unsigned)rand() % ROOM);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("page_map");
    TCase *tc = tcase_create("page_map");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 60);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_off);
    tcase_add_test(tc, test_32bit);
    tcase_add_test(tc, test_pse);
    tcase_add_test(tc, test_pae);
    tcase_add_test(tc, test_4level);
    tcase_add_test(tc, test_keys);
    tcase_add_test(tc, test_5level);
    tcase_add_test(tc, test_smap);
    tcase_add_test(tc, test_recursive);
    tcase_add_test(tc, test_everything_is_itself);
    tcase_add_test(tc, test_nothing_in_the_end);
    tcase_add_test(tc, test_out_of_memory);
    tcase_add_test(tc, test_noise);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
