/* The pages of a machine by number, see pages.h. */
#include "core/pages.h"

#include "core/backend.h"

#include <string.h>

uint32_t machine_ram_pages(const struct machine *m)
{
    return (uint32_t)(m->ram.size / PAGE_SIZE);
}

uint32_t machine_pages(const struct machine *m)
{
    return machine_ram_pages(m) + m->disk.blocks;
}

static uint8_t *page_ptr(const struct machine *m, uint32_t page)
{
    uint64_t gpa = ram_page_gpa(page);

    if (page >= machine_ram_pages(m))
        return m->disk.data + (size_t)(page - machine_ram_pages(m)) * DISK_BLOCK;
    return ram_find(&m->ram, gpa)->read_only ? NULL : ram_ptr(&m->ram, gpa, PAGE_SIZE);
}

const uint8_t *machine_page(const struct machine *m, uint32_t page)
{
    return page_ptr(m, page);
}

void machine_put_page(struct machine *m, uint32_t page, const uint8_t *bytes)
{
    bool ram = page < machine_ram_pages(m);
    uint8_t *to;

    if (ram && ram_own(&m->ram, ram_page_gpa(page)))
        return; /* a ROM lies there */
    to = page_ptr(m, page);
    if (bytes)
        memcpy(to, bytes, PAGE_SIZE);
    else
        memset(to, 0, PAGE_SIZE);
    if (ram)
        m->vcpu->ops->invalidate(m->vcpu, ram_page_gpa(page), PAGE_SIZE);
}

bool page_is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, PAGE_SIZE - 1) == 0;
}
