/* The order of nodes by their parents. Private to emu/snapshot. */
#ifndef VLAB_SNAPSHOT_TREE_H
#define VLAB_SNAPSHOT_TREE_H

#include <stddef.h>

#define TREE_NONE ((size_t)-1)

/*
 * parent[i] is the number of i's parent, or TREE_NONE. Where parents go in a circle, one of them
 * becomes a root. order[]: every number once, a parent before its children. 0, -ENOMEM.
 */
int tree_order(size_t *parent, size_t count, size_t *order);

#endif
