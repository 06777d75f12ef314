/*
 * Going back and forth in a run: no state differs from that of the run forward. Checkpoints that thin out,
 * input that is given again, searches backward against a list of all stops.
 */
#include "core/loader.h"
#include "trace/timeline.h"
#include "tests/support/guest_machine.h"
#include "tests/support/prng.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STOPS_MAX 1501u

/* The stops of a run forward, one after the other, without a timeline. */
struct stop {
    struct moment at;
    uint64_t hash, rip;
};

static struct stop stops[STOPS_MAX];
static unsigned stop_count;
static struct timeline *t;
static struct machine *m;
static struct error err;

static void note_stop(struct machine *from)
{
    struct x86_state state;

    machine_get_state(from, &state);
    stops[stop_count++] = (struct stop){
        {from->exits, from->insns}, machine_state_hash(from), state.rip + state.seg[X86_CS].base};
}

/* Behind `skip` instructions, `count` stops. */
static void record(const char *name, uint64_t skip, unsigned count)
{
    struct machine *plain = guest_machine(name);
    struct run_limits limits = {.insns = skip};
    struct run_result r = {.stop = STOP_BUDGET};

    stop_count = 0;
    if (skip)
        ck_assert_int_eq(machine_run(plain, &limits, &r), 0);
    note_stop(plain);
    while (stop_count < count && (r.stop == STOP_BUDGET)) {
        ck_assert_int_eq(machine_step(plain, &r), 0);
        if (moment_compare(stops[stop_count - 1].at, (struct moment){plain->exits, plain->insns}) !=
            0)
            note_stop(plain);
    }
    machine_destroy(plain);
}

static void start(const char *name, const struct timeline_config *config)
{
    m = guest_machine(name);
    ck_assert_msg(timeline_create(&t, m, config, &err) == 0, "%s", err.text);
}

static void finish(void)
{
    timeline_destroy(t);
    machine_destroy(m);
}

static void run_for(uint64_t insns, uint64_t exits)
{
    struct run_limits limits = {.insns = insns, .exits = exits};
    struct run_result r;

    ck_assert_int_eq(timeline_run(t, &limits, &r), 0);
}

static void check_at(unsigned i, const char *what)
{
    struct moment now = timeline_now(t);

    ck_assert_msg(moment_compare(now, stops[i].at) == 0, "%s: at (%llu, %llu), not (%llu, %llu)",
                  what, (unsigned long long)now.exits, (unsigned long long)now.insns,
                  (unsigned long long)stops[i].at.exits, (unsigned long long)stops[i].at.insns);
    ck_assert_msg(machine_state_hash(m) == stops[i].hash, "%s: another state at stop %u", what, i);
}

/* Every guest: to moments at random, with checkpoints close together and few of them kept. */
START_TEST(test_seeks)
{
    const struct timeline_config config = {.interval = 300, .memory = 600000};
    struct prng random = {(uint64_t)_i + 1};
    struct timeline_stats stats;

    record(guest_names[_i], 0, 350);
    start(guest_names[_i], &config);
    run_for(stops[stop_count - 1].at.insns, 0);
    for (unsigned k = 0; k < 25; k++) {
        unsigned i = prng_below(&random, stop_count);

        if (moment_compare(stops[i].at, timeline_end(t)) > 0)
            continue;
        ck_assert_msg(timeline_seek(t, stops[i].at, &err) == 0, "%s: %s", guest_names[_i],
                      err.text);
        check_at(i, guest_names[_i]);
    }
    timeline_get_stats(t, &stats);
    ck_assert_uint_gt(stats.checkpoints, 1);
    finish();
}
END_TEST

