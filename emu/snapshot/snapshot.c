/* Machines into the store and out of it, see snapshot.h. */
#include "snapshot/snapshot.h"

#include "core/pages.h"
#include "core/saved.h"
#include "device/firmware_disk.h"
#include "snapshot/shape.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROGRESS_PAGES = 256 };

_Static_assert(STORE_PAGE_SIZE == PAGE_SIZE && DISK_BLOCK == PAGE_SIZE, "pages are pages");

static uint64_t leaves(uint64_t pages)
{
    return (pages + STORE_LEAF_PAGES - 1) / STORE_LEAF_PAGES;
}

/* ---- taking ------------------------------------------------------------------------------------ */

struct take {
    const struct machine *machine;
    struct shape shape;
    const struct snapshot_about *about;
    struct store_save *save;
    uint64_t done, all;
    struct error *err;
};

static int report(struct take *t)
{
    const struct snapshot_about *about = t->about;

    if (t->done++ % PROGRESS_PAGES || !about->progress ||
        about->progress(about->ctx, t->done - 1, t->all))
        return 0;
    return error_set(t->err, -EINTR, "snapshot: interrupted");
}

static int take_leaf(struct take *t, bool disk, uint64_t first, uint64_t pages,
                     struct object_id *leaf)
{
    uint8_t ids[STORE_LEAF_PAGES * OBJECT_ID_SIZE] = {0};
    unsigned count = 0;
    int rc = 0;

    for (; !rc && count < STORE_LEAF_PAGES && first + count < pages; count++) {
        const uint8_t *page = machine_listed_page(t->machine, disk, first + count);
        struct object_id id = {{0}};

        rc = report(t);
        if (!rc && page && !page_is_zero(page))
            rc = store_save_object(t->save, page, PAGE_SIZE, &id, t->err);
        memcpy(ids + (size_t)count * OBJECT_ID_SIZE, id.bytes, OBJECT_ID_SIZE);
    }
    return rc ? rc : store_save_object(t->save, ids, (size_t)count * OBJECT_ID_SIZE, leaf, t->err);
}

static int take_list(struct take *t, bool disk, uint64_t pages, struct object_id **list,
                     size_t *count)
{
    int rc = 0;

    *list = calloc(leaves(pages) + 1, sizeof(**list));
    if (!*list)
        return error_set(t->err, -ENOMEM, "snapshot: out of memory");
    for (*count = 0; !rc && *count < leaves(pages); ++*count)
        rc = take_leaf(t, disk, *count * STORE_LEAF_PAGES, pages, *list + *count);
    return rc;
}

static int take_state(struct take *t, struct node *node)
{
    struct saved saved = {0};
    int rc = machine_save(t->machine, &saved);

    node->state = rc ? NULL : malloc(SHAPE_SIZE + saved.size);
    if (node->state) {
        shape_put(&t->shape, node->state);
        memcpy(node->state + SHAPE_SIZE, saved.data, saved.size);
        node->state_size = SHAPE_SIZE + saved.size;
    }
    free(saved.data);
    return node->state ? 0 : error_set(t->err, -ENOMEM, "snapshot: out of memory");
}

static int copy_text(char *to, size_t size, const char *from, const char *what, struct error *err)
{
    int length = snprintf(to, size, "%s", from ? from : "");

    if (length < 0 || (size_t)length >= size)
        return error_set(err, -EINVAL, "snapshot: %s: more than %zu bytes", what, size - 1);
    return 0;
}

static int describe(const struct machine *m, const struct snapshot_about *about, struct node *node,
                    struct error *err)
{
    int rc = copy_text(node->lab, sizeof(node->lab), about->lab, "lab", err);

    rc = rc ? rc : copy_text(node->name, sizeof(node->name), about->name, "name", err);
    rc = rc ? rc : copy_text(node->note, sizeof(node->note), about->note, "note", err);
    rc = rc ? rc : copy_text(node->parent, sizeof(node->parent), about->parent, "parent", err);
    node->created = about->created;
    node->exits = m->exits;
    node->insns = m->insns;
    node->ram_size = m->ram.size;
    node->has_ram = !about->without_ram;
    return rc;
}

