/*
 * Exercise 06 in another way: one tree, and when in doubt all of it is thrown away. It is slow and short.
 */
#include "monitor.h"
#include "shadow.h"

enum { P = 1, RW = 2, ACC = 32, DIRTY = 64, WRITES = 2, FRAMES_MAX = 60 };

static uint64_t guest_cr3, ram, root;
static uint64_t frames[FRAMES_MAX];
static int used;
static unsigned char table[RAM_PAGES]; /* the guest's page is one of its tables */

static uint64_t address(uint64_t entry)
{
    return entry & 0x000ffffffffff000;
}

/* Empty, with a root that stays. */
static void forget(void)
{
    for (int i = 0; i < used; i++)
        frame_drop(frames[i]);
    used = 0;
    for (int i = 0; i < 512; i++)
        host_write64(root + 8 * i, 0);
}

static void mark(uint64_t gpa)
{
    if (!table[gpa >> 12]) {
        table[gpa >> 12] = 1;
        forget(); /* somebody may be able to write it */
    }
}

static uint64_t next_table(uint64_t at)
{
    uint64_t entry = host_read64(at);

    if (entry)
        return address(entry);
    frames[used] = frame_take();
    host_write64(at, frames[used] | P | RW);
    return frames[used++];
}

static void map(uint64_t gva, uint64_t leaf)
{
    uint64_t at = root;

    if (used > FRAMES_MAX - 4)
        forget();
    for (int shift = 39; shift > 12; shift -= 9)
        at = next_table(at + 8 * (gva >> shift & 511));
    host_write64(at + 8 * (gva >> 12 & 511), leaf);
}

uint64_t shadow_create(uint64_t cr3, uint64_t where)
{
    root = frame_take();
    ram = where;
    return load_cr3(cr3);
}

uint64_t load_cr3(uint64_t cr3)
{
    guest_cr3 = cr3;
    forget();
    return root;
}

void table_written(uint64_t gpa)
{
    (void)gpa;
    forget();
}

void invlpg(uint64_t gva)
{
    (void)gva;
}

struct verdict page_fault(uint64_t gva, uint32_t error)
{
    uint64_t at[4], entry[4], next = address(guest_cr3);
    int writable = 1, writes = (error & WRITES) != 0;

    for (int i = 0; i < 4; i++) {
        mark(next);
        at[i] = next + 8 * (gva >> (39 - 9 * i) & 511);
        entry[i] = guest_read(at[i], 8);
        if (!(entry[i] & P))
            return (struct verdict){REFLECT, writes ? WRITES : 0};
        writable = writable && (entry[i] & RW);
        next = address(entry[i]);
    }
    if (writes && !writable)
        return (struct verdict){REFLECT, P | WRITES};
    for (int i = 0; i < 4; i++)
        guest_write(at[i], 8, entry[i] | ACC | (i == 3 && writes ? DIRTY : 0));
    if (table[next >> 12]) {
        map(gva, (ram + next) | P);
        return (struct verdict){writes ? EMULATE : AGAIN, 0};
    }
    writable = writable && (writes || (entry[3] & DIRTY));
    map(gva, (ram + next) | P | (writable ? RW : 0));
    return (struct verdict){AGAIN, 0};
}
