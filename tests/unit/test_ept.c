/*
 * mmu/ept.c against SDM vol. 3, 29.3: page sizes, splitting, rights as the AND over the levels, every
 * kind of misconfiguration, and random maps against a plain array of pages.
 */
#include "mmu/ept.h"

#include "tests/support/prng.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MIB2 (2ull << 20)
#define GIB1 (1ull << 30)

static struct host_memory *host;
static struct ept ept;
static uint64_t piece; /* 2 GiB of host memory, aligned to 1 GiB */

static void setup(void)
{
    struct error err;

    host = host_memory_create();
    ck_assert_int_eq(host_memory_take(host, 2 * GIB1, GIB1, &piece, &err), 0);
    ck_assert_int_eq(ept_create(&ept, host, 0), 0);
}

static void teardown(void)
{
    ept_destroy(&ept);
    ck_assert_uint_eq(host->frames_used, 2 * GIB1 / PAGE_SIZE); /* no table is left */
    host_memory_release(host);
}

static struct ept_walk walk_of(uint64_t gpa, unsigned access)
{
    struct ept_walk walk;

    ept_walk(&ept, gpa, access, &walk);
    return walk;
}

/* Table 25-9 */
START_TEST(test_eptp)
{
    ck_assert_uint_eq(ept.eptp & 7, EPT_WB);
    ck_assert_uint_eq(ept.eptp >> 3 & 7, 3);
    ck_assert(!ept_has_accessed_dirty(&ept));
    ck_assert_ptr_nonnull(host_memory_ptr(host, EPTP_TABLE(ept.eptp), PAGE_SIZE));
}
END_TEST

START_TEST(test_page_sizes)
{
    static const struct {
        uint64_t gpa, offset, size, page_size;
        unsigned reads;
    } cases[] = {
        {GIB1, 0, GIB1, GIB1, 2},    /* 1 GiB */
        {GIB1, 0, MIB2, MIB2, 3},    /* 2 MiB */
        {GIB1, MIB2, GIB1, MIB2, 3}, /* the frame is not aligned to 1 GiB */
        {GIB1, PAGE_SIZE, MIB2, PAGE_SIZE, 4},
        {GIB1 + PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, 4},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ept_walk walk;

        ck_assert_int_eq(
            ept_map(&ept, cases[i].gpa, piece + cases[i].offset, cases[i].size, EPT_ALL, EPT_WB),
            0);
        walk = walk_of(cases[i].gpa + 0x123, EPT_READ);
        ck_assert_int_eq(walk.verdict, EPT_OK);
        ck_assert_uint_eq(walk.page_size, cases[i].page_size);
        ck_assert_uint_eq(walk.count, cases[i].reads);
        ck_assert_uint_eq(walk.hpa, piece + cases[i].offset + 0x123);
        ck_assert_uint_eq(walk.type, EPT_WB);
        ck_assert_int_eq(walk_of(cases[i].gpa + cases[i].size, 0).verdict, EPT_NOT_PRESENT);
        ck_assert_int_eq(ept_unmap(&ept, cases[i].gpa, cases[i].size), 0);
        ck_assert_int_eq(walk_of(cases[i].gpa, 0).verdict, EPT_NOT_PRESENT);
    }
}
END_TEST

