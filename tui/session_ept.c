/* The second stage for the screen. See session_ept.h. */
#include "tui/session_ept.h"

static void look_page(const struct machine *m, struct ept_look *look)
{
    const struct ram_slot *slot = ram_find(&m->ram, look->gpa);
    struct ept_page *page = &look->page;

    *page = (struct ept_page){.has_slot = slot != NULL};
    if (!slot)
        return;
    page->rom = slot->read_only;
    page->alias = slot->alias;
    page->shared = ram_is_shared(&m->ram, look->gpa);
    page->dirty = ram_is_dirty(&m->ram, DIRTY_RUNS, look->gpa);
    page->hpa = ram_hpa(&m->ram, look->gpa);
    page->references = host_frame_references(m->ram.host, page->hpa);
}

static void look_table(const struct machine *m, struct ept_look *look)
{
    const struct ept_step *step;
    unsigned i = 0;

    look->has_table = look->walk.count > 0;
    if (!look->has_table)
        return;
    while (i + 1 < look->walk.count && look->walk.steps[i].level != look->asked.level)
        i++;
    step = &look->walk.steps[i];
    look->table_level = step->level;
    look->table_hpa = step->entry_hpa - step->index * 8ull;
    for (i = 0; i < EPT_ENTRIES; i++)
        look->entries[i] = host_read64(m->ram.host, look->table_hpa + i * 8ull);
}

static void look_read(const struct session *s, struct ept_look *look)
{
    const struct machine *m = s->machine;
    struct x86_state state;

    machine_get_state(m, &state);
    look->asked = s->ept_question;
    look->own = m->cpu_ept == &m->ept;
    look->walked = !m->shadow;
    look->gpa = memory_place_address(&look->asked.place, &state);
    look->eptp = m->cpu_ept->eptp;
    look->tables = m->cpu_ept->tables;
    ept_walk(m->cpu_ept, look->gpa, 0, &look->walk);
    look_page(m, look);
    look_table(m, look);
    look->count = ept_map_ranges(m->cpu_ept, look->ranges, EPT_RANGES, EPT_WALKS, &look->cut);
}

static void look_refresh(struct session *s)
{
    s->ept.on = s->ept_question.on && s->machine;
    if (s->ept.on && !s->ept_fresh)
        look_read(s, &s->ept);
    s->ept_fresh = s->ept.on && s->run != RUN_RUNNING;
}

void session_ept_look(struct session *s, const struct ept_question *question)
{
    s->ept_question = *question;
    s->ept_fresh = false;
}

void session_ept_keep(struct session *s)
{
    look_refresh(s);
    s->ept_before = s->ept;
    s->ept_fresh = false;
}

void session_ept_forget(struct session *s)
{
    s->ept.on = s->ept_before.on = s->ept_fresh = false;
}

void session_ept_publish(struct session *s, struct model *model)
{
    look_refresh(s);
    model->ept.on = model->ept_before.on = false;
    if (!s->ept.on)
        return;
    model->ept = s->ept;
    model->ept_before = s->ept_before;
}