/* One step back after the other comes past every stop. */
START_TEST(test_steps_back)
{
    const struct timeline_config config = {.interval = 20000};
    unsigned i;

    record(guest_names[_i], 2000, 80);
    start(guest_names[_i], &config);
    run_for(2000, 0);
    for (i = 0; i + 1 < stop_count; i++) {
        struct run_result r;

        ck_assert_int_eq(timeline_step(t, &r), 0);
    }
    if (moment_compare(timeline_now(t), stops[i].at) != 0)
        ck_assert_int_eq(timeline_seek(t, stops[i].at, &err), 0);
    while (i-- > 0) {
        ck_assert_msg(timeline_step_back(t, &err) == 0, "%s", err.text);
        check_at(i, guest_names[_i]);
    }
    finish();
}
END_TEST

START_TEST(test_start)
{
    const struct timeline_config config = {0};

    start("boot_real.bin", &config);
    ck_assert_int_eq(timeline_step_back(t, &err), -ENOENT);
    ck_assert_int_eq(timeline_exit_back(t, &err), -ENOENT);
    ck_assert_int_eq(timeline_seek(t, (struct moment){0, 1}, &err), -ERANGE);
    run_for(50, 0);
    ck_assert_int_eq(timeline_seek(t, (struct moment){1000, 20}, &err), -ENOENT);
    ck_assert_int_eq(timeline_seek(t, timeline_start(t), &err), 0);
    ck_assert(timeline_in_past(t));
    ck_assert_uint_eq(timeline_end(t).insns, 50);
    finish();
}
END_TEST

/* Behind each exit, backward: the same moments as forward. */
START_TEST(test_exits_back)
{
    const struct timeline_config config = {.interval = 5000};
    unsigned count = 1;

    start(guest_names[_i], &config);
    stop_count = 0;
    note_stop(m);
    while (count < 100) {
        struct moment before = timeline_now(t);

        run_for(100000, 1);
        if (timeline_now(t).exits == before.exits)
            break;
        note_stop(m);
        count++;
    }
    if (moment_compare(timeline_now(t), stops[count - 1].at) != 0)
        count++; /* instructions without an exit at the end */
    while (count-- > 1) {
        ck_assert_msg(timeline_exit_back(t, &err) == 0, "%s", err.text);
        check_at(count - 1, guest_names[_i]);
    }
    ck_assert_int_eq(timeline_exit_back(t, &err), -ENOENT);
    finish();
}
END_TEST

static bool is_io(void *ctx, const struct vm_exit *exit)
{
    (void)ctx;
    return exit->reason == EXIT_IO && exit->seq % 3 == 0;
}

START_TEST(test_find_back)
{
    const struct timeline_config config = {.interval = 3000};
    struct moment all[400];
    unsigned count = 0;

    start("long64.elf", &config);
    while (count < 400) {
        struct run_limits one = {.exits = 1, .insns = 100000};
        struct run_result r;

        ck_assert_int_eq(timeline_run(t, &one, &r), 0);
        if (r.stop != STOP_BUDGET || !r.exits)
            break;
        all[count++] = timeline_now(t);
    }
    ck_assert_uint_gt(count, 20);
    for (unsigned found = 0; found < 10; found++) {
        struct moment now = timeline_now(t);

        ck_assert_msg(timeline_find_back(t, is_io, NULL, &err) == 0, "%s", err.text);
        ck_assert_int_lt(moment_compare(timeline_now(t), now), 0);
        while (count && moment_compare(all[count - 1], timeline_now(t)) > 0)
            count--;
        ck_assert_int_eq(moment_compare(all[count - 1], timeline_now(t)), 0);
    }
    finish();
}
END_TEST

static bool never(void *ctx, const struct vm_exit *exit)
{
    (void)ctx;
    (void)exit;
    return false;
}

START_TEST(test_nothing_found)
{
    const struct timeline_config config = {.interval = 2000};
    struct moment now;
    uint64_t hash;

    start("long64.elf", &config);
    run_for(9000, 0);
    now = timeline_now(t);
    hash = machine_state_hash(m);
    ck_assert_int_eq(timeline_find_back(t, never, NULL, &err), -ENOENT);
    ck_assert_int_eq(moment_compare(timeline_now(t), now), 0);
    ck_assert_uint_eq(machine_state_hash(m), hash);
    finish();
}
END_TEST

