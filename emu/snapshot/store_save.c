/*
 * Saving: the new objects go to a pack as they come, the node to its file; both are on the disk
 * before either is called by its name, the pack first. So a full disk is noticed while nothing has
 * changed, and a kill leaves at most a pack that nobody needs.
 */
#include "snapshot/store_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct store_save {
    struct store *store;
    struct pack_writer writer;
    uint32_t pack;  /* its number in the store, while there is one */
    bool has_pack;  /* an object was new */
    bool published; /* it is called by its name */
    struct error failed;
    uint8_t record[RECORD_SIZE_MAX];
};

int store_save_begin(struct store *store, struct store_save **save, struct error *err)
{
    struct store_save *s;
    int rc;

    if (store->saving)
        return error_set(err, -EBUSY, "snapshot store: a save is open");
    s = calloc(1, sizeof(*s));
    if (!s)
        return store_no_memory(err);
    rc = store_lock(store, true, err);
    if (rc) {
        free(s);
        return rc;
    }
    rc = store_refresh(store, err);
    if (rc) {
        store_unlock(store);
        free(s);
        return rc;
    }
    s->store = store;
    store->saving = s;
    *save = s;
    return 0;
}

/* ---- objects --------------------------------------------------------------------------------- */

/* The save's failure, kept: a further call says the same. */
static int fail_write(struct store_save *s, int rc)
{
    const char *path = s->writer.out.path ? s->writer.out.path : s->store->packs_dir;

    if (!s->failed.code)
        store_cannot(&s->failed, rc, "write", path);
    return s->failed.code;
}

static int start_pack(struct store_save *s)
{
    struct store *store = s->store;
    struct pack pack = {.fd = -1, .pending = true};
    char *path;
    int rc;

    file_random_id(pack.id);
    path = store_path(store->packs_dir, pack.id, PACK_SUFFIX);
    rc = path ? store_add_pack(store, &pack) : -ENOMEM;
    if (!rc) {
        s->pack = (uint32_t)store->pack_count - 1;
        s->has_pack = true;
        rc = pack_writer_open(&s->writer, path);
    }
    free(path);
    return rc ? fail_write(s, rc) : 0;
}

static int add_record(struct store_save *s, const uint8_t *record)
{
    int rc = s->failed.code;

    if (!rc && !s->has_pack)
        rc = start_pack(s);
    if (rc)
        return rc;
    rc = pack_writer_add(&s->writer, record);
    if (!rc)
        rc = index_add(&s->store->index, &s->writer.places.v[s->writer.places.count - 1], s->pack);
    return rc ? fail_write(s, rc) : 0;
}

int store_save_record(struct store_save *save, const uint8_t *record, struct error *err)
{
    if (add_record(save, record))
        *err = save->failed;
    return save->failed.code;
}

bool store_save_has(const struct store_save *save, const struct object_id *id)
{
    return object_id_is_zero(id) || index_find_whole(&save->store->index, id) != INDEX_NONE;
}

int store_save_object(struct store_save *save, const uint8_t *data, size_t size,
                      struct object_id *id, struct error *err)
{
    if (!size || size > OBJECT_SIZE_MAX)
        return error_set(err, -EINVAL, "snapshot store: an object of %zu bytes", size);
    *id = object_id_of(data, size);
    if (!save->failed.code && store_save_has(save, id))
        return 0;
    record_make(&save->store->codec, save->record, id, data, size);
    return store_save_record(save, save->record, err);
}

int store_save_pending_fd(struct store_save *save, int *fd)
{
    *fd = save->writer.out.fd;
    return file_out_flush(&save->writer.out);
}

/* ---- whether it is all there ----------------------------------------------------------------- */

static int leaf_fails(struct error *err, int rc, const struct object_id *id, const char *why)
{
    char text[OBJECT_ID_TEXT];

    return error_set(err, rc, "snapshot store: leaf %s %s", object_id_text(id, text), why);
}

