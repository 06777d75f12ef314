/*
 * Exercise 07 in another way: RAM is small, so one table of each level serves, made at once; and the CPU
 * keeps the dirty log itself, in the D bits of the entries (EPT pointer, bit 6).
 */
#include "ept.h"
#include "monitor.h"

enum { R = 1, W = 2, X = 4, WB = 6 << 3, DIRTY = 1 << 9, AD = 1 << 6 };

static struct {
    uint64_t tables[4]; /* PML4, PDPT, PD, PT */
    uint64_t image;
    unsigned image_pages;
    uint64_t frames[RAM_PAGES]; /* 0: none yet */
    int own[RAM_PAGES];         /* it is no image frame */
} g[GUESTS];

uint64_t guest_create(unsigned guest, uint64_t image, unsigned image_pages)
{
    for (int i = 0; i < 4; i++)
        g[guest].tables[i] = frame_take();
    for (int i = 0; i < 3; i++)
        host_write64(g[guest].tables[i], g[guest].tables[i + 1] | R | W | X);
    for (unsigned i = 0; i < RAM_PAGES; i++) {
        g[guest].frames[i] = 0;
        g[guest].own[i] = i >= image_pages;
    }
    g[guest].image = image;
    g[guest].image_pages = image_pages;
    return g[guest].tables[0] | AD | 3 << 3 | 6;
}

static uint64_t slot(unsigned guest, unsigned page)
{
    return g[guest].tables[3] + 8 * page;
}

static void enter(unsigned guest, unsigned page)
{
    uint64_t rights = g[guest].own[page] ? R | W | X : R | X;

    host_write64(slot(guest, page), g[guest].frames[page] | rights | WB);
}

int ept_violation(unsigned guest, uint64_t gpa, uint64_t qualification)
{
    unsigned page = (unsigned)(gpa >> 12);

    if (gpa >> 12 >= RAM_PAGES)
        return 1;
    if (g[guest].frames[page] == 0) {
        if (g[guest].own[page]) {
            g[guest].frames[page] = frame_take();
        } else {
            g[guest].frames[page] = g[guest].image + 4096ull * page;
            frame_hold(g[guest].frames[page]);
        }
    } else if (qualification & W) {
        uint64_t copy = frame_take();

        frame_copy(copy, g[guest].frames[page]);
        frame_drop(g[guest].frames[page]);
        g[guest].frames[page] = copy;
        g[guest].own[page] = 1;
    }
    enter(guest, page);
    return 0;
}

void dirty_log(unsigned guest, uint64_t bitmap[RAM_PAGES / 64])
{
    for (unsigned page = 0; page < RAM_PAGES; page++) {
        uint64_t entry = host_read64(slot(guest, page));

        if (page % 64 == 0)
            bitmap[page / 64] = 0;
        if (!(entry & DIRTY))
            continue;
        bitmap[page / 64] |= 1ull << page % 64;
        host_write64(slot(guest, page), entry & ~(uint64_t)DIRTY);
    }
}

void guest_destroy(unsigned guest)
{
    for (unsigned page = 0; page < RAM_PAGES; page++)
        if (g[guest].frames[page])
            frame_drop(g[guest].frames[page]);
    for (int i = 0; i < 4; i++)
        frame_drop(g[guest].tables[i]);
}
