/*
 * A store as a folder, see store.h: opening it, the lock, reading an object. The rest is in
 * store_objects.c (packs and index), store_save.c, store_nodes.c, store_usage.c, store_check.c,
 * store_gc.c, store_export.c and store_import.c.
 */
#include "snapshot/store_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int store_cannot(struct error *err, int rc, const char *verb, const char *path)
{
    return error_errno(err, rc, "snapshot store: cannot %s %" STORE_PATH_SHOWN, verb, path);
}

char *store_path(const char *dir, const char *id, const char *suffix)
{
    char *path;

    return asprintf(&path, "%s/%s%s", dir, id, suffix) < 0 ? NULL : path;
}

/* ---- the lock -------------------------------------------------------------------------------- */

int store_lock(struct store *store, bool exclusive, struct error *err)
{
    if (store->lock_depth) {
        if (exclusive && !store->lock_exclusive)
            return error_errno(err, -EDEADLK, "snapshot store: lock");
        store->lock_depth++;
        return 0;
    }
    while (flock(store->lock_fd, exclusive ? LOCK_EX : LOCK_SH))
        if (errno != EINTR)
            return store_cannot(err, -errno, "lock", store->dir);
    store->lock_depth = 1;
    store->lock_exclusive = exclusive;
    return 0;
}

void store_unlock(struct store *store)
{
    if (--store->lock_depth == 0)
        flock(store->lock_fd, LOCK_UN);
}

/* ---- opening --------------------------------------------------------------------------------- */

/* A folder that stays, when the power fails, too. */
static int make_folder(const char *path)
{
    char *copy;
    int rc;

    if (mkdir(path, 0777))
        return errno == EEXIST ? 0 : -errno;
    copy = strdup(path);
    rc = copy ? file_sync_folder(dirname(copy)) : -ENOMEM;
    free(copy);
    return rc;
}

/* For reading alone where nothing can be written: flock() does not mind. */
static int open_lock(const char *path, bool create)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0666);

    if (fd < 0 && (errno == EACCES || errno == EROFS))
        fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int open_folders(struct store *s, bool create)
{
    char *lock = store_path(s->dir, "lock", "");
    int rc = 0;

    s->packs_dir = store_path(s->dir, "packs", "");
    s->nodes_dir = store_path(s->dir, "nodes", "");
    if (!lock || !s->packs_dir || !s->nodes_dir)
        rc = -ENOMEM;
    if (!rc && create)
        rc = make_folder(s->packs_dir);
    if (!rc && create)
        rc = make_folder(s->nodes_dir);
    if (!rc) {
        s->lock_fd = open_lock(lock, create);
        rc = s->lock_fd < 0 ? s->lock_fd : 0;
    }
    free(lock);
    return rc;
}

static int open_index(struct store *s, struct error *err)
{
    int rc = store_lock(s, false, err);

    if (rc)
        return rc;
    rc = store_refresh(s, err);
    store_unlock(s);
    return rc;
}

int store_open(struct store **out, const char *dir, bool create, struct error *err)
{
    struct store *s = calloc(1, sizeof(*s));
    int rc = 0;

    if (!s)
        return store_no_memory(err);
    s->lock_fd = -1;
    if (create)
        rc = make_folder(dir);
    if (!rc && !(s->dir = realpath(dir, NULL)))
        rc = -errno;
    if (!rc)
        rc = open_folders(s, create);
    if (rc)
        store_cannot(err, rc, "open", dir);
    else
        rc = open_index(s, err);
    if (rc) {
        store_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    store_forget(store);
    codec_end(&store->codec);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    free(store->packs_dir);
    free(store->nodes_dir);
    free(store->dir);
    free(store);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Once more where it may be that another process has saved it, or written its pack anew. */
static int find_and_read(struct store *store, const struct object_id *id, uint32_t *entry,
                         struct error *err)
{
    char text[OBJECT_ID_TEXT];
    int rc = store_read_object(store, id, entry);

    if (rc == -ENOENT || rc == -EBADMSG) {
        rc = store_refresh(store, err);
        if (rc)
            return rc;
        rc = store_read_object(store, id, entry);
    }
    if (rc == -ENOENT)
        return error_set(err, rc, "snapshot store: object %s is not there",
                         object_id_text(id, text));
    if (rc == -EBADMSG)
        return error_set(err, rc, "snapshot store: object %s is damaged", object_id_text(id, text));
    if (rc)
        return error_errno(err, rc, "snapshot store: object %s", object_id_text(id, text));
    return 0;
}

int store_get(struct store *store, const struct object_id *id, uint8_t *buf, size_t cap,
              size_t *size, struct error *err)
{
    uint32_t entry = INDEX_NONE;
    int rc;

    if (object_id_is_zero(id)) {
        memset(buf, 0, cap);
        *size = cap;
        return 0;
    }
    rc = store_lock(store, false, err);
    if (rc)
        return rc;
    rc = find_and_read(store, id, &entry, err);
    if (!rc) {
        *size = store->index.entries[entry].place.plain;
        if (*size > cap)
            rc = error_set(err, -EMSGSIZE, "snapshot store: object of %zu bytes, not %zu", *size,
                           cap);
        else
            memcpy(buf, store->plain, *size);
    }
    store_unlock(store);
    return rc;
}
