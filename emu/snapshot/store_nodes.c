/*
 * The nodes of a store: listing, loading, changing and removing their files. What changes in a file
 * is its head; state and lists, and their checksum, are taken over as they are, so that damage there
 * stays visible.
 */
#include "snapshot/store_parts.h"

#include "snapshot/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- one file -------------------------------------------------------------------------------- */

bool store_has_node(struct store *store, const char *id)
{
    char *path = file_id_is_good(id) ? store_path(store->nodes_dir, id, NODE_SUFFIX) : NULL;
    bool has = path && access(path, F_OK) == 0;

    free(path);
    return has;
}

void store_new_id(struct store *store, char id[NODE_ID_SIZE])
{
    do
        file_random_id(id);
    while (store_has_node(store, id));
}

static int no_such_node(struct error *err, const char *id)
{
    return error_set(err, -ENOENT, "snapshot store: no snapshot %.16s", id);
}

static int damaged_node(struct error *err, const char *id, const char *why)
{
    return error_set(err, -EBADMSG, "snapshot store: snapshot %.16s: %s", id, why);
}

int store_read_node_file(struct store *store, const char *id, uint8_t **bytes, size_t *size,
                         struct error *err)
{
    char *path;
    int rc;

    if (!file_id_is_good(id))
        return no_such_node(err, id);
    path = store_path(store->nodes_dir, id, NODE_SUFFIX);
    rc = path ? file_read_whole(path, NODE_FILE_MAX, bytes, size) : -ENOMEM;
    if (rc == -ENOENT)
        no_such_node(err, id);
    else if (rc == -EFBIG || rc == -ENODATA || rc == -EINVAL)
        rc = damaged_node(err, id, "the file is not as long as it should be");
    else if (rc)
        store_cannot(err, rc, "read", path ? path : id);
    free(path);
    return rc;
}

static bool is_called(const struct node *node, const char *id)
{
    return strcmp(node->id, id) == 0;
}

int store_load_node(struct store *store, const char *id, struct node *node, struct error *err)
{
    const char *why;
    uint8_t *bytes;
    size_t size;
    int rc = store_read_node_file(store, id, &bytes, &size, err);

    if (rc)
        return rc;
    rc = node_decode(&store->codec, bytes, size, node, &why);
    free(bytes);
    if (rc == -ENOMEM)
        return store_no_memory(err);
    if (!rc && !is_called(node, id)) {
        node_free(node);
        rc = -EBADMSG;
        why = "the file is another snapshot's";
    }
    return rc ? damaged_node(err, id, why) : 0;
}

int store_load(struct store *store, const char *id, struct node *node, struct error *err)
{
    int rc = store_lock(store, false, err);

    if (rc)
        return rc;
    rc = store_load_node(store, id, node, err);
    store_unlock(store);
    return rc;
}

int store_write_node(struct store *store, const char *id, const uint8_t *bytes, size_t size,
                     struct file_out *out, struct error *err)
{
    char *path = store_path(store->nodes_dir, id, NODE_SUFFIX);

    *out = (struct file_out){.fd = -1, .failed = -ENOMEM};
    if (!path)
        return store_no_memory(err);
    if (!file_out_open(out, path)) {
        file_out_write(out, bytes, size);
        file_out_close(out);
    }
    if (out->failed)
        store_cannot(err, out->failed, "write", path);
    free(path);
    return out->failed;
}

/* ---- the list -------------------------------------------------------------------------------- */

/* NULL and the node, or what is wrong with the file. */
static const char *read_head(int fd, const char *id, struct node *node)
{
    uint8_t head[NODE_HEAD_SIZE];
    struct stat st;
    const char *why;

    if (fd < 0 || fstat(fd, &st))
        return "the file cannot be opened";
    if (file_read_at(fd, head, sizeof(head), 0))
        return "the file ends inside the header, or cannot be read";
    why = node_head_get(head, node);
    if (why)
        return why;
    if (!is_called(node, id))
        return "the file is another snapshot's";
    return (uint64_t)st.st_size == node_file_size(head)
               ? NULL
               : "the file is cut, or has something behind its end";
}

static int add_damage(struct store_list *list, const char *id, const char *why)
{
    struct store_damage *more =
        realloc(list->damaged, (list->damaged_count + 1) * sizeof(*list->damaged));

    if (!more)
        return -ENOMEM;
    list->damaged = more;
    more += list->damaged_count++;
    *more = (struct store_damage){0};
    memcpy(more->id, id, sizeof(more->id));
    snprintf(more->why, sizeof(more->why), "%s", why);
    return 0;
}

