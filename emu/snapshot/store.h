/*
 * The snapshot store: a folder that holds a tree of snapshots (snapshot/node.h), in which equal
 * pages are stored once.
 *
 * - The files are the truth (snapshot/format.h has every byte); an index of objects is made from
 *   them in memory. A snapshot is whole or absent, whenever a process that writes is killed.
 * - Several processes, and several handles of one process, may use one store at once. Who writes
 *   waits for the others (flock on DIR/lock), from store_save_begin() to the save's end. So a
 *   thread that has a save open must not use another handle of the same store: it would wait for
 *   itself. One handle is for one thread at a time, and not for a child after fork().
 * - Nothing that is read is believed before its checksum: what is damaged is -EBADMSG or in a list
 *   of damage, and everything else stays usable.
 * - All functions return 0 or -errno with `err` set ("snapshot store: ..."), unless they say
 *   otherwise. Any of them may give -ENOMEM, or what the system says of a file: -EIO, -EACCES, ...
 * - A file-size limit is an error like a full disk (-EFBIG) where SIGXFSZ is ignored.
 */
#ifndef VLAB_SNAPSHOT_STORE_H
#define VLAB_SNAPSHOT_STORE_H

#include "snapshot/node.h"
#include "snapshot/object.h"
#include "util/error.h"

struct store;
struct store_save;

/*
 * The store in the folder `dir`. With `create` the folder is made where it is missing (its parent
 * must be there); else that is -ENOENT. store_close(): the caller's; no save may be open.
 */
int store_open(struct store **out, const char *dir, bool create, struct error *err);
void store_close(struct store *store);

/*
 * An object's plain bytes to `buf`, *size of them. The zero id fills all `cap` bytes with zeros.
 * -ENOENT: not there; -EBADMSG: damaged; -EMSGSIZE: more than `cap` bytes.
 */
int store_get(struct store *store, const struct object_id *id, uint8_t *buf, size_t cap,
              size_t *size, struct error *err);

/* ---- saving ---------------------------------------------------------------------------------- */

/*
 * Starts a save, and keeps everybody else from the store until it is finished or aborted. -EBUSY:
 * this handle has one open.
 */
int store_save_begin(struct store *store, struct store_save **save, struct error *err);

/*
 * Whether the store has this object (or it is the zero id). What a caller remembers from another
 * save may be gone since; store_save_finish() says so, too.
 */
bool store_save_has(const struct store_save *save, const struct object_id *id);

/*
 * Stores `size` bytes, 1 to OBJECT_SIZE_MAX (else -EINVAL), unless they are there already; *id is
 * their name. After a failure every further call of this save fails the same way.
 */
int store_save_object(struct store_save *save, const uint8_t *data, size_t size,
                      struct object_id *id, struct error *err);

/*
 * Makes the snapshot, and ends the save, whether it fails or not. The caller fills in *node and
 * keeps it: node->id is set here; a node->parent that is not in the store (any more) becomes "".
 *
 * Every leaf of node->ram and node->disk, and every page in it, must be in the store or in this
 * save: else -ENOENT. -EINVAL: a text is not text, or a size is out of bounds. A full disk: -ENOSPC
 * and the like. When it fails, the store is as it was before the save.
 */
int store_save_finish(struct store_save *save, struct node *node, struct error *err);

/* Ends the save without a trace. NULL is fine. */
void store_save_abort(struct store_save *save);

/* ---- the tree -------------------------------------------------------------------------------- */

struct store_damage {
    char id[NODE_ID_SIZE];
    char why[128];
};

struct store_list {
    struct node *nodes; /* by `created`, then by id */
    size_t count;
    struct store_damage *damaged; /* by id */
    size_t damaged_count;
};

/*
 * Every snapshot, without state and lists: these are NULL, their sizes are in place. It reads the
 * heads of the files, and checks these and the files' lengths; store_load() checks the rest.
 *
 * A file that is damaged is in `damaged` and not in `nodes`; its children still name it. No node is
 * its own ancestor: where files say so, one of them is given as a root, and is in `damaged`, too.
 * store_list_free() frees what the list points to.
 */
int store_list(struct store *store, struct store_list *list, struct error *err);
void store_list_free(struct store_list *list);

/* One snapshot with everything; node_free(). -ENOENT: no such; -EBADMSG: damaged. */
int store_load(struct store *store, const char *id, struct node *node, struct error *err);