static int fill(struct take *t, struct node *node)
{
    const struct machine *m = t->machine;
    uint64_t ram = node->has_ram ? machine_ram_pages(m) : 0;
    uint64_t disk = (uint64_t)m->disk.blocks + t->shape.rom_pages;
    int rc;

    t->all = ram + disk;
    rc = take_list(t, false, ram, &node->ram, &node->ram_count);
    rc = rc ? rc : take_list(t, true, disk, &node->disk, &node->disk_count);
    return rc ? rc : take_state(t, node);
}

/* Whether a node can be made of it. */
static int check(const struct take *t)
{
    const struct shape *shape = &t->shape;

    if (t->about->without_ram && (!shape->sectors || !shape->rom_pages))
        return error_set(t->err, -EINVAL,
                         "snapshot without RAM: the machine has no disk that its firmware could "
                         "boot from");
    if (shape->config.monitor_shadows)
        return error_set(t->err, -EINVAL,
                         "snapshot: what the CPU walks are a monitor's own tables");
    if (shape->sectors > SHAPE_SECTORS_MAX)
        return error_set(t->err, -EFBIG, "snapshot: a disk of more than %u MiB",
                         SHAPE_SECTORS_MAX / 2048);
    return 0;
}

int snapshot_take(struct store *store, const struct machine *m, const struct snapshot_about *about,
                  char id[NODE_ID_SIZE], struct error *err)
{
    struct take t = {.machine = m, .about = about, .err = err};
    struct node node = {.has_ram = false};
    int rc;

    shape_of(m, &t.shape);
    rc = check(&t);
    rc = rc ? rc : describe(m, about, &node, err);
    rc = rc ? rc : store_save_begin(store, &t.save, err);
    if (rc)
        return rc;
    rc = fill(&t, &node);
    if (rc)
        store_save_abort(t.save);
    else
        rc = store_save_finish(t.save, &node, err);
    memcpy(id, node.id, NODE_ID_SIZE);
    node_free(&node);
    return rc;
}

/* ---- out of it --------------------------------------------------------------------------------- */

static int bad(struct error *err, const struct node *node)
{
    return error_set(err, -EBADMSG, "snapshot %s: it is no machine of this program's, or damaged",
                     node->id);
}

/* What machine it is of. */
static int read_shape(const struct node *node, struct shape *shape, struct error *err)
{
    int rc = shape_get(shape, node->state, node->state_size);

    if (rc == -EPROTONOSUPPORT)
        return error_set(err, rc, "snapshot %s: another version of this program made it", node->id);
    return rc || shape->config.ram_size != node->ram_size ? bad(err, node) : 0;
}

struct source {
    struct store *store;
    const struct node *node;
    const struct shape *shape;
    struct error *err;
};

/* What the store has said of a page, with the page's name in front. */
static int in_page(const struct source *s, bool disk, uint64_t page, int rc)
{
    const struct error why = *s->err;
    uint64_t blocks = shape_blocks(s->shape);

    if (!disk)
        return error_set(s->err, rc, "snapshot %s, RAM at %" PRIx64 ": %.160s", s->node->id,
                         ram_page_gpa(page), why.text);
    if (page < blocks)
        return error_set(s->err, rc, "snapshot %s, disk at sector %" PRIu64 ": %.160s", s->node->id,
                         page * (DISK_BLOCK / DISK_SECTOR), why.text);
    return error_set(s->err, rc, "snapshot %s, ROM at offset %" PRIx64 ": %.160s", s->node->id,
                     (page - blocks) * PAGE_SIZE, why.text);
}

