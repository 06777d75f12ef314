/* Machines into the store and out of it, see snapshot.h. */
#include "snapshot/snapshot.h"

#include "core/pages.h"
#include "core/saved.h"
#include "device/firmware_disk.h"
#include "util/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    VERSION = 1,
    SHADOW = 1,
    ACCESSED_DIRTY = 2,
    CONFIG_SIZE = 36 + 8 * MACHINE_NMIS_MAX,
    PROGRESS_PAGES = 256
};

_Static_assert(STORE_PAGE_SIZE == PAGE_SIZE && DISK_BLOCK == PAGE_SIZE, "pages are pages");

/* The firmware's ROM, as far as there is one. */
static const struct ram_slot *rom_of(const struct machine *m)
{
    for (unsigned i = 0; i < m->ram.count; i++)
        if (m->ram.slots[i].read_only && !m->ram.slots[i].alias)
            return &m->ram.slots[i];
    return NULL;
}

static uint32_t rom_pages(const struct machine *m)
{
    const struct ram_slot *rom = rom_of(m);

    return rom ? (uint32_t)(rom->size / PAGE_SIZE) : 0;
}

static uint64_t leaves(uint64_t pages)
{
    return (pages + STORE_LEAF_PAGES - 1) / STORE_LEAF_PAGES;
}

/* ---- taking ------------------------------------------------------------------------------------ */

struct take {
    const struct machine *machine;
    const struct snapshot_about *about;
    struct store_save *save;
    uint64_t done, all;
    struct error *err;
};

/* Page `n` of the list of RAM, or of that of the disk and the ROM. */
static const uint8_t *listed_page(const struct machine *m, bool disk, uint64_t n)
{
    if (!disk)
        return machine_page(m, (uint32_t)n);
    if (n < m->disk.blocks)
        return m->disk.data + n * DISK_BLOCK;
    return rom_of(m)->host + (n - m->disk.blocks) * PAGE_SIZE;
}

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
        const uint8_t *page = listed_page(t->machine, disk, first + count);
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

static void put_config(uint8_t *p, const struct machine *m)
{
    const struct machine_config *c = &m->config;

    memset(p, 0, CONFIG_SIZE);
    put_le32(p, VERSION);
    put_le32(p + 4, (c->shadow_paging ? SHADOW : 0) | (c->ept_accessed_dirty ? ACCESSED_DIRTY : 0));
    put_le64(p + 8, m->ram.size);
    put_le64(p + 16, c->rtc_start);
    put_le32(p + 24, m->disk.sectors);
    put_le32(p + 28, rom_pages(m));
    put_le32(p + 32, c->nmi_count);
    for (unsigned i = 0; i < c->nmi_count; i++)
        put_le64(p + 36 + 8 * i, c->nmi_at[i]);
}

