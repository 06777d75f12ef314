/*
 * The tree of snapshots in lines, for who prints it: a parent before its children, these in the order of
 * the list, and the lines that join them.
 *
 *   reset
 *   |-irq-on
 *   | `-crash
 *   `-irq-off
 */
#ifndef VLAB_SNAPSHOT_BRANCHES_H
#define VLAB_SNAPSHOT_BRANCHES_H

#include "snapshot/store.h"

#define BRANCH_DEPTH_MAX 32u /* what is deeper is drawn no further to the right */

struct branch {
    const struct node *node; /* in the list, which must live as long */
    unsigned depth;          /* 0: a root */
    uint32_t lines; /* bit k: the one at depth k + 1, it or above it, has a sibling below */
};

/*
 * The nodes of a lab, or (NULL) of all labs. One whose parent is not among them is a root. *branches is
 * free()d by the caller. -ENOMEM.
 */
int branches_of(const struct store_list *list, const char *lab, struct branch **branches,
                size_t *count);

/* What is drawn before a node's name, two columns for each depth, `most` depths at most. Returns buf. */
#define BRANCH_TEXT_MAX (2 * BRANCH_DEPTH_MAX + 1)
const char *branch_text(unsigned depth, uint32_t lines, unsigned most, char buf[BRANCH_TEXT_MAX]);

#endif
