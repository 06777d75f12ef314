/* rejected-by: cow
 * The image itself is made writable. */
#include "ept.h"
#include "monitor.h"

#include <stdbool.h>
#include <string.h>

#define READ 1ull
#define WRITE 2ull
#define EXECUTE 4ull
#define ALL (READ | WRITE | EXECUTE)
#define WRITE_BACK (6ull << 3)
#define ADDRESS 0x000ffffffffff000ull

#define QUALIFICATION_WRITE 2

struct guest {
    uint64_t root;  /* table of level 4 */
    uint64_t image; /* host-physical */
    unsigned image_pages;
    uint64_t dirty[RAM_PAGES / 64];
};

static struct guest guests[GUESTS];

/*
 *  47     39 38     30 29     21 20     12
 *  | PML4   | PDPT    | PD      | PT     |
 */
static uint64_t index_of(uint64_t gpa, int level)
{
    return gpa >> (12 + 9 * (level - 1)) & 511;
}

/* Where the entry of a page is; tables that are missing are made. 0: no frame is left. */
static uint64_t entry_of(struct guest *g, uint64_t gpa)
{
    uint64_t table = g->root;

    for (int level = 4; level > 1; level--) {
        uint64_t at = table + 8 * index_of(gpa, level), entry = host_read64(at);

        if (!(entry & ALL)) {
            uint64_t frame = frame_take();

            if (!frame)
                return 0;
            entry = frame | ALL;
            host_write64(at, entry);
        }
        table = entry & ADDRESS;
    }
    return table + 8 * index_of(gpa, 1);
}

uint64_t guest_create(unsigned guest, uint64_t image, unsigned image_pages)
{
    struct guest *g = &guests[guest];

    memset(g, 0, sizeof(*g));
    g->root = frame_take();
    g->image = image;
    g->image_pages = image_pages;
    return g->root | 3 << 3 | 6;
}

static bool is_image(const struct guest *g, uint64_t frame)
{
    return frame >= g->image && frame < g->image + g->image_pages * 4096ull;
}

/* Nothing is mapped there yet: a page of the image, which stays shared, or zeros. */
static uint64_t first_mapping(const struct guest *g, uint64_t page)
{
    uint64_t frame;

    if (page >= g->image_pages)
        return frame_take() | READ | EXECUTE | WRITE_BACK;
    frame = g->image + page * 4096;
    frame_hold(frame);
    return frame | READ | EXECUTE | WRITE_BACK;
}

/* The page is about to be written: it becomes the guest's own. */
static uint64_t writable(struct guest *g, uint64_t page, uint64_t entry)
{
    uint64_t frame = entry & ADDRESS;

    if (0) {
        uint64_t copy = frame_take();

        frame_copy(copy, frame);
        frame_drop(frame);
        frame = copy;
    }
    g->dirty[page / 64] |= 1ull << page % 64;
    return frame | ALL | WRITE_BACK;
}

int ept_violation(unsigned guest, uint64_t gpa, uint64_t qualification)
{
    struct guest *g = &guests[guest];
    uint64_t page = gpa >> 12, at, entry;

    if (page >= RAM_PAGES)
        return 1;
    at = entry_of(g, gpa);
    entry = host_read64(at);
    if (!(entry & ALL))
        entry = first_mapping(g, page);
    if (qualification & QUALIFICATION_WRITE)
        entry = writable(g, page, entry);
    host_write64(at, entry);
    return 0;
}

/* What was asked is clean from now on: the next write to each page is to be seen again. */
void dirty_log(unsigned guest, uint64_t bitmap[RAM_PAGES / 64])
{
    struct guest *g = &guests[guest];

    memcpy(bitmap, g->dirty, sizeof(g->dirty));
    for (uint64_t page = 0; page < RAM_PAGES; page++) {
        uint64_t at;

        if (!(g->dirty[page / 64] >> page % 64 & 1))
            continue;
        at = entry_of(g, page << 12);
        host_write64(at, host_read64(at) & ~WRITE);
    }
    memset(g->dirty, 0, sizeof(g->dirty));
}

static void drop_table(uint64_t table, int level)
{
    for (int i = 0; i < 512; i++) {
        uint64_t entry = host_read64(table + 8 * i);

        if (!(entry & ALL))
            continue;
        if (level > 1)
            drop_table(entry & ADDRESS, level - 1);
        else
            frame_drop(entry & ADDRESS);
    }
    frame_drop(table);
}

void guest_destroy(unsigned guest)
{
    drop_table(guests[guest].root, 4);
}