/* One object of exactly that many bytes, or zeros. */
static int get_exactly(const struct source *s, const struct object_id *id, uint8_t *bytes,
                       size_t wanted)
{
    size_t size;
    int rc = store_get(s->store, id, bytes, wanted, &size, s->err);

    return rc ? rc : size < wanted ? bad(s->err, s->node) : 0;
}

struct page_list {
    bool disk;
    uint64_t pages;
    void (*put)(void *ctx, uint64_t page, const uint8_t *bytes); /* NULL: zeros */
    void *ctx;
};

/* One leaf's worth of pages from `first` on, one after the other. */
static int each_page_of(const struct source *s, const struct page_list *l, uint64_t first)
{
    const struct object_id *list = l->disk ? s->node->disk : s->node->ram;
    uint64_t left = l->pages - first, count = left < STORE_LEAF_PAGES ? left : STORE_LEAF_PAGES;
    uint8_t ids[STORE_LEAF_PAGES * OBJECT_ID_SIZE], bytes[PAGE_SIZE];
    int rc = get_exactly(s, &list[first / STORE_LEAF_PAGES], ids, count * OBJECT_ID_SIZE);

    if (rc)
        return in_page(s, l->disk, first, rc);
    for (uint64_t i = 0; i < count; i++) {
        struct object_id id;

        memcpy(id.bytes, ids + i * OBJECT_ID_SIZE, OBJECT_ID_SIZE);
        rc = object_id_is_zero(&id) ? 0 : get_exactly(s, &id, bytes, PAGE_SIZE);
        if (rc)
            return in_page(s, l->disk, first + i, rc);
        l->put(l->ctx, first + i, object_id_is_zero(&id) ? NULL : bytes);
    }
    return 0;
}

static int each_page(const struct source *s, const struct page_list *l)
{
    int rc = 0;

    if ((l->disk ? s->node->disk_count : s->node->ram_count) != leaves(l->pages))
        return bad(s->err, s->node);
    for (uint64_t first = 0; !rc && first < l->pages; first += STORE_LEAF_PAGES)
        rc = each_page_of(s, l, first);
    return rc;
}

static void put_ram(void *ctx, uint64_t page, const uint8_t *bytes)
{
    struct machine *m = ctx;

    if (!bytes) /* a new machine is zero */
        return;
    machine_put_page(m, (uint32_t)page, bytes);
    ram_mark_dirty(&m->ram, ram_page_gpa(page));
}

static void put_bytes(void *ctx, uint64_t page, const uint8_t *bytes)
{
    if (bytes)
        memcpy((uint8_t *)ctx + page * PAGE_SIZE, bytes, PAGE_SIZE);
}

/* Disk and ROM of a new machine. */
static int put_media(const struct source *s, struct machine *m)
{
    uint64_t blocks = shape_blocks(s->shape), pages = blocks + s->shape->rom_pages;
    uint8_t *bytes = s->node->disk_count == leaves(pages) ? calloc(pages + 1, PAGE_SIZE) : NULL;
    const struct page_list list = {true, pages, put_bytes, bytes};
    int rc;

    if (!bytes)
        return s->node->disk_count != leaves(pages)
                   ? bad(s->err, s->node)
                   : error_set(s->err, -ENOMEM, "snapshot: out of memory");
    rc = each_page(s, &list);
    if (!rc && s->shape->sectors &&
        firmware_disk_attach(m, bytes, (size_t)s->shape->sectors * DISK_SECTOR))
        rc = error_set(s->err, -ENOMEM, "snapshot: out of memory");
    if (!rc && s->shape->rom_pages)
        rc = machine_add_rom(m, bytes + blocks * DISK_BLOCK,
                             (uint64_t)s->shape->rom_pages * PAGE_SIZE, s->err);
    free(bytes);
    return rc;
}

static void reset(struct machine *m)
{
    struct x86_state state;

    x86_state_reset(&state);
    machine_set_state(m, &state);
}

