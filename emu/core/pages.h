/*
 * All that a machine holds in pages of 4 KiB, by number: RAM first (ram_page_number()), then the blocks of
 * its disk. For who keeps moments of a machine.
 */
#ifndef VLAB_CORE_PAGES_H
#define VLAB_CORE_PAGES_H

#include "core/machine.h"

uint32_t machine_ram_pages(const struct machine *m);
uint32_t machine_pages(const struct machine *m); /* RAM and disk */

/* NULL: RAM behind a ROM, which nobody can write and which is zero. Not to be written through. */
const uint8_t *machine_page(const struct machine *m, uint32_t page);

/* Give a page these bytes, NULL: zeros. It is not marked dirty. What was made of it is forgotten. */
void machine_put_page(struct machine *m, uint32_t page, const uint8_t *bytes);

bool page_is_zero(const uint8_t *page);

#endif
