/*
 * A machine that is put back goes on as the one that it was taken from: the same state at each further
 * exit and at the end, in the machine itself, which has run on meanwhile, and in another. Taken at any
 * place: behind an exit, between two, in the middle of what takes several turns.
 */
#include "core/saved.h"
#include "tests/support/guest_machine.h"
#include "tests/support/prng.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXITS_MAX 120u
#define INSNS_MAX 100000u
#define PLACES 10u

struct seen {
    uint64_t hashes[EXITS_MAX], end;
    unsigned count;
};

static void keep_hash(void *ctx, const struct machine *m, const struct vm_exit *exit)
{
    struct seen *seen = ctx;

    (void)exit;
    if (seen->count < EXITS_MAX)
        seen->hashes[seen->count++] = machine_state_hash(m);
}

/* To the end, or for EXITS_MAX exits or INSNS_MAX instructions. */
static void run_on(struct machine *m, struct seen *seen)
{
    struct run_limits limits = {.insns = INSNS_MAX, .exits = EXITS_MAX};
    struct run_result r;

    memset(seen, 0, sizeof(*seen));
    m->observer = (struct exit_observer){.seen = keep_hash, .ctx = seen};
    ck_assert_int_eq(machine_run(m, &limits, &r), 0);
    seen->end = machine_state_hash(m);
}

/* A machine as it stands, with its pages. */
struct whole {
    struct saved saved;
    uint8_t *ram, *disk;
};

static void each_page(struct machine *m, uint8_t *bytes, bool puts)
{
    for (uint64_t n = 0; n < m->ram.size / PAGE_SIZE; n++) {
        uint64_t gpa = ram_page_gpa(n);
        uint8_t *page = ram_find(&m->ram, gpa)->read_only ? NULL : ram_ptr(&m->ram, gpa, PAGE_SIZE);

        if (page && puts && memcmp(page, bytes + n * PAGE_SIZE, PAGE_SIZE) != 0) {
            memcpy(page, bytes + n * PAGE_SIZE, PAGE_SIZE);
            machine_written(m, gpa, PAGE_SIZE);
        } else if (page && !puts) {
            memcpy(bytes + n * PAGE_SIZE, page, PAGE_SIZE);
        }
    }
}

static void take(struct machine *m, struct whole *w)
{
    w->ram = realloc(w->ram, m->ram.size);
    w->disk = realloc(w->disk, (size_t)m->disk.blocks * DISK_BLOCK + 1);
    ck_assert(w->ram && w->disk);
    each_page(m, w->ram, false);
    if (m->disk.blocks)
        memcpy(w->disk, m->disk.data, (size_t)m->disk.blocks * DISK_BLOCK);
    ck_assert_int_eq(machine_save(m, &w->saved), 0);
}

static void put_back(struct machine *m, const struct whole *w)
{
    struct error err;

    each_page(m, w->ram, true);
    if (m->disk.blocks)
        memcpy(m->disk.data, w->disk, (size_t)m->disk.blocks * DISK_BLOCK);
    ck_assert_msg(machine_restore(m, w->saved.data, w->saved.size, &err) == 0, "%s", err.text);
}

static void check_same(const char *name, const struct machine *m, const struct seen *a,
                       const struct seen *b, const char *what)
{
    unsigned i = 0;

    while (i < a->count && a->hashes[i] == b->hashes[i])
        i++;
    ck_assert_msg(i == a->count && a->count == b->count && a->end == b->end,
                  "%s, %s: another state at exit %u of %u and %u, before %llu", name, what, i,
                  a->count, b->count, (unsigned long long)m->exits);
}

static void check_place(const char *name, struct machine *m, struct whole *w)
{
    static struct seen on, again;
    struct machine *other = guest_machine(name);
    uint64_t here = machine_state_hash(m), exits = m->exits, insns = m->insns, at_exits, at_insns;
    struct saved twice = {0};

    take(m, w);
    ck_assert_int_eq(saved_position(w->saved.data, w->saved.size, &at_exits, &at_insns), 0);
    ck_assert(at_exits == exits && at_insns == insns);
    run_on(m, &on);
    put_back(m, w);
    ck_assert_msg(machine_state_hash(m) == here, "%s: back is another state", name);
    ck_assert(m->exits == exits && m->insns == insns);
    ck_assert_int_eq(machine_save(m, &twice), 0);
    ck_assert_msg(twice.size == w->saved.size && !memcmp(twice.data, w->saved.data, twice.size),
                  "%s: what was put back is saved differently", name);
    run_on(m, &again);
    check_same(name, m, &on, &again, "the same machine");
    put_back(other, w);
    run_on(other, &again);
    check_same(name, other, &on, &again, "another machine");
    put_back(m, w);
    machine_destroy(other);
    free(twice.data);
}

START_TEST(test_goes_on)
{
    const char *name = guest_names[_i];
    struct machine *m = guest_machine(name);
    struct prng random = {(uint64_t)_i + 1};
    struct run_result r = {.stop = STOP_BUDGET};
    struct whole w = {0};

    for (unsigned place = 0; place < PLACES && r.stop == STOP_BUDGET; place++) {
        struct run_limits limits = {1 + prng_below(&random, 1u << (place % 12)),
                                    1 + prng_below(&random, 10)};

        check_place(name, m, &w);
        m->observer.seen = NULL;
        ck_assert_int_eq(machine_run(m, &limits, &r), 0);
    }
    free(w.saved.data);
    free(w.ram);
    free(w.disk);
    machine_destroy(m);
}
END_TEST

/* Whatever the bytes, the machine is fit to be given a good state behind it. */
START_TEST(test_damaged)
{
    struct machine *m = guest_machine("bios_disk.bin");
    struct run_limits limits = {.exits = 50};
    struct prng random = {7};
    struct whole w = {0};
    struct run_result r;
    struct error err;
    uint64_t hash;
    unsigned refused = 0;

    ck_assert_int_eq(machine_run(m, &limits, &r), 0);
    take(m, &w);
    hash = machine_state_hash(m);
    for (unsigned i = 0; i < 3000; i++) {
        uint8_t *bytes = malloc(w.saved.size);
        size_t size = i % 3 ? w.saved.size : prng_below(&random, (uint32_t)w.saved.size);

        memcpy(bytes, w.saved.data, w.saved.size);
        for (unsigned k = 0; k < i % 3; k++)
            bytes[prng_below(&random, (uint32_t)w.saved.size)] ^= 1u << prng_below(&random, 8);
        err.text[0] = 0;
        if (machine_restore(m, bytes, size, &err)) {
            ck_assert_int_ne(err.text[0], 0);
            refused++;
        }
        free(bytes);
    }
    ck_assert_uint_ge(refused, 1000); /* all that were cut, at least */
    put_back(m, &w);
    ck_assert_uint_eq(machine_state_hash(m), hash);
    free(w.saved.data);
    free(w.ram);
    free(w.disk);
    machine_destroy(m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("saved");
    TCase *tc = tcase_create("saved");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tc, test_goes_on, 0, (int)guest_name_count);
    tcase_add_test(tc, test_damaged);
    tcase_set_timeout(tc, 0); /* tools/run-tests.sh has one for all */
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
