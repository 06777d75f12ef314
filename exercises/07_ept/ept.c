/*
 * Exercise 07: a second translation stage. README.md says what is asked.
 *
 * This one has an empty table, and lets the guest try again for ever.
 */
#include "ept.h"
#include "monitor.h"

uint64_t guest_create(unsigned guest, uint64_t image, unsigned image_pages)
{
    (void)guest;
    (void)image;
    (void)image_pages;
    return frame_take() | 3 << 3 | 6; /* 4 levels, write-back */
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
