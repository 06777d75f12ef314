/*
 * Comparing two machines, see difference.h.
 *
 * Page tables are found from the new machine's CR3: each is looked at once, with the linear addresses of
 * the first way that leads to it. PAE's four PDPTEs are registers, and told as such.
 */
#include "snapshot/difference.h"

#include "core/backend.h"
#include "core/device_fields.h"
#include "core/pages.h"
#include "util/text.h"
#include "x86/paging_words.h"
#include "x86/state_fields.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct comparison {
    const struct machine *old, *new;
    difference_fn *found;
    void *ctx;
    int64_t count;
    uint8_t *tables; /* by page of RAM: 1, looked at as a page table */
    unsigned entry_size;
};

static void tell(struct comparison *c, const struct difference *d)
{
    c->count++;
    c->found(c->ctx, d);
}

/* ---- registers --------------------------------------------------------------------------------- */

static void compare_registers(struct comparison *c)
{
    struct x86_state old, new;
    const struct x86_field *fields;
    unsigned count;

    machine_get_state(c->old, &old);
    machine_get_state(c->new, &new);
    fields = x86_state_fields(&count);
    for (unsigned f = 0; f < count; f++)
        for (unsigned i = 0; i < fields[f].count; i++) {
            struct difference d = {.kind = DIFFERENCE_REGISTER,
                                   .old = x86_field_get(&old, &fields[f], i),
                                   .new = x86_field_get(&new, &fields[f], i)};

            if (d.old == d.new)
                continue;
            if (fields[f].count > 1)
                snprintf(d.name, sizeof(d.name), "%s, byte %u", fields[f].name, i);
            else
                snprintf(d.name, sizeof(d.name), "%s", fields[f].name);
            tell(c, &d);
        }
}

/* ---- devices ----------------------------------------------------------------------------------- */

static void compare_device(struct comparison *c, const struct device *old, const struct device *new)
{
    struct device_field before[DEVICE_FIELDS_MAX], after[DEVICE_FIELDS_MAX];
    unsigned count = device_show(old, before, DEVICE_FIELDS_MAX);
    char name[DEVICE_NAME_MAX];

    if (device_show(new, after, DEVICE_FIELDS_MAX) != count)
        return;
    device_name(new, name);
    for (unsigned i = 0; i < count; i++) {
        struct difference d = {
            .kind = DIFFERENCE_DEVICE, .old = before[i].value, .new = after[i].value};

        if (d.old == d.new)
            continue;
        snprintf(d.name, sizeof(d.name), "%s: %.23s", name, after[i].name);
        snprintf(d.text, sizeof(d.text), "%.63s", after[i].text);
        tell(c, &d);
    }
}

/* ---- page tables ------------------------------------------------------------------------------- */

static void compare_entry(struct comparison *c, uint64_t address, unsigned level, uint64_t gva)
{
    struct difference d = {.kind = DIFFERENCE_ENTRY,
                           .address = address,
                           .level = level,
                           .size = c->entry_size,
                           .gva = gva};
    uint8_t old[8] = {0}, new[8] = {0};

    if (!ram_read(&c->old->ram, address, old, c->entry_size) ||
        !ram_read(&c->new->ram, address, new, c->entry_size) || !memcmp(old, new, sizeof(old)))
        return;
    for (unsigned i = 0; i < c->entry_size; i++) {
        d.old |= (uint64_t)old[i] << (8 * i);
        d.new |= (uint64_t) new[i] << (8 * i);
    }
    snprintf(d.name, sizeof(d.name), "%s", x86_entry_name(level));
    tell(c, &d);
}

static uint64_t read_entry(const struct comparison *c, uint64_t address)
{
    uint64_t value = 0;

    ram_read(&c->new->ram, address, &value, c->entry_size);
    return value;
}

static bool first_time(struct comparison *c, uint64_t table)
{
    uint64_t page = ram_page_number(table);

    if (!ram_find(&c->new->ram, table) || page >= machine_ram_pages(c->new) || c->tables[page])
        return false;
    c->tables[page] = 1;
    return true;
}

static void compare_table(struct comparison *c, uint64_t table, unsigned level, uint64_t gva)
{
    unsigned entries = PAGE_SIZE / c->entry_size;
    unsigned bits = c->entry_size == 4 ? 10 : 9, shift = 12 + bits * (level - 1);

    if (!first_time(c, table))
        return;
    for (unsigned i = 0; i < entries; i++) {
        uint64_t address = table + (uint64_t)i * c->entry_size, entry = read_entry(c, address);
        uint64_t at = gva | (uint64_t)i << shift;

        if (shift + bits == 48 && i >= entries / 2 && c->entry_size == 8)
            at |= 0xffff000000000000;
        compare_entry(c, address, level, at);
        if (level > 1 && (entry & 1) && !(entry & 0x80 && level < 4))
            compare_table(c, entry & (c->entry_size == 4 ? 0xfffff000 : 0x000ffffffffff000),
                          level - 1, at);
    }
}