/* A new name, a new note; NULL: as it is. -EINVAL: not text, or too long. -ENOENT, -EBADMSG. */
int store_update(struct store *store, const char *id, const char *name, const char *note,
                 struct error *err);

/*
 * Its children get its parent, one by one, then it is removed; its objects stay until store_gc().
 * A damaged one can be deleted, too: if its head is damaged, its children become roots.
 */
int store_delete(struct store *store, const char *id, struct error *err);

/* ---- how much -------------------------------------------------------------------------------- */

struct store_node_usage { /* bytes */
    char id[NODE_ID_SIZE];
    uint64_t naive;      /* a copy of every page and of the state would take */
    uint64_t own;        /* stored, and reached from this one alone */
    uint64_t referenced; /* stored, and reached from this one */
    uint64_t added;      /* plain, of the objects that it reaches and none before it in the list */
};

struct store_usage {                /* bytes */
    struct store_node_usage *nodes; /* as in store_list(), but for those that are damaged */
    size_t count;
    uint64_t objects; /* how many different ones */
    uint64_t on_disk; /* of all files */
    uint64_t unique;  /* plain bytes of the different objects that a node reaches */
    uint64_t naive;   /* sum over the nodes */
    uint64_t garbage; /* stored, and reached from none; files that a killed process left */
};

/* What cannot be read is left out. store_usage_free() frees what it points to. */
int store_usage(struct store *store, struct store_usage *usage, struct error *err);
void store_usage_free(struct store_usage *usage);

/* An object by its name, and its plain bytes. */
struct store_piece {
    struct object_id id;
    uint32_t size;
};

/*
 * Which of these objects a save would have to store: they come to the front, each once, *missing of
 * them. What is behind is not kept. Nothing is written.
 */
int store_missing(struct store *store, struct store_piece *pieces, size_t count, size_t *missing,
                  struct error *err);

/* ---- care ------------------------------------------------------------------------------------ */

/* One thing that is wrong. `nodes`: whom it belongs to, id and name; they die with the call. */
struct store_problem {
    const char *line; /* "what: why" */
    const struct node *const *nodes;
    size_t node_count;
};

typedef void store_problem_fn(void *ctx, const struct store_problem *problem);

/*
 * Reads and checks every byte of every file. Returns the number of problems, each of which `found`
 * has been told of, or -errno when it could not look. A snapshot of which only the head can be read
 * is named by it; one with a damaged head by its id, its name being "".
 */
int store_verify(struct store *store, store_problem_fn *found, void *ctx, struct error *err);

/*
 * Removes packs of which nothing is needed, writes those anew that are more than half garbage or
 * damaged with nothing lost, and removes the temporary files of killed processes. *freed: by how
 * many bytes the store became smaller. -EBUSY: this handle has a save open; so with store_update()
 * and store_delete().
 *
 * -EBADMSG: a snapshot, or a leaf of one, is damaged or missing, so that nobody knows what it
 * needs: only temporary files were removed. Deleting that snapshot helps.
 */
int store_gc(struct store *store, uint64_t *freed, struct error *err);

/* ---- to another store ------------------------------------------------------------------------ */

/*
 * One file at `path` with these snapshots and all they need; `ids` NULL: every one. The file is
 * whole or as it was before. -ENOENT: no such snapshot; -EBADMSG: something it needs is damaged.
 */
int store_export(struct store *store, const char (*ids)[NODE_ID_SIZE], size_t count,
                 const char *path, struct error *err);

/*
 * The snapshots of such a file. Everything in it is checked before anything of it is in the store:
 * -EBADMSG, -ENODATA (cut) or -EPROTONOSUPPORT (version), with a line "FILE: byte N: why", and the
 * store is as it was. -EBUSY: this handle has a save open.
 *
 * A snapshot that is here already keeps its name, note and place, unless its file here is damaged:
 * that is replaced, as is a damaged object. An id that is another snapshot's here becomes a new one.
 * A parent that is neither here nor in the file: a root. *ids (NULL: not asked for) are the
 * snapshots' ids here, parents first; free() is the caller's. `count` may be NULL, too.
 */
int store_import(struct store *store, const char *path, char (**ids)[NODE_ID_SIZE], size_t *count,
                 struct error *err);

#endif
