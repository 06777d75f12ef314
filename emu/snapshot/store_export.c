/*
 * Snapshots into one file for another store, see store.h and format.h: the objects that they need,
 * each once and read again before it is written, then the nodes, parents first.
 */
#include "snapshot/reach.h"

#include "snapshot/tree.h"
#include "util/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct export
{
    struct store *store;
    struct file_out out;
    XXH3_state_t *sum;
    bool *written; /* by entry */
    uint64_t objects, nodes;
    const char *node; /* the id of the one whose objects are being written */
    int failed;       /* with err set */
    struct error *err;
};

static void put(struct export *x, const void *data, size_t size)
{
    XXH3_64bits_update(x->sum, data, size);
    file_out_write(&x->out, data, size);
}

static void put_head(struct export *x)
{
    uint8_t head[FILE_HEAD_SIZE];

    file_head_put(head, EXPORT_MAGIC);
    put(x, head, sizeof(head));
}

static void put_end(struct export *x)
{
    uint8_t end[EXPORT_END_SIZE];

    memcpy(end, END_MAGIC, MAGIC_SIZE);
    put_le64(end + 8, x->objects);
    put_le64(end + 16, x->nodes);
    put_le64(end + 24, XXH3_64bits_digest(x->sum));
    put_le64(end + 32, XXH3_64bits(end, 32));
    put(x, end, sizeof(end));
}

/* ---- objects --------------------------------------------------------------------------------- */

static int fail_object(struct export *x, const struct object_id *id, int rc)
{
    char text[OBJECT_ID_TEXT];

    if (!x->failed)
        x->failed = error_set(x->err, rc == -ENOMEM ? rc : -EBADMSG,
                              "snapshot store: snapshot %s: object %s is %s", x->node,
                              object_id_text(id, text),
                              rc == -ENOENT   ? "missing"
                              : rc == -ENOMEM ? "too much for memory"
                                              : "damaged");
    return x->failed;
}

static void put_object(void *ctx, uint32_t entry)
{
    struct export *x = ctx;
    struct object_id id = x->store->index.entries[entry].place.id;
    uint32_t read;
    int rc;

    if (x->failed || x->out.failed || x->written[entry])
        return;
    rc = store_read_object(x->store, &id, &read);
    if (rc) {
        fail_object(x, &id, rc);
        return;
    }
    put(x, x->store->record, RECORD_HEAD_SIZE + x->store->index.entries[read].place.stored);
    x->written[entry] = true;
    x->objects++;
}

static void miss_object(void *ctx, const struct object_id *id, bool leaf, int rc)
{
    (void)leaf;
    fail_object(ctx, id, rc);
}

static int put_objects_of(struct export *x, struct reach *r, const char *id)
{
    const struct reach_visitor visitor = {.ctx = x, .object = put_object, .broken = miss_object};
    struct node node;
    int rc = store_load_node(x->store, id, &node, x->err);

    if (rc)
        return rc;
    x->node = node.id;
    rc = reach_node(r, &node, &visitor);
    node_free(&node);
    if (rc)
        return store_no_memory(x->err);
    return x->failed ? x->failed : x->out.failed;
}

static int put_objects(struct export *x, const file_id *ids, size_t count)
{
    struct reach r;
    int rc = 0;

    x->written = calloc(x->store->index.count + 1, sizeof(*x->written));
    if (!x->written || reach_start(&r, x->store))
        return store_no_memory(x->err);
    for (size_t i = 0; i < count && !rc; i++)
        rc = put_objects_of(x, &r, ids[i]);
    reach_end(&r);
    return rc;
}

static int put_nodes(struct export *x, const file_id *ids, size_t count)
{
    int rc = 0;

    for (size_t i = 0; i < count && !rc; i++) {
        uint8_t *bytes;
        size_t size;

        rc = store_read_node_file(x->store, ids[i], &bytes, &size, x->err);
        if (rc)
            break;
        put(x, bytes, size);
        x->nodes++;
        free(bytes);
        rc = x->out.failed;
    }
    return rc;
}

