/*
 * What a node reaches: its leaves and their pages, each object once, over the index of a store that
 * is locked. Each leaf is read once, for all nodes. Private to emu/snapshot.
 */
#ifndef VLAB_SNAPSHOT_REACH_H
#define VLAB_SNAPSHOT_REACH_H

#include "snapshot/store_parts.h"

struct reach_leaf;

struct reach_visitor {
    void *ctx;
    /* An object by its entry, a leaf or a page. */
    void (*object)(void *ctx, uint32_t entry);
    /*
     * An object that is not there (-ENOENT), or a leaf that cannot be read (-EBADMSG, ...; it has
     * been an object as well). May come twice for one object.
     */
    void (*broken)(void *ctx, const struct object_id *id, bool leaf, int rc);
};

struct reach {
    struct store *store;
    size_t count;             /* entries of the index; it must not change meanwhile */
    uint32_t walk;            /* the number of this node's walk */
    uint32_t *met;            /* by entry: the last walk that met it */
    struct reach_leaf **leaf; /* by entry: what it holds, or NULL */
    uint64_t pages;           /* of the last node, zeros too */
};

int reach_start(struct reach *r, struct store *store); /* 0, -ENOMEM */
void reach_end(struct reach *r);

/* 0, -ENOMEM. The node has its lists. */
int reach_node(struct reach *r, const struct node *node, const struct reach_visitor *visitor);

#endif
