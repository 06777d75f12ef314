/*
 * Comparing two machines, see difference.h; what is found in words: difference_text.c.
 *
 * Page tables are found from the new machine's CR3, then from the old one's: the entries of each page are
 * told once, with the linear addresses of the first way that leads to it. PAE's four PDPTEs are registers,
 * and told as such.
 */
#include "snapshot/difference.h"

#include "core/backend.h"
#include "core/device_fields.h"
#include "core/pages.h"
#include "snapshot/shape.h"
#include "util/bytes.h"
#include "x86/paging_words.h"
#include "x86/state_fields.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_P 1u
#define TABLE_MASK_32 0xfffff000ull
#define TABLE_MASK 0x000ffffffffff000ull

enum { BY_NEW = 1, BY_OLD = 2 };

struct comparison {
    const struct machine *old, *new;
    difference_fn *found;
    void *ctx;
    int64_t count;
    uint8_t *tables; /* by page of RAM: BY_ the trees that it was found in, as a page table */
    struct x86_paging mmu;
    unsigned levels, entry_size; /* of the tables that are looked at */
};

static void tell(struct comparison *c, const struct difference *d)
{
    c->count++;
    c->found(c->ctx, d);
}

/* ---- registers --------------------------------------------------------------------------------- */

static void compare_field(struct comparison *c, const char *name, uint64_t old, uint64_t new)
{
    struct difference d = {.kind = DIFFERENCE_REGISTER, .old = old, .new = new};

    if (old == new)
        return;
    snprintf(d.name, sizeof(d.name), "%s", name);
    difference_flags(name, old, new, d.text, sizeof(d.text));
    tell(c, &d);
}

/*
 * The pieces of FXSAVE64's area, SDM vol. 1 Table 10-2: what stands before the registers, then 16 bytes
 * for each of ST0-ST7 and XMM0-XMM15; behind them, nothing.
 */
static void compare_fx(struct comparison *c, const uint8_t *old, const uint8_t *new)
{
    static const struct {
        const char *name;
        unsigned at, size;
    } head[] = {{"FCW", 0, 2}, {"FSW", 2, 2},  {"FTW", 4, 2},    {"FOP", 6, 2},
                {"FIP", 8, 8}, {"FDP", 16, 8}, {"MXCSR", 24, 4}, {"MXCSR_MASK", 28, 4}};
    char name[32];

    for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++) {
        uint8_t a[8] = {0}, b[8] = {0};

        memcpy(a, old + head[i].at, head[i].size);
        memcpy(b, new + head[i].at, head[i].size);
        compare_field(c, head[i].name, get_le64(a), get_le64(b));
    }
    for (unsigned at = 32; at < 512; at += 8) {
        unsigned number = at < 160 ? (at - 32) / 16 : (at - 160) / 16;

        snprintf(name, sizeof(name), "%s%u[%s]", at < 160 ? "ST" : "XMM", number,
                 at % 16 == 0 ? "63:0"
                 : at < 160   ? "79:64"
                              : "127:64");
        if (at >= 416)
            snprintf(name, sizeof(name), "x87 and SSE, byte %u", at);
        compare_field(c, name, get_le64(old + at), get_le64(new + at));
    }
}

static void compare_registers(struct comparison *c)
{
    struct x86_state old, new;
    const struct x86_field *fields;
    unsigned count;

    machine_get_state(c->old, &old);
    machine_get_state(c->new, &new);
    fields = x86_state_fields(&count);
    for (unsigned f = 0; f < count; f++)
        if (fields[f].count == 1)
            compare_field(c, fields[f].name, x86_field_get(&old, &fields[f], 0),
                          x86_field_get(&new, &fields[f], 0));
    compare_fx(c, old.fxsave, new.fxsave);
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

        if (d.old == d.new && !strcmp(before[i].text, after[i].text))
            continue;
        snprintf(d.name, sizeof(d.name), "%s: %.23s", name, after[i].name);
        snprintf(d.text, sizeof(d.text), "%.63s", after[i].text);
        tell(c, &d);
    }
}

/* ---- page tables ------------------------------------------------------------------------------- */

static uint64_t read_entry(const struct comparison *c, const struct machine *m, uint64_t address)
{
    uint8_t bytes[8] = {0};

    ram_read(&m->ram, address, bytes, c->entry_size);
    return get_le64(bytes);
}

/* Bytes that one entry of a level translates: 4 KiB at level 1, then 2^9 or 2^10 times as many. */
static unsigned level_shift(const struct comparison *c, unsigned level)
{
    return 12 + (c->entry_size == 4 ? 10 : 9) * (level - 1);
}

static void compare_entry(struct comparison *c, uint64_t address, unsigned level, uint64_t gva)
{
    struct difference d = {.kind = DIFFERENCE_ENTRY,
                           .address = address,
                           .old = read_entry(c, c->old, address),
                           .new = read_entry(c, c->new, address),
                           .level = level,
                           .size = c->entry_size,
                           .gva = gva,
                           .gva_last = gva + (1ull << level_shift(c, level)) - 1};

    if (d.old == d.new)
        return;
    snprintf(d.name, sizeof(d.name), "%s", x86_entry_name(level));
    tell(c, &d);
}

