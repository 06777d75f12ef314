/*
 * Snapshots out of a file into a store, see store.h and format.h. The file is hostile: it is read
 * once, front to back, and each part is believed only within its bounds and with its checksum right.
 * New objects go to a pack as they come, nodes wait in memory; only when the end of the file has
 * been seen, and every snapshot has all it needs, does anything get its name: the pack first, then
 * the snapshots, parents before their children. A kill in between leaves whole snapshots.
 */
#include "snapshot/store_parts.h"

#include "snapshot/tree.h"
#include "util/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#define NODES_MAX 65536u

struct incoming {
    uint8_t *bytes; /* the node's file */
    size_t size;
    struct node head; /* as in the file, then as it will be here */
    char was[FILE_ID_SIZE];
    bool kept; /* it is here already */
    struct file_out out;
};

struct import {
    struct store *store;
    struct store_save *save;
    const char *path;
    FILE *file;
    XXH3_state_t *sum;
    uint64_t position, objects;
    struct incoming *nodes;
    size_t count, room;
    size_t *order;             /* parents first */
    char (*ids)[NODE_ID_SIZE]; /* in that order, as they are here */
    struct error *err;
    uint8_t record[RECORD_SIZE_MAX];
};

/* "FILE: byte N: why" */
__attribute__((format(printf, 4, 5))) static int fail_at(struct import *m, int code, uint64_t at,
                                                         const char *fmt, ...)
{
    char why[100];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, sizeof(why), fmt, ap);
    va_end(ap);
    return error_set(m->err, code, "%.100s: byte %" PRIu64 ": %s", m->path, at, why);
}

static int read_exactly(struct import *m, uint8_t *to, size_t size)
{
    size_t n = fread(to, 1, size, m->file);

    m->position += n;
    if (n == size)
        return 0;
    if (ferror(m->file))
        return fail_at(m, errno ? -errno : -EIO, m->position, "%s", strerror(errno ? errno : EIO));
    return fail_at(m, -ENODATA, m->position, "the file ends too early");
}

/* What the checksum at the end is of. */
static int read_part(struct import *m, uint8_t *to, size_t size)
{
    int rc = read_exactly(m, to, size);

    if (!rc)
        XXH3_64bits_update(m->sum, to, size);
    return rc;
}

/* ---- parts of the file ----------------------------------------------------------------------- */

static int read_head(struct import *m)
{
    uint8_t head[FILE_HEAD_SIZE];
    const char *why;
    int rc = read_part(m, head, sizeof(head));

    if (rc)
        return rc;
    why = file_head_reject(head, EXPORT_MAGIC);
    if (!why)
        return 0;
    if (memcmp(head, EXPORT_MAGIC, MAGIC_SIZE) != 0)
        return fail_at(m, -EBADMSG, 0, "not a file of snapshots");
    return fail_at(m, get_le32(head + 8) == FORMAT_VERSION ? -EBADMSG : -EPROTONOSUPPORT, 0, "%s",
                   why);
}

/* A copy that is here is looked at: one from the file may mend what is damaged. */
static int take_record(struct import *m, const struct object_id *id)
{
    uint32_t entry;

    if (store_save_has(m->save, id) && !store_read_object(m->store, id, &entry))
        return 0;
    return store_save_record(m->save, m->record, m->err);
}

/* m->record has the magic. */
static int read_object(struct import *m)
{
    uint64_t at = m->position - MAGIC_SIZE;
    struct place place;
    int rc = read_part(m, m->record + MAGIC_SIZE, RECORD_HEAD_SIZE - MAGIC_SIZE);

    if (rc)
        return rc;
    if (m->count || !record_head_get(m->record, &place))
        return fail_at(m, -EBADMSG, at, "no object can be here, or not of this size");
    rc = read_part(m, m->record + RECORD_HEAD_SIZE, place.stored);
    if (rc)
        return rc;
    if (!record_sum_is_good(m->record) ||
        record_expand(&m->store->codec, m->record, m->store->plain))
        return fail_at(m, -EBADMSG, at, "the object is damaged");
    m->objects++;
    return take_record(m, &place.id);
}

static struct incoming *add_incoming(struct import *m)
{
    if (m->count == m->room) {
        size_t room = m->room ? m->room * 2 : 16;
        struct incoming *more = realloc(m->nodes, room * sizeof(*more));

        if (!more)
            return NULL;
        m->nodes = more;
        m->room = room;
    }
    m->nodes[m->count] = (struct incoming){.out = {.fd = -1}};
    return &m->nodes[m->count++];
}

