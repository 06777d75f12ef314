/* The config that a snapshot's state begins with, see shape.h. */
#include "snapshot/shape.h"

#include "core/pages.h"
#include "util/bytes.h"

#include <errno.h>
#include <string.h>

enum { VERSION = 1, SHADOW = 1, ACCESSED_DIRTY = 2 };

_Static_assert(SHAPE_ROM_PAGES_MAX == (RAM_HIGH_BASE - RAM_LOW_TOP) / PAGE_SIZE, "ROM below 4 GiB");

const struct ram_slot *machine_rom(const struct machine *m)
{
    for (unsigned i = 0; i < m->ram.count; i++)
        if (m->ram.slots[i].read_only && !m->ram.slots[i].alias)
            return &m->ram.slots[i];
    return NULL;
}

const uint8_t *machine_listed_page(const struct machine *m, bool disk, uint64_t n)
{
    if (!disk)
        return machine_page(m, (uint32_t)n);
    if (n < m->disk.blocks)
        return m->disk.data + n * DISK_BLOCK;
    return machine_rom(m)->host + (n - m->disk.blocks) * PAGE_SIZE;
}

void shape_of(const struct machine *m, struct shape *shape)
{
    const struct ram_slot *rom = machine_rom(m);

    *shape = (struct shape){.config = m->config, .sectors = m->disk.sectors};
    shape->config.ram_size = m->ram.size;
    shape->rom_pages = rom ? (uint32_t)(rom->size / PAGE_SIZE) : 0;
}

void shape_put(const struct shape *shape, uint8_t p[SHAPE_SIZE])
{
    const struct machine_config *c = &shape->config;

    memset(p, 0, SHAPE_SIZE);
    put_le32(p, VERSION);
    put_le32(p + 4, (c->shadow_paging ? SHADOW : 0) | (c->ept_accessed_dirty ? ACCESSED_DIRTY : 0));
    put_le64(p + 8, c->ram_size);
    put_le64(p + 16, c->rtc_start);
    put_le32(p + 24, shape->sectors);
    put_le32(p + 28, shape->rom_pages);
    put_le32(p + 32, c->nmi_count);
    for (unsigned i = 0; i < c->nmi_count; i++)
        put_le64(p + 36 + 8 * i, c->nmi_at[i]);
}

/* Ascending, and nothing behind the last. */
static bool get_presses(struct machine_config *c, const uint8_t *p)
{
    if (c->nmi_count > MACHINE_NMIS_MAX)
        return false;
    for (unsigned i = 0; i < MACHINE_NMIS_MAX; i++) {
        c->nmi_at[i] = get_le64(p + 8 * i);
        if (i >= c->nmi_count ? c->nmi_at[i] != 0 : i && c->nmi_at[i] < c->nmi_at[i - 1])
            return false;
    }
    return true;
}

static bool is_possible(const struct shape *shape)
{
    uint64_t ram = shape->config.ram_size;

    return ram >= RAM_SIZE_MIN && ram <= RAM_SIZE_MAX && ram % PAGE_SIZE == 0 &&
           shape->sectors <= SHAPE_SECTORS_MAX && shape->rom_pages <= SHAPE_ROM_PAGES_MAX;
}

int shape_get(struct shape *shape, const uint8_t *p, size_t size)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    uint32_t flags;

    if (size < SHAPE_SIZE)
        return -EINVAL;
    if (get_le32(p) != VERSION)
        return -EPROTONOSUPPORT;
    flags = get_le32(p + 4);
    config.shadow_paging = flags & SHADOW;
    config.ept_accessed_dirty = flags & ACCESSED_DIRTY;
    config.ram_size = get_le64(p + 8);
    config.rtc_start = get_le64(p + 16);
    config.nmi_count = get_le32(p + 32);
    if (flags > (SHADOW | ACCESSED_DIRTY) || !get_presses(&config, p + 36))
        return -EINVAL;
    *shape = (struct shape){config, get_le32(p + 24), get_le32(p + 28)};
    return is_possible(shape) ? 0 : -EINVAL;
}

static bool same_presses(const struct machine_config *a, const struct machine_config *b)
{
    return a->nmi_count == b->nmi_count &&
           !memcmp(a->nmi_at, b->nmi_at, a->nmi_count * sizeof(a->nmi_at[0]));
}

const char *shape_differs(const struct shape *a, const struct shape *b)
{
    const struct machine_config *x = &a->config, *y = &b->config;

    if (x->ram_size != y->ram_size)
        return "RAM of another size";
    if (a->sectors != b->sectors)
        return "a disk of another size";
    if (a->rom_pages != b->rom_pages)
        return "a ROM of another size";
    if (x->shadow_paging != y->shadow_paging || x->ept_accessed_dirty != y->ept_accessed_dirty)
        return "another --mmu";
    if (x->rtc_start != y->rtc_start)
        return "another time of its start";
    return same_presses(x, y) ? NULL : "another --nmi";
}

uint64_t shape_blocks(const struct shape *shape)
{
    return ((uint64_t)shape->sectors * DISK_SECTOR + DISK_BLOCK - 1) / DISK_BLOCK;
}
