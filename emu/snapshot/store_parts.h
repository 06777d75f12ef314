/*
 * What the files of the store share. Private to emu/snapshot.
 *
 * Everything here that looks at files or at the index wants the lock held: store_lock().
 */
#ifndef VLAB_SNAPSHOT_STORE_PARTS_H
#define VLAB_SNAPSHOT_STORE_PARTS_H

#include "snapshot/index.h"
#include "snapshot/node_format.h"
#include "snapshot/store.h"

#include <errno.h>

#define STORE_PATH_SHOWN ".150s" /* of a path in an error's line */
#define STORE_OPEN_PACKS 16u

struct pack {
    file_id id;
    uint64_t size;      /* bytes */
    const char *damage; /* NULL: none */
    int fd;             /* -1: not open */
    bool pending;       /* the open save's, not yet called by its name */
};

struct store {
    char *dir; /* an absolute path */
    char *packs_dir, *nodes_dir;
    int lock_fd;
    unsigned lock_depth;
    bool lock_exclusive;
    struct pack *packs;
    size_t pack_count, pack_room;
    uint32_t open_packs[STORE_OPEN_PACKS]; /* numbers of packs with a file open, a ring */
    size_t open_count;
    struct index index;
    struct codec codec;
    struct store_save *saving; /* NULL: no save is open */
    uint8_t record[RECORD_SIZE_MAX];
    uint8_t plain[OBJECT_SIZE_MAX];
};

/* Nests; within an exclusive one, a shared one is nothing. The other way round is -EDEADLK. */
int store_lock(struct store *store, bool exclusive, struct error *err);
void store_unlock(struct store *store);

/* -ENOMEM, where the compiler can see it, too. */
static inline int store_no_memory(struct error *err)
{
    error_set(err, -ENOMEM, "snapshot store: out of memory");
    return -ENOMEM;
}

int store_cannot(struct error *err, int rc, const char *verb, const char *path);

/* "DIR/ID.suffix"; NULL: no memory. free() is the caller's. */
char *store_path(const char *dir, const char *id, const char *suffix);

/* ---- objects (store_objects.c) --------------------------------------------------------------- */

/* Looks which packs there are, and takes those in that are new; in a save it is known already. */
int store_refresh(struct store *store, struct error *err);
void store_forget(struct store *store); /* all packs and the index */

int store_add_pack(struct store *store, const struct pack *pack); /* 0, -ENOMEM */

/*
 * The entry's record to store->record, checked: 0; -EBADMSG, and the entry is marked as bad;
 * -ENOENT: the pack is gone; another -errno.
 */
int store_read_record(struct store *store, uint32_t entry);

/* The same, and its plain bytes to store->plain, checked against the id. */
int store_read_entry(struct store *store, uint32_t entry);

/* The object, from the first copy that is whole: as store_read_entry(); *entry is which. */
int store_read_object(struct store *store, const struct object_id *id, uint32_t *entry);

/* ---- saving (store_save.c) ------------------------------------------------------------------- */

/* A whole record of an object that the store does not have. */
int store_save_record(struct store_save *save, const uint8_t *record, struct error *err);

/* A file from which all its records so far can be read: 0 or the save's failure. */
int store_save_pending_fd(struct store_save *save, int *fd);

/* Every leaf of the node and every page of these is there: 0, -ENOENT, -EBADMSG. */
int store_save_check(struct store_save *save, const struct node *node, struct error *err);

/* The pack is on the disk; with its name, or not yet. Ends nothing: see store_save_end(). */
int store_save_close_pack(struct store_save *save, struct error *err);
int store_save_publish_pack(struct store_save *save, struct error *err);

/* The end: `keep` is whether the pack stays. */
void store_save_end(struct store_save *save, bool keep);

/* ---- nodes (store_nodes.c) ------------------------------------------------------------------- */

bool store_has_node(struct store *store, const char *id);

/* An id that no node has. */
void store_new_id(struct store *store, char id[NODE_ID_SIZE]);

/* store_list() and store_load() with the lock held. */
int store_list_nodes(struct store *store, struct store_list *list, struct error *err);
int store_load_node(struct store *store, const char *id, struct node *node, struct error *err);

/* The whole file; free(*bytes). -ENOENT, -EBADMSG when it has not even a head. */
int store_read_node_file(struct store *store, const char *id, uint8_t **bytes, size_t *size,
                         struct error *err);

/* The node's file on the disk, not yet called by its name. */
int store_write_node(struct store *store, const char *id, const uint8_t *bytes, size_t size,
                     struct file_out *out, struct error *err);

int store_remove_node(struct store *store, const char *id, struct error *err);

#endif
