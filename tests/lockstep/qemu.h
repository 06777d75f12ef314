/*
 * A QEMU (TCG) beside the machine: a PC that never runs its firmware, stopped, moved by its gdb
 * stub.
 *
 * - Its RAM is a file in TMPDIR, mapped here: reading it needs no packet. Writing goes through the
 *   stub, since QEMU has to forget code that it translated from there.
 * - Functions return 0 or -errno with a line in `err`.
 */
#ifndef VLAB_TESTS_LOCKSTEP_QEMU_H
#define VLAB_TESTS_LOCKSTEP_QEMU_H

#include "tests/lockstep/gdb_client.h"
#include "util/error.h"
#include "x86/regs.h"

#include <stdbool.h>
#include <sys/types.h>

struct qemu {
    pid_t pid; /* 0: none */
    struct gdb_client gdb;
    const uint8_t *ram;
    size_t ram_size;
};

#define QEMU_PROGRAM "qemu-system-x86_64"

bool qemu_installed(void);

/* Start one with `ram_size` bytes of RAM, CPU at RESET. */
int qemu_start(struct qemu *q, size_t ram_size, struct error *err);
void qemu_stop(struct qemu *q);

/*
 * Registers. The stub has no descriptor tables, no hidden segments but the bases of FS and GS, no
 * x87 tags: those of *s stay as they are, or are not written. Outside 64-bit code it gives the low
 * 32 bits of eight registers.
 */
int qemu_get(struct qemu *q, struct x86_state *s, struct error *err);
int qemu_set(struct qemu *q, const struct x86_state *s, struct error *err);

/* Make the first `size` bytes of RAM equal to `wanted`. */
int qemu_put_ram(struct qemu *q, const uint8_t *wanted, size_t size, struct error *err);

int qemu_step(struct qemu *q, struct error *err);

#endif
