/* See raster.h. */
#include "tui/widget/raster.h"

struct raster raster_fit(uint32_t cells, int rows, int cols)
{
    struct raster r = {.cols = 16, .cells = 1};

    while ((int)r.cols * 2 + RASTER_LABEL_COLS <= cols)
        r.cols *= 2;
    while (rows > 0 && (cells + r.cols * r.cells - 1) / (r.cols * r.cells) > (uint32_t)rows)
        r.cells *= 2;
    r.lines = (cells + r.cols * r.cells - 1) / (r.cols * r.cells);
    return r;
}

void raster_label(const struct area *area, int row, uint64_t gpa)
{
    area_printf(area, row, 1, ROLE_ADDRESS, "%10llx", (unsigned long long)gpa);
}