static int put_everything(const struct source *s, struct machine *m)
{
    const struct page_list ram = {false, machine_ram_pages(m), put_ram, m};
    const struct node *node = s->node;
    int rc = put_media(s, m);

    if (rc || !node->has_ram) {
        reset(m);
        return rc;
    }
    rc = each_page(s, &ram);
    rc = rc ? rc
            : machine_restore(m, node->state + SHAPE_SIZE, node->state_size - SHAPE_SIZE, s->err);
    return rc == -EINVAL ? bad(s->err, node) : rc;
}

int snapshot_machine(struct store *store, const char *id, const struct backend_ops *backend,
                     const struct text_sink *text, struct machine **m, bool *boots,
                     struct error *err)
{
    struct node node = {.has_ram = false};
    struct shape shape;
    struct source source = {store, &node, &shape, err};
    int rc = store_load(store, id, &node, err);

    *m = NULL;
    rc = rc ? rc : read_shape(&node, &shape, err);
    if (!rc) {
        shape.config.text = *text;
        shape.config.backend = backend;
        rc = machine_create(m, &shape.config, err);
    }
    rc = rc ? rc : put_everything(&source, *m);
    if (rc) {
        machine_destroy(*m);
        *m = NULL;
    }
    *boots = !node.has_ram;
    node_free(&node);
    return rc;
}

/* ---- into a machine that there is ---------------------------------------------------------------- */

/* Whether the state of `from` fits into `m`: the same kind of machine, the same firmware. */
static int check_fit(const struct machine *m, const struct machine *from, const char *id,
                     struct error *err)
{
    const struct ram_slot *a = machine_rom(m), *b = machine_rom(from);
    struct shape now, then;
    const char *what;

    shape_of(m, &now);
    shape_of(from, &then);
    what = shape_differs(&now, &then);
    if (!what && a && memcmp(a->host, b->host, a->size) != 0)
        what = "another ROM";
    return what ? error_set(err, -EINVAL, "snapshot %s: it is of a machine with %s", id, what) : 0;
}

static bool page_differs(const struct machine *m, const struct machine *from, uint32_t page)
{
    const uint8_t *a = machine_page(m, page), *b = machine_page(from, page);

    return a && b && a != b && memcmp(a, b, PAGE_SIZE) != 0;
}

/* Frames of their own for the pages that change, as long as nothing has changed. */
static int own_pages(struct machine *m, const struct machine *from, struct error *err)
{
    for (uint32_t page = 0; page < machine_ram_pages(m); page++)
        if (page_differs(m, from, page) && ram_own(&m->ram, ram_page_gpa(page)))
            return error_set(err, -ENOMEM, "snapshot: no memory for pages that were shared");
    return 0;
}

static void copy_pages(struct machine *m, const struct machine *from)
{
    uint32_t ram = machine_ram_pages(m);

    for (uint32_t page = 0; page < machine_pages(m); page++) {
        if (!page_differs(m, from, page))
            continue;
        machine_put_page(m, page, machine_page(from, page));
        if (page < ram) {
            ram_mark_dirty(&m->ram, ram_page_gpa(page));
            machine_written(m, ram_page_gpa(page), PAGE_SIZE);
        } else {
            disk_mark_dirty(&m->disk, (page - ram) * (DISK_BLOCK / DISK_SECTOR));
        }
    }
}

int snapshot_restore(struct store *store, const char *id, struct machine *m, bool *boots,
                     struct error *err)
{
    const struct text_sink nobody = {0};
    struct saved saved = {0};
    struct machine *from;
    int rc = snapshot_machine(store, id, NULL, &nobody, &from, boots, err);

    rc = rc ? rc : check_fit(m, from, id, err);
    if (!rc && machine_save(from, &saved))
        rc = error_set(err, -ENOMEM, "snapshot: out of memory");
    rc = rc ? rc : own_pages(m, from, err);
    if (!rc) {
        copy_pages(m, from);
        rc = machine_restore(m, saved.data, saved.size, err);
    }
    free(saved.data);
    machine_destroy(from);
    return rc;
}
