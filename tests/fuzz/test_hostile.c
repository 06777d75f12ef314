/*
 * Hostile guests (hostile.h) on the machine. What must hold for each: the run ends within its
 * budget; the host never fails; the same guest again gives the same state, exits and instructions,
 * and so it does in pieces of any size, and from one breakpoint to the next.
 *
 *   HOSTILE_GUESTS=N   guests, 200 unless set
 *   HOSTILE_SEED=N     the first seed, 1 unless set; alone, with HOSTILE_GUESTS=1: that one again
 */
#include "tests/fuzz/hostile.h"
#include "tests/support/prng.h"
#include "util/bytes.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSNS_MAX 5000u
#define EXITS_MAX 200u
#define GUESTS 200
#define PER_TEST 20 /* guests that one process runs */

struct outcome {
    struct run_result result; /* sums, and the last stop */
    uint64_t hash;
    struct x86_state state;
    uint8_t ram[HOSTILE_RAM];
    struct vm_exit exits[EXITS_MAX];
    unsigned exit_count;
};
static struct outcome whole, again; /* too large for the stack */

static unsigned long long setting(const char *name, unsigned long long unset)
{
    const char *text = getenv(name);

    return text && *text ? strtoull(text, NULL, 0) : unset;
}

/* Every exit has to make sense by itself. */
static void look_at_exit(void *ctx, const struct machine *m, const struct vm_exit *exit)
{
    struct outcome *out = ctx;

    if (out->exit_count < EXITS_MAX)
        out->exits[out->exit_count++] = *exit;
    ck_assert_uint_le(exit->insn_len, 15);
    ck_assert_uint_le(exit->cpl, 3);
    ck_assert_uint_lt(exit->reason, EXIT_REASON_COUNT);
    ck_assert_uint_le(exit->insns, m->insns);
    ck_assert(exit->insn_len > 0 || !(exit->has & EXIT_HAS_INSN));
}

static struct machine *create(uint64_t seed, const char **kind, struct outcome *out)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct machine *m;
    struct error err;

    config.ram_size = HOSTILE_RAM;
    config.shadow_paging = seed % 4 == 3;
    config.ept_accessed_dirty = seed % 4 == 1;
    ck_assert_msg(machine_create(&m, &config, &err) == 0, "%s", err.text);
    *kind = hostile_load(m, seed);
    ck_assert_ptr_nonnull(*kind);
    m->observer.seen = look_at_exit;
    m->observer.ctx = out;
    memset(out, 0, sizeof(*out));
    return m;
}

static void finish(struct machine *m, struct outcome *out)
{
    out->hash = machine_state_hash(m);
    machine_get_state(m, &out->state);
    ck_assert(ram_read(&m->ram, 0, out->ram, sizeof(out->ram)));
    machine_destroy(m);
}

/* Run on; `sum` grows by what this stretch did. */
static void run_on(struct machine *m, uint64_t insns, uint64_t exits, uint64_t seed,
                   struct run_result *sum)
{
    struct run_limits limits = {insns, exits};
    struct run_result r;
    int rc = machine_run(m, &limits, &r);

    ck_assert_msg(rc == 0, "seed %llu: the host failed: %s", (unsigned long long)seed,
                  r.error.text);
    ck_assert_msg((!insns || r.insns <= insns) && (!exits || r.exits <= exits),
                  "seed %llu: %llu instructions of %llu, %llu exits of %llu",
                  (unsigned long long)seed, (unsigned long long)r.insns, (unsigned long long)insns,
                  (unsigned long long)r.exits, (unsigned long long)exits);
    ck_assert(r.stop != STOP_GUEST_ERROR || r.error.text[0]);
    r.insns += sum->insns;
    r.exits += sum->exits;
    *sum = r;
}

/* Are the pieces single instructions? */
static bool by_ones(uint64_t seed)
{
    return seed % 4 == 0;
}

static void run_whole(uint64_t seed, struct outcome *out, const char **kind)
{
    struct machine *m = create(seed, kind, out);

    run_on(m, INSNS_MAX, EXITS_MAX, seed, &out->result);
    finish(m, out);
}

/* As far as `whole` came, in pieces of 1 to `largest` instructions. */
static void run_pieces(uint64_t seed, const struct outcome *whole, uint32_t largest,
                       struct outcome *out)
{
    bool by_insns = whole->result.stop == STOP_BUDGET && whole->result.insns >= INSNS_MAX;
    bool by_exits = whole->result.stop == STOP_BUDGET && !by_insns;
    struct run_result *sum = &out->result;
    struct prng r = {seed};
    const char *kind;
    struct machine *m = create(seed, &kind, out);

    for (uint64_t turn = 0; turn < 2ull * (INSNS_MAX + EXITS_MAX); turn++) {
        uint64_t insns = 1 + prng_below(&r, largest), exits = 0;

        if (by_insns && insns > INSNS_MAX - sum->insns)
            insns = INSNS_MAX - sum->insns;
        if (by_exits)
            exits = whole->result.exits - sum->exits;
        run_on(m, insns, exits, seed, sum);
        if (sum->stop != STOP_BUDGET || (by_insns && sum->insns >= INSNS_MAX) ||
            (by_exits && sum->exits >= whole->result.exits))
            break;
    }
    finish(m, out);
}

