/* Maps host memory that it never took. */
#include "ept.h"
#include "monitor.h"

uint64_t guest_create(unsigned guest, uint64_t image, unsigned image_pages)
{
    (void)guest;
    (void)image;
    (void)image_pages;
    uint64_t table = frame_take(), root = table;

    for (int level = 4; level > 1; level--) {
        uint64_t next = frame_take();

        host_write64(table, next | 7);
        table = next;
    }
    for (uint64_t i = 0; i < 512; i++)
        host_write64(table + 8 * i, (0x40000000 + 4096 * i) | 6 << 3 | 7);
    return root | 3 << 3 | 6;
}

int ept_violation(unsigned guest, uint64_t gpa, uint64_t qualification)
{
    (void)guest;
    (void)gpa;
    (void)qualification;
    return 0;
}

void dirty_log(unsigned guest, uint64_t bitmap[RAM_PAGES / 64])
{
    (void)guest;
    (void)bitmap;
}

void guest_destroy(unsigned guest)
{
    (void)guest;
}