/* Once for each leaf: it stays so while no pack goes away, and then the index is made anew. */
static int check_leaf(struct store *store, const struct object_id *id, struct error *err)
{
    uint32_t n = index_find_whole(&store->index, id);
    size_t size;
    int rc;

    if (n == INDEX_NONE)
        return leaf_fails(err, -ENOENT, id, "is not there");
    if (store->index.entries[n].complete)
        return 0;
    rc = store_read_object(store, id, &n);
    if (rc)
        return leaf_fails(err, rc, id, "cannot be read");
    size = store->index.entries[n].place.plain;
    if (size % OBJECT_ID_SIZE || size > STORE_LEAF_PAGES * OBJECT_ID_SIZE)
        return leaf_fails(err, -EBADMSG, id, "is not a list of pages");
    for (size_t at = 0; at < size; at += OBJECT_ID_SIZE) {
        struct object_id page;

        memcpy(page.bytes, store->plain + at, OBJECT_ID_SIZE);
        if (!object_id_is_zero(&page) && index_find_whole(&store->index, &page) == INDEX_NONE)
            return leaf_fails(err, -ENOENT, id, "has a page that is not there");
    }
    store->index.entries[n].complete = true;
    return 0;
}

static int check_leaves(struct store *store, const struct object_id *ids, size_t count,
                        struct error *err)
{
    int rc = 0;

    for (size_t i = 0; i < count && !rc; i++)
        if (!object_id_is_zero(&ids[i]))
            rc = check_leaf(store, &ids[i], err);
    return rc;
}

int store_save_check(struct store_save *save, const struct node *node, struct error *err)
{
    int rc = save->has_pack ? file_out_flush(&save->writer.out) : 0;

    if (rc) {
        fail_write(save, rc);
        *err = save->failed;
        return rc;
    }
    rc = check_leaves(save->store, node->ram, node->ram_count, err);
    return rc ? rc : check_leaves(save->store, node->disk, node->disk_count, err);
}

/* ---- the end --------------------------------------------------------------------------------- */

int store_save_close_pack(struct store_save *save, struct error *err)
{
    int rc = save->failed.code;

    if (!rc && save->has_pack) {
        rc = pack_writer_close(&save->writer);
        if (rc)
            rc = fail_write(save, rc);
    }
    if (rc)
        *err = save->failed;
    return rc;
}

int store_save_publish_pack(struct store_save *save, struct error *err)
{
    struct pack *pack = &save->store->packs[save->pack];
    uint64_t size = save->writer.out.position;
    int rc;

    if (!save->has_pack)
        return 0;
    rc = pack_writer_publish(&save->writer);
    if (rc) {
        fail_write(save, rc);
        *err = save->failed;
        return rc;
    }
    pack->size = size;
    pack->pending = false;
    save->published = true;
    return 0;
}

/* What the index says of a pack that does not stay is forgotten with everything else. */
static void drop_pack(struct store_save *s)
{
    const struct pack *pack = &s->store->packs[s->pack];
    char *path = store_path(s->store->packs_dir, pack->id, PACK_SUFFIX);

    if (path)
        unlink(path);
    free(path);
    pack_writer_abort(&s->writer);
    store_forget(s->store);
}

void store_save_end(struct store_save *save, bool keep)
{
    if (save->has_pack && !(keep && save->published))
        drop_pack(save);
    save->store->saving = NULL;
    store_unlock(save->store);
    free(save);
}

void store_save_abort(struct store_save *save)
{
    if (save)
        store_save_end(save, false);
}

/* The id is a new one: what has its name when this fails is of no use to anybody. */
static int publish_node(struct file_out *out, struct error *err)
{
    int rc = file_out_publish(out);

    if (!rc)
        return 0;
    store_cannot(err, rc, "write", out->path);
    unlink(out->path);
    return rc;
}

static int write_all(struct store_save *s, struct node *node, struct error *err)
{
    struct store *store = s->store;
    struct file_out out;
    uint8_t *bytes;
    size_t size;
    int rc;

    store_new_id(store, node->id);
    if (node->parent[0] && !store_has_node(store, node->parent))
        node->parent[0] = '\0';
    rc = node_encode(&store->codec, node, &bytes, &size);
    if (rc)
        return store_no_memory(err);
    rc = store_write_node(store, node->id, bytes, size, &out, err);
    free(bytes);
    if (!rc)
        rc = store_save_close_pack(s, err);
    if (!rc)
        rc = store_save_publish_pack(s, err);
    if (!rc)
        rc = publish_node(&out, err);
    file_out_abort(&out);
    return rc;
}

int store_save_finish(struct store_save *save, struct node *node, struct error *err)
{
    const char *why = node_reject(node);
    int rc = save->failed.code;

    if (rc)
        *err = save->failed;
    else if (why)
        rc = error_set(err, -EINVAL, "snapshot store: %s", why);
    if (!rc)
        rc = store_save_check(save, node, err);
    if (!rc)
        rc = write_all(save, node, err);
    store_save_end(save, rc == 0);
    return rc;
}
