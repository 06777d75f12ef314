/* See device_bench.h. */
#include "tests/support/device_bench.h"

#include "core/device_fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A timer at its fastest has an edge each 838 ns. */
#define SHAKE_NS (CLOCK_HZ / 10000)
#define SHAKE_TICKS_MAX 1000
#define TIMEOUT 120 /* seconds: for a test that hangs, not for a machine that is busy */

struct bench bench;

static void keep_text(void *ctx, enum text_source source, const char *text, size_t size)
{
    char *to = source == TEXT_SERIAL ? bench.serial : bench.debug;

    (void)ctx;
    strncat(to, text, size < BENCH_TEXT_MAX - 1 - strlen(to) ? size : 0);
}

static void record_line(struct device *recorder, unsigned line, bool level)
{
    (void)recorder;
    ck_assert_uint_lt(line, IRQ_LINES);
    if (level && !bench.level[line]) {
        bench.rises[line]++;
        bench.rose_at[line] = clock_now(bench.m);
    }
    bench.level[line] = level;
}

void bench_setup(const struct machine_config *config, uint16_t port, bool moving)
{
    struct machine_config c = *config;
    struct error err = {0};

    memset(&bench, 0, sizeof(bench));
    c.text.write = keep_text;
    ck_assert_msg(machine_create(&bench.m, &c, &err) == 0, "%s", err.text);
    bench.dev = bus_find(&bench.m->ports, port)->dev;
    bench.moving = moving;
    bench.recorder.machine = bench.m;
    if (bench.m->irq.controller != bench.dev) {
        bench.m->irq.controller = &bench.recorder;
        bench.m->irq.set_line = record_line;
    }
    bench.dev->ops->reset(bench.dev); /* shows the recorder where its lines stand */
    memset(bench.rises, 0, sizeof(bench.rises));
}

void bench_teardown(void)
{
    machine_destroy(bench.m);
}

static size_t save(uint8_t *buf)
{
    size_t size = bench.dev->ops->save(bench.dev, buf, BENCH_STATE_MAX);

    ck_assert_uint_gt(size, 0);
    ck_assert_uint_le(size, BENCH_STATE_MAX);
    return size;
}

static void load(const uint8_t *buf, size_t size)
{
    ck_assert_int_eq(bench.dev->ops->load(bench.dev, buf, size), 0);
}

/* Save, reset, load: the same bytes, deadline and lines as before. */
static void move(void)
{
    static uint8_t before[BENCH_STATE_MAX], after[BENCH_STATE_MAX];
    size_t size = save(before);
    uint64_t deadline = bench.dev->deadline;
    struct bench kept = bench;
    bool intr = bench.m->irq.intr;

    bench.dev->ops->reset(bench.dev);
    load(before, size);
    ck_assert_uint_eq(save(after), size);
    ck_assert_mem_eq(after, before, size);
    ck_assert_uint_eq(bench.dev->deadline, deadline);
    for (unsigned i = 0; i < IRQ_LINES; i++)
        ck_assert_msg(bench.level[i] == kept.level[i], "line %u", i);
    ck_assert_int_eq(bench.m->irq.intr, intr);
    memcpy(bench.rises, kept.rises, sizeof(bench.rises));
    memcpy(bench.rose_at, kept.rose_at, sizeof(bench.rose_at));
}

unsigned bench_in(uint16_t port)
{
    if (bench.moving)
        move();
    return bus_port_read(&bench.m->ports, port, 1);
}

void bench_out(uint16_t port, unsigned value)
{
    if (bench.moving)
        move();
    bus_port_write(&bench.m->ports, port, 1, value);
}

void bench_pass(uint64_t ns)
{
    uint64_t end = clock_now(bench.m) + ns;

    if (bench.moving)
        move();
    while (clock_deadline(bench.m) <= end) {
        if (clock_deadline(bench.m) > clock_now(bench.m))
            bench.m->slept = clock_deadline(bench.m) - bench.m->insns;
        clock_tick(bench.m);
        if (bench.moving)
            move();
    }
    bench.m->slept = end - bench.m->insns;
}

