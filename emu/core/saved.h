/*
 * A machine's state as bytes: all that decides how it goes on, but RAM and the contents of its disk,
 * which are kept by page. For checkpoints (trace/timeline.h) and snapshots (snapshot/snapshot.h).
 *
 * Layout, little-endian: "vlabmst" and a newline, a version (4 bytes), then sections: a tag of four
 * letters, the size of the contents (4 bytes), the contents. The sections are those of saved.c's table,
 * in its order.
 * - Equal states give equal bytes, on any host and backend.
 * - What the monitor has set up is not in it: breakpoints, observers, rights of the second stage.
 */
#ifndef VLAB_CORE_SAVED_H
#define VLAB_CORE_SAVED_H

#include "util/error.h"
#include "x86/regs.h"

#include <stddef.h>
#include <stdint.h>

struct machine;

struct saved {
    uint8_t *data; /* grows; free() it */
    size_t size, capacity;
};

/*
 * Into `saved`, in place of what it holds: its memory is used again. Between runs only. -ENOMEM.
 */
int machine_save(const struct machine *m, struct saved *saved);

/*
 * Pages of RAM and blocks of the disk are put back before or behind. -EINVAL: the bytes are not of a machine
 * with this RAM, disk and devices; the machine is then fit to be destroyed, or to be given another state.
 */
int machine_restore(struct machine *m, const uint8_t *data, size_t size, struct error *err);

/* The registers among them, without a machine. -EINVAL. */
int saved_cpu(const uint8_t *data, size_t size, struct x86_state *state);

/* Where the machine stood: exits and instructions since its creation. -EINVAL. */
int saved_position(const uint8_t *data, size_t size, uint64_t *exits, uint64_t *insns);

#endif
