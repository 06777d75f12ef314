/*
 * Claim: injecting an interrupt takes at most 8 microseconds: the guest is read out, loaded with the
 * event, delivered to through its IDT, and run to the exit that its handler makes.
 *
 * The peer is that exit alone, a CPUID in the same guest.
 */
#include "core/backend.h"
#include "core/machine.h"
#include "support/measure.h"

#include <errno.h>

#define ROUNDS 100000u
#define GOAL 8.0 /* microseconds */
#define VECTOR 0x40
#define CODE 0x1000u
#define HANDLER 0x600u

/* Real mode: the program loops, the handler says that it was there. */
static const uint8_t program[] = {0x0f, 0xa2, 0xeb, 0xfc}; /* cpuid; jmp $-2 */
static const uint8_t handler[] = {0x0f, 0xa2, 0xcf};       /* cpuid; iret */
static const uint8_t gate[] = {HANDLER & 0xff, HANDLER >> 8, 0, 0};

static int prepare(struct machine *m, struct error *err)
{
    struct x86_state state;

    if (!ram_write(&m->ram, CODE, program, sizeof(program)) ||
        !ram_write(&m->ram, HANDLER, handler, sizeof(handler)) ||
        !ram_write(&m->ram, VECTOR * 4, gate, sizeof(gate)))
        return error_set(err, -EFAULT, "guest: does not fit into RAM");
    x86_state_reset(&state);
    x86_segment_real(&state.seg[X86_CS], 0, true);
    state.cr0 = CR0_ET;
    state.rip = CODE;
    state.rflags |= RFLAGS_IF;
    state.gpr[X86_RSP] = 0x7000;
    machine_set_state(m, &state);
    return 0;
}

/* Microseconds of a round to the next exit, with or without an interrupt to begin with. */
static int measure_round(struct machine *m, bool inject, double *us, struct error *err)
{
    static const struct x86_event event = {.info = INTR_VALID | INTR_EXTERNAL << 8 | VECTOR};
    const struct run_limits one = {.exits = 1};
    struct run_result result = {0};
    double start = measure_now();

    for (unsigned i = 0; i < ROUNDS; i++) {
        if (inject)
            m->vcpu->ops->inject(m->vcpu, &event);
        if (machine_run(m, &one, &result) || result.exits != 1)
            return error_set(err, -EIO, "the guest stopped: %s", stop_reason_name(result.stop));
        if (inject && machine_run(m, &one, &result)) /* IRET, and the program's own exit */
            return error_set(err, -EIO, "the guest stopped: %s", result.error.text);
    }
    *us = (measure_now() - start) / ROUNDS * 1e6;
    return 0;
}

int main(void)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    double costs[MEASURE_REPEATS] = {0}, plain = 0;
    struct error err = {0};
    struct machine *m;
    struct spread got;
    int failed;

    config.ram_size = 1u << 20;
    failed = machine_create(&m, &config, &err);
    failed = failed ? failed : prepare(m, &err);
    for (int i = 0; !failed && i < MEASURE_REPEATS; i++) {
        failed = measure_round(m, false, &plain, &err);
        failed = failed ? failed : measure_round(m, true, &costs[i], &err);
        costs[i] -= plain; /* the second exit of a round */
    }
    machine_destroy(m);
    if (failed)
        return measure_fail(&err);
    got = measure_spread(costs, MEASURE_REPEATS);
    measure_row("an interrupt injected, and the exit of its handler",
                "the program's own exit is taken off", "8.00 us", got, "us", got.median <= GOAL);
    return 0;
}
