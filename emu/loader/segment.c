/*
 * What every format comes to: segments of a file that are checked against the machine's RAM, and
 * then written to it.
 */
#include "loader/parts.h"

#include "core/backend.h"
#include "core/machine.h"

#include <string.h>

static bool range_is_ram(const struct machine *m, uint64_t gpa, uint64_t size)
{
    if (size > UINT64_MAX - gpa)
        return false;
    for (uint64_t page = gpa & PAGE_MASK; page < gpa + size; page += PAGE_SIZE) {
        const struct ram_slot *slot = ram_find(&m->ram, page);

        if (!slot || slot->read_only)
            return false;
    }
    return true;
}

int segment_check_range(const struct machine *m, const struct image *image, uint64_t gpa,
                        uint64_t size, struct error *err)
{
    if (size > m->ram.size)
        return image_bad(image, err, "image of %llu bytes does not fit into %llu bytes of RAM",
                         (unsigned long long)size, (unsigned long long)m->ram.size);
    if (!range_is_ram(m, gpa, size))
        return image_bad(image, err, "%llu bytes at 0x%llx do not lie inside %llu bytes of RAM",
                         (unsigned long long)size, (unsigned long long)gpa,
                         (unsigned long long)m->ram.size);
    return 0;
}

/* Pages that are zero already are left alone: a huge bss must not cost host memory. */
static void zero_range(struct machine *m, uint64_t gpa, uint64_t size)
{
    static const uint8_t zeroes[PAGE_SIZE];

    while (size) {
        uint64_t part = PAGE_SIZE - gpa % PAGE_SIZE;
        const uint8_t *host;

        if (part > size)
            part = size;
        host = ram_ptr(&m->ram, gpa, part);
        if (host && memcmp(host, zeroes, part) != 0)
            ram_write(&m->ram, gpa, zeroes, part);
        gpa += part;
        size -= part;
    }
}

void segment_put(struct machine *m, uint64_t gpa, const uint8_t *data, uint64_t size)
{
    if (size == 0)
        return;
    ram_write(&m->ram, gpa, data, size);
    machine_written(m, gpa, size);
}

void segment_write(struct machine *m, const struct image *image, const struct segment *s)
{
    ram_write(&m->ram, s->gpa, image->data + s->offset, s->filled);
    zero_range(m, s->gpa + s->filled, s->size - s->filled);
    machine_written(m, s->gpa, s->size);
}
