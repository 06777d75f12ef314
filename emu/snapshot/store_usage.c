/*
 * How much a store takes, and whom it is for; how much more something would take, see store.h. An object costs its record and its entry
 * in a pack's table; of several copies the first counts.
 */
#include "snapshot/reach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NOBODY 0u
#define SEVERAL UINT32_MAX

struct counting {
    struct store *store;
    struct store_usage *usage;
    uint32_t *owner; /* by entry: NOBODY, a node's number + 1, or SEVERAL */
    uint32_t node;   /* the one being walked, its number + 1 */
};

static uint64_t cost_of(const struct store *store, uint32_t entry)
{
    return RECORD_COST(store->index.entries[entry].place.stored);
}

static void count_object(void *ctx, uint32_t entry)
{
    struct counting *c = ctx;
    struct store_node_usage *u = &c->usage->nodes[c->node - 1];

    u->referenced += cost_of(c->store, entry);
    if (c->owner[entry] == NOBODY)
        u->added += c->store->index.entries[entry].place.plain;
    c->owner[entry] = c->owner[entry] == NOBODY ? c->node : SEVERAL;
}

static void skip_broken(void *ctx, const struct object_id *id, bool leaf, int rc)
{
    (void)ctx, (void)id, (void)leaf, (void)rc;
}

static int count_node(struct counting *c, struct reach *r, const struct node *head)
{
    const struct reach_visitor visitor = {.ctx = c, .object = count_object, .broken = skip_broken};
    struct store_node_usage *u = &c->usage->nodes[c->usage->count];
    struct error ignored;
    struct node node;
    int rc = store_load_node(c->store, head->id, &node, &ignored);

    if (rc == -EBADMSG)
        return 0;
    if (rc)
        return rc;
    c->node = (uint32_t)++c->usage->count;
    memcpy(u->id, node.id, sizeof(u->id));
    rc = reach_node(r, &node, &visitor);
    u->naive = r->pages * STORE_PAGE_SIZE + node.state_size;
    c->usage->naive += u->naive;
    node_free(&node);
    return rc;
}

/* Whom each object is for, once every node has been walked. */
static void share_out(struct counting *c)
{
    const struct index *ix = &c->store->index;

    for (uint32_t i = 0; i < ix->count; i++) {
        if (c->owner[i] == NOBODY) {
            c->usage->garbage += cost_of(c->store, i);
            continue;
        }
        c->usage->objects++;
        c->usage->unique += ix->entries[i].place.plain;
        if (c->owner[i] != SEVERAL)
            c->usage->nodes[c->owner[i] - 1].own += cost_of(c->store, i);
    }
}

static uint64_t node_file_bytes(const struct store *store, const char *id)
{
    char *path = store_path(store->nodes_dir, id, NODE_SUFFIX);
    struct stat st;
    uint64_t bytes = path && stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;

    free(path);
    return bytes;
}

static void count_files(struct counting *c, const struct store_list *list)
{
    const struct store *store = c->store;
    uint64_t left = file_temporaries_size(store->packs_dir);

    left += file_temporaries_size(store->nodes_dir);
    c->usage->garbage += left;
    c->usage->on_disk = left;
    for (size_t i = 0; i < store->pack_count; i++)
        c->usage->on_disk += store->packs[i].size;
    for (size_t i = 0; i < list->count; i++)
        c->usage->on_disk += node_file_bytes(store, list->nodes[i].id);
    for (size_t i = 0; i < list->damaged_count; i++)
        c->usage->on_disk += node_file_bytes(store, list->damaged[i].id);
}

static int count_all(struct counting *c, const struct store_list *list)
{
    struct reach r;
    int rc = reach_start(&r, c->store);

    if (rc)
        return rc;
    for (size_t i = 0; i < list->count && !rc; i++)
        rc = count_node(c, &r, &list->nodes[i]);
    reach_end(&r);
    if (!rc) {
        share_out(c);
        count_files(c, list);
    }
    return rc;
}

static int usage_locked(struct store *store, struct store_usage *usage, struct error *err)
{
    struct counting c = {.store = store, .usage = usage};
    struct store_list list;
    int rc = store_refresh(store, err);

    if (!rc)
        rc = store_list_nodes(store, &list, err);
    if (rc)
        return rc;
    usage->nodes = calloc(list.count + 1, sizeof(*usage->nodes));
    c.owner = calloc(store->index.count + 1, sizeof(*c.owner));
    rc = usage->nodes && c.owner ? count_all(&c, &list) : -ENOMEM;
    if (rc)
        error_errno(err, rc, "snapshot store: cannot count what it takes");
    free(c.owner);
    store_list_free(&list);
    return rc;
}

int store_usage(struct store *store, struct store_usage *usage, struct error *err)
{
    int rc = store_lock(store, false, err);

    *usage = (struct store_usage){0};
    if (rc)
        return rc;
    rc = usage_locked(store, usage, err);
    store_unlock(store);
    if (rc)
        store_usage_free(usage);
    return rc;
}

void store_usage_free(struct store_usage *usage)
{
    free(usage->nodes);
    *usage = (struct store_usage){0};
}

static int compare_pieces(const void *a, const void *b)
{
    return memcmp(((const struct store_piece *)a)->id.bytes,
                  ((const struct store_piece *)b)->id.bytes, OBJECT_ID_SIZE);
}

int store_missing(struct store *store, struct store_piece *pieces, size_t count, size_t *missing,
                  struct error *err)
{
    size_t kept = 0;
    int rc = store_lock(store, false, err);

    *missing = 0;
    if (rc)
        return rc;
    rc = store_refresh(store, err);
    for (size_t i = 0; !rc && i < count; i++)
        if (!object_id_is_zero(&pieces[i].id) &&
            index_find_whole(&store->index, &pieces[i].id) == INDEX_NONE)
            pieces[kept++] = pieces[i];
    store_unlock(store);
    qsort(pieces, kept, sizeof(*pieces), compare_pieces);
    for (size_t i = 0; i < kept; i++)
        if (i == 0 || compare_pieces(&pieces[*missing - 1], &pieces[i]) != 0)
            pieces[(*missing)++] = pieces[i];
    return rc;
}