/* To each place where a breakpoint is, backward, against the stops of a run step by step. */
START_TEST(test_breaks_back)
{
    static const char *const names[] = {"boot_real.bin", "prot32.elf", "ring3.elf", "v86.elf"};
    const struct timeline_config config = {.interval = 900};
    struct breakpoint bp = {.kind = BREAK_RIP, .enabled = true};
    unsigned found = 0, id, i;

    record(names[_i], 0, 1500);
    start(names[_i], &config);
    i = stop_count - 1;
    /* the instruction that comes most often */
    for (unsigned a = 0, most = 0; a < stop_count; a++) {
        unsigned count = 0;

        for (unsigned b = 0; b < stop_count; b++)
            count += stops[b].rip == stops[a].rip;
        if (count > most && (a == 0 || stops[a - 1].rip != stops[a].rip) &&
            stops[a + (a + 1 < stop_count)].rip != stops[a].rip) {
            most = count;
            bp.first = bp.last = stops[a].rip;
        }
    }
    run_for(stops[i].at.insns, 0);
    ck_assert_int_eq(timeline_seek(t, stops[i].at, &err), 0);
    ck_assert_int_gt(machine_break_add(m, &bp), 0);
    while (found < 25 && i > 0) {
        do
            i--;
        while (i > 0 && stops[i].rip != bp.first);
        if (i == 0 || stops[i].rip != bp.first)
            break;
        /* an instruction that exits and begins again stops once, and so does a REP */
        if (i > 0 && stops[i - 1].rip == bp.first)
            continue;
        ck_assert_msg(timeline_break_back(t, NULL, NULL, &id, &err) == 0, "%s: %s", names[_i],
                      err.text);
        check_at(i, names[_i]);
        ck_assert_uint_eq(id, 1);
        found++;
    }
    ck_assert_uint_gt(found, 3);
    ck_assert_uint_eq(machine_break_find(m, 1)->hits, 0);
    finish();
}
END_TEST

/* A breakpoint at the border of two pieces is none the less met, once. */
START_TEST(test_break_at_a_border)
{
    for (uint64_t interval = 90; interval < 130; interval += 3) {
        const struct timeline_config config = {.interval = interval};
        struct breakpoint bp = {.kind = BREAK_RIP, .enabled = true};
        struct run_limits none = {.insns = 5000};
        struct machine *plain = guest_machine("prot32.elf");
        unsigned hits = 0, wanted = 0;
        struct run_result r;

        record("prot32.elf", 0, 200);
        bp.first = bp.last = stops[100].rip;
        ck_assert_int_gt(machine_break_add(plain, &bp), 0);
        do {
            ck_assert_int_eq(machine_run(plain, &none, &r), 0);
            wanted += r.stop == STOP_BREAK;
        } while (r.stop == STOP_BREAK);
        start("prot32.elf", &config);
        ck_assert_int_gt(machine_break_add(m, &bp), 0);
        do {
            ck_assert_int_eq(timeline_run(t, &none, &r), 0);
            hits += r.stop == STOP_BREAK;
        } while (r.stop == STOP_BREAK);
        ck_assert_uint_eq(hits, wanted);
        ck_assert_uint_gt(hits, 0);
        finish();
        machine_destroy(plain);
    }
}
END_TEST

/* Real mode: what comes in over COM1 is put down at 20000h. */
static struct machine *reader_machine(void)
{
    static const uint8_t code[] = {0x31, 0xff, 0xb8, 0x00, 0x20, 0x8e, 0xc0, 0xba,
                                   0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xf8, 0xba,
                                   0xf8, 0x03, 0xec, 0xaa, 0xeb, 0xf1};
    struct machine_config plain = MACHINE_CONFIG_DEFAULT;
    uint8_t sector[512] = {[510] = 0x55, [511] = 0xaa};
    struct image image = {.name = "reader", .data = sector, .size = sizeof(sector)};
    struct machine *reader;