/* The rest of a node's file behind its head. */
static int read_payload(struct import *m, struct incoming *in, const uint8_t *head, uint64_t at)
{
    struct node node;
    const char *why;
    int rc;

    in->size = node_file_size(head);
    in->bytes = malloc(in->size);
    if (!in->bytes)
        return store_no_memory(m->err);
    memcpy(in->bytes, head, NODE_HEAD_SIZE);
    rc = read_part(m, in->bytes + NODE_HEAD_SIZE, in->size - NODE_HEAD_SIZE);
    if (rc)
        return rc;
    rc = node_decode(&m->store->codec, in->bytes, in->size, &node, &why);
    if (rc)
        return fail_at(m, rc, at, "snapshot %s: %s", in->head.id, why);
    rc = store_save_check(m->save, &node, m->err);
    node_free(&node);
    if (rc == -ENOENT || rc == -EBADMSG)
        return fail_at(m, -EBADMSG, at, "snapshot %s lacks memory or disk", in->head.id);
    return rc;
}

static int read_node(struct import *m)
{
    uint64_t at = m->position - MAGIC_SIZE;
    uint8_t head[NODE_HEAD_SIZE] = NODE_MAGIC;
    struct incoming *in;
    const char *why;
    int rc = read_part(m, head + MAGIC_SIZE, sizeof(head) - MAGIC_SIZE);

    if (rc)
        return rc;
    in = m->count < NODES_MAX ? add_incoming(m) : NULL;
    if (!in)
        return m->count < NODES_MAX ? store_no_memory(m->err)
                                    : fail_at(m, -EBADMSG, at, "too many snapshots");
    why = node_head_get(head, &in->head);
    if (why)
        return fail_at(m, -EBADMSG, at, "snapshot %zu: %s", m->count, why);
    memcpy(in->was, in->head.id, sizeof(in->was));
    return read_payload(m, in, head, at);
}

static int read_end(struct import *m)
{
    uint64_t at = m->position - MAGIC_SIZE;
    uint8_t end[EXPORT_END_SIZE] = END_MAGIC;
    int rc = read_exactly(m, end + MAGIC_SIZE, sizeof(end) - MAGIC_SIZE);

    if (rc)
        return rc;
    if (get_le64(end + 32) != XXH3_64bits(end, 32) ||
        get_le64(end + 24) != XXH3_64bits_digest(m->sum))
        return fail_at(m, -EBADMSG, at, "the file is damaged (wrong checksum)");
    if (get_le64(end + 8) != m->objects || get_le64(end + 16) != m->count)
        return fail_at(m, -EBADMSG, at, "it has not as much in it as it says");
    if (fgetc(m->file) != EOF)
        return fail_at(m, -EBADMSG, m->position, "something follows the end");
    return 0;
}

static int read_file(struct import *m)
{
    int rc = read_head(m);

    while (!rc) {
        uint8_t *magic = m->record;

        rc = read_exactly(m, magic, MAGIC_SIZE);
        if (rc)
            break;
        if (memcmp(magic, END_MAGIC, MAGIC_SIZE) == 0)
            return read_end(m);
        XXH3_64bits_update(m->sum, magic, MAGIC_SIZE);
        if (memcmp(magic, OBJECT_MAGIC, MAGIC_SIZE) == 0)
            rc = read_object(m);
        else if (memcmp(magic, NODE_MAGIC, MAGIC_SIZE) == 0)
            rc = read_node(m);
        else
            rc = fail_at(m, -EBADMSG, m->position - MAGIC_SIZE, "nothing known begins here");
    }
    return rc;
}

/* ---- ids and parents ------------------------------------------------------------------------- */

static int compare_incoming(const void *a, const void *b)
{
    return strcmp(((const struct incoming *)a)->was, ((const struct incoming *)b)->was);
}

static size_t find_incoming(const struct import *m, const char *id)
{
    struct incoming key;
    const struct incoming *found;

    memcpy(key.was, id, sizeof(key.was));
    found = m->count ? bsearch(&key, m->nodes, m->count, sizeof(key), compare_incoming) : NULL;
    return found ? (size_t)(found - m->nodes) : TREE_NONE;
}

static int sort_nodes(struct import *m)
{
    if (m->count)
        qsort(m->nodes, m->count, sizeof(*m->nodes), compare_incoming);
    for (size_t i = 1; i < m->count; i++)
        if (strcmp(m->nodes[i - 1].was, m->nodes[i].was) == 0)
            return fail_at(m, -EBADMSG, m->position, "snapshot %s comes twice", m->nodes[i].was);
    return 0;
}

/*
 * What has this id here: nothing; a damaged file, which is replaced; the same moment, which is kept;
 * or another one.
 */
static void choose_id(struct import *m, struct incoming *in)
{
    struct error ignored;
    struct node here;
    uint8_t *bytes;
    size_t size;
    int rc = store_load_node(m->store, in->was, &here, &ignored);

    if (rc == -ENOENT || rc == -EBADMSG)
        return;
    if (!rc)
        node_free(&here);
    if (!rc && !store_read_node_file(m->store, in->was, &bytes, &size, &ignored)) {
        in->kept = size == in->size && node_same_moment(bytes, in->bytes);
        free(bytes);
    }
    if (!in->kept)
        store_new_id(m->store, in->head.id);
}

