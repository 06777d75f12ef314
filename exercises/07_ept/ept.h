/* Exercise 07: what your hypervisor is told, and what it has to do. README.md has the rules. */
#ifndef VLAB_EXERCISE_EPT_H
#define VLAB_EXERCISE_EPT_H

#include <stdint.h>

enum { GUESTS = 2, RAM_PAGES = 256 }; /* guests at a time; pages of 4 KiB of each one's RAM, from 0 on */

/*
 * A guest begins. Its RAM holds the image, `image_pages` frames of host memory one behind the other from
 * `image` on, at guest-physical 0; the rest is zeros. Return the EPT pointer.
 */
uint64_t guest_create(unsigned guest, uint64_t image, unsigned image_pages);

/*
 * An EPT violation at `gpa`, with its exit qualification (SDM vol. 3, Table 28-7). Return 0: the guest may
 * try again; 1: there is no memory, it is a device's business.
 */
int ept_violation(unsigned guest, uint64_t gpa, uint64_t qualification);

/*
 * Which pages has the guest written since it began, or since this was asked last? Bit n of bitmap[n / 64]
 * for page n.
 */
void dirty_log(unsigned guest, uint64_t bitmap[RAM_PAGES / 64]);

/* It is gone: nothing of what was taken or held for it may be left. */
void guest_destroy(unsigned guest);

#endif