/* The list has room for one more node. */
static int add_node(struct store *store, struct store_list *list, const char *id)
{
    char *path = store_path(store->nodes_dir, id, NODE_SUFFIX);
    const char *why;
    int fd;

    if (!path)
        return -ENOMEM;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE))
        return -errno;
    why = read_head(fd, id, &list->nodes[list->count]);
    if (fd >= 0)
        close(fd);
    if (why)
        return add_damage(list, id, why);
    list->count++;
    return 0;
}

static int compare_by_id(const void *a, const void *b)
{
    return strcmp(((const struct node *)a)->id, ((const struct node *)b)->id);
}

static int compare_by_time(const void *a, const void *b)
{
    const struct node *one = a, *other = b;

    if (one->created != other->created)
        return one->created < other->created ? -1 : 1;
    return compare_by_id(a, b);
}

static size_t find_parent(const struct store_list *list, size_t i)
{
    struct node key;
    const struct node *found;

    memcpy(key.id, list->nodes[i].parent, sizeof(key.id));
    found = key.id[0] ? bsearch(&key, list->nodes, list->count, sizeof(key), compare_by_id) : NULL;
    return found ? (size_t)(found - list->nodes) : TREE_NONE;
}

/* No process of ours writes that; a file that somebody changed may. The list is by id here. */
static int cut_circles(struct store_list *list)
{
    size_t *parent = malloc((list->count + 1) * sizeof(*parent));
    size_t *order = malloc((list->count + 1) * sizeof(*order));
    int rc = parent && order ? 0 : -ENOMEM;

    for (size_t i = 0; i < list->count && !rc; i++)
        parent[i] = find_parent(list, i);
    if (!rc)
        rc = tree_order(parent, list->count, order);
    for (size_t i = 0; i < list->count && !rc; i++) {
        if (parent[i] != TREE_NONE || find_parent(list, i) == TREE_NONE)
            continue;
        list->nodes[i].parent[0] = '\0';
        rc = add_damage(list, list->nodes[i].id, "its parents go in a circle");
    }
    free(order);
    free(parent);
    return rc;
}

static int compare_damage(const void *a, const void *b)
{
    return strcmp(((const struct store_damage *)a)->id, ((const struct store_damage *)b)->id);
}

static int read_list(struct store *store, const file_id *ids, size_t count, struct store_list *list)
{
    int rc = 0;

    list->nodes = calloc(count + 1, sizeof(*list->nodes));
    if (!list->nodes)
        return -ENOMEM;
    for (size_t i = 0; i < count && !rc; i++)
        rc = add_node(store, list, ids[i]);
    if (!rc)
        rc = cut_circles(list);
    if (rc)
        return rc;
    qsort(list->nodes, list->count, sizeof(*list->nodes), compare_by_time);
    if (list->damaged_count)
        qsort(list->damaged, list->damaged_count, sizeof(*list->damaged), compare_damage);
    return 0;
}

int store_list_nodes(struct store *store, struct store_list *list, struct error *err)
{
    size_t count;
    file_id *ids;
    int rc = file_list_ids(store->nodes_dir, NODE_SUFFIX, &ids, &count);

    *list = (struct store_list){0};
    if (rc)
        return store_cannot(err, rc, "read", store->nodes_dir);
    rc = read_list(store, ids, count, list);
    free(ids);
    if (rc) {
        store_list_free(list);
        store_cannot(err, rc, "read", store->nodes_dir);
    }
    return rc;
}

int store_list(struct store *store, struct store_list *list, struct error *err)
{
    int rc = store_lock(store, false, err);

    if (rc)
        return rc;
    rc = store_list_nodes(store, list, err);
    store_unlock(store);
    return rc;
}

void store_list_free(struct store_list *list)
{
    free(list->nodes);
    free(list->damaged);
    *list = (struct store_list){0};
}

/* ---- changes --------------------------------------------------------------------------------- */

/* Its head becomes that of `edit`, which was read from it. */
static int write_head(struct store *store, uint8_t *bytes, size_t size, const struct node *edit,
                      struct error *err)
{
    struct file_out out;
    int rc;