    plain.ram_size = 1u << 20;
    memcpy(sector, code, sizeof(code));
    ck_assert_int_eq(machine_create(&reader, &plain, &err), 0);
    ck_assert_msg(machine_load(reader, &image, &err) == 0, "%s", err.text);
    return reader;
}

static void check_read(const char *text)
{
    char bytes[8] = "";

    ck_assert(ram_read(&m->ram, 0x20000, bytes, sizeof(bytes) - 1));
    ck_assert_str_eq(bytes, text);
}

/* What is typed comes again at its place; typing before the end makes another future. */
START_TEST(test_input)
{
    const struct timeline_config config = {.interval = 4000};
    struct moment typed, later, end;
    uint64_t hash, other;

    m = reader_machine();
    ck_assert_int_eq(timeline_create(&t, m, &config, &err), 0);
    run_for(1500, 0);
    typed = timeline_now(t);
    ck_assert_int_eq(timeline_input(t, "abc", 3), 0);
    run_for(300, 0);
    ck_assert_int_eq(timeline_input(t, "d", 1), 0);
    run_for(1200000, 0);
    check_read("abcd");
    later = timeline_now(t);
    hash = machine_state_hash(m);
    ck_assert_int_eq(timeline_seek(t, timeline_start(t), &err), 0);
    ck_assert_int_eq(timeline_seek(t, later, &err), 0);
    ck_assert_uint_eq(machine_state_hash(m), hash);
    ck_assert_int_eq(timeline_seek(t, typed, &err), 0);
    run_for(later.insns - typed.insns, 0);
    if (moment_compare(timeline_now(t), later) != 0)
        ck_assert_int_eq(timeline_seek(t, later, &err), 0);
    ck_assert_uint_eq(machine_state_hash(m), hash);

    ck_assert_int_eq(timeline_seek(t, typed, &err), 0);
    ck_assert(timeline_in_past(t));
    ck_assert_int_eq(timeline_input(t, "x", 1), 0);
    ck_assert(!timeline_in_past(t));
    end = timeline_end(t);
    ck_assert_int_eq(moment_compare(end, typed), 0);
    check_read("");
    run_for(1200300, 0);
    check_read("abcx");
    other = machine_state_hash(m);
    ck_assert_uint_ne(other, hash);
    later = timeline_now(t);
    ck_assert_int_eq(timeline_seek(t, timeline_start(t), &err), 0);
    ck_assert_int_eq(timeline_seek(t, later, &err), 0);
    ck_assert_uint_eq(machine_state_hash(m), other);
    ck_assert_int_eq(timeline_seek_insns(t, typed.insns - 1, &err), 0);
    ck_assert_int_eq(timeline_input(t, "y", 1), 0);
    run_for(1200300, 0);
    check_read("y");
    finish();
}
END_TEST

/* A change by hand is part of its future, and of nothing before. */
START_TEST(test_change)
{
    const struct timeline_config config = {.interval = 4000};
    struct x86_state state;
    struct moment changed, later;
    uint64_t before, hash;

    start("prot32.elf", &config);
    run_for(3000, 0);
    ck_assert_int_eq(timeline_seek_insns(t, 700, &err), 0);
    changed = timeline_now(t);
    before = machine_state_hash(m);
    machine_get_state(m, &state);
    state.gpr[X86_R8] = 0;
    state.gpr[X86_RBP] ^= 0x5555;
    machine_set_state(m, &state);
    ck_assert_int_eq(timeline_changed(t), 0);
    ck_assert(!timeline_in_past(t));
    run_for(1000, 0);
    later = timeline_now(t);
    hash = machine_state_hash(m);
    ck_assert_int_eq(timeline_seek_insns(t, 100, &err), 0);
    ck_assert_int_eq(timeline_seek(t, later, &err), 0);
    ck_assert_uint_eq(machine_state_hash(m), hash);
    ck_assert_int_eq(timeline_seek(t, changed, &err), 0);
    machine_get_state(m, &state);
    state.gpr[X86_RBP] ^= 0x5555;
    machine_set_state(m, &state);
    ck_assert_uint_eq(machine_state_hash(m), before);
    finish();
}
END_TEST

