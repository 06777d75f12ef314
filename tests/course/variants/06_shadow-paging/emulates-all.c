/* rejected-by: flags
 * No page is ever writable: the judge is to make each store, and to set D for it. */
#include "monitor.h"
#include "shadow.h"

#include <stdbool.h>

#define P 1ull
#define RW 2ull
#define US 4ull
#define A 0x20ull
#define D 0x40ull
#define ADDRESS 0x000ffffffffff000ull

#define ERROR_PRESENT 1
#define ERROR_WRITE 2

enum { TABLES_MAX = 32 };

static struct table {
    uint64_t page; /* of the guest, by number */
    int level;
    uint64_t hpa;
    uint64_t entries[512]; /* what is there, to be searched without asking */
} tables[TABLES_MAX];

static unsigned count;
static uint64_t ram, root; /* root: the guest's CR3 */

static uint64_t index_of(uint64_t address, int level)
{
    return address >> (12 + 9 * (level - 1)) & 511;
}

static void enter(struct table *t, uint64_t index, uint64_t entry)
{
    if (t->entries[index] == entry)
        return;
    t->entries[index] = entry;
    host_write64(t->hpa + 8 * index, entry);
}

/* A page has become a table: whoever could write it until now cannot do so any more. */
static void protect(uint64_t page)
{
    for (unsigned i = 0; i < count; i++)
        for (uint64_t k = 0; tables[i].level == 1 && k < 512; k++) {
            uint64_t entry = tables[i].entries[k];

            if ((entry & RW) && (entry & ADDRESS) == ram + page * 4096)
                enter(&tables[i], k, entry & ~RW);
        }
}

static struct table *table_of(uint64_t page, int level)
{
    struct table *t;

    for (unsigned i = 0; i < count; i++)
        if (tables[i].page == page && tables[i].level == level)
            return &tables[i];
    protect(page);
    t = &tables[count++ % TABLES_MAX];
    *t = (struct table){.page = page, .level = level, .hpa = frame_take()};
    return t;
}

uint64_t load_cr3(uint64_t cr3)
{
    root = cr3;
    return table_of(cr3 >> 12, 4)->hpa;
}

uint64_t shadow_create(uint64_t cr3, uint64_t where)
{
    ram = where;
    return load_cr3(cr3);
}

/* The guest's own walk: entries of all levels, and what they allow. False: *error_code says why. */
struct walk {
    uint64_t at[5], entry[5]; /* by level */
    bool writable;
};

static bool guest_walk(uint64_t address, bool writes, struct walk *w, uint32_t *error_code)
{
    uint64_t table = root & ADDRESS;

    w->writable = true;
    for (int level = 4; level >= 1; level--) {
        w->at[level] = table + 8 * index_of(address, level);
        w->entry[level] = guest_read(w->at[level], 8);
        *error_code = writes ? ERROR_WRITE : 0;
        if (!(w->entry[level] & P))
            return false;
        w->writable &= (w->entry[level] & RW) != 0;
        table = w->entry[level] & ADDRESS;
    }
    *error_code |= ERROR_PRESENT;
    return w->writable || !writes;
}

static void set_flags(struct walk *w)
{
    for (int level = 4; level >= 1; level--) {
        uint64_t entry = w->entry[level] | A;

        if (entry != w->entry[level])
            guest_write(w->at[level], 8, entry);
        w->entry[level] = entry;
    }
}

static void fill(uint64_t address, const struct walk *w)
{
    struct table *t = table_of(root >> 12, 4);
    uint64_t page, leaf;

    for (int level = 4; level > 1; level--) {
        struct table *next = table_of((w->entry[level] & ADDRESS) >> 12, level - 1);

        enter(t, index_of(address, level), next->hpa | P | A | US | (w->entry[level] & RW));
        t = next;
    }
    page = (w->entry[1] & ADDRESS) >> 12;
    leaf = (ram + page * 4096) | P | A;
    enter(t, index_of(address, 1), leaf);
}

struct verdict page_fault(uint64_t address, uint32_t error_code)
{
    bool writes = error_code & ERROR_WRITE;
    struct verdict verdict = {.what = REFLECT};
    struct walk w;

    if (!guest_walk(address, writes, &w, &verdict.error_code))
        return verdict;
    set_flags(&w);
    fill(address, &w);
    verdict.what = writes ? EMULATE : AGAIN;
    return verdict;
}

void table_written(uint64_t gpa)
{
    for (unsigned i = 0; i < count; i++)
        if (tables[i].page == gpa >> 12)
            enter(&tables[i], gpa % 4096 / 8, 0);
}

/* The shadow follows each store, so it has nothing that the guest's tables have not. */
void invlpg(uint64_t address)
{
    (void)address;
}
