/* The tree of snapshots in lines, see branches.h. */
#include "snapshot/branches.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE ((size_t)-1)

/* By a node's number in the list. */
struct link {
    bool shown;
    size_t parent, first, last, next; /* its children from first to last, by next */
};

static size_t find_parent(const struct store_list *list, const struct link *links,
                          const struct node *node)
{
    for (size_t i = 0; node->parent[0] && i < list->count; i++)
        if (links[i].shown && !strcmp(list->nodes[i].id, node->parent))
            return i;
    return NONE;
}

/* links[list->count] is whose children the roots are. */
static void make_links(const struct store_list *list, const char *lab, struct link *links)
{
    for (size_t i = 0; i <= list->count; i++)
        links[i] =
            (struct link){.shown = i < list->count && (!lab || !strcmp(lab, list->nodes[i].lab)),
                          .parent = NONE,
                          .first = NONE,
                          .last = NONE,
                          .next = NONE};
    for (size_t i = 0; i < list->count; i++) {
        struct link *up;

        if (!links[i].shown)
            continue;
        links[i].parent = find_parent(list, links, &list->nodes[i]);
        up = &links[links[i].parent == NONE ? list->count : links[i].parent];
        if (up->first == NONE)
            up->first = i;
        else
            links[up->last].next = i;
        up->last = i;
    }
}

/* From a node to the one on the next line; *depth is of it. */
static size_t next_of(const struct link *links, size_t i, unsigned *depth)
{
    if (links[i].first != NONE) {
        ++*depth;
        return links[i].first;
    }
    while (i != NONE && links[i].next == NONE) {
        i = links[i].parent;
        --*depth;
    }
    return i == NONE ? NONE : links[i].next;
}

int branches_of(const struct store_list *list, const char *lab, struct branch **branches,
                size_t *count)
{
    struct link *links = malloc((list->count + 1) * sizeof(*links));
    struct branch *out = malloc((list->count + 1) * sizeof(*out));
    uint32_t lines = 0;
    unsigned depth = 0;

    *branches = NULL;
    *count = 0;
    if (!links || !out) {
        free(links);
        free(out);
        return -ENOMEM;
    }
    make_links(list, lab, links);
    for (size_t i = links[list->count].first; i != NONE; i = next_of(links, i, &depth)) {
        unsigned bit = depth - 1;

        if (depth > 0 && bit < BRANCH_DEPTH_MAX)
            lines = (lines & ((1u << bit) - 1)) | (uint32_t)(links[i].next != NONE) << bit;
        out[(*count)++] = (struct branch){&list->nodes[i], depth, depth > 0 ? lines : 0};
    }
    free(links);
    *branches = out;
    return 0;
}

const char *branch_text(unsigned depth, uint32_t lines, unsigned most, char buf[BRANCH_TEXT_MAX])
{
    unsigned seen = depth < most ? depth : most;
    bool more = depth > 0 && depth <= BRANCH_DEPTH_MAX && (lines >> (depth - 1) & 1);

    if (seen > BRANCH_DEPTH_MAX)
        seen = BRANCH_DEPTH_MAX;
    for (unsigned k = 0; k + 1 < seen; k++)
        memcpy(buf + (size_t)2 * k, lines >> k & 1 ? "| " : "  ", 2);
    if (seen > 0)
        memcpy(buf + (size_t)2 * (seen - 1), more ? "|-" : "`-", 2);
    buf[(size_t)2 * seen] = '\0';
    return buf;
}