/* ---- which, and in which order --------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, FILE_ID_SIZE);
}

static bool is_wanted(const file_id *wanted, size_t count, const char *id)
{
    return !wanted || (count && bsearch(id, wanted, count, sizeof(*wanted), compare_ids));
}

/* Of the wanted ones (sorted; NULL: all) those that the list has: parents first. */
static int order_nodes(const struct store_list *list, const file_id *wanted, size_t wanted_count,
                       file_id *ids, size_t *count)
{
    size_t *parent = malloc((list->count + 1) * sizeof(*parent));
    size_t *order = malloc((list->count + 1) * sizeof(*order));
    int rc = parent && order ? 0 : -ENOMEM;

    for (size_t i = 0; i < list->count && !rc; i++) {
        parent[i] = TREE_NONE;
        for (size_t j = 0; j < list->count && list->nodes[i].parent[0]; j++)
            if (strcmp(list->nodes[j].id, list->nodes[i].parent) == 0)
                parent[i] = j;
    }
    if (!rc)
        rc = tree_order(parent, list->count, order);
    *count = 0;
    for (size_t i = 0; i < list->count && !rc; i++)
        if (is_wanted(wanted, wanted_count, list->nodes[order[i]].id))
            memcpy(ids[(*count)++], list->nodes[order[i]].id, sizeof(*ids));
    free(order);
    free(parent);
    return rc;
}

/* One that is not in the list is missing or damaged: loading says which. */
static int check_wanted(struct store *store, const struct store_list *list, const file_id *wanted,
                        size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        bool listed = false;
        struct node node;

        for (size_t j = 0; j < list->count && !listed; j++)
            listed = strcmp(list->nodes[j].id, wanted[i]) == 0;
        if (listed)
            continue;
        if (store_load_node(store, wanted[i], &node, err))
            return err->code;
        node_free(&node);
    }
    return 0;
}

static file_id *sorted_copy(const char (*ids)[NODE_ID_SIZE], size_t count)
{
    file_id *copy = calloc(count + 1, sizeof(*copy));

    for (size_t i = 0; copy && i < count; i++)
        memcpy(copy[i], ids[i], strnlen(ids[i], FILE_ID_SIZE - 1));
    if (copy && count)
        qsort(copy, count, sizeof(*copy), compare_ids);
    return copy;
}

/* ids[]: room for every node of the list. */
static int choose(struct store *store, const char (*ids)[NODE_ID_SIZE], size_t count,
                  const struct store_list *list, file_id *chosen, size_t *chosen_count,
                  struct error *err)
{
    file_id *wanted = ids ? sorted_copy(ids, count) : NULL;
    int rc = 0;

    if (ids && !wanted)
        return store_no_memory(err);
    if (wanted)
        rc = check_wanted(store, list, wanted, count, err);
    if (!rc && order_nodes(list, wanted, count, chosen, chosen_count))
        rc = store_no_memory(err);
    free(wanted);
    return rc;
}

/* ---- the file -------------------------------------------------------------------------------- */

static int write_file(struct export *x, const file_id *ids, size_t count, const char *path)
{
    int rc;

    x->sum = XXH3_createState();
    if (!x->sum)
        return store_no_memory(x->err);
    XXH3_64bits_reset(x->sum);
    file_out_open(&x->out, path);
    put_head(x);
    rc = x->out.failed ? x->out.failed : put_objects(x, ids, count);
    if (!rc)
        rc = put_nodes(x, ids, count);
    if (!rc) {
        put_end(x);
        rc = file_out_finish(&x->out);
    }
    if (rc && rc == x->out.failed && !x->failed)
        store_cannot(x->err, rc, "write", path);
    file_out_abort(&x->out);
    XXH3_freeState(x->sum);
    free(x->written);
    return rc;
}

static int export_locked(struct store *store, const char (*ids)[NODE_ID_SIZE], size_t count,
                         const char *path, struct error *err)
{
    struct export x = {.store = store, .out = {.fd = -1}, .err = err};
    struct store_list list = {0};
    file_id *chosen;
    size_t chosen_count = 0;
    int rc = store_refresh(store, err);

    if (!rc)
        rc = store_list_nodes(store, &list, err);
    if (rc)
        return rc;
    chosen = calloc(list.count + 1, sizeof(*chosen));
    rc = chosen ? choose(store, ids, count, &list, chosen, &chosen_count, err)
                : store_no_memory(err);
    if (!rc)
        rc = write_file(&x, chosen, chosen_count, path);
    free(chosen);
    store_list_free(&list);
    return rc;
}

int store_export(struct store *store, const char (*ids)[NODE_ID_SIZE], size_t count,
                 const char *path, struct error *err)
{
    int rc = store_lock(store, false, err);

    if (rc)
        return rc;
    rc = export_locked(store, ids, count, path, err);
    store_unlock(store);
    return rc;
}
