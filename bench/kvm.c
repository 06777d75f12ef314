/*
 * Claims, on /dev/kvm: an OUT exit through dispatch takes at most 1.1 times that of a bare loop around
 * KVM_RUN; a machine, made and run to its first exit, at most 1.5 times the bare sequence; a machine with 10
 * pages written is put back, and run to its next exit, at least 0.8 times as often as by the bare ioctls.
 *
 * Without /dev/kvm a line on standard error says so, and there are no rows. The host's may be a module
 * without VT-x and AMD-V: these are ratios of what lies around the exit, never figures of VT-x.
 */
#include "backend/kvm/kvm.h"
#include "core/machine.h"
#include "support/bare_kvm.h"
#include "support/measure.h"
#include "trace/checkpoints.h"

#include <stdio.h>
#include <string.h>

#define EXITS 20000u
#define MACHINES 20u
#define RESTORES 300u
#define RAM_BYTES (16u << 20)
#define CODE 0x1000u

static const uint8_t out_loop[] = {0xba, 0x80, 0x00, 0xee, 0xeb, 0xfd}; /* l: out dx,al; jmp l */

/* A byte in each of 10 pages from 10000h on, then an OUT, over and over. */
static const uint8_t dirty_loop[] = {
    0xba, 0x80, 0x00, 0xb8, 0x00, 0x10, 0xb9, 0x0a, 0x00, /* mov dx,80h; mov ax,1000h; mov cx,10 */
    0x8e, 0xd8, 0x88, 0x0e, 0x00, 0x00,                   /* l: mov ds,ax; mov [0],cl */
    0x05, 0x00, 0x01, 0xe2, 0xf5, 0xee, 0xeb, 0xe9};      /* add ax,100h; loop l; out; again */

static int make(struct machine **m, const uint8_t *code, size_t size, struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct x86_state state;
    int rc;

    config.ram_size = RAM_BYTES;
    config.backend = &backend_kvm;
    rc = machine_create(m, &config, err);
    if (rc)
        return rc;
    ram_write(&(*m)->ram, CODE, code, size);
    x86_state_reset(&state);
    x86_segment_real(&state.seg[X86_CS], 0, true);
    state.rip = CODE;
    state.gpr[X86_RSP] = 0x7000;
    machine_set_state(*m, &state);
    return 0;
}

static int run(struct machine *m, uint64_t exits, struct error *err)
{
    struct run_limits limits = {.exits = exits};
    struct run_result result;

    if (machine_run(m, &limits, &result) || result.stop != STOP_BUDGET || result.exits != exits) {
        *err = result.error;
        return err->code ? err->code : error_set(err, -5, "/dev/kvm: the run ended early");
    }
    return 0;
}

/* ---- exits ------------------------------------------------------------------------------------ */

static int our_exits(double *seconds, struct error *err)
{
    struct machine *m;
    double start;
    int rc = make(&m, out_loop, sizeof(out_loop), err);

    if (rc)
        return rc;
    rc = run(m, 100, err);
    start = measure_now();
    rc = rc ? rc : run(m, EXITS, err);
    *seconds = measure_now() - start;
    machine_destroy(m);
    return rc;
}

static int bare_exits(double *seconds, struct error *err)
{
    struct bare_kvm k;
    double start = 0;
    int rc = bare_kvm_open(&k, RAM_BYTES, out_loop, sizeof(out_loop), err);

    for (unsigned i = 0; !rc && i < EXITS + 100; i++) {
        if (i == 100)
            start = measure_now();
        rc = bare_kvm_run(&k, err);
    }
    *seconds = measure_now() - start;
    bare_kvm_close(&k);
    return rc;
}

/* ---- machines --------------------------------------------------------------------------------- */

static int our_machines(double *seconds, struct error *err)
{
    double start = measure_now();
    int rc = 0;

    for (unsigned i = 0; !rc && i < MACHINES; i++) {
        struct machine *m = NULL;

        rc = make(&m, out_loop, sizeof(out_loop), err);
        rc = rc ? rc : run(m, 1, err);
        machine_destroy(m);
    }
    *seconds = measure_now() - start;
    return rc;
}