/* One page of a large one is changed: all others map what they did. */
START_TEST(test_split)
{
    ck_assert_int_eq(ept_map(&ept, 0, piece, GIB1, EPT_ALL, EPT_WB), 0);
    ck_assert_uint_eq(ept.tables, 2);
    ck_assert_int_eq(ept_map(&ept, 5 * MIB2, piece + GIB1, PAGE_SIZE, EPT_READ, EPT_UC), 0);
    ck_assert_uint_eq(ept.tables, 4);
    ck_assert_uint_eq(walk_of(5 * MIB2, 0).hpa, piece + GIB1);
    ck_assert_uint_eq(walk_of(5 * MIB2, 0).type, EPT_UC);
    ck_assert_uint_eq(ept_rights(&ept, 5 * MIB2 + 0xfff), EPT_READ);
    ck_assert_uint_eq(walk_of(5 * MIB2 + PAGE_SIZE, 0).hpa, piece + 5 * MIB2 + PAGE_SIZE);
    ck_assert_uint_eq(walk_of(5 * MIB2 + PAGE_SIZE, 0).page_size, PAGE_SIZE);
    ck_assert_uint_eq(walk_of(4 * MIB2, 0).page_size, MIB2);
    ck_assert_uint_eq(walk_of(GIB1 - 1, EPT_ALL).hpa, piece + GIB1 - 1);
    ck_assert_int_eq(ept_map(&ept, 0, piece, GIB1, EPT_ALL, EPT_WB), 0); /* whole again */
    ck_assert_uint_eq(ept.tables, 2);
    ck_assert_uint_eq(walk_of(5 * MIB2, 0).page_size, GIB1);
}
END_TEST

START_TEST(test_bad_ranges)
{
    ck_assert_int_eq(ept_map(&ept, 1, piece, PAGE_SIZE, EPT_ALL, EPT_WB), -EINVAL);
    ck_assert_int_eq(ept_map(&ept, 0, piece + 1, PAGE_SIZE, EPT_ALL, EPT_WB), -EINVAL);
    ck_assert_int_eq(ept_map(&ept, 0, piece, 100, EPT_ALL, EPT_WB), -EINVAL);
    ck_assert_int_eq(ept_map(&ept, EPT_GPA_END, piece, PAGE_SIZE, EPT_ALL, EPT_WB), -EINVAL);
    ck_assert_int_eq(ept_map(&ept, 0, HOST_MEMORY_END, PAGE_SIZE, EPT_ALL, EPT_WB), -EINVAL);
    ck_assert_int_eq(ept_unmap(&ept, EPT_GPA_END - PAGE_SIZE, 2 * PAGE_SIZE), -EINVAL);
    ck_assert_int_eq(walk_of(EPT_GPA_END, 0).verdict, EPT_NOT_PRESENT);
    ck_assert_uint_eq(walk_of(EPT_GPA_END, 0).count, 0);
}
END_TEST

/* The entry of that level for GPA 0, as it is mapped now. */
static uint64_t *entry_of(unsigned level)
{
    struct ept_walk walk = walk_of(0, 0);

    for (unsigned i = 0; i < walk.count; i++)
        if (walk.steps[i].level == level)
            return (uint64_t *)(void *)host_memory_ptr(host, walk.steps[i].entry_hpa, 8);
    ck_abort_msg("no entry of level %u", level);
    return NULL;
}

/* Rights are the AND over the levels. */
START_TEST(test_rights)
{
    for (unsigned level = 1; level <= EPT_LEVELS; level++) {
        for (unsigned rights = 0; rights <= EPT_ALL; rights++) {
            for (unsigned access = 0; access <= EPT_ALL; access++) {
                struct ept_walk walk;
                uint64_t *entry;

                ck_assert_int_eq(ept_map(&ept, 0, piece, PAGE_SIZE, EPT_ALL, EPT_WB), 0);
                entry = entry_of(level);
                *entry = (*entry & ~7ull) | rights;
                walk = walk_of(0, access);
                if (rights == 0)
                    ck_assert_int_eq(walk.verdict, EPT_NOT_PRESENT);
                else if ((rights & EPT_WRITE) && !(rights & EPT_READ))
                    ck_assert_int_eq(walk.verdict, EPT_MISCONFIGURED);
                else
                    ck_assert_int_eq(walk.verdict, access & ~rights ? EPT_DENIED : EPT_OK);
                ck_assert_uint_eq(walk.rights, rights);
                *entry |= EPT_ALL;
            }
        }
    }
}
END_TEST

