/* Takes frames until there are none, and drops what is not its own. */
#include "ept.h"
#include "monitor.h"

uint64_t guest_create(unsigned guest, uint64_t image, unsigned image_pages)
{
    (void)guest;
    (void)image;
    (void)image_pages;
    while (frame_take())
        ;
    for (uint64_t hpa = 0x100000; hpa < 0x200000; hpa += 4096)
        frame_drop(hpa);
    frame_copy(0x100000, image);
    return frame_take() | 3 << 3 | 6;
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