static int order_nodes(struct import *m)
{
    size_t *parent = malloc((m->count + 1) * sizeof(*parent));
    int rc;

    m->order = calloc(m->count + 1, sizeof(*m->order));
    if (!parent || !m->order) {
        free(parent);
        return -ENOMEM;
    }
    for (size_t i = 0; i < m->count; i++)
        parent[i] =
            m->nodes[i].head.parent[0] ? find_incoming(m, m->nodes[i].head.parent) : TREE_NONE;
    rc = tree_order(parent, m->count, m->order);
    for (size_t i = 0; i < m->count && !rc; i++) {
        struct node *head = &m->nodes[i].head;

        if (parent[i] != TREE_NONE)
            memcpy(head->parent, m->nodes[parent[i]].head.id, sizeof(head->parent));
        else if (find_incoming(m, head->parent) != TREE_NONE ||
                 !store_has_node(m->store, head->parent))
            head->parent[0] = '\0';
    }
    free(parent);
    return rc;
}

static int place_nodes(struct import *m)
{
    int rc = sort_nodes(m);

    if (rc)
        return rc;
    for (size_t i = 0; i < m->count; i++)
        choose_id(m, &m->nodes[i]);
    return order_nodes(m) ? store_no_memory(m->err) : 0;
}

/* ---- into the store -------------------------------------------------------------------------- */

static int write_nodes(struct import *m)
{
    int rc = 0;

    for (size_t i = 0; i < m->count && !rc; i++) {
        struct incoming *in = &m->nodes[i];

        if (in->kept)
            continue;
        node_head_patch(in->bytes, &in->head);
        rc = store_write_node(m->store, in->head.id, in->bytes, in->size, &in->out, m->err);
    }
    return rc;
}

/* All of them get their names; what the first ones got is taken back when that fails. */
static int publish_nodes(struct import *m)
{
    struct error ignored;
    size_t done = 0;
    int rc = 0;

    for (; done < m->count && !rc; done++) {
        struct incoming *in = &m->nodes[m->order[done]];

        if (!in->kept && (rc = file_out_publish(&in->out)) != 0)
            store_cannot(m->err, rc, "write", in->out.path);
    }
    while (rc && done)
        if (!m->nodes[m->order[--done]].kept)
            store_remove_node(m->store, m->nodes[m->order[done]].head.id, &ignored);
    return rc;
}

static int give_ids(struct import *m)
{
    m->ids = calloc(m->count + 1, sizeof(*m->ids));
    if (!m->ids)
        return store_no_memory(m->err);
    for (size_t i = 0; i < m->count; i++)
        memcpy(m->ids[i], m->nodes[m->order[i]].head.id, sizeof(*m->ids));
    return 0;
}

static int take_file(struct import *m)
{
    int rc = read_file(m);

    if (!rc)
        rc = place_nodes(m);
    if (!rc)
        rc = give_ids(m);
    if (!rc)
        rc = write_nodes(m);
    if (!rc)
        rc = store_save_close_pack(m->save, m->err);
    if (!rc)
        rc = store_save_publish_pack(m->save, m->err);
    return rc ? rc : publish_nodes(m);
}

static int start(struct import *m)
{
    m->sum = XXH3_createState();
    if (!m->sum)
        return store_no_memory(m->err);
    XXH3_64bits_reset(m->sum);
    m->file = fopen(m->path, "rbe");
    if (!m->file)
        return error_errno(m->err, -errno, "%.180s", m->path);
    return store_save_begin(m->store, &m->save, m->err);
}

static void end(struct import *m, bool keep)
{
    for (size_t i = 0; i < m->count; i++) {
        file_out_abort(&m->nodes[i].out);
        free(m->nodes[i].bytes);
    }
    if (m->save)
        store_save_end(m->save, keep);
    if (m->file)
        fclose(m->file);
    XXH3_freeState(m->sum);
    free(m->nodes);
    free(m->order);
    free(m->ids);
    free(m);
}

int store_import(struct store *store, const char *path, char (**ids)[NODE_ID_SIZE], size_t *count,
                 struct error *err)
{
    struct import *m = calloc(1, sizeof(*m));
    int rc;

    if (!m)
        return store_no_memory(err);
    m->store = store;
    m->path = path;
    m->err = err;
    rc = start(m);
    if (!rc)
        rc = take_file(m);
    if (!rc && ids) {
        *ids = m->ids;
        m->ids = NULL;
    }
    if (!rc && count)
        *count = m->count;
    end(m, rc == 0);
    return rc;
}
