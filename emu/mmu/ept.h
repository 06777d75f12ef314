/*
 * The second translation stage: guest-physical to host, with rights for each 4 KiB page.
 *
 * Terms of the Intel SDM vol. 3, 29.3. Memory that a slot of core/ram.h backs is mapped with the
 * rights below; everything else is not mapped, and an access to it is an EPT violation.
 * - Rights start as read, write and execute for RAM, read and execute for ROM.
 * - A change of rights takes effect for a running CPU with machine_protect(), which also drops
 *   what the CPU has cached.
 */
#ifndef VLAB_MMU_EPT_H
#define VLAB_MMU_EPT_H

#include "core/ram.h"

#include <stdint.h>

#define EPT_READ (1u << 0)
#define EPT_WRITE (1u << 1)
#define EPT_EXECUTE (1u << 2)
#define EPT_ALL (EPT_READ | EPT_WRITE | EPT_EXECUTE)

struct ept {
    struct ram *ram;
    uint8_t *denied[RAM_SLOTS_MAX]; /* rights taken away, one byte a page; NULL: none in the slot */
};

void ept_init(struct ept *ept, struct ram *ram);
void ept_destroy(struct ept *ept);

/* EPT_ bits of the page that holds `gpa`; 0 when it is not mapped. */
unsigned ept_rights(const struct ept *ept, uint64_t gpa);

/* Writable but not readable: no CPU takes such an entry (SDM vol. 3, 29.3.3.1). */
static inline bool ept_misconfigured(unsigned rights)
{
    return (rights & EPT_WRITE) && !(rights & EPT_READ);
}

/* The same for a slot that the caller has already found. */
unsigned ept_slot_rights(const struct ept *ept, const struct ram_slot *slot, uint64_t gpa);

/* Set the rights of every page in [gpa, gpa + size). -EFAULT when a page has no slot, -ENOMEM. */
int ept_protect(struct ept *ept, uint64_t gpa, uint64_t size, unsigned rights);

#endif
