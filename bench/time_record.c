/*
 * Claims, over a run of 10 million instructions with a timer interrupt every 10,000:
 * - recording it costs at most half of the plain run more;
 * - a step back from anywhere in it takes 20 ms, p95;
 * - 1,000 jumps at random come to the state of the run forward. One that does not ends the program.
 */
#include "core/bus.h"
#include "support/measure.h"
#include "trace/timeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSNS 10000000u
#define SEEKS 1000
#define BACK 300

/* Real mode: counts in 64 KiB at 10000h, with interrupts on. */
static const uint8_t loop[] = {
    0xb8, 0x00, 0x10, 0x8e, 0xd8, /* mov ax, 1000h; mov ds, ax */
    0xbc, 0x00, 0x70, 0xfb,       /* mov sp, 7000h; sti */
    0xff, 0x05,                   /* L: inc word [di] */
    0x81, 0xc7, 0x02, 0x01,       /* add di, 102h */
    0xeb, 0xf8,                   /* jmp L */
};
/* The timer's handler: end of interrupt. */
static const uint8_t handler[] = {0x50, 0xb0, 0x20, 0xe6, 0x20, 0x58, 0xcf};
static const uint8_t vector[] = {0x00, 0x11, 0x00, 0x00};
/* Port, value: PIC with vector 20h and IRQ 0 alone, PIT at about 100 kHz. */
static const uint8_t ports[][2] = {{0x20, 0x11}, {0x21, 0x20}, {0x21, 0x04}, {0x21, 0x01},
                                   {0x21, 0xfe}, {0x43, 0x34}, {0x40, 0x0c}, {0x40, 0x00}};

static int make_machine(struct machine **m, struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct x86_state s;
    int rc;

    config.ram_size = 2u << 20;
    rc = machine_create(m, &config, err);
    if (rc)
        return rc;
    ram_write(&(*m)->ram, 0x1000, loop, sizeof(loop));
    ram_write(&(*m)->ram, 0x1100, handler, sizeof(handler));
    ram_write(&(*m)->ram, 0x20 * 4, vector, sizeof(vector));
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
        bus_port_write(&(*m)->ports, ports[i][0], 1, ports[i][1]);
    machine_get_state(*m, &s);
    for (int i = X86_ES; i <= X86_GS; i++)
        x86_segment_real(&s.seg[i], 0, i == X86_CS);
    s.rip = 0x1000;
    machine_set_state(*m, &s);
    return 0;
}

static uint64_t seed = 1;

static uint64_t random_insns(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return 1 + (seed >> 33) % (INSNS - 1);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* ---- recording --------------------------------------------------------------------------------- */

static int time_run(bool recorded, double *seconds, struct error *err)
{
    const struct timeline_config config = {0};
    const struct run_limits limits = {.insns = INSNS};
    struct timeline *t = NULL;
    struct run_result r;
    struct machine *m;
    double start;
    int rc = make_machine(&m, err);

    if (rc)
        return rc;
    rc = recorded ? timeline_create(&t, m, &config, err) : 0;
    start = measure_now();
    if (!rc)
        rc = recorded ? timeline_run(t, &limits, &r) : machine_run(m, &limits, &r);
    *seconds = measure_now() - start;
    timeline_destroy(t);
    machine_destroy(m);
    return rc;
}

static int measure_recording(void)
{
    double ratio[MEASURE_REPEATS], plain, recorded;
    struct error err = {0};
    struct spread got;

    for (int i = 0; i < MEASURE_REPEATS; i++) {
        if (time_run(false, &plain, &err) || time_run(true, &recorded, &err))
            return measure_fail(&err);
        ratio[i] = recorded / plain;
    }
    got = measure_spread(ratio, MEASURE_REPEATS);
    measure_row("10 million instructions with 1,000 interrupts, recorded", "the same run, plain",
                "1.5", got, "times", got.median <= 1.5);
    return 0;
}

/* ---- going back -------------------------------------------------------------------------------- */

static int measure_back(struct timeline *t)
{
    double ms[BACK];
    struct error err = {0};
    struct spread got;

    for (unsigned i = 0; i < BACK; i++) {
        double start;

        if (timeline_seek_insns(t, random_insns(), &err))
            return measure_fail(&err);
        start = measure_now();
        if (timeline_step_back(t, &err))
            return measure_fail(&err);
        ms[i] = (measure_now() - start) * 1e3;
    }
    got = measure_spread(ms, BACK);
    got.median = measure_quantile(ms, BACK, 95);
    measure_row("a step back from a random place: p95", "none: a goal of its own", "20 ms", got,
                "ms", got.median <= 20);
    got = measure_spread(ms, BACK);
    measure_row("the same: median", "none: a goal of its own", "none: for comparison", got, "ms",
                true);
    return 0;
}

/* The states of the run forward, at random places in order. */
static int forward(const uint64_t *places, uint64_t *hashes, struct error *err)
{
    struct run_result r;
    struct machine *m;
    int rc = make_machine(&m, err);

    for (unsigned i = 0; !rc && i < SEEKS; i++) {
        const struct run_limits limits = {.insns = places[i] - m->insns};

        if (limits.insns)
            rc = machine_run(m, &limits, &r);
        hashes[i] = machine_state_hash(m);
    }
    machine_destroy(m);
    return rc;
}

static int check_seeks(struct timeline *t, struct machine *m)
{
    static uint64_t places[SEEKS], hashes[SEEKS];
    double ms[SEEKS];
    struct error err = {0};
    struct spread got;

    for (unsigned i = 0; i < SEEKS; i++)
        places[i] = random_insns();
    qsort(places, SEEKS, sizeof(places[0]), by_value);
    if (forward(places, hashes, &err))
        return measure_fail(&err);
    for (unsigned k = 0; k < SEEKS; k++) {
        unsigned i = (unsigned)(k * 617u % SEEKS); /* 617 has no divisor of 1,000 */
        double start = measure_now();

        if (timeline_seek_insns(t, places[i], &err))
            return measure_fail(&err);
        ms[k] = (measure_now() - start) * 1e3;
        if (machine_state_hash(m) != hashes[i]) {
            error_set(&err, -EIO, "time_record: another state at instruction %llu",
                      (unsigned long long)places[i]);
            return measure_fail(&err);
        }
    }
    got = measure_spread(ms, SEEKS);
    got.median = measure_quantile(ms, SEEKS, 95);
    measure_row("1,000 jumps to random places, none to another state than forward: p95",
                "none: a goal of its own", "none: for comparison", got, "ms", true);
    return 0;
}

int main(void)
{
    const struct timeline_config config = {0};
    const struct run_limits limits = {.insns = INSNS};
    struct timeline *t;
    struct run_result r;
    struct machine *m;
    struct error err = {0};
    int status = measure_recording();

    if (status)
        return status;
    if (make_machine(&m, &err) || timeline_create(&t, m, &config, &err) ||
        timeline_run(t, &limits, &r))
        return measure_fail(&err);
    status = measure_back(t);
    status = status ? status : check_seeks(t, m);
    timeline_destroy(t);
    machine_destroy(m);
    return status;
}
