/* Pages written, by runs. See session_heat.h. */
#include "tui/session_heat.h"

#include <stdlib.h>
#include <string.h>

/* See heat.h. */
static bool first_only(const struct session *s)
{
    return s->machine->config.shadow_paging;
}

static void begin_log(struct session *s)
{
    if (first_only(s))
        s->heat_from = s->machine->ram.dirty[DIRTY_RUNS].count;
    else
        machine_clear_dirty(s->machine, DIRTY_RUNS);
}

void session_heat_begin(struct session *s)
{
    s->heat_pages = s->machine->ram.size / PAGE_SIZE;
    s->heat_runs = calloc(s->heat_pages, sizeof(s->heat_runs[0]));
    s->heat_count = 0;
    begin_log(s);
}

void session_heat_again(struct session *s)
{
    if (!s->heat_runs)
        return;
    memset(s->heat_runs, 0, s->heat_pages * sizeof(s->heat_runs[0]));
    s->heat_count = 0;
    begin_log(s);
}

void session_heat_forget(struct session *s)
{
    free(s->heat_runs);
    s->heat_runs = NULL;
}

/* Call `each` for every page of RAM that the run has written. */
static void each_dirty(const struct session *s, void (*each)(void *ctx, uint64_t page), void *ctx)
{
    const struct dirty_pages *dirty = &s->machine->ram.dirty[DIRTY_RUNS];

    for (uint32_t i = first_only(s) ? s->heat_from : 0; i < dirty->count; i++)
        each(ctx, dirty->pages[i]);
}

static void put_down(void *ctx, uint64_t page)
{
    struct session *s = ctx;

    s->heat_runs[page] += s->heat_runs[page] < UINT16_MAX;
}

void session_heat_keep(struct session *s)
{
    if (!s->heat_runs)
        return;
    each_dirty(s, put_down, s);
    begin_log(s);
    s->heat_count++;
}

/* ---- the model ------------------------------------------------------------------------------- */

struct this_run {
    struct heat_look *look;
    const uint16_t *runs; /* before it */
};

static void add_page(void *ctx, uint64_t page)
{
    const struct this_run *run = ctx;
    struct heat_cell *cell = &run->look->cells[page / run->look->cell_size];
    unsigned before = run->runs[page], runs = before + (before < UINT16_MAX);

    cell->last++;
    run->look->last++;
    cell->ever += before == 0;
    run->look->ever += before == 0;
    cell->runs = (uint16_t)(runs > cell->runs ? runs : cell->runs);
}

static void add_earlier(const struct session *s, struct heat_look *look)
{
    for (uint64_t page = 0; page < s->heat_pages; page++) {
        struct heat_cell *cell = &look->cells[page / look->cell_size];

        cell->ever += s->heat_runs[page] > 0;
        look->ever += s->heat_runs[page] > 0;
        cell->runs = s->heat_runs[page] > cell->runs ? s->heat_runs[page] : cell->runs;
    }
}

void session_heat_publish(struct session *s, struct model *model)
{
    struct heat_look *look = &model->heat;
    struct this_run run = {.look = look, .runs = s->heat_runs};

    look->on = s->looks_heat && s->heat_runs;
    if (!look->on)
        return;
    look->first_only = first_only(s);
    look->pages = s->heat_pages;
    look->cell_size = (uint32_t)((s->heat_pages + HEAT_CELLS - 1) / HEAT_CELLS);
    look->count = (uint32_t)((s->heat_pages + look->cell_size - 1) / look->cell_size);
    look->last = look->ever = 0;
    look->runs = s->heat_count;
    memset(look->cells, 0, look->count * sizeof(look->cells[0]));
    add_earlier(s, look);
    each_dirty(s, add_page, &run);
}
