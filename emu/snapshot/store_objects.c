/*
 * The packs of a store and the index over them: which there are, and reading a record. The index is
 * only ever a copy of what the packs say; when one of them is gone it is made anew.
 */
#include "snapshot/store_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- which packs there are ------------------------------------------------------------------- */

static void close_packs(struct store *store)
{
    for (size_t i = 0; i < store->open_count; i++) {
        struct pack *pack = &store->packs[store->open_packs[i]];

        close(pack->fd);
        pack->fd = -1;
    }
    store->open_count = 0;
}

void store_forget(struct store *store)
{
    close_packs(store);
    free(store->packs);
    store->packs = NULL;
    store->pack_count = store->pack_room = 0;
    index_clear(&store->index);
}

int store_add_pack(struct store *store, const struct pack *pack)
{
    if (store->pack_count == store->pack_room) {
        size_t room = store->pack_room ? store->pack_room * 2 : 16;
        struct pack *packs = realloc(store->packs, room * sizeof(*packs));

        if (!packs)
            return -ENOMEM;
        store->packs = packs;
        store->pack_room = room;
    }
    store->packs[store->pack_count++] = *pack;
    return 0;
}

/* Its objects, or what is wrong with it; a file that the system does not give is damage, too. */
static int read_places(const char *path, struct pack *pack, struct places *places)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
    struct stat st;

    *places = (struct places){0};
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
        return -errno;
    if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        pack->damage = "the file cannot be opened";
    } else {
        pack->size = (uint64_t)st.st_size;
        rc = pack_read(fd, pack->size, places, &pack->damage);
    }
    if (fd >= 0)
        close(fd);
    if (rc && rc != -ENOMEM) {
        pack->damage = "the file cannot be read";
        rc = 0;
    }
    return rc;
}

static int load_pack(struct store *store, const char *id, struct error *err)
{
    char *path = store_path(store->packs_dir, id, PACK_SUFFIX);
    struct pack pack = {.fd = -1};
    struct places places = {0};
    int rc;

    if (!path)
        return store_no_memory(err);
    memcpy(pack.id, id, sizeof(pack.id));
    rc = read_places(path, &pack, &places);
    if (!rc)
        rc = store_add_pack(store, &pack);
    for (size_t i = 0; i < places.count && !rc; i++)
        rc = index_add(&store->index, &places.v[i], (uint32_t)store->pack_count - 1);
    if (rc)
        store_cannot(err, rc, "read", path);
    places_free(&places);
    free(path);
    return rc;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, FILE_ID_SIZE);
}

/* The ids of the packs in the index, sorted. */
static file_id *known_ids(const struct store *store)
{
    file_id *ids = calloc(store->pack_count + 1, sizeof(*ids));

    for (size_t i = 0; ids && i < store->pack_count; i++)
        memcpy(ids[i], store->packs[i].id, sizeof(*ids));
    if (ids && store->pack_count)
        qsort(ids, store->pack_count, sizeof(*ids), compare_ids);
    return ids;
}

static bool is_one_gone(const struct store *store, const file_id *known, const file_id *ids,
                        size_t count)
{
    for (size_t i = 0; i < store->pack_count; i++)
        if (!count || !bsearch(known[i], ids, count, sizeof(*ids), compare_ids))
            return true;
    return false;
}

int store_refresh(struct store *store, struct error *err)
{
    size_t count, known_count;
    file_id *ids, *known;
    int rc;

    if (store->saving)
        return 0;
    rc = file_list_ids(store->packs_dir, PACK_SUFFIX, &ids, &count);
    if (rc)
        return store_cannot(err, rc, "read", store->packs_dir);
    known = known_ids(store);
    if (!known)
        rc = store_no_memory(err);
    else if (is_one_gone(store, known, ids, count))
        store_forget(store);
    known_count = store->pack_count;
    for (size_t i = 0; i < count && !rc; i++)
        if (!known_count || !bsearch(ids[i], known, known_count, sizeof(*ids), compare_ids))
            rc = load_pack(store, ids[i], err);
    if (rc)
        store_forget(store);
    free(known);
    free(ids);
    return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Room for one more open file: the one that has been open for longest goes. */
static void make_room(struct store *store)
{
    struct pack *first = &store->packs[store->open_packs[0]];

    if (store->open_count < STORE_OPEN_PACKS)
        return;
    close(first->fd);
    first->fd = -1;
    store->open_count--;
    memmove(store->open_packs, store->open_packs + 1,
            store->open_count * sizeof(store->open_packs[0]));
}

static int open_pack(struct store *store, uint32_t number)
{
    struct pack *pack = &store->packs[number];
    char *path;

    if (pack->fd >= 0)
        return 0;
    path = store_path(store->packs_dir, pack->id, PACK_SUFFIX);
    if (!path)
        return -ENOMEM;
    make_room(store);
    pack->fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    if (pack->fd < 0)
        return -errno;
    store->open_packs[store->open_count++] = number;
    return 0;
}

int store_read_record(struct store *store, uint32_t entry)
{
    struct index_entry *e = &store->index.entries[entry];
    int rc = 0, fd = -1;

    if (store->packs[e->pack].pending)
        rc = store_save_pending_fd(store->saving, &fd);
    else if (!(rc = open_pack(store, e->pack)))
        fd = store->packs[e->pack].fd;
    if (!rc)
        rc = record_read(fd, &e->place, store->record);
    if (rc == -EBADMSG)
        e->bad = true;
    return rc;
}

int store_read_entry(struct store *store, uint32_t entry)
{
    int rc = store_read_record(store, entry);

    if (!rc)
        rc = record_expand(&store->codec, store->record, store->plain);
    if (rc == -EBADMSG)
        store->index.entries[entry].bad = true;
    return rc;
}

int store_read_object(struct store *store, const struct object_id *id, uint32_t *entry)
{
    int rc = -ENOENT;

    for (uint32_t n = index_find(&store->index, id); n != INDEX_NONE;
         n = store->index.entries[n].next) {
        int one = store_read_entry(store, n);

        if (!one) {
            *entry = n;
            return 0;
        }
        if (rc == -ENOENT || one != -ENOENT)
            rc = one;
    }
    return rc;
}
