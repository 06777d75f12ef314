/* See cost.h: the names of all objects that snapshot_take() makes, and which of them are new. */
#include "snapshot/cost.h"

#include "core/pages.h"
#include "snapshot/shape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Pages and lists apart: a list of 256 ids could be taken for a page. */
struct pieces {
    struct store_piece *pages, *lists;
    size_t page_count, list_count;
};

static void add_leaf(struct pieces *p, const struct machine *m, bool disk, uint64_t first,
                     uint64_t pages)
{
    uint8_t ids[STORE_LEAF_PAGES * OBJECT_ID_SIZE] = {0};
    uint32_t count = 0;

    for (; count < STORE_LEAF_PAGES && first + count < pages; count++) {
        const uint8_t *page = machine_listed_page(m, disk, first + count);
        struct store_piece piece = {.size = PAGE_SIZE};

        if (!page || page_is_zero(page))
            continue;
        piece.id = object_id_of(page, PAGE_SIZE);
        memcpy(ids + (size_t)count * OBJECT_ID_SIZE, piece.id.bytes, OBJECT_ID_SIZE);
        p->pages[p->page_count++] = piece;
    }
    p->lists[p->list_count++] = (struct store_piece){
        .id = object_id_of(ids, (size_t)count * OBJECT_ID_SIZE), .size = count * OBJECT_ID_SIZE};
}

static void add_list(struct pieces *p, const struct machine *m, bool disk, uint64_t pages)
{
    for (uint64_t first = 0; first < pages; first += STORE_LEAF_PAGES)
        add_leaf(p, m, disk, first, pages);
}

static int count_missing(struct store *store, const struct pieces *p, struct snapshot_cost *cost,
                         struct error *err)
{
    size_t pages = 0, lists = 0;
    int rc = store_missing(store, p->pages, p->page_count, &pages, err);

    rc = rc ? rc : store_missing(store, p->lists, p->list_count, &lists, err);
    if (rc)
        return rc;
    cost->pages = pages;
    cost->bytes = (uint64_t)pages * PAGE_SIZE;
    for (size_t i = 0; i < lists; i++)
        cost->bytes += p->lists[i].size;
    return 0;
}

int snapshot_cost(struct store *store, const struct machine *m, struct snapshot_cost *cost,
                  struct error *err)
{
    struct shape shape;
    uint64_t ram = machine_ram_pages(m), disk;
    struct pieces p = {0};
    int rc = -ENOMEM;

    shape_of(m, &shape);
    disk = (uint64_t)m->disk.blocks + shape.rom_pages;
    *cost = (struct snapshot_cost){0, 0};
    p.pages = malloc((ram + disk + 1) * sizeof(*p.pages));
    p.lists = malloc(((ram + disk) / STORE_LEAF_PAGES + 2) * sizeof(*p.lists));
    if (p.pages && p.lists) {
        add_list(&p, m, false, ram);
        add_list(&p, m, true, disk);
        rc = count_missing(store, &p, cost, err);
    } else {
        error_set(err, rc, "snapshot: out of memory");
    }
    free(p.pages);
    free(p.lists);
    return rc;
}
