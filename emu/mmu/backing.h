/*
 * The second stage of a machine, made from its memory slots: what core/ram.h says backs a page is what
 * the tables of mmu/ept.h map, with the rights that the monitor left it.
 *
 * Rights start as read, write and execute for RAM, read and execute for ROM; a shared page is not
 * writable. Nothing is mapped where no slot is: an access there is an EPT violation.
 */
#ifndef VLAB_MMU_BACKING_H
#define VLAB_MMU_BACKING_H

#include "core/ram.h"
#include "mmu/ept.h"

/* Map all slots, what is read-only over what is not. -ENOMEM, -ENOSPC. */
int backing_map(struct ept *ept, const struct ram *ram);

/*
 * Map the pages of [gpa, gpa + size), which is widened to whole pages, again with these rights (EPT_
 * bits; whatever they are, also those that no CPU takes). -EFAULT, and nothing done, when a page has no
 * slot; -ENOMEM, -ENOSPC.
 */
int backing_protect(struct ept *ept, const struct ram *ram, uint64_t gpa, uint64_t size,
                    unsigned rights);

/* One page is backed by another frame, is shared, or is no longer: map it so. */
int backing_moved(struct ept *ept, const struct ram *ram, uint64_t gpa);

#endif
