/*
 * A bench for one device of a machine whose guest does not run: ports by hand, virtual time by
 * hand, a recorder in place of the interrupt controller.
 *
 * With bench_moving set, the device is saved, reset and loaded again before every access and every
 * step of time; so each test of a mode is, run once more, a test of save() and load() in the middle
 * of that mode.
 */
#ifndef VLAB_TESTS_DEVICE_BENCH_H
#define VLAB_TESTS_DEVICE_BENCH_H

#include "core/clock.h"
#include "core/machine.h"

#include <check.h>
#include <stdbool.h>
#include <stdint.h>

#define BENCH_TEXT_MAX 64
#define BENCH_STATE_MAX 1024

struct bench {
    struct machine *m;
    struct device *dev;
    bool moving;
    bool level[IRQ_LINES];
    unsigned rises[IRQ_LINES];
    uint64_t rose_at[IRQ_LINES]; /* ns, the last time */
    char serial[BENCH_TEXT_MAX], debug[BENCH_TEXT_MAX];
    struct device recorder;
};

extern struct bench bench;

/* A new machine and its device that answers `port`; lines go to the recorder, unless it is the
 * interrupt controller itself. */
void bench_setup(const struct machine_config *config, uint16_t port, bool moving);
void bench_teardown(void);

unsigned bench_in(uint16_t port);
void bench_out(uint16_t port, unsigned value);

/* Let `ns` pass; devices tick when they are due. */
void bench_pass(uint64_t ns);

/*
 * load() refuses wrong sizes, and whatever it accepts of many broken states leaves a device that
 * can be shown and that ports and time cannot break; a state it refuses changes nothing.
 */
void bench_broken_states(uint16_t port, unsigned ports);

/* Run the tests twice, set up by `setup` and by `setup_moving`; the program's exit status. */
int bench_main(const char *name, void (*setup)(void), void (*setup_moving)(void),
               void (*add_tests)(TCase *));

#endif
