/* What a node reaches, see reach.h. */
#include "snapshot/reach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_ZERO (INDEX_NONE - 1)

struct reach_leaf {
    int failed;    /* why it cannot be read; 0: it can */
    uint32_t walk; /* the last one that came by */
    uint32_t count;
    uint32_t page[STORE_LEAF_PAGES]; /* entries; INDEX_NONE: not there; PAGE_ZERO */
    struct object_id id[STORE_LEAF_PAGES];
};

int reach_start(struct reach *r, struct store *store)
{
    *r = (struct reach){.store = store, .count = store->index.count};
    r->met = calloc(r->count + 1, sizeof(*r->met));
    r->leaf = calloc(r->count + 1, sizeof(struct reach_leaf *));
    if (r->met && r->leaf)
        return 0;
    reach_end(r);
    return -ENOMEM;
}

void reach_end(struct reach *r)
{
    for (size_t i = 0; r->leaf && i < r->count; i++)
        free(r->leaf[i]);
    free(r->leaf);
    free(r->met);
    *r = (struct reach){0};
}

static void fill_leaf(struct store *store, struct reach_leaf *leaf, uint32_t plain)
{
    if (plain % OBJECT_ID_SIZE || plain > STORE_LEAF_PAGES * OBJECT_ID_SIZE) {
        leaf->failed = -EBADMSG;
        return;
    }
    leaf->count = plain / OBJECT_ID_SIZE;
    memcpy(leaf->id, store->plain, plain);
    for (uint32_t i = 0; i < leaf->count; i++)
        leaf->page[i] =
            object_id_is_zero(&leaf->id[i]) ? PAGE_ZERO : index_find(&store->index, &leaf->id[i]);
}

/* NULL: no memory. */
static struct reach_leaf *get_leaf(struct reach *r, const struct object_id *id, uint32_t entry)
{
    struct reach_leaf *leaf = r->leaf[entry];
    uint32_t read;

    if (leaf)
        return leaf;
    leaf = calloc(1, sizeof(*leaf));
    if (!leaf)
        return NULL;
    leaf->failed = store_read_object(r->store, id, &read);
    if (!leaf->failed)
        fill_leaf(r->store, leaf, r->store->index.entries[read].place.plain);
    r->leaf[entry] = leaf;
    return leaf;
}

static void meet(struct reach *r, uint32_t entry, const struct reach_visitor *v)
{
    if (r->met[entry] == r->walk)
        return;
    r->met[entry] = r->walk;
    v->object(v->ctx, entry);
}

static void reach_pages(struct reach *r, const struct reach_leaf *leaf,
                        const struct reach_visitor *v)
{
    for (uint32_t i = 0; i < leaf->count; i++) {
        if (leaf->page[i] == INDEX_NONE)
            v->broken(v->ctx, &leaf->id[i], false, -ENOENT);
        else if (leaf->page[i] != PAGE_ZERO)
            meet(r, leaf->page[i], v);
    }
}

static int reach_one(struct reach *r, const struct object_id *id, const struct reach_visitor *v)
{
    uint32_t entry = object_id_is_zero(id) ? PAGE_ZERO : index_find(&r->store->index, id);
    struct reach_leaf *leaf;

    if (entry == PAGE_ZERO || entry == INDEX_NONE) {
        r->pages += STORE_LEAF_PAGES;
        if (entry == INDEX_NONE)
            v->broken(v->ctx, id, true, -ENOENT);
        return 0;
    }
    leaf = get_leaf(r, id, entry);
    if (!leaf)
        return -ENOMEM;
    r->pages += leaf->count;
    if (leaf->walk == r->walk)
        return 0;
    leaf->walk = r->walk;
    meet(r, entry, v);
    if (leaf->failed)
        v->broken(v->ctx, id, true, leaf->failed);
    else
        reach_pages(r, leaf, v);
    return leaf->failed == -ENOMEM ? -ENOMEM : 0;
}

int reach_node(struct reach *r, const struct node *node, const struct reach_visitor *visitor)
{
    int rc = 0;

    r->walk++;
    r->pages = 0;
    for (size_t i = 0; i < node->ram_count && !rc; i++)
        rc = reach_one(r, &node->ram[i], visitor);
    for (size_t i = 0; i < node->disk_count && !rc; i++)
        rc = reach_one(r, &node->disk[i], visitor);
    return rc;
}
