/* Reasons by count and shares of a whole, see reasons.h. */
#include "tui/reasons.h"

#include <stdio.h>

unsigned reasons_sort(const uint64_t counts[EXIT_REASON_COUNT], uint8_t order[EXIT_REASON_COUNT])
{
    unsigned used = 0;

    for (unsigned reason = 0; reason < EXIT_REASON_COUNT; reason++) {
        unsigned at = used;

        if (counts[reason] == 0)
            continue;
        for (; at > 0 && counts[order[at - 1]] < counts[reason]; at--)
            order[at] = order[at - 1];
        order[at] = (uint8_t)reason;
        used++;
    }
    return used;
}

/* How many of `scale` parts, rounded down; in floating point, since sums of cycles times 1000 need
 * not fit. */
static unsigned share(uint64_t part, uint64_t whole, unsigned scale)
{
    unsigned n;

    if (part >= whole)
        return part ? scale : 0;
    n = (unsigned)((double)part * scale / (double)whole);
    return n < scale ? n : scale - 1;
}

const char *share_text(uint64_t part, uint64_t whole, char buf[SHARE_MAX])
{
    unsigned percent = share(part, whole, 100);

    snprintf(buf, SHARE_MAX, percent || !part ? "%u%%" : "<1%%", percent);
    return buf;
}

const char *share_text_fine(uint64_t part, uint64_t whole, char buf[SHARE_MAX])
{
    unsigned tenths = share(part, whole, 1000);

    if (tenths == 0 && part)
        snprintf(buf, SHARE_MAX, "<0.1%%");
    else
        snprintf(buf, SHARE_MAX, "%u.%u%%", tenths / 10, tenths % 10);
    return buf;
}

void share_bar(const struct area *area, int row, int col, int width, uint64_t part, uint64_t whole)
{
    int full = part >= whole ? width : (int)((double)part * width / (double)whole + 0.5);

    if (part == 0)
        full = 0;
    for (int i = 0; i < width; i++)
        area_char(area, row, col + i, i < full ? ROLE_BAR : ROLE_BORDER,
                  i < full ? 0x2588 : 0x2591);
}