static void compare_tables(struct comparison *c)
{
    struct x86_paging mmu;
    unsigned levels;

    c->new->vcpu->ops->get_paging(c->new->vcpu, &mmu);
    levels = x86_paging_levels(&mmu);
    c->entry_size = levels == 2 ? 4 : 8;
    if (levels == 3)
        for (unsigned i = 0; i < 4; i++) {
            if (mmu.pdpte[i] & 1)
                compare_table(c, mmu.pdpte[i] & 0x000ffffffffff000, 2, (uint64_t)i << 30);
        }
    else if (levels)
        compare_table(c, mmu.cr3 & 0x000ffffffffff000, levels, 0);
}

/* ---- memory and disk --------------------------------------------------------------------------- */

static void compare_page(struct comparison *c, uint32_t page)
{
    static const uint8_t zeros[PAGE_SIZE];
    uint32_t ram = machine_ram_pages(c->new);
    const uint8_t *old = machine_page(c->old, page), *new = machine_page(c->new, page);
    struct difference d = {.kind = page < ram ? DIFFERENCE_MEMORY : DIFFERENCE_DISK,
                           .address = page < ram ? ram_page_gpa(page)
                                                 : (uint64_t)(page - ram) * DISK_BLOCK};

    old = old ? old : zeros;
    new = new ? new : zeros;
    for (uint32_t i = PAGE_SIZE; i-- > 0;)
        if (old[i] != new[i]) {
            d.bytes++;
            d.first = i;
        }
    if (!d.bytes)
        return;
    d.old = old[d.first];
    d.new = new[d.first];
    tell(c, &d);
}

static bool comparable(const struct machine *old, const struct machine *new)
{
    if (old->ram.size != new->ram.size || old->disk.blocks != new->disk.blocks ||
        old->device_count != new->device_count)
        return false;
    for (unsigned i = 0; i < new->device_count; i++)
        if (old->devices[i].ops != new->devices[i].ops)
            return false;
    return true;
}

int64_t machine_differences(const struct machine *old, const struct machine *new,
                            difference_fn *found, void *ctx)
{
    struct comparison c = {.old = old, .new = new, .found = found, .ctx = ctx};

    if (!comparable(old, new))
        return -EINVAL;
    c.tables = calloc(machine_ram_pages(new), 1);
    if (!c.tables)
        return -ENOMEM;
    compare_registers(&c);
    for (unsigned i = 0; i < new->device_count; i++)
        compare_device(&c, &old->devices[i], &new->devices[i]);
    compare_tables(&c);
    for (uint32_t page = 0; page < machine_pages(new); page++)
        compare_page(&c, page);
    free(c.tables);
    return c.count;
}

/* ---- words ------------------------------------------------------------------------------------- */

const char *difference_kind_name(enum difference_kind kind)
{
    static const char *const names[] = {"register", "device", "entry", "memory", "disk"};

    return names[kind];
}

/* "W 0 -> 1": the flags of an entry that differ. */
static void entry_flags(const struct difference *d, char *buf, size_t size)
{
    static const struct {
        const char *name;
        unsigned bit;
    } flags[] = {{"P", 0}, {"R/W", 1}, {"U/S", 2}, {"A", 5},
                 {"D", 6}, {"PS", 7},  {"G", 8},   {"XD", 63}};
    size_t used = 0;

    buf[0] = '\0';
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]) && used < size; i++)
        if ((d->old ^ d->new) >> flags[i].bit & 1)
            used += (size_t)snprintf(buf + used, size - used, ", %s %u -> %u", flags[i].name,
                                     (unsigned)(d->old >> flags[i].bit & 1),
                                     (unsigned)(d->new >> flags[i].bit & 1));
}

const char *difference_text(const struct difference *d, char buf[DIFFERENCE_TEXT_MAX])
{
    char flags[80];

    switch (d->kind) {
    case DIFFERENCE_REGISTER:
        snprintf(buf, DIFFERENCE_TEXT_MAX, "%-18s %" PRIx64 " -> %" PRIx64, d->name, d->old,
                 d->new);
        break;
    case DIFFERENCE_DEVICE:
        snprintf(buf, DIFFERENCE_TEXT_MAX, "%-30s %" PRIx64 " -> %" PRIx64 "  %s", d->name, d->old,
                 d->new, d->text);
        break;
    case DIFFERENCE_ENTRY:
        entry_flags(d, flags, sizeof(flags));
        snprintf(buf, DIFFERENCE_TEXT_MAX,
                 "%s of %" PRIx64 " (at %" PRIx64 ")  %" PRIx64 " -> %" PRIx64 "%s", d->name,
                 d->gva, d->address, d->old, d->new, flags);
        break;
    case DIFFERENCE_MEMORY:
    case DIFFERENCE_DISK:
        snprintf(buf, DIFFERENCE_TEXT_MAX,
                 "%-8" PRIx64 " %u byte%s, the first at %" PRIx64 ": %02x -> %02x", d->address,
                 d->bytes, d->bytes == 1 ? "" : "s", d->address + d->first, (unsigned)d->old,
                 (unsigned)d->new);
        break;
    }
    return buf;
}