static void look(void)
{
    struct device_field fields[DEVICE_FIELDS_MAX];
    unsigned count = device_show(bench.dev, fields, DEVICE_FIELDS_MAX);

    ck_assert_uint_gt(count, 0);
    for (unsigned i = 0; i < count; i++)
        ck_assert_msg(fields[i].bits >= 64 || fields[i].value >> fields[i].bits == 0,
                      "%s: value too wide", fields[i].name);
}

/* Whatever load() accepted must stand this; how often it ticks in a while is bounded. */
static void shake(uint16_t port, unsigned ports)
{
    uint64_t end = clock_now(bench.m) + SHAKE_NS;
    unsigned ticks = 0;

    for (unsigned i = 0; i < ports; i++)
        bus_port_read(&bench.m->ports, (uint16_t)(port + i), 1);
    while (clock_deadline(bench.m) <= end && ticks++ < SHAKE_TICKS_MAX)
        clock_sleep(bench.m);
    ck_assert_uint_lt(ticks, SHAKE_TICKS_MAX);
    for (unsigned i = 0; i < ports; i++)
        bus_port_write(&bench.m->ports, (uint16_t)(port + i), 1, 0x31 * i);
}

static void try_state(const uint8_t *state, size_t size, uint16_t port, unsigned ports)
{
    static uint8_t before[BENCH_STATE_MAX], after[BENCH_STATE_MAX];
    uint64_t slept = bench.m->slept, deadline = bench.dev->deadline;
    int rc;

    save(before);
    rc = bench.dev->ops->load(bench.dev, state, size);
    if (rc == 0) {
        look();
        save(after);
        shake(port, ports);
        bench.m->slept = slept;
        load(before, size);
        return;
    }
    ck_assert_int_eq(rc, -EINVAL);
    save(after);
    ck_assert_mem_eq(after, before, size);
    ck_assert_uint_eq(bench.dev->deadline, deadline);
}

void bench_broken_states(uint16_t port, unsigned ports)
{
    static const uint8_t values[] = {0x00, 0x01, 0x02, 0x10, 0x40, 0x7f, 0x80, 0xff};
    static uint8_t state[BENCH_STATE_MAX];
    size_t size = save(state);
    unsigned refused = 0;

    ck_assert_int_eq(bench.dev->ops->load(bench.dev, state, size - 1), -EINVAL);
    ck_assert_int_eq(bench.dev->ops->load(bench.dev, state, size + 1), -EINVAL);
    ck_assert_int_eq(bench.dev->ops->load(bench.dev, state, 0), -EINVAL);
    for (size_t i = 0; i < size; i++) {
        uint8_t kept = state[i];

        for (size_t v = 0; v < sizeof(values); v++) {
            state[i] = values[v];
            try_state(state, size, port, ports);
        }
        state[i] = kept;
    }
    memset(state, 0xff, size);
    refused = bench.dev->ops->load(bench.dev, state, size) == -EINVAL;
    ck_assert_uint_eq(refused, 1);
}

static void add_case(Suite *suite, const char *name, void (*setup)(void),
                     void (*add_tests)(TCase *))
{
    TCase *tc = tcase_create(name);

    suite_add_tcase(suite, tc);
    tcase_set_timeout(tc, TIMEOUT);
    tcase_add_checked_fixture(tc, setup, bench_teardown);
    add_tests(tc);
}

int bench_main(const char *name, void (*setup)(void), void (*setup_moving)(void),
               void (*add_tests)(TCase *))
{
    Suite *suite = suite_create(name);
    SRunner *runner = srunner_create(suite);
    int failed;

    add_case(suite, "straight", setup, add_tests);
    add_case(suite, "saved and loaded", setup_moving, add_tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
