/* Edit distance between names, see nearest.h. Names longer than NEAREST_MAX bytes are left out. */
#include "util/nearest.h"

#include <string.h>

#define NEAREST_MAX 32

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/*
 * Letters put in, left out, taken for another, or two neighbours exchanged: how many of these make
 * `b` of `a` (optimal string alignment). rows[i % 3] is row i of the table.
 */
static unsigned edit_distance(const char *a, const char *b)
{
    unsigned rows[3][NEAREST_MAX + 1];
    unsigned length = (unsigned)strlen(b), i = 0;

    for (unsigned j = 0; j <= length; j++)
        rows[0][j] = j;
    for (; a[i]; i++) {
        const unsigned *above = rows[i % 3], *above2 = rows[(i + 2) % 3];
        unsigned *row = rows[(i + 1) % 3];

        row[0] = i + 1;
        for (unsigned j = 0; j < length; j++) {
            row[j + 1] = least(above[j] + (a[i] != b[j]), least(above[j + 1], row[j]) + 1);
            if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j])
                row[j + 1] = least(row[j + 1], above2[j - 1] + 1);
        }
    }
    return rows[i % 3][length];
}

const char *nearest_name(const char *text, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    unsigned best = 3; /* two slips of the finger are a typo, three are another word */

    if (strlen(text) > NEAREST_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        unsigned distance = strlen(names[i]) > NEAREST_MAX ? best : edit_distance(text, names[i]);

        if (distance < best && distance < strlen(names[i])) {
            best = distance;
            nearest = names[i];
        }
    }
    return nearest;
}
