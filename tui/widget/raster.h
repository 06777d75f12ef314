/*
 * Rasters of guest-physical memory: a character for some cells of pages, lines from its start on, each
 * with its address in front.
 */
#ifndef VLAB_TUI_WIDGET_RASTER_H
#define VLAB_TUI_WIDGET_RASTER_H

#include "tui/grid.h"

#include <stdint.h>

enum { RASTER_LABEL_COLS = 12 };

/* So many characters in a line, so many cells in a character: powers of two. */
struct raster {
    uint32_t cols, cells, lines;
};

/* As wide as there is room, and as few cells in a character as there are rows for. */
struct raster raster_fit(uint32_t cells, int rows, int cols);

/* The address in front of a line. */
void raster_label(const struct area *area, int row, uint64_t gpa);

#endif