/* Some of each kind, where such a guest may come by. */
static void add_breaks(struct machine *m, uint64_t seed)
{
    static const uint32_t pages[] = {0x1000, 0x8000,  0x9000,  0xa000,
                                     0xb000, 0x20000, 0xdf000, 0xe0000};
    struct prng r = {seed * 31};

    for (unsigned i = 0; i < 8; i++) {
        uint64_t page = pages[prng_below(&r, sizeof(pages) / sizeof(pages[0]))];
        uint64_t gpa = page + (i % 2 ? prng_below(&r, 0x1000) : 0);
        uint64_t rip = 0x1000 + prng_below(&r, i % 2 ? 0x40 : 0x800);
        struct breakpoint bp[] = {
            {.kind = BREAK_RIP, .first = rip, .last = rip + prng_below(&r, 3)},
            {.kind = BREAK_GPA,
             .access = 1 + prng_below(&r, BREAK_ACCESS_ALL),
             .first = gpa,
             .last = gpa + prng_below(&r, i % 2 ? 16 : 0x2000)},
            {.kind = BREAK_REASON, .first = i, .last = i}};

        for (unsigned k = 0; k < sizeof(bp) / sizeof(bp[0]); k++) {
            bp[k].enabled = true;
            machine_break_add(m, &bp[k]); /* not every reason has a meaning */
        }
    }
}

/* Under the limits of the whole run, stopped at breakpoints on the way. */
static void run_broken(uint64_t seed, struct outcome *out)
{
    struct run_result *sum = &out->result;
    const char *kind;
    struct machine *m = create(seed, &kind, out);

    add_breaks(m, seed);
    do
        run_on(m, INSNS_MAX - sum->insns, EXITS_MAX - sum->exits, seed, sum);
    while (sum->stop == STOP_BREAK && sum->insns < INSNS_MAX && sum->exits < EXITS_MAX);
    if (sum->stop == STOP_BREAK)
        sum->stop = STOP_BUDGET;
    finish(m, out);
}

static void print_exit(const char *which, const struct outcome *out, unsigned i)
{
    const struct vm_exit *e = &out->exits[i];

    if (i < out->exit_count)
        printf("  %s: exit %u, %s at %#llx, %llu instructions, event %#x\n", which, i,
               exit_reason_name(e->reason), (unsigned long long)e->rip,
               (unsigned long long)e->insns, e->intr_info);
}

/* Where two runs part: the first exit, or the first of state and memory. */
static void tell_difference(const struct outcome *a, const struct outcome *b)
{
    const uint8_t *x = (const uint8_t *)&a->state, *y = (const uint8_t *)&b->state;
    size_t at = 0, ram = 0;
    unsigned i = 0;

    while (i < a->exit_count && i < b->exit_count && a->exits[i].reason == b->exits[i].reason &&
           a->exits[i].rip == b->exits[i].rip && a->exits[i].insns == b->exits[i].insns &&
           a->exits[i].intr_info == b->exits[i].intr_info)
        i++;
    for (unsigned k = i < 2 ? 0 : i - 2; k <= i; k++) {
        print_exit("whole", a, k);
        print_exit("other", b, k);
    }
    while (at < sizeof(a->state) && x[at] == y[at])
        at++;
    while (ram < HOSTILE_RAM && a->ram[ram] == b->ram[ram])
        ram++;
    printf("  rip %#llx and %#llx; state differs at byte %zu of %zu, memory at %#zx\n",
           (unsigned long long)a->state.rip, (unsigned long long)b->state.rip, at, sizeof(a->state),
           ram);
    if (ram + 8 <= HOSTILE_RAM)
        printf("  memory from there: %#llx and %#llx\n", (unsigned long long)get_le64(a->ram + ram),
               (unsigned long long)get_le64(b->ram + ram));
    fflush(stdout);
}

static bool same(const struct outcome *a, const struct outcome *b, uint64_t seed, const char *how)
{
    if (a->hash == b->hash && a->result.stop == b->result.stop &&
        a->result.insns == b->result.insns && a->result.exits == b->result.exits)
        return true;
    printf("DIFFERENCE HOSTILE_SEED=%llu HOSTILE_GUESTS=1, %s: %s after %llu instructions and %llu "
           "exits\n",
           (unsigned long long)seed, how, stop_reason_name(b->result.stop),
           (unsigned long long)b->result.insns, (unsigned long long)b->result.exits);
    tell_difference(a, b);
    return false;
}

/* The line comes first: it names the guest that ends the process. */
static bool run_guest(uint64_t seed)
{
    const char *kind;

    printf("HOSTILE_SEED=%llu", (unsigned long long)seed);
    fflush(stdout);
    run_whole(seed, &whole, &kind);
    printf(" %s: %s after %llu instructions, %llu exits\n", kind,
           stop_reason_name(whole.result.stop), (unsigned long long)whole.result.insns,
           (unsigned long long)whole.result.exits);
    run_whole(seed, &again, &kind);
    if (!same(&whole, &again, seed, "again"))
        return false;
    run_pieces(seed, &whole, by_ones(seed) ? 1 : 500, &again);
    if (!same(&whole, &again, seed, "in pieces"))
        return false;
    run_broken(seed, &again);
    return same(&whole, &again, seed, "with breakpoints");
}

START_TEST(test_guests)
{
    uint64_t first = setting("HOSTILE_SEED", 1), all = setting("HOSTILE_GUESTS", GUESTS);
    uint64_t from = (uint64_t)_i * PER_TEST;
    unsigned failures = 0;

    for (uint64_t i = from; i < from + PER_TEST && i < all; i++)
        failures += !run_guest(first + i);
    ck_assert_uint_eq(failures, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostile");
    TCase *guests = tcase_create("guests");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(guests, test_guests, 0,
                        (int)((setting("HOSTILE_GUESTS", GUESTS) + PER_TEST - 1) / PER_TEST));
    tcase_set_timeout(guests, 0); /* tools/run-tests.sh has one for all */
    suite_add_tcase(suite, guests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
