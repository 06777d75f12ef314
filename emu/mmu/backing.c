/* Extended page tables from memory slots, see backing.h. All memory is write-back. */
#include "mmu/backing.h"

#include <errno.h>

static unsigned slot_rights(const struct ram_slot *slot)
{
    return slot->read_only ? EPT_READ | EPT_EXECUTE : EPT_ALL;
}

int backing_map(struct ept *ept, const struct ram *ram)
{
    for (int read_only = 0; read_only <= 1; read_only++) {
        for (unsigned i = 0; i < ram->count; i++) {
            const struct ram_slot *slot = &ram->slots[i];
            int rc = slot->read_only != read_only ? 0
                                                  : ept_map(ept, slot->gpa, slot->hpa, slot->size,
                                                            slot_rights(slot), EPT_WB);

            if (rc)
                return rc;
        }
    }
    return 0;
}

/* How far from `gpa` on, at most to `end`, the frames of one slot follow each other. */
static uint64_t run_length(const struct ram *ram, uint64_t gpa, uint64_t end)
{
    const struct ram_slot *slot = ram_find(ram, gpa);
    uint64_t hpa = ram_hpa(ram, gpa), size = PAGE_SIZE;

    while (gpa + size < end && ram_find(ram, gpa + size) == slot &&
           ram_hpa(ram, gpa + size) == hpa + size)
        size += PAGE_SIZE;
    return size;
}

int backing_protect(struct ept *ept, const struct ram *ram, uint64_t gpa, uint64_t size,
                    unsigned rights)
{
    uint64_t first = gpa & PAGE_MASK, end = (gpa + size + PAGE_SIZE - 1) & PAGE_MASK;

    for (uint64_t page = first; page < end; page += PAGE_SIZE)
        if (!ram_find(ram, page))
            return -EFAULT;
    for (uint64_t page = first, part; page < end; page += part) {
        int rc;

        part = run_length(ram, page, end);
        rc = ept_map(ept, page, ram_hpa(ram, page), part, rights, EPT_WB);
        if (rc)
            return rc;
    }
    return 0;
}

int backing_moved(struct ept *ept, const struct ram *ram, uint64_t gpa)
{
    unsigned rights = ept_rights(ept, gpa) & ~EPT_WRITE;

    return backing_protect(ept, ram, gpa, 1, rights | (ram_is_shared(ram, gpa) ? 0 : EPT_WRITE));
}
