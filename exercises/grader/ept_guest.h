/*
 * Guests for exercise 07: programs of 32-bit code without paging, made from a seed, that read and write
 * guest-physical memory and stop as soon as they find something there that should not be.
 *
 * The image is EPT_IMAGE_PAGES from guest-physical 0 on: code in the first half, data in the second.
 * It has two parts, each with an end of its own: status 1 where all was as it should be, else 3.
 */
#ifndef VLAB_GRADER_EPT_GUEST_H
#define VLAB_GRADER_EPT_GUEST_H

#include "exercises/grader/random.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    EPT_RAM_PAGES = 256,
    EPT_IMAGE_PAGES = 8,
    EPT_CODE_PAGES = EPT_IMAGE_PAGES / 2,
    EPT_PARTS = 2,
    EPT_PART_OFFSET = EPT_CODE_PAGES * 4096 / EPT_PARTS, /* where a part begins */
    EPT_WORDS = EPT_RAM_PAGES * 1024
};

/* What a guest does, in percent; the rest reads its image. */
struct ept_plan {
    unsigned write_image, write_ram, read_ram, outside;
    unsigned pages; /* of RAM behind the image that it may touch */
    bool
        separate; /* the second part is another guest's of the same image, not the same one's later */
};

struct ept_guest {
    uint8_t image[EPT_IMAGE_PAGES * 4096];
    uint32_t memory[EPT_PARTS][EPT_WORDS];  /* RAM as it is to be at the end of a part */
    bool written[EPT_PARTS][EPT_RAM_PAGES]; /* pages, by the part */
    bool touched[EPT_RAM_PAGES];            /* by any */
};

void ept_guest_make(struct ept_guest *guest, const struct ept_plan *plan,
                    struct grader_random *random);

#endif