static int bare_machines(double *seconds, struct error *err)
{
    double start = measure_now();
    int rc = 0;

    for (unsigned i = 0; !rc && i < MACHINES; i++) {
        struct bare_kvm k;

        rc = bare_kvm_open(&k, RAM_BYTES, out_loop, sizeof(out_loop), err);
        rc = rc ? rc : bare_kvm_run(&k, err);
        bare_kvm_close(&k);
    }
    *seconds = measure_now() - start;
    return rc;
}

/* ---- restores --------------------------------------------------------------------------------- */

static int our_restores(double *seconds, struct error *err)
{
    struct checkpoints c;
    struct machine *m;
    double start;
    int rc = make(&m, dirty_loop, sizeof(dirty_loop), err);

    if (rc)
        return rc;
    rc = checkpoints_begin(&c, m, NULL, 0);
    rc = rc ? rc : run(m, 1, err);
    start = measure_now();
    for (unsigned i = 0; !rc && i < RESTORES; i++) {
        rc = checkpoints_restore(&c, 0, err);
        rc = rc ? rc : run(m, 1, err);
    }
    *seconds = measure_now() - start;
    checkpoints_end(&c);
    machine_destroy(m);
    return rc;
}

static int bare_restores(double *seconds, struct error *err)
{
    struct bare_kvm k;
    double start;
    int rc = bare_kvm_open(&k, RAM_BYTES, dirty_loop, sizeof(dirty_loop), err);

    rc = rc ? rc : bare_kvm_save(&k, err);
    rc = rc ? rc : bare_kvm_run(&k, err);
    start = measure_now();
    for (unsigned i = 0; !rc && i < RESTORES; i++) {
        rc = bare_kvm_restore(&k, err);
        rc = rc ? rc : bare_kvm_run(&k, err);
    }
    *seconds = measure_now() - start;
    bare_kvm_close(&k);
    return rc;
}

/* ---- rows ------------------------------------------------------------------------------------- */

typedef int timed(double *seconds, struct error *err);

struct claim {
    const char *text, *peer, *goal_text, *unit;
    timed *ours, *bare;
    unsigned count;
    double goal;
    bool is_time; /* ours / bare, at most; else bare / ours, at least */
};

static const struct claim claims[] = {
    {"OUT exits on /dev/kvm, dispatched", "a bare KVM_RUN loop", "at most 1.1", "of its time",
     our_exits, bare_exits, EXITS, 1.1, true},
    {"a machine on /dev/kvm, to its first exit", "the bare ioctls", "at most 1.5", "of their time",
     our_machines, bare_machines, MACHINES, 1.5, true},
    {"restores on /dev/kvm, 10 pages written, to the next exit", "the bare ioctls", "0.8",
     "of their speed", our_restores, bare_restores, RESTORES, 0.8, false},
};

static int measure(const struct claim *c)
{
    double ratio[MEASURE_REPEATS], bare[MEASURE_REPEATS];
    struct error err = {0};
    struct spread got, theirs;
    char peer[96];

    for (int i = 0; i < MEASURE_REPEATS; i++) {
        double ours;

        if (c->ours(&ours, &err) || c->bare(&bare[i], &err))
            return measure_fail(&err);
        ratio[i] = c->is_time ? ours / bare[i] : bare[i] / ours;
        bare[i] *= 1e6 / c->count;
    }
    got = measure_spread(ratio, MEASURE_REPEATS);
    theirs = measure_spread(bare, MEASURE_REPEATS);
    snprintf(peer, sizeof(peer), "%s: %.1f (%.1f to %.1f) us", c->peer, theirs.median, theirs.min,
             theirs.max);
    measure_row(c->text, peer, c->goal_text, got, c->unit,
                c->is_time ? got.median <= c->goal : got.median >= c->goal);
    return 0;
}

int main(void)
{
    struct backend_report report;
    int status = 0;

    backend_kvm.probe(&report, 1u << NEED_REAL);
    if (report.level != BACKEND_FULL) {
        fprintf(stderr, "vlab: bench: kvm: skipped: %s\n", report.missing);
        return 0;
    }
    for (size_t i = 0; !status && i < sizeof(claims) / sizeof(claims[0]); i++)
        status = measure(&claims[i]);
    return status;
}
