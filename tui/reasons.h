/* The reasons that occurred, in the order of how often, and shares of a whole. Pure. */
#ifndef VLAB_TUI_REASONS_H
#define VLAB_TUI_REASONS_H

#include "core/exit.h"
#include "tui/grid.h"

#include <stdint.h>

/* Reasons by count, the most frequent first, then by number; returns how many there are. */
unsigned reasons_sort(const uint64_t counts[EXIT_REASON_COUNT], uint8_t order[EXIT_REASON_COUNT]);

#define SHARE_MAX 8

/* "94%": rounded down, "<1%" for less, never 100% for a part. Returns buf. */
const char *share_text(uint64_t part, uint64_t whole, char buf[SHARE_MAX]);
/* The same with a decimal: "94.1%", "<0.1%". */
const char *share_text_fine(uint64_t part, uint64_t whole, char buf[SHARE_MAX]);

/* A bar of `width` columns, filled as far as the part is of the whole. */
void share_bar(const struct area *area, int row, int col, int width, uint64_t part, uint64_t whole);

#endif
