/*
 * The same machine, image and input: the same state at every exit, run after run and in pieces. The hash is
 * of all that the machine has.
 */
#include "tests/support/guest_machine.h"
#include "tests/support/prng.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXITS_MAX 400u
#define INSNS_MAX 3000000u

struct seen {
    uint64_t hashes[EXITS_MAX];
    unsigned count;
};

static void keep_hash(void *ctx, const struct machine *m, const struct vm_exit *exit)
{
    struct seen *seen = ctx;

    (void)exit;
    if (seen->count < EXITS_MAX)
        seen->hashes[seen->count++] = machine_state_hash(m);
}

static struct machine *start(const char *name, struct seen *seen)
{
    struct machine *m = guest_machine(name);

    memset(seen, 0, sizeof(*seen));
    m->observer.seen = keep_hash;
    m->observer.ctx = seen;
    return m;
}

/* Until EXITS_MAX exits, in pieces of at most `largest` instructions, 0: whole. */
static void run(const char *name, uint32_t largest, struct seen *seen)
{
    struct machine *m = start(name, seen);
    struct run_result r = {.stop = STOP_BUDGET};
    struct prng random = {largest};

    while (r.stop == STOP_BUDGET && m->exits < EXITS_MAX && m->insns < INSNS_MAX) {
        struct run_limits limits = {largest ? 1 + prng_below(&random, largest) : INSNS_MAX,
                                    EXITS_MAX - m->exits};

        ck_assert_int_eq(machine_run(m, &limits, &r), 0);
    }
    machine_destroy(m);
}

START_TEST(test_repeats)
{
    static const uint32_t largest[] = {0, 1000, 7};
    static struct seen first, other;
    const char *name = guest_names[_i];

    run(name, 0, &first);
    ck_assert_uint_gt(first.count, 0);
    for (size_t k = 0; k < sizeof(largest) / sizeof(largest[0]); k++) {
        unsigned i = 0;

        run(name, largest[k], &other);
        while (i < first.count && first.hashes[i] == other.hashes[i])
            i++;
        ck_assert_msg(i == first.count && other.count == first.count,
                      "%s in pieces of %u: another state at exit %u of %u and %u", name, largest[k],
                      i, first.count, other.count);
    }
}
END_TEST

/* What an exit says of where the guest is, is what the registers say. */
static void check_place(void *ctx, const struct machine *m, const struct vm_exit *exit)
{
    struct x86_state state;

    if (exit->reason != EXIT_IO) /* whose handler changes none of these */
        return;
    machine_get_state(m, &state);
    ck_assert_msg(exit->cpl == x86_cpl(&state) && exit->mode == x86_mode_of(&state) &&
                      exit->selector == state.seg[X86_CS].selector &&
                      exit->cs_base == state.seg[X86_CS].base,
                  "%s, exit %llu at %#llx: CPL %u, CS %04x, not CPL %u, CS %04x", (const char *)ctx,
                  (unsigned long long)exit->seq, (unsigned long long)exit->rip, exit->cpl,
                  exit->selector, x86_cpl(&state), state.seg[X86_CS].selector);
}

START_TEST(test_place)
{
    struct machine *m = guest_machine(guest_names[_i]);
    struct run_limits limits = {.insns = INSNS_MAX};
    struct run_result r;

    m->observer.seen = check_place;
    m->observer.ctx = (void *)(uintptr_t)guest_names[_i];
    ck_assert_int_eq(machine_run(m, &limits, &r), 0);
    ck_assert_uint_gt(r.exits, 0);
    machine_destroy(m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("repeat");
    TCase *tc = tcase_create("repeat");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tc, test_repeats, 0, (int)guest_name_count);
    tcase_add_loop_test(tc, test_place, 0, (int)guest_name_count);
    tcase_set_timeout(tc, 0); /* tools/run-tests.sh has one for all */
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
