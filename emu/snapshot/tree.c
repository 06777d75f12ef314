/* The order of nodes by their parents, see tree.h: from each node up, and back down. */
#include "snapshot/tree.h"

#include <errno.h>
#include <stdlib.h>

enum mark { NEW, ON_THE_WAY, DONE };

int tree_order(size_t *parent, size_t count, size_t *order)
{
    unsigned char *mark = calloc(count + 1, 1);
    size_t *way = malloc((count + 1) * sizeof(*way));
    size_t ordered = 0;

    for (size_t i = 0; mark && way && i < count; i++) {
        size_t length = 0;

        for (size_t at = i; at != TREE_NONE && mark[at] == NEW; at = parent[at]) {
            mark[at] = ON_THE_WAY;
            way[length++] = at;
        }
        if (length && parent[way[length - 1]] != TREE_NONE &&
            mark[parent[way[length - 1]]] == ON_THE_WAY)
            parent[way[length - 1]] = TREE_NONE;
        while (length) {
            mark[way[--length]] = DONE;
            order[ordered++] = way[length];
        }
    }
    free(mark);
    free(way);
    return ordered == count ? 0 : -ENOMEM;
}
