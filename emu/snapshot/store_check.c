/*
 * Looking at every byte of a store, see store.h. First every copy of every object is read; then a
 * walk over the nodes finds whom the damaged and the missing ones belong to.
 */
#include "snapshot/reach.h"

#include "snapshot/tree.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One finding, of one node: those of one object, or of one pack, become one problem. */
struct finding {
    struct object_id id; /* zero: the finding is about a pack */
    uint32_t pack;
    uint32_t node; /* its number in the list */
    int rc;        /* -ENOENT or -EBADMSG */
};

struct checking {
    struct store *store;
    store_problem_fn *found;
    void *ctx;
    int problems;
    struct store_list list;
    const struct node **named; /* room for every node */
    struct finding *findings;
    size_t count, room;
    uint32_t node;      /* the one being walked */
    uint32_t *pack_met; /* by pack: the last node that needs something of it, its number + 1 */
    bool *needed;       /* by entry: a node needs it */
    bool no_memory;
};

static void tell(struct checking *c, const char *line, size_t node_count)
{
    const struct store_problem problem = {
        .line = line, .nodes = c->named, .node_count = node_count};

    if (c->problems < INT_MAX)
        c->problems++;
    c->found(c->ctx, &problem);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static void tell_node(struct checking *c, const struct node *node, const char *why)
{
    char line[160];

    snprintf(line, sizeof(line), "snapshot %s: %.127s", node->id, why);
    c->named[0] = node;
    tell(c, line, 1);
}

/* The error's line says which one it is. */
static void tell_unreadable(struct checking *c, const struct node *node, const struct error *err)
{
    static const char prefix[] = "snapshot store: ";
    size_t skip = strncmp(err->text, prefix, sizeof(prefix) - 1) == 0 ? sizeof(prefix) - 1 : 0;

    c->named[0] = node;
    tell(c, err->text + skip, 1);
}

static void check_heads(struct checking *c)
{
    for (size_t i = 0; i < c->list.damaged_count; i++) {
        struct node node = {0};

        memcpy(node.id, c->list.damaged[i].id, sizeof(node.id));
        for (size_t j = 0; j < c->list.count; j++)
            if (strcmp(c->list.nodes[j].id, node.id) == 0)
                node = c->list.nodes[j];
        tell_node(c, &node, c->list.damaged[i].why);
    }
}

static void check_parent(struct checking *c, const struct node *node)
{
    if (node->parent[0] && !store_has_node(c->store, node->parent))
        tell_node(c, node, "its parent is not there");
}

/* ---- objects --------------------------------------------------------------------------------- */

static int add_finding(struct checking *c, const struct finding *finding)
{
    if (c->count == c->room) {
        size_t room = c->room ? c->room * 2 : 64;
        struct finding *more = realloc(c->findings, room * sizeof(*more));

        if (!more)
            return -ENOMEM;
        c->findings = more;
        c->room = room;
    }
    c->findings[c->count++] = *finding;
    return 0;
}

static void find(struct checking *c, const struct object_id *id, uint32_t pack, int rc)
{
    struct finding finding = {.pack = pack, .node = c->node, .rc = rc};

    if (id)
        finding.id = *id;
    if (add_finding(c, &finding))
        c->no_memory = true;
}

/* The packs that have something wrong about them, for the nodes that need something in them. */
static void meet_pack(struct checking *c, uint32_t entry)
{
    uint32_t pack = c->store->index.entries[entry].pack;

    if (!c->store->packs[pack].damage || c->pack_met[pack] == c->node + 1)
        return;
    c->pack_met[pack] = c->node + 1;
    find(c, NULL, pack, -EBADMSG);
}

static void meet_object(void *ctx, uint32_t entry)
{
    struct checking *c = ctx;
    const struct index *ix = &c->store->index;
    const struct object_id *id = &ix->entries[entry].place.id;

    for (uint32_t n = entry; n != INDEX_NONE; n = ix->entries[n].next) {
        c->needed[n] = true;
        meet_pack(c, n);
        if (ix->entries[n].bad)
            find(c, id, 0, index_find_whole(ix, id) == INDEX_NONE ? -EBADMSG : -EEXIST);
    }
}

static void meet_broken(void *ctx, const struct object_id *id, bool leaf, int rc)
{
    struct checking *c = ctx;

    (void)leaf;
    if (rc == -ENOENT)
        find(c, id, 0, -ENOENT);
    else if (index_find_whole(&c->store->index, id) != INDEX_NONE)
        find(c, id, 0, -EINVAL);
}

static int check_node(struct checking *c, struct reach *r, uint32_t number)
{
    const struct reach_visitor visitor = {.ctx = c, .object = meet_object, .broken = meet_broken};
    const struct node *head = &c->list.nodes[number];
    struct error why;
    struct node node;
    int rc = store_load_node(c->store, head->id, &node, &why);

    check_parent(c, head);
    if (rc == -ENOMEM)
        return rc;
    if (rc) {
        tell_unreadable(c, head, &why);
        return 0;
    }
    c->node = number;
    rc = reach_node(r, &node, &visitor);
    node_free(&node);
    return rc ? rc : c->no_memory ? -ENOMEM : 0;
}

static int walk_nodes(struct checking *c)
{
    struct reach r;
    int rc = reach_start(&r, c->store);

    for (uint32_t i = 0; i < c->list.count && !rc; i++)
        rc = check_node(c, &r, i);
    if (r.store)
        reach_end(&r);
    return rc;
}

/* Marks what is bad. */
static int read_objects(struct checking *c)
{
    for (uint32_t i = 0; i < c->store->index.count; i++) {
        int rc = store_read_entry(c->store, i);

        if (rc == -ENOMEM || rc == -EMFILE || rc == -ENFILE)
            return rc;
        if (rc)
            c->store->index.entries[i].bad = true;
    }
    return 0;
}

/* ---- what was found -------------------------------------------------------------------------- */

static int compare_key(const struct finding *a, const struct finding *b)
{
    int by_id = memcmp(a->id.bytes, b->id.bytes, OBJECT_ID_SIZE);

    if (by_id)
        return by_id;
    return a->pack < b->pack ? -1 : a->pack > b->pack;
}

static int compare_findings(const void *a, const void *b)
{
    const struct finding *one = a, *other = b;
    int by_key = compare_key(one, other);

    if (by_key)
        return by_key;
    return one->node < other->node ? -1 : one->node > other->node;
}

static const char *words_for(int rc)
{
    switch (rc) {
    case -ENOENT:
        return "is missing";
    case -EEXIST:
        return "has a damaged copy beside a whole one";
    case -EINVAL:
        return "is not a list of pages";
    default:
        return "is damaged";
    }
}

static void tell_group(struct checking *c, const struct finding *f, size_t node_count)
{
    char text[OBJECT_ID_TEXT], line[256];
    const struct pack *pack = &c->store->packs[f->pack];

    if (object_id_is_zero(&f->id))
        snprintf(line, sizeof(line), "pack %s: %s", pack->id, pack->damage);
    else
        snprintf(line, sizeof(line), "object %s %s", object_id_text(&f->id, text),
                 words_for(f->rc));
    tell(c, line, node_count);
}

static void tell_findings(struct checking *c)
{
    if (c->count)
        qsort(c->findings, c->count, sizeof(*c->findings), compare_findings);
    for (size_t i = 0, next; i < c->count; i = next) {
        size_t nodes = 0;

        for (next = i; next < c->count && !compare_key(&c->findings[i], &c->findings[next]); next++)
            if (next == i || c->findings[next].node != c->findings[next - 1].node)
                c->named[nodes++] = &c->list.nodes[c->findings[next].node];
        tell_group(c, &c->findings[i], nodes);
    }
}

/* What is wrong, but with nothing that a node needs. */
static void tell_others(struct checking *c)
{
    const struct store *store = c->store;
    char text[OBJECT_ID_TEXT], line[256];

    for (size_t i = 0; i < store->pack_count; i++) {
        if (!store->packs[i].damage || c->pack_met[i])
            continue;
        snprintf(line, sizeof(line), "pack %s: %s", store->packs[i].id, store->packs[i].damage);
        tell(c, line, 0);
    }
    for (size_t i = 0; i < store->index.count; i++) {
        if (!store->index.entries[i].bad || c->needed[i])
            continue;
        snprintf(line, sizeof(line), "object %s, which nothing needs, is damaged",
                 object_id_text(&store->index.entries[i].place.id, text));
        tell(c, line, 0);
    }
}

static int check_all(struct checking *c)
{
    int rc = read_objects(c);

    if (!rc)
        rc = walk_nodes(c);
    if (!rc) {
        tell_findings(c);
        tell_others(c);
    }
    return rc;
}

static int check_locked(struct checking *c, struct error *err)
{
    struct store *store = c->store;
    int rc = store_refresh(store, err);

    if (!rc)
        rc = store_list_nodes(store, &c->list, err);
    if (rc)
        return rc;
    c->named = calloc(c->list.count + 1, sizeof(struct node *));
    c->pack_met = calloc(store->pack_count + 1, sizeof(*c->pack_met));
    c->needed = calloc(store->index.count + 1, sizeof(*c->needed));
    if (c->named && c->pack_met && c->needed) {
        check_heads(c);
        rc = check_all(c);
    } else {
        rc = -ENOMEM;
    }
    return rc ? error_errno(err, rc, "snapshot store: cannot be checked") : 0;
}

int store_verify(struct store *store, store_problem_fn *found, void *ctx, struct error *err)
{
    struct checking c = {.store = store, .found = found, .ctx = ctx};
    int rc = store_lock(store, false, err);

    if (rc)
        return rc;
    rc = check_locked(&c, err);
    store_unlock(store);
    store_list_free(&c.list);
    free(c.findings);
    free(c.named);
    free(c.pack_met);
    free(c.needed);
    return rc ? rc : c.problems;
}
