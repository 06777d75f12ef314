/*
 * Address translation for the screen. See session_pages.h.
 *
 * An answer takes a walk for each page that is mapped, so it is worked out once for each moment, and
 * only while somebody looks.
 */
#include "tui/session_pages.h"
#include "core/backend.h"
#include "core/handle_shadow.h"
#include "mmu/shadow.h"

#include <string.h>

/* What the CPU has, with what is tried in place of it. */
static void paging_tried(const struct machine *m, unsigned tries, struct x86_paging *mmu)
{
    m->vcpu->ops->get_paging(m->vcpu, mmu);
    mmu->ac = m->vcpu->ops->get_rflags(m->vcpu) & RFLAGS_AC;
    mmu->cr0 ^= tries >> TRY_WP & 1 ? CR0_WP : 0;
    mmu->cr4 ^= tries >> TRY_SMEP & 1 ? CR4_SMEP : 0;
    mmu->cr4 ^= tries >> TRY_SMAP & 1 ? CR4_SMAP : 0;
    mmu->cr4 ^= tries >> TRY_PKE & 1 ? CR4_PKE : 0;
    mmu->ac ^= tries >> TRY_AC & 1;
    mmu->efer ^= tries >> TRY_NXE & 1 ? EFER_NXE : 0;
}

static void look_walk(const struct machine *m, const struct x86_paging *mmu,
                      struct pages_look *look)
{
    nested_walk(m->cpu_ept, mmu, look->gva, (enum x86_access)look->asked.access, look->user,
                &look->walk);
    for (unsigned user = 0; user < 2; user++)
        for (unsigned access = X86_READ; access <= X86_FETCH; access++) {
            struct nested_walk walk;

            nested_walk(m->cpu_ept, mmu, look->gva, (enum x86_access)access, user, &walk);
            look->verdicts[user][access] = (uint8_t)walk.verdict;
        }
}

static void look_tlb(const struct machine *m, struct pages_look *look)
{
    const struct x86_tlb_entry *entry = x86_tlb_find(&m->vcpu->tlb, look->gva);

    look->has_tlb = entry && look->levels;
    if (!look->has_tlb)
        return;
    look->tlb_gpa = entry->gpa;
    look->tlb_rights = (uint8_t)(entry->tag & X86_TLB_RIGHTS);
}

static void look_shadow(struct machine *m, const struct x86_paging *mmu, struct pages_look *look)
{
    struct x86_paging cpu;

    look->has_shadow = m->shadow && shadow_before_run(m) == 0;
    if (!look->has_shadow)
        return;
    shadow_registers(mmu, m->shadow_root, m->ram.host, &cpu);
    look->shadow_cr3 = cpu.cr3;
    x86_walk(&cpu, look->gva, (enum x86_access)look->asked.access, look->user, &look->shadow);
}

/* ---- the table ------------------------------------------------------------------------------- */

/* The step whose table is listed; the last one when there is none of that level. */
static unsigned table_step(const struct pages_look *look)
{
    const struct x86_walk *walk = &look->walk.guest;

    for (unsigned i = 0; i < walk->count; i++)
        if (walk->steps[i].level == look->asked.level)
            return i;
    return walk->count - 1u;
}

static void table_registers(const struct x86_paging *mmu, struct pages_table *table)
{
    table->on = table->in_register = true;
    table->count = 4;
    memcpy(table->entries, mmu->pdpte, 4 * sizeof(table->entries[0]));
}

static void table_memory(const struct machine *m, struct pages_table *table)
{
    table->count = (uint16_t)(PAGE_SIZE / table->entry_size);
    table->on = true;
    for (unsigned i = 0; i < table->count && table->on; i++) {
        struct nested_tables tables = {.ept = m->cpu_ept};

        table->on = nested_read(&tables, table->gpa + (uint64_t)i * table->entry_size,
                                table->entry_size, &table->entries[i]);
    }
}

static void look_table(const struct machine *m, const struct x86_paging *mmu,
                       struct pages_look *look)
{
    const struct x86_walk *walk = &look->walk.guest;
    struct pages_table *table = &look->table;
    const struct x86_walk_step *step;

    table->on = table->in_register = false;
    if (walk->count == 0)
        return;
    step = &walk->steps[table_step(look)];
    table->level = step->level;
    table->entry_size = walk->entry_size;
    table->gpa = step->entry_gpa - (uint64_t)step->index * walk->entry_size;
    if (step->level == 3 && look->levels == 3 && mmu->pdpte)
        table_registers(mmu, table);
    else if (step->level == 3 && look->levels == 3)
        table->on = false;
    else
        table_memory(m, table);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void look_read(struct session *s, struct pages_look *look)
{
    struct machine *m = s->machine;
    struct x86_state state;
    struct x86_paging mmu;

    machine_get_state(m, &state);
    look->on = true;
    look->asked = s->pages_question;
    look->gva = memory_place_address(&look->asked.place, &state);
    look->user = (pages_cpu_bits(&state) ^ look->asked.tries) >> TRY_CPL & 1;
    look->eptp = m->cpu_ept->eptp;
    paging_tried(m, look->asked.tries, &mmu);
    look->levels = x86_paging_levels(&mmu);
    look_walk(m, &mmu, look);
    look_tlb(m, look);
    look_shadow(m, &mmu, look);
    look_table(m, &mmu, look);
    x86_page_map(&mmu, look->ranges, PAGES_RANGES, PAGES_WALKS, &look->map);
    look->mmu = mmu;
    look->mmu.read = NULL;
    look->mmu.ctx = NULL;
    look->mmu.pdpte = NULL;
}

static void look_refresh(struct session *s)
{
    s->pages.on = s->pages_question.on && s->machine;
    if (s->pages.on && !s->pages_fresh)
        look_read(s, &s->pages);
    s->pages_fresh = s->pages.on && s->run != RUN_RUNNING;
}

void session_pages_look(struct session *s, const struct pages_question *question)
{
    s->pages_question = *question;
    s->pages_fresh = false;
}

void session_pages_keep(struct session *s)
{
    look_refresh(s);
    s->pages_before = s->pages;
    s->pages_fresh = false;
}

void session_pages_forget(struct session *s)
{
    s->pages.on = s->pages_before.on = s->pages_fresh = false;
}

void session_pages_publish(struct session *s, struct model *model)
{
    look_refresh(s);
    if (!s->pages.on) {
        model->pages.on = model->pages_before.on = false;
        return;
    }
    model->pages = s->pages;
    model->pages_before = s->pages_before;
}