struct gathered {
    uint64_t exits;
};

static struct gathered gathered;

static void count_exit(void *ctx, const struct machine *from, const struct vm_exit *exit)
{
    (void)ctx;
    (void)from;
    (void)exit;
    gathered.exits++;
}

static void keep(void *ctx, void *extra)
{
    (void)ctx;
    memcpy(extra, &gathered, sizeof(gathered));
}

static void put_back(void *ctx, const void *extra)
{
    (void)ctx;
    memcpy(&gathered, extra, sizeof(gathered));
}

/* What somebody gathers of the exits goes back and forth with the machine. */
START_TEST(test_gathered)
{
    const struct timeline_config config = {
        .interval = 3000, .extra_size = sizeof(gathered), .keep = keep, .put_back = put_back};
    struct prng random = {5};

    gathered.exits = 0;
    start("long64.elf", &config);
    m->observer.seen = count_exit;
    run_for(20000, 0);
    for (unsigned i = 0; i < 50; i++) {
        uint64_t to = prng_below(&random, (uint32_t)timeline_end(t).insns);

        ck_assert_int_eq(timeline_seek_insns(t, to, &err), 0);
        ck_assert_uint_eq(gathered.exits, m->exits);
        if (i % 5 == 0)
            ck_assert_int_eq(timeline_step_back(t, &err), to ? 0 : -ENOENT);
        ck_assert_uint_eq(gathered.exits, m->exits);
    }
    finish();
}
END_TEST

static bool refuse(void *ctx)
{
    ++*(unsigned *)ctx;
    return false;
}

/* A seek that is interrupted leaves a machine that can go on. */
START_TEST(test_interrupted)
{
    unsigned asked = 0;
    const struct timeline_config config = {.interval = 3000, .pause = refuse, .ctx = &asked};
    uint64_t hash;
    struct moment end;

    start("long64.elf", &config);
    run_for(20000, 0);
    end = timeline_now(t);
    hash = machine_state_hash(m);
    machine_request_stop(m);
    ck_assert_int_eq(timeline_seek_insns(t, 2900, &err), -EINTR);
    ck_assert_uint_eq(asked, 1);
    ck_assert_int_eq(timeline_seek(t, end, &err), 0);
    ck_assert_uint_eq(machine_state_hash(m), hash);
    finish();
}
END_TEST

/* Above the bound, checkpoints go, those of the distant past most; the bound is kept. */
START_TEST(test_thins)
{
    const struct timeline_config config = {.interval = 1000, .memory = 1500000};
    struct timeline_stats stats;

    start("irq_hlt.elf", &config);
    for (unsigned i = 0; i < 100; i++) {
        run_for(2000, 0);
        timeline_get_stats(t, &stats);
        ck_assert_uint_le(stats.bytes, config.memory + 200000);
    }
    ck_assert_uint_gt(stats.thinned, 0);
    ck_assert_uint_gt(stats.checkpoints, 4);
    ck_assert_int_eq(timeline_seek_insns(t, 1234, &err), 0);
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("timeline");
    TCase *tc = tcase_create("timeline");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tc, test_seeks, 0, (int)guest_name_count);
    tcase_add_loop_test(tc, test_steps_back, 0, (int)guest_name_count);
    tcase_add_loop_test(tc, test_exits_back, 0, (int)guest_name_count);
    tcase_add_test(tc, test_start);
    tcase_add_test(tc, test_find_back);
    tcase_add_test(tc, test_nothing_found);
    tcase_add_loop_test(tc, test_breaks_back, 0, 4);
    tcase_add_test(tc, test_break_at_a_border);
    tcase_add_test(tc, test_input);
    tcase_add_test(tc, test_change);
    tcase_add_test(tc, test_gathered);
    tcase_add_test(tc, test_interrupted);
    tcase_add_test(tc, test_thins);
    tcase_set_timeout(tc, 0); /* tools/run-tests.sh has one for all */
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
