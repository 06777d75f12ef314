/*
 * Removing what no node needs, see store.h.
 *
 * What is still needed of a pack is in a new one, under its name and on the disk, before the old
 * one goes: a kill in between leaves two copies of some objects, of which the next run takes one.
 * A pack that cannot be written anew because a record in it is damaged stays as it is: somebody may
 * have a whole copy of the file.
 */
#include "snapshot/reach.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum fate { KEEP, REMOVE, REWRITE };

struct collection {
    struct store *store;
    bool *live;       /* by entry: this copy is the one to keep */
    uint64_t *needed; /* by pack: bytes of it that are */
    bool *spoiled;    /* by pack: it has a damaged copy that is not the one to keep */
    enum fate *fate;  /* by pack */
    bool lost;        /* an object that a node needs has no whole copy */
    int failed;       /* a leaf cannot be read: nobody knows what it needs */
    struct object_id leaf;
    uint64_t freed, written;
};

/* ---- what is needed -------------------------------------------------------------------------- */

/* The first copy that is whole; every one is read, so that each that is not is known. */
static uint32_t choose_copy(struct store *store, uint32_t first)
{
    uint32_t chosen = INDEX_NONE;

    for (uint32_t n = first; n != INDEX_NONE; n = store->index.entries[n].next)
        if (!store_read_entry(store, n) && chosen == INDEX_NONE)
            chosen = n;
    return chosen == INDEX_NONE ? first : chosen;
}

static void mark(void *ctx, uint32_t entry)
{
    struct collection *c = ctx;
    struct index *ix = &c->store->index;
    uint32_t n = entry;

    if (ix->entries[entry].next != INDEX_NONE)
        n = choose_copy(c->store, entry);
    if (c->live[n])
        return;
    c->live[n] = true;
    c->needed[ix->entries[n].pack] += RECORD_COST(ix->entries[n].place.stored);
}

static void miss(void *ctx, const struct object_id *id, bool leaf, int rc)
{
    struct collection *c = ctx;

    c->lost = true;
    if (leaf && !c->failed) {
        c->failed = rc;
        c->leaf = *id;
    }
}

static int mark_node(struct collection *c, struct reach *r, const char *id, struct error *err)
{
    const struct reach_visitor visitor = {.ctx = c, .object = mark, .broken = miss};
    char text[OBJECT_ID_TEXT];
    struct node node;
    int rc = store_load_node(c->store, id, &node, err);

    if (rc)
        return rc;
    rc = reach_node(r, &node, &visitor);
    node_free(&node);
    if (rc)
        return store_no_memory(err);
    if (c->failed)
        return error_set(err, -EBADMSG, "snapshot store: snapshot %s: its leaf %s is %s", id,
                         object_id_text(&c->leaf, text),
                         c->failed == -ENOENT ? "missing" : "damaged");
    return 0;
}

static int mark_all(struct collection *c, const struct store_list *list, struct error *err)
{
    struct reach r;
    int rc = 0;

    if (list->damaged_count)
        return error_set(err, -EBADMSG, "snapshot store: snapshot %s: %s", list->damaged[0].id,
                         list->damaged[0].why);
    if (reach_start(&r, c->store))
        return store_no_memory(err);
    for (size_t i = 0; i < list->count && !rc; i++)
        rc = mark_node(c, &r, list->nodes[i].id, err);
    reach_end(&r);
    return rc;
}

/* ---- what happens to each pack --------------------------------------------------------------- */

/* A damaged pack may have what is missing, where nobody can see it: it stays until nothing is. */
static enum fate fate_of(const struct collection *c, size_t i)
{
    const struct pack *pack = &c->store->packs[i];

    if (pack->damage && c->lost)
        return KEEP;
    if (!c->needed[i])
        return REMOVE;
    return pack->damage || c->spoiled[i] || c->needed[i] < pack->size / 2 ? REWRITE : KEEP;
}

/* Whether every record that is needed of these packs can be taken over. */
static int try_records(struct collection *c)
{
    for (uint32_t i = 0; i < c->store->index.count; i++) {
        uint32_t pack = c->store->index.entries[i].pack;
        int rc;

        if (!c->live[i] || c->fate[pack] != REWRITE)
            continue;
        rc = store_read_entry(c->store, i);
        if (rc == -EBADMSG)
            c->fate[pack] = KEEP;
        else if (rc)
            return rc;
    }
    return 0;
}

