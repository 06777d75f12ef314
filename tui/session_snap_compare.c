/* See session_snap_compare.h. Comparing makes a machine of each node. */
#include "tui/session_snap_compare.h"
#include "core/pages.h"
#include "snapshot/difference.h"
#include "snapshot/snapshot.h"

#include <stdio.h>

/* A page of RAM, not of the ROM, which lies in the hole below 4 GiB and in what it hides of RAM. */
static void add_page(struct snapshots_look *look, uint64_t gpa)
{
    uint64_t page = ram_page_number(gpa);

    if (page < look->pages && ram_page_gpa(page) == gpa)
        look->cells[page / look->cell_size]++;
}

static void begin_pages(struct session *s, struct snapshots_look *look)
{
    look->pages = machine_ram_pages(s->machine);
    look->cell_size = (uint32_t)((look->pages + SNAPSHOT_CELLS - 1) / SNAPSHOT_CELLS);
    look->cell_count = (uint32_t)((look->pages + look->cell_size - 1) / look->cell_size);
}

static void add_difference(void *ctx, const struct difference *d)
{
    struct snapshots_look *look = ctx;
    char text[DIFFERENCE_TEXT_MAX];

    look->diff_all++;
    if (d->kind == DIFFERENCE_MEMORY) {
        look->diff_pages++;
        look->diff_bytes += d->bytes;
        add_page(look, d->address);
    }
    if (look->diff_count < SNAPSHOT_DIFFS)
        snprintf(look->diffs[look->diff_count++], SNAPSHOT_DIFF_TEXT, "%.*s",
                 SNAPSHOT_DIFF_TEXT - 1, difference_text(d, text));
}

static void add_restored(void *ctx, const struct difference *d)
{
    struct snapshots_look *look = ctx;

    if (d->kind == DIFFERENCE_MEMORY) {
        look->restore_pages++;
        look->restore_bytes += d->bytes;
    }
}

/* The machine of a snapshot to compare; NULL, and why. */
static struct machine *machine_of(struct session *s, const char *id, struct error *err)
{
    const struct text_sink nobody = {0};
    struct machine *m;
    bool boots;

    return snapshot_machine(s->store, id, NULL, &nobody, &m, &boots, err) ? NULL : m;
}

static void compare_to(const struct machine *old, const struct machine *new, difference_fn *found,
                       struct snapshots_look *look, struct error *err)
{
    int64_t rc = machine_differences(old, new, found, look);

    if (rc < 0)
        error_set(err, (int)rc, "they are machines with different RAM, ROM or disk");
}

void session_snap_compare(struct session *s, struct snapshots_look *look)
{
    const struct snapshots_question *asked = &look->asked;
    struct machine *node = NULL, *from = NULL;
    struct error err = {0};

    begin_pages(s, look);
    if (!asked->id[0])
        return;
    node = machine_of(s, asked->id, &err);
    if (node && asked->from[0])
        from = machine_of(s, asked->from, &err);
    if (node && from)
        compare_to(from, node, add_difference, look, &err);
    if (node)
        compare_to(node, s->machine, from ? add_restored : add_difference, look, &err);
    if (!from) {
        look->restore_pages = look->diff_pages;
        look->restore_bytes = look->diff_bytes;
    }
    look->compared = !err.code;
    snprintf(look->why_not_compared, sizeof(look->why_not_compared), "%.159s", err.text);
    machine_destroy(from);
    machine_destroy(node);
}
