/*
 * Checkpoints of one machine: where it stood, from time to time, so that any moment between is not far.
 *
 * - A checkpoint holds the machine's state (core/saved.h) and those pages alone that were written since
 *   the one before it; a page that no older one has was zero when the machine was made.
 * - Pages are numbered: RAM first (ram_page_number()), then the blocks of the disk.
 * - They stand in the order of their moments. One may be put between two others, and be taken out: its
 *   pages go to the next, unless that has its own.
 * - Above a bound of memory those are taken out that cost least: the older, the closer together.
 * - The dirty log DIRTY_TIME and that of the disk are theirs.
 * - With shadow paging there is the first one alone: what the shadow tables have got so far decides which
 *   page faults come, and the logs decide what they get. Both begin anew with the machine.
 */
#ifndef VLAB_TRACE_CHECKPOINTS_H
#define VLAB_TRACE_CHECKPOINTS_H

#include "core/machine.h"
#include "core/saved.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A moment: exits handled, instructions retired. Both only grow, and no two stops have the same. */
struct moment {
    uint64_t exits, insns;
};

static inline int moment_compare(struct moment a, struct moment b)
{
    if (a.insns != b.insns)
        return a.insns < b.insns ? -1 : 1;
    return a.exits == b.exits ? 0 : a.exits < b.exits ? -1 : 1;
}

struct page_version {
    uint32_t page;
    uint8_t *bytes; /* PAGE_SIZE; NULL: zeros */
};

struct checkpoint {
    struct moment at;
    uint64_t inputs; /* of the timeline, that came before it */
    bool kept;       /* is never taken out */
    struct saved saved;
    void *extra;
    size_t extra_size;
    struct page_version *pages; /* by number */
    uint32_t page_count;
    uint64_t bytes; /* of memory, all in all */
};

struct checkpoints {
    struct machine *machine;
    struct checkpoint *list;
    size_t count, capacity;
    size_t base;      /* the machine is this one and what is in the dirty logs */
    uint64_t bytes;   /* of all of them */
    uint64_t thinned; /* taken out since the start */
};

/* The machine as it stands becomes the first. `extra`: `size` bytes, copied; NULL: none. -ENOMEM. */
int checkpoints_begin(struct checkpoints *c, struct machine *m, const void *extra, size_t size);
void checkpoints_end(struct checkpoints *c);

/* The last that is at or before a moment: its place. The first is before all. */
size_t checkpoints_before(const struct checkpoints *c, struct moment at);

/*
 * Add one for the machine as it stands, at the place where its moment belongs; in place of one at the
 * same moment. It becomes the base. *place: where. -ENOMEM.
 */
int checkpoints_add(struct checkpoints *c, uint64_t inputs, const void *extra, size_t size,
                    size_t *place);

/* Put the machine back; it becomes the base. -EINVAL is a defect of this program. */
int checkpoints_restore(struct checkpoints *c, size_t place, struct error *err);

/* Take one out, not the first and not the base. It stays when there is no memory to do so. */
void checkpoints_remove(struct checkpoints *c, size_t place);
/* All behind a moment; the machine is not behind it. */
void checkpoints_cut(struct checkpoints *c, struct moment at);
/* Down to `bytes`, as far as some may go. */
void checkpoints_thin(struct checkpoints *c, uint64_t bytes, struct moment now);

/* The nanoseconds, about, that a run takes: what distances between moments are compared by. */
uint64_t moment_cost(struct moment from, struct moment to);

#endif
