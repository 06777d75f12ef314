/* Edit distance between names, see nearest.h. Names longer than NEAREST_MAX bytes are left out. */
#include "util/nearest.h"

#include <string.h>

#define NEAREST_MAX 32

/* Levenshtein's distance, one row of the table at a time. */
static unsigned edit_distance(const char *a, const char *b)
{
    unsigned row[NEAREST_MAX + 1];
    size_t length = strlen(b);

    for (unsigned j = 0; j <= length; j++)
        row[j] = j;
    for (unsigned i = 1; *a; a++, i++) {
        unsigned diagonal = row[0];

        row[0] = i;
        for (unsigned j = 1; j <= length; j++) {
            unsigned best = diagonal + (*a != b[j - 1]);

            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[length];
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