/* The mark of a page of RAM; NULL: there is none at that address. */
static uint8_t *mark_of(const struct comparison *c, uint64_t table)
{
    uint64_t page = ram_page_number(table);

    return ram_find(&c->new->ram, table) && page < machine_ram_pages(c->new) ? &c->tables[page]
                                                                             : NULL;
}

/* Linear addresses above the hole of 4-level and 5-level paging are ones at the top. */
static uint64_t canonical(const struct comparison *c, uint64_t gva)
{
    unsigned top = level_shift(c, c->levels + 1) - 1;

    return c->levels >= 4 && gva >> top & 1 ? gva | ~0ull << top : gva;
}

/* `m` says where the tables below this one are: the machine whose CR3 led here. */
static void compare_table(struct comparison *c, const struct machine *m, uint64_t table,
                          unsigned level, uint64_t gva)
{
    uint8_t *mark = mark_of(c, table), by = m == c->new ? BY_NEW : BY_OLD;
    bool told = mark && *mark;

    if (!mark || (*mark & by))
        return;
    *mark |= by;
    for (unsigned i = 0; i < PAGE_SIZE / c->entry_size; i++) {
        uint64_t address = table + (uint64_t)i * c->entry_size, entry = read_entry(c, m, address);
        uint64_t at = canonical(c, gva | (uint64_t)i << level_shift(c, level));

        if (!told)
            compare_entry(c, address, level, at);
        if (level > 1 && (entry & ENTRY_P) && !x86_entry_is_leaf(&c->mmu, level, entry))
            compare_table(c, m, entry & (c->entry_size == 4 ? TABLE_MASK_32 : TABLE_MASK),
                          level - 1, at);
    }
}

static void compare_tables(struct comparison *c, const struct machine *m)
{
    m->vcpu->ops->get_paging(m->vcpu, &c->mmu);
    c->levels = x86_paging_levels(&c->mmu);
    c->entry_size = c->levels == 2 ? 4 : 8;
    if (c->levels == 3)
        for (unsigned i = 0; i < 4; i++) {
            if (c->mmu.pdpte && (c->mmu.pdpte[i] & ENTRY_P))
                compare_table(c, m, c->mmu.pdpte[i] & TABLE_MASK, 2, (uint64_t)i << 30);
        }
    else if (c->levels)
        compare_table(c, m, c->mmu.cr3 & TABLE_MASK, c->levels, 0);
}

/* ---- memory and disk --------------------------------------------------------------------------- */

static void compare_bytes(struct comparison *c, enum difference_kind kind, uint64_t address,
                          const uint8_t *old, const uint8_t *new)
{
    struct difference d = {.kind = kind, .address = address};

    if (!memcmp(old, new, PAGE_SIZE)) /* nearly all: byte by byte takes 20 times as long */
        return;
    for (uint32_t i = PAGE_SIZE; i-- > 0;)
        if (old[i] != new[i]) {
            d.bytes++;
            d.first = i;
        }
    for (uint32_t i = d.first; i < PAGE_SIZE && d.run < DIFFERENCE_RUN_MAX && old[i] != new[i];
         i++) {
        d.run_old[d.run] = old[i];
        d.run_new[d.run++] = new[i];
    }
    d.old = old[d.first];
    d.new = new[d.first];
    tell(c, &d);
}

static void compare_page(struct comparison *c, uint32_t page)
{
    static const uint8_t zeros[PAGE_SIZE];
    uint32_t ram = machine_ram_pages(c->new);
    const uint8_t *old = machine_page(c->old, page), *new = machine_page(c->new, page);

    if (old == new)
        return;
    compare_bytes(c, page < ram ? DIFFERENCE_MEMORY : DIFFERENCE_DISK,
                  page < ram ? ram_page_gpa(page) : (uint64_t)(page - ram) * DISK_BLOCK,
                  old ? old : zeros, new ? new : zeros);
}

static void compare_rom(struct comparison *c)
{
    const struct ram_slot *old = machine_rom(c->old), *new = machine_rom(c->new);

    for (uint64_t at = 0; new &&at < new->size; at += PAGE_SIZE)
        compare_bytes(c, DIFFERENCE_MEMORY, new->gpa + at, old->host + at, new->host + at);
}

/* What was made differently can be compared nevertheless, as long as everything has its place. */
static bool comparable(const struct machine *old, const struct machine *new)
{
    struct shape a, b;

    shape_of(old, &a);
    shape_of(new, &b);
    if (a.config.ram_size != b.config.ram_size || a.sectors != b.sectors ||
        a.rom_pages != b.rom_pages || old->device_count != new->device_count)
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
    uint32_t page = 0;

    if (!comparable(old, new))
        return -EINVAL;
    c.tables = calloc(machine_ram_pages(new), 1);
    if (!c.tables)
        return -ENOMEM;
    compare_registers(&c);
    for (unsigned i = 0; i < new->device_count; i++)
        compare_device(&c, &old->devices[i], &new->devices[i]);
    compare_tables(&c, new);
    compare_tables(&c, old);
    for (; page < machine_ram_pages(new); page++)
        compare_page(&c, page);
    compare_rom(&c);
    for (; page < machine_pages(new); page++)
        compare_page(&c, page);
    free(c.tables);
    return c.count;
}