static int decide(struct collection *c, struct error *err)
{
    const struct index *ix = &c->store->index;
    int rc;

    for (size_t i = 0; i < ix->count; i++)
        if (ix->entries[i].bad && !c->live[i])
            c->spoiled[ix->entries[i].pack] = true;
    for (size_t i = 0; i < c->store->pack_count; i++)
        c->fate[i] = fate_of(c, i);
    rc = try_records(c);
    return rc ? error_errno(err, rc, "snapshot store: cannot read an object") : 0;
}

/* ---- doing it -------------------------------------------------------------------------------- */

static bool has_fate(const struct collection *c, enum fate fate)
{
    for (size_t i = 0; i < c->store->pack_count; i++)
        if (c->fate[i] == fate)
            return true;
    return false;
}

static int remove_packs(struct collection *c, enum fate fate, struct error *err)
{
    struct store *store = c->store;
    int rc = 0;

    for (size_t i = 0; i < store->pack_count && !rc; i++) {
        char *path;

        if (c->fate[i] != fate)
            continue;
        path = store_path(store->packs_dir, store->packs[i].id, PACK_SUFFIX);
        if (!path)
            return store_no_memory(err);
        if (unlink(path))
            rc = store_cannot(err, -errno, "remove", path);
        else
            c->freed += store->packs[i].size;
        free(path);
    }
    return rc;
}

static int copy_records(struct collection *c, struct pack_writer *w)
{
    const struct index *ix = &c->store->index;
    int rc = 0;

    for (uint32_t i = 0; i < ix->count && !rc; i++) {
        if (!c->live[i] || c->fate[ix->entries[i].pack] != REWRITE)
            continue;
        rc = store_read_record(c->store, i);
        if (!rc)
            rc = pack_writer_add(w, c->store->record);
    }
    return rc;
}

static int write_new_pack(struct collection *c, const char *path)
{
    struct pack_writer w;
    uint64_t size = 0;
    int rc = pack_writer_open(&w, path);

    if (!rc)
        rc = copy_records(c, &w);
    if (!rc)
        rc = pack_writer_close(&w);
    if (!rc) {
        size = w.out.position;
        rc = pack_writer_publish(&w);
    }
    if (!rc)
        c->written += size;
    pack_writer_abort(&w);
    return rc;
}

static int rewrite(struct collection *c, struct error *err)
{
    file_id id;
    char *path;
    int rc;

    file_random_id(id);
    path = store_path(c->store->packs_dir, id, PACK_SUFFIX);
    if (!path)
        return store_no_memory(err);
    rc = write_new_pack(c, path);
    if (rc)
        store_cannot(err, rc, "write", path);
    free(path);
    return rc ? rc : remove_packs(c, REWRITE, err);
}

static int carry_out(struct collection *c, struct error *err)
{
    int rc;

    if (!has_fate(c, REMOVE) && !has_fate(c, REWRITE))
        return 0;
    rc = remove_packs(c, REMOVE, err);
    if (!rc && has_fate(c, REWRITE))
        rc = rewrite(c, err);
    if (!rc) {
        rc = file_sync_folder(c->store->packs_dir);
        if (rc)
            store_cannot(err, rc, "write", c->store->packs_dir);
    }
    store_forget(c->store);
    return rc;
}

static int collect(struct collection *c, struct error *err)
{
    struct store_list list = {0};
    int rc = store_refresh(c->store, err);

    if (!rc)
        rc = store_list_nodes(c->store, &list, err);
    if (rc)
        return rc;
    c->live = calloc(c->store->index.count + 1, sizeof(*c->live));
    c->needed = calloc(c->store->pack_count + 1, sizeof(*c->needed));
    c->spoiled = calloc(c->store->pack_count + 1, sizeof(*c->spoiled));
    c->fate = calloc(c->store->pack_count + 1, sizeof(*c->fate));
    if (!c->live || !c->needed || !c->spoiled || !c->fate)
        rc = store_no_memory(err);
    if (!rc)
        rc = mark_all(c, &list, err);
    if (!rc)
        rc = decide(c, err);
    if (!rc)
        rc = carry_out(c, err);
    store_list_free(&list);
    return rc;
}

int store_gc(struct store *store, uint64_t *freed, struct error *err)
{
    struct collection c = {.store = store};
    int rc;

    *freed = 0;
    if (store->saving)
        return error_set(err, -EBUSY, "snapshot store: a save is open");
    rc = store_lock(store, true, err);
    if (rc)
        return rc;
    file_remove_temporaries(store->packs_dir, &c.freed);
    file_remove_temporaries(store->nodes_dir, &c.freed);
    rc = collect(&c, err);
    store_unlock(store);
    free(c.live);
    free(c.needed);
    free(c.spoiled);
    free(c.fate);
    *freed = c.freed > c.written ? c.freed - c.written : 0;
    return rc;
}
