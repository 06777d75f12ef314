/*
 * A guest that is a ROM (bench/guest/rom.inc) in qemu-system-x86_64 -accel tcg: 64 MiB, as a process of
 * its own that stands before the first instruction.
 *
 * - It is moved by its gdb stub and told by its monitor what to do. Both lines are socket pairs: there
 *   is nothing to wait for. A QEMU that says nothing for 5 seconds is taken for one that hangs.
 * - Functions return 0 or -errno with a line in `err`.
 */
#ifndef VLAB_BENCH_QEMU_GUEST_H
#define VLAB_BENCH_QEMU_GUEST_H

#include "qmp.h"
#include "tests/lockstep/gdb_client.h"
#include "util/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct qemu_guest {
    pid_t pid; /* 0: none */
    struct gdb_client gdb;
    struct qmp qmp;
    bool at_mark; /* a round was done */
};

/* QEMU and qemu-img; else, what is not installed. */
bool qemu_guest_possible(const char **missing);

/* A disk that is all zeros, for snapshots to go to. */
int qemu_guest_disk(const char *path, struct error *err);

/* With the disk, and with `icount` as the value of QEMU's -icount; NULL: without. */
int qemu_guest_start(struct qemu_guest *g, const char *rom, const char *disk, const char *icount,
                     struct error *err);
void qemu_guest_stop(struct qemu_guest *g);

/* Run to the mark; or to debug-exit, behind which QEMU is gone. */
int qemu_guest_round(struct qemu_guest *g, struct error *err);
int qemu_guest_finish(struct qemu_guest *g, struct error *err);

/* A number in RAM, 32 bits. */
int qemu_guest_put(struct qemu_guest *g, uint32_t gpa, uint32_t value, struct error *err);
int qemu_guest_get(struct qemu_guest *g, uint32_t gpa, uint32_t *value, struct error *err);

#endif