    node_head_patch(bytes, edit);
    rc = store_write_node(store, edit->id, bytes, size, &out, err);
    if (!rc) {
        rc = file_out_publish(&out);
        if (rc)
            store_cannot(err, rc, "write", out.path);
    }
    file_out_abort(&out);
    return rc;
}

/* What is given replaces what the file's head has; NULL: as it is. */
static int edit_node(struct store *store, const char *id, const char *parent, const char *name,
                     const char *note, struct error *err)
{
    struct node node;
    const char *why;
    uint8_t *bytes = NULL;
    size_t size = 0;
    int rc = store_read_node_file(store, id, &bytes, &size, err);

    if (rc)
        return rc;
    why = size < NODE_HEAD_SIZE ? "the header is damaged" : node_head_get(bytes, &node);
    if (!why && !is_called(&node, id))
        why = "the file is another snapshot's";
    if (why)
        rc = damaged_node(err, id, why);
    if (!rc) {
        if (parent)
            snprintf(node.parent, sizeof(node.parent), "%s", parent);
        if (name)
            snprintf(node.name, sizeof(node.name), "%s", name);
        if (note)
            snprintf(node.note, sizeof(node.note), "%s", note);
        rc = write_head(store, bytes, size, &node, err);
    }
    free(bytes);
    return rc;
}

/* Whether a save of ours or another handle's is in the way is the lock's to say. */
static int lock_to_write(struct store *store, struct error *err)
{
    if (store->saving)
        return error_set(err, -EBUSY, "snapshot store: a save is open");
    return store_lock(store, true, err);
}

int store_update(struct store *store, const char *id, const char *name, const char *note,
                 struct error *err)
{
    int rc;

    if (name && !node_text_is_good(name, NODE_NAME_SIZE))
        return error_set(err, -EINVAL, "snapshot store: the name is too long or not plain text");
    if (note && !node_text_is_good(note, NODE_NOTE_SIZE))
        return error_set(err, -EINVAL, "snapshot store: the note is too long or not plain text");
    rc = lock_to_write(store, err);
    if (rc)
        return rc;
    rc = edit_node(store, id, NULL, name, note, err);
    store_unlock(store);
    return rc;
}

/* The parent that its head gives, or "" where there is no such head. */
static void parent_of(struct store *store, const char *id, char parent[NODE_ID_SIZE])
{
    char *path = store_path(store->nodes_dir, id, NODE_SUFFIX);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    uint8_t head[NODE_HEAD_SIZE];
    struct node node;

    parent[0] = '\0';
    if (fd >= 0 && !file_read_at(fd, head, sizeof(head), 0) && !node_head_get(head, &node) &&
        is_called(&node, id) && strcmp(node.parent, id) != 0)
        memcpy(parent, node.parent, NODE_ID_SIZE);
    if (fd >= 0)
        close(fd);
    free(path);
}

/* Those too whose file is cut behind its head: the list has them as damaged. */
static int move_children(struct store *store, const char *id, const char *parent, struct error *err)
{
    size_t count;
    file_id *ids;
    int rc = file_list_ids(store->nodes_dir, NODE_SUFFIX, &ids, &count);

    if (rc)
        return store_cannot(err, rc, "read", store->nodes_dir);
    for (size_t i = 0; i < count && !rc; i++) {
        char its[NODE_ID_SIZE];

        parent_of(store, ids[i], its);
        if (strcmp(its, id) == 0)
            rc = edit_node(store, ids[i], parent, NULL, NULL, err);
    }
    free(ids);
    return rc;
}

int store_remove_node(struct store *store, const char *id, struct error *err)
{
    char *path = store_path(store->nodes_dir, id, NODE_SUFFIX);
    int rc = 0;

    if (!path)
        return store_no_memory(err);
    if (unlink(path))
        rc = -errno;
    if (!rc)
        rc = file_sync_folder(store->nodes_dir);
    if (rc)
        store_cannot(err, rc, "remove", path);
    free(path);
    return rc;
}

int store_delete(struct store *store, const char *id, struct error *err)
{
    char parent[NODE_ID_SIZE];
    int rc = lock_to_write(store, err);

    if (rc)
        return rc;
    if (!store_has_node(store, id)) {
        rc = no_such_node(err, id);
    } else {
        parent_of(store, id, parent);
        rc = move_children(store, id, parent, err);
    }
    if (!rc)
        rc = store_remove_node(store, id, err);
    store_unlock(store);
    return rc;
}