/* 29.3.3.1 and the layouts of Tables 29-1 to 29-6, MAXPHYADDR 40: which single bits no CPU takes. */
START_TEST(test_reserved_bits)
{
    static const struct {
        uint64_t page_size; /* of the mapping */
        unsigned level;
        uint64_t reserved;
    } cases[] = {
        {PAGE_SIZE, 4, 0x000fff00000000f8},
        {PAGE_SIZE, 3, 0x000fff0000000078}, /* bit 7 makes it a page of 1 GiB: see below */
        {GIB1, 3, 0x000fff003ffff000},
        {PAGE_SIZE, 2, 0x000fff0000000078},
        {MIB2, 2, 0x000fff00001ff000},
        {PAGE_SIZE, 1, 0x000fff0000000000},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (unsigned bit = 8; bit < 64; bit++) {
            uint64_t flag = 1ull << bit;
            bool address = bit >= 12 && bit < 40;
            struct ept_walk walk;

            ck_assert_int_eq(ept_map(&ept, 0, piece, cases[i].page_size, EPT_ALL, EPT_WB), 0);
            if (address && !(cases[i].reserved & flag))
                continue; /* an address bit: leads somewhere else */
            *entry_of(cases[i].level) |= flag;
            walk = walk_of(0, EPT_READ);
            ck_assert_int_eq(walk.verdict, cases[i].reserved & flag ? EPT_MISCONFIGURED : EPT_OK);
            *entry_of(cases[i].level) &= ~flag;
        }
        for (unsigned bit = 3; bit < 8; bit++) {
            bool leaf = cases[i].page_size == 1ull << (12 + 9 * (cases[i].level - 1));

            if (leaf || !(cases[i].reserved & 1u << bit))
                continue;
            *entry_of(cases[i].level) |= 1u << bit;
            ck_assert_int_eq(walk_of(0, EPT_READ).verdict, EPT_MISCONFIGURED);
            *entry_of(cases[i].level) &= ~(1ull << bit);
        }
    }
}
END_TEST

START_TEST(test_memory_types)
{
    for (unsigned type = 0; type < 8; type++) {
        bool reserved = type == 2 || type == 3 || type == 7;
        struct ept_walk walk;

        ck_assert_int_eq(ept_map(&ept, 0, piece, MIB2, EPT_ALL, (enum ept_type)type), 0);
        walk = walk_of(0, EPT_READ);
        ck_assert_int_eq(walk.verdict, reserved ? EPT_MISCONFIGURED : EPT_OK);
        ck_assert_int_eq(strcmp(ept_type_name(type), "reserved") == 0, reserved);
        if (reserved)
            ck_assert_str_eq(walk.rule, "the memory type is reserved");
        else
            ck_assert_uint_eq(walk.type, type);
    }
}
END_TEST

/* Tables that lead out of memory read as all ones; a page there is refused, too. */
START_TEST(test_no_memory)
{
    uint64_t *top, in_order;

    ck_assert_int_eq(ept_map(&ept, 0, piece, PAGE_SIZE, EPT_ALL, EPT_WB), 0);
    top = entry_of(4);
    in_order = *top;
    *top = 0xfffffff000ull | EPT_ALL;
    ck_assert_int_eq(walk_of(0, EPT_READ).verdict, EPT_MISCONFIGURED);
    *top = EPTP_TABLE(ept.eptp) | EPT_ALL; /* itself: four levels of it, and then a page */
    ck_assert_uint_eq(walk_of(0, EPT_READ).hpa, EPTP_TABLE(ept.eptp));
    *top = in_order;
    *entry_of(1) = 0x1000 | EPT_ALL; /* no frame is there */
    ck_assert_int_eq(walk_of(0, EPT_READ).verdict, EPT_MISCONFIGURED);
    ck_assert_str_eq(walk_of(0, EPT_READ).rule, "the page is in no memory of the host");
}
END_TEST

