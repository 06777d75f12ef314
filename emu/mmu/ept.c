/* Rights of guest-physical pages, see ept.h. Memory types, A/D bits and larger pages are left out. */
#include "mmu/ept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ept_init(struct ept *ept, struct ram *ram)
{
    memset(ept, 0, sizeof(*ept));
    ept->ram = ram;
}

void ept_destroy(struct ept *ept)
{
    for (unsigned i = 0; i < RAM_SLOTS_MAX; i++)
        free(ept->denied[i]);
    memset(ept, 0, sizeof(*ept));
}

unsigned ept_slot_rights(const struct ept *ept, const struct ram_slot *slot, uint64_t gpa)
{
    const uint8_t *denied = ept->denied[slot - ept->ram->slots];
    unsigned rights = slot->read_only ? EPT_READ | EPT_EXECUTE : EPT_ALL;

    return denied ? rights & ~(unsigned)denied[(gpa - slot->gpa) / PAGE_SIZE] : rights;
}

unsigned ept_rights(const struct ept *ept, uint64_t gpa)
{
    const struct ram_slot *slot = ram_find(ept->ram, gpa);

    return slot ? ept_slot_rights(ept, slot, gpa) : 0;
}

static int protect_page(struct ept *ept, const struct ram_slot *slot, uint64_t gpa, unsigned rights)
{
    uint8_t **denied = &ept->denied[slot - ept->ram->slots];

    if (!*denied)
        *denied = calloc(slot->size / PAGE_SIZE, 1);
    if (!*denied)
        return -ENOMEM;
    (*denied)[(gpa - slot->gpa) / PAGE_SIZE] = (uint8_t)(EPT_ALL & ~rights);
    return 0;
}

int ept_protect(struct ept *ept, uint64_t gpa, uint64_t size, unsigned rights)
{
    uint64_t first = gpa & PAGE_MASK;

    for (uint64_t page = first; page < gpa + size; page += PAGE_SIZE)
        if (!ram_find(ept->ram, page))
            return -EFAULT;
    for (uint64_t page = first; page < gpa + size; page += PAGE_SIZE) {
        int rc = protect_page(ept, ram_find(ept->ram, page), page, rights);

        if (rc)
            return rc;
    }
    return 0;
}