static int take_state(struct take *t, struct node *node)
{
    struct saved saved = {0};
    int rc = machine_save(t->machine, &saved);

    node->state = rc ? NULL : malloc(CONFIG_SIZE + saved.size);
    if (node->state) {
        put_config(node->state, t->machine);
        memcpy(node->state + CONFIG_SIZE, saved.data, saved.size);
        node->state_size = CONFIG_SIZE + saved.size;
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
    uint64_t disk = (uint64_t)m->disk.blocks + rom_pages(m);
    int rc;

    t->all = ram + disk;
    rc = take_list(t, false, ram, &node->ram, &node->ram_count);
    rc = rc ? rc : take_list(t, true, disk, &node->disk, &node->disk_count);
    return rc ? rc : take_state(t, node);
}

int snapshot_take(struct store *store, const struct machine *m, const struct snapshot_about *about,
                  char id[NODE_ID_SIZE], struct error *err)
{
    struct take t = {.machine = m, .about = about, .err = err};
    struct node node = {.has_ram = false};
    int rc;

    if (about->without_ram && (!m->disk.sectors || !rom_pages(m)))
        return error_set(err, -EINVAL,
                         "snapshot without RAM: the machine has no disk that its firmware could "
                         "boot from");
    rc = describe(m, about, &node, err);
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

struct shape {
    struct machine_config config;
    uint32_t sectors, rom_pages;
};

/* What the config says, as far as a machine can be that. */
static int read_config(const struct node *node, struct shape *shape, struct error *err)
{
    const uint8_t *p = node->state;
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    uint32_t flags;

    if (node->state_size < CONFIG_SIZE || get_le32(p) != VERSION)
        return bad(err, node);
    flags = get_le32(p + 4);
    config.shadow_paging = flags & SHADOW;
    config.ept_accessed_dirty = flags & ACCESSED_DIRTY;
    config.ram_size = get_le64(p + 8);
    config.rtc_start = get_le64(p + 16);
    config.nmi_count = get_le32(p + 32);
    if (flags > (SHADOW | ACCESSED_DIRTY) || config.nmi_count > MACHINE_NMIS_MAX ||
        config.ram_size != node->ram_size)
        return bad(err, node);
    for (unsigned i = 0; i < config.nmi_count; i++)
        config.nmi_at[i] = get_le64(p + 36 + 8 * i);
    *shape = (struct shape){config, get_le32(p + 24), get_le32(p + 28)};
    return 0;
}

struct source {
    struct store *store;
    const struct node *node;
    struct error *err;
};

/* The pages of a list, one after the other, to `put`. */
static int each_page(const struct source *s, bool disk, uint64_t pages,
                     void (*put)(void *ctx, uint64_t page, const uint8_t *bytes), void *ctx)
{
    const struct object_id *list = disk ? s->node->disk : s->node->ram;
    uint8_t ids[STORE_LEAF_PAGES * OBJECT_ID_SIZE], bytes[PAGE_SIZE];
    size_t size;
    int rc = 0;

    if ((disk ? s->node->disk_count : s->node->ram_count) != leaves(pages))
        return bad(s->err, s->node);
    for (uint64_t page = 0; !rc && page < pages; page++) {
        unsigned at = page % STORE_LEAF_PAGES;
        struct object_id id;

        if (at == 0)
            rc = store_get(s->store, &list[page / STORE_LEAF_PAGES], ids, sizeof(ids), &size,
                           s->err);
        if (!rc && size < (at + 1) * OBJECT_ID_SIZE)
            rc = bad(s->err, s->node);
        if (rc)
            break;
        memcpy(id.bytes, ids + (size_t)at * OBJECT_ID_SIZE, OBJECT_ID_SIZE);
        if (object_id_is_zero(&id)) {
            put(ctx, page, NULL);
            continue;
        }
        rc = store_get(s->store, &id, bytes, sizeof(bytes), &size, s->err);
        if (!rc && size != PAGE_SIZE)
            rc = bad(s->err, s->node);
        if (!rc)
            put(ctx, page, bytes);
    }
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
static int put_media(const struct source *s, struct machine *m, const struct shape *shape)
{
    uint64_t blocks = ((uint64_t)shape->sectors * DISK_SECTOR + DISK_BLOCK - 1) / DISK_BLOCK;
    uint64_t pages = blocks + shape->rom_pages;
    uint8_t *bytes;
    int rc = 0;

    if (s->node->disk_count != leaves(pages))
        return bad(s->err, s->node);
    bytes = calloc(pages + 1, PAGE_SIZE);
    if (!bytes)
        return error_set(s->err, -ENOMEM, "snapshot: out of memory");
    rc = each_page(s, true, pages, put_bytes, bytes);
    if (!rc && shape->sectors &&
        firmware_disk_attach(m, bytes, (size_t)shape->sectors * DISK_SECTOR))
        rc = bad(s->err, s->node);
    if (!rc && shape->rom_pages)
        rc = machine_add_rom(m, bytes + blocks * DISK_BLOCK, (uint64_t)shape->rom_pages * PAGE_SIZE,
                             s->err);
    free(bytes);
    return rc;
}

static void reset(struct machine *m)
{
    struct x86_state state;

    x86_state_reset(&state);
    machine_set_state(m, &state);
}

static int put_everything(const struct source *s, struct machine *m, const struct shape *shape)
{
    const struct node *node = s->node;
    int rc = put_media(s, m, shape);

    if (rc || !node->has_ram) {
        reset(m);
        return rc;
    }
    rc = each_page(s, false, machine_ram_pages(m), put_ram, m);
    return rc ? rc
              : machine_restore(m, node->state + CONFIG_SIZE, node->state_size - CONFIG_SIZE,
                                s->err);
}

int snapshot_machine(struct store *store, const char *id, const struct text_sink *text,
                     struct machine **m, bool *boots, struct error *err)
{
    struct node node = {.has_ram = false};
    struct source source = {store, &node, err};
    struct shape shape;
    int rc = store_load(store, id, &node, err);

    *m = NULL;
    rc = rc ? rc : read_config(&node, &shape, err);
    if (!rc) {
        shape.config.text = *text;
        rc = machine_create(m, &shape.config, err);
    }
    rc = rc ? rc : put_everything(&source, *m, &shape);
    if (rc) {
        machine_destroy(*m);
        *m = NULL;
    }
    *boots = !node.has_ram;
    node_free(&node);
    return rc;
}