START_TEST(test_accessed_dirty)
{
    struct ept_walk walk;

    ck_assert_int_eq(ept_map(&ept, 0, piece, PAGE_SIZE, EPT_ALL, EPT_WB), 0);
    walk = walk_of(0, EPT_WRITE);
    ept_set_accessed_dirty(&ept, &walk, true);
    ck_assert_uint_eq(*entry_of(1) & (EPT_ACCESSED | EPT_DIRTY), 0); /* not in use */
    ept.eptp |= EPTP_ACCESSED_DIRTY;
    ept_set_accessed_dirty(&ept, &walk, false);
    for (unsigned level = 1; level <= EPT_LEVELS; level++)
        ck_assert_uint_eq(*entry_of(level) & (EPT_ACCESSED | EPT_DIRTY), EPT_ACCESSED);
    ept_set_accessed_dirty(&ept, &walk, true);
    ck_assert_uint_eq(*entry_of(1) & EPT_DIRTY, EPT_DIRTY);
    ck_assert_uint_eq(*entry_of(2) & EPT_DIRTY, 0); /* only what maps the page */
    walk = walk_of(0, EPT_READ);
    ck_assert_int_eq(walk.verdict, EPT_OK);
    ck_assert_uint_eq(walk.hpa, piece);
}
END_TEST

/* ---- random maps ------------------------------------------------------------------------- */

#define PAGES 4096u /* 16 MiB at the border of two entries of the PDPT */
#define FIRST (GIB1 - 8u * MIB2 / 2)

struct plain {
    uint64_t hpa;
    unsigned rights;
};

static void plain_map(struct plain *plain, uint64_t first, uint64_t count, uint64_t hpa,
                      unsigned rights)
{
    for (uint64_t i = 0; i < count; i++)
        plain[first + i] = (struct plain){.hpa = hpa + i * PAGE_SIZE, .rights = rights};
}

START_TEST(test_random)
{
    static const unsigned rights[] = {EPT_READ, EPT_READ | EPT_WRITE, EPT_READ | EPT_EXECUTE,
                                      EPT_ALL, EPT_EXECUTE};
    struct plain *plain = calloc(PAGES, sizeof(*plain));
    struct prng r = {0x5eed};

    ck_assert_ptr_nonnull(plain);
    for (unsigned round = 0; round < 400; round++) {
        uint64_t first = prng_below(&r, PAGES);
        uint64_t count = 1 + prng_below(&r, prng_below(&r, 2) ? 16 : PAGES);
        uint64_t hpa = piece + prng_below(&r, 4) * MIB2 + prng_below(&r, 2) * PAGE_SIZE;
        unsigned right = rights[prng_below(&r, 5)];

        if (prng_below(&r, 2)) {
            first &= ~511ull;
            hpa = piece + (FIRST + first * PAGE_SIZE) % MIB2;
        }
        if (count > PAGES - first)
            count = PAGES - first;
        if (prng_below(&r, 4) == 0) {
            ck_assert_int_eq(ept_unmap(&ept, FIRST + first * PAGE_SIZE, count * PAGE_SIZE), 0);
            memset(&plain[first], 0, count * sizeof(*plain));
        } else {
            ck_assert_int_eq(
                ept_map(&ept, FIRST + first * PAGE_SIZE, hpa, count * PAGE_SIZE, right, EPT_WB), 0);
            plain_map(plain, first, count, hpa, right);
        }
        for (unsigned i = 0; i < PAGES; i += 1 + (unsigned)prng_below(&r, 3)) {
            struct ept_walk walk = walk_of(FIRST + i * (uint64_t)PAGE_SIZE + 0x10, 0);

            ck_assert_uint_eq(walk.page_size ? walk.rights : 0, plain[i].rights);
            ck_assert_uint_eq(walk.hpa, plain[i].rights ? plain[i].hpa + 0x10 : 0);
        }
    }
    free(plain);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ept");
    TCase *tc = tcase_create("ept");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_eptp);
    tcase_add_test(tc, test_page_sizes);
    tcase_add_test(tc, test_split);
    tcase_add_test(tc, test_bad_ranges);
    tcase_add_test(tc, test_rights);
    tcase_add_test(tc, test_reserved_bits);
    tcase_add_test(tc, test_memory_types);
    tcase_add_test(tc, test_no_memory);
    tcase_add_test(tc, test_accessed_dirty);
    tcase_add_test(tc, test_random);
    tcase_set_timeout(tc, 120);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
