/*
 * A piece of 64-bit code, run by our machine and by a bare Unicorn engine at the same address.
 *
 * - The code gets a count in RDI, touches no memory, runs on past its end, and leaves a value in RDX
 *   by which two runs are compared.
 * - Ours runs it with 4-level paging, every exit on, as any guest; the bare engine has nothing hooked
 *   and stops at the end of the code.
 */
#ifndef VLAB_BENCH_GUEST64_H
#define VLAB_BENCH_GUEST64_H

#include "core/machine.h"
#include "util/error.h"

#include <stdint.h>
#include <unicorn/unicorn.h>

#define GUEST64_CODE 0x100000ull

struct guest64 {
    struct machine *machine;
    uc_engine *bare;
    uint64_t end; /* address behind the code */
};

/* Loads $BUILD/bench/guest/`name`. Takes what is to see the exits, or NULL. */
int guest64_open(struct guest64 *g, const char *name, const struct exit_observer *observer,
                 struct error *err);
void guest64_close(struct guest64 *g);

/* One run of `count` rounds: its seconds, and RDX at its end. */
int guest64_run_machine(struct guest64 *g, uint64_t count, double *seconds, uint64_t *rdx,
                        struct error *err);

/* Registers of the bare engine for `count` rounds; the caller starts it. */
int guest64_reset_bare(struct guest64 *g, uint64_t count, struct error *err);

#endif
